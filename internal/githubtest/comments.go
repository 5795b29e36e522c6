package githubtest

import (
	"slices"
	"strings"
)

// Comment adds to the conversation.
func (p *Pull) Comment(login, body string) *Comment {
	defer p.s.lock()()
	return p.comment(p.s.user(login), body, nil)
}

func (p *Pull) comment(u *User, body string, app *App) *Comment {
	c := &Comment{s: p.s, pull: p, id: p.s.nextID(), author: u, body: body, created: p.s.now(), updated: p.s.now(), app: app}
	p.comments = append(p.comments, c)
	p.repo.comments[c.id] = c
	p.event(&Event{kind: "commented", actor: u, comment: c})
	p.s.emitComment(c, "created", u, nil)
	return c
}

// EditComment changes a comment's text. Anyone with write access may edit
// another's comment; its author stays.
func (p *Pull) EditComment(c *Comment, login, body string) {
	defer p.s.lock()()
	c.edit(p.s.user(login), body)
}

func (c *Comment) edit(by *User, body string) {
	was := c.body
	c.body, c.updated, c.editedAt, c.editor = body, c.s.now(), c.s.now(), by
	c.pull.updated = c.s.now()
	c.s.emitComment(c, "edited", by, object{"changes": object{"body": object{"from": was}}})
}

// DeleteComment deletes a comment; its text is gone, its deletion stays in
// the timeline.
func (p *Pull) DeleteComment(c *Comment, login string) {
	defer p.s.lock()()
	c.remove(p.s.user(login))
}

func (c *Comment) remove(by *User) {
	if c.deleted {
		return
	}
	c.deleted = true
	p := c.pull
	p.comments = slices.DeleteFunc(p.comments, func(o *Comment) bool { return o == c })
	p.timeline = slices.DeleteFunc(p.timeline, func(e *Event) bool { return e.comment == c })
	delete(p.repo.comments, c.id)
	p.event(&Event{kind: "comment_deleted", actor: by, author: c.author})
	c.s.emitComment(c, "deleted", by, nil)
}

// ID is the comment's database ID.
func (c *Comment) ID() int64 { return c.id }

// Body is the comment's text.
func (c *Comment) Body() string {
	defer c.s.lock()()
	return c.body
}

// Author is the login of who wrote it.
func (c *Comment) Author() string { return c.author.login }

// Comments lists the conversation, oldest first.
func (p *Pull) Comments() []*Comment {
	defer p.s.lock()()
	return slices.Clone(p.comments)
}

// Reactions lists the comment's reactions as "login content".
func (c *Comment) Reactions() []string {
	defer c.s.lock()()
	var out []string
	for _, r := range c.reacted {
		out = append(out, r.user.login+" "+r.content)
	}
	return out
}

// React adds a person's reaction to a comment, such as "+1".
func (c *Comment) React(login, content string) {
	defer c.s.lock()()
	c.react(c.s.user(login), content)
}

// react adds a reaction, and tells whether it is new. Reactions send no
// events.
func (c *Comment) react(u *User, content string) (*Reaction, bool) {
	for _, r := range c.reacted {
		if r.user == u && r.content == content {
			return r, false
		}
	}
	r := &Reaction{id: c.s.nextID(), user: u, content: content, at: c.s.now()}
	c.reacted = append(c.reacted, r)
	return r, true
}

// Label sets labels, made when new.
func (p *Pull) Label(login string, names ...string) {
	defer p.s.lock()()
	for _, name := range names {
		p.addLabel(p.s.user(login), name)
	}
}

// Unlabel removes labels.
func (p *Pull) Unlabel(login string, names ...string) {
	defer p.s.lock()()
	for _, name := range names {
		p.removeLabel(p.s.user(login), name)
	}
}

// RenameLabel gives a repository's label another name, everywhere, the
// timelines of the past included; "" deletes it (behaviour 27).
func (r *Repo) RenameLabel(from, to string) {
	defer r.s.lock()()
	l := r.labels[strings.ToLower(from)]
	if l == nil {
		r.s.misuse("%s has no label %s", r.fullName(), from)
	}
	delete(r.labels, strings.ToLower(from))
	if to != "" {
		l.name = to
		r.labels[strings.ToLower(to)] = l
		return
	}
	r.labelOrder = slices.DeleteFunc(r.labelOrder, func(o *Label) bool { return o == l })
	for _, p := range r.issues {
		p.labels = slices.DeleteFunc(p.labels, func(o *Label) bool { return o == l })
		p.timeline = slices.DeleteFunc(p.timeline, func(e *Event) bool { return e.label == l })
	}
}

// Labels lists the labels that stand now.
func (p *Pull) Labels() []string {
	defer p.s.lock()()
	var out []string
	for _, l := range p.labels {
		out = append(out, l.name)
	}
	return out
}

func (p *Pull) addLabel(by *User, name string) {
	l := p.repo.label(name)
	if slices.Contains(p.labels, l) {
		return
	}
	p.labels = append(p.labels, l)
	p.event(&Event{kind: "labeled", actor: by, label: l})
	if p.isPull {
		p.s.emitPull(p, "labeled", by, object{"label": l})
	}
}

func (p *Pull) removeLabel(by *User, name string) bool {
	i := slices.IndexFunc(p.labels, func(l *Label) bool { return strings.EqualFold(l.name, name) })
	if i < 0 {
		return false
	}
	l := p.labels[i]
	p.labels = slices.Delete(p.labels, i, i+1)
	p.event(&Event{kind: "unlabeled", actor: by, label: l})
	if p.isPull {
		p.s.emitPull(p, "unlabeled", by, object{"label": l})
	}
	return true
}

// maxAssignees is how many people may be assigned.
// https://docs.github.com/en/rest/issues/assignees#add-assignees-to-an-issue
const maxAssignees = 10

// Assign assigns people.
func (p *Pull) Assign(by string, logins ...string) {
	defer p.s.lock()()
	for _, login := range logins {
		p.assign(p.s.user(by), p.s.user(login))
	}
}

// Unassign takes assignments back.
func (p *Pull) Unassign(by string, logins ...string) {
	defer p.s.lock()()
	for _, login := range logins {
		p.unassign(p.s.user(by), p.s.user(login))
	}
}

// Assignees lists who is assigned.
func (p *Pull) Assignees() []string {
	defer p.s.lock()()
	var out []string
	for _, u := range p.assignees {
		out = append(out, u.login)
	}
	return out
}

// assign assigns a person. Who cannot be assigned is left out in silence: only
// people with access, and who took part in the conversation, can be.
func (p *Pull) assign(by, u *User) {
	took := slices.ContainsFunc(p.comments, func(c *Comment) bool { return c.author == u }) || u == p.author
	if slices.Contains(p.assignees, u) || len(p.assignees) >= maxAssignees || !p.collaborates(u) && !took {
		return
	}
	p.assignees = append(p.assignees, u)
	p.event(&Event{kind: "assigned", actor: by, user: u})
	if p.isPull {
		p.s.emitPull(p, "assigned", by, object{"assignee": u})
	}
}

func (p *Pull) unassign(by, u *User) {
	i := slices.Index(p.assignees, u)
	if i < 0 {
		return
	}
	p.assignees = slices.Delete(p.assignees, i, i+1)
	p.event(&Event{kind: "unassigned", actor: by, user: u})
	if p.isPull {
		p.s.emitPull(p, "unassigned", by, object{"assignee": u})
	}
}
