package githubtest

import (
	"encoding/json"
	"slices"
	"strings"
)

// accessible refuses an installation that may touch pull requests only when
// the record is a plain issue, and one that may touch issues only when it is a
// pull request (behaviour 10).
func (r *request) accessible(p *Pull) *Pull {
	if r.c.installation == nil {
		return p
	}
	needs := "issues"
	if p.isPull {
		if r.c.may("issues", r.op.level) {
			return p
		}
		needs = "pull_requests"
	}
	if !r.c.may(needs, r.op.level) {
		forbidden()
	}
	return p
}

func (r *request) issue() *Pull {
	p := r.repo().issues[int(r.number("issue_number"))]
	if p == nil {
		notFound()
	}
	return r.accessible(p)
}

func (r *request) comment() *Comment {
	c := r.repo().comments[r.number("comment_id")]
	if c == nil {
		notFound()
	}
	r.accessible(c.pull)
	return c
}

func listIssues(r *request) *response {
	var all []*Pull
	for _, p := range r.repo().issues {
		if want := r.query.Get("labels"); want != "" {
			has := func(name string) bool {
				return slices.ContainsFunc(p.labels, func(l *Label) bool { return strings.EqualFold(l.name, name) })
			}
			if slices.ContainsFunc(strings.Split(want, ","), func(name string) bool { return !has(name) }) {
				continue
			}
		}
		all = append(all, p)
	}
	all = r.selected(all)
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], r.s.issueObject))
}

func createIssue(r *request) *response {
	repo := r.repo()
	var in struct {
		Title, Body string
		Labels      []string
		Assignees   []string
	}
	r.decode(&in)
	p := repo.openIssue(r.c.user, in.Title, in.Body)
	for _, name := range in.Labels {
		p.addLabel(r.c.user, name)
	}
	for _, login := range in.Assignees {
		if u := r.s.users[strings.ToLower(login)]; u != nil {
			p.assign(r.c.user, u)
		}
	}
	return created(r.s.issueObject(p))
}

func getIssue(r *request) *response { return ok(r.s.issueObject(r.issue())) }

func updateIssue(r *request) *response {
	p := r.issue()
	var in struct {
		Title, Body, State *string
		Labels             *[]string
		Assignees          *[]string
	}
	r.decode(&in)
	title, body := p.title, p.body
	set(&title, in.Title)
	set(&body, in.Body)
	p.edit(title, body, r.c.user)
	r.setState(p, in.State)
	if in.Labels != nil {
		for _, l := range slices.Clone(p.labels) {
			if !slices.Contains(*in.Labels, l.name) {
				p.removeLabel(r.c.user, l.name)
			}
		}
		for _, name := range *in.Labels {
			p.addLabel(r.c.user, name)
		}
	}
	if in.Assignees != nil {
		for _, u := range slices.Clone(p.assignees) {
			if !slices.Contains(*in.Assignees, u.login) {
				p.unassign(r.c.user, u)
			}
		}
		for _, login := range *in.Assignees {
			if u := r.s.users[strings.ToLower(login)]; u != nil {
				p.assign(r.c.user, u)
			}
		}
	}
	return ok(r.s.issueObject(p))
}

func listComments(r *request) *response {
	p := r.issue()
	from, to := r.page(len(p.comments), 100)
	return ok(list(p.comments[from:to], r.s.commentObject))
}

// maxBody is the length of a comment's text, in characters (behaviour 11).
const maxBody = 65_536

func (r *request) text() string {
	var in struct{ Body string }
	r.decode(&in)
	if in.Body == "" || len([]rune(in.Body)) > maxBody {
		unprocessable("Validation Failed", object{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "Body is empty or too long (maximum is 65536 characters)"})
	}
	return in.Body
}

func createComment(r *request) *response {
	p := r.issue()
	if p.locked && r.c.installation == nil && permissionRank[p.repo.permissionOf(r.c.user)] < permissionRank["push"] {
		refuse(403, "Unable to create comment because issue is locked.")
	}
	var app *App
	if r.c.installation != nil {
		app = r.c.app
	}
	return created(r.s.commentObject(p.comment(r.c.user, r.text(), app)))
}

func getComment(r *request) *response { return ok(r.s.commentObject(r.comment())) }

// mayEdit refuses a person who is neither the author nor has write access.
func (r *request) mayEdit(c *Comment) {
	if c.author != r.c.user && r.c.installation == nil && permissionRank[c.pull.repo.permissionOf(r.c.user)] < permissionRank["push"] {
		refuse(403, "Must have admin rights to Repository.")
	}
}

func updateComment(r *request) *response {
	c := r.comment()
	r.mayEdit(c)
	c.edit(r.c.user, r.text())
	return ok(r.s.commentObject(c))
}

func deleteComment(r *request) *response {
	c := r.comment()
	r.mayEdit(c)
	c.remove(r.c.user)
	return &response{status: 204}
}

var reactions = []string{"+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"}

// createReaction answers 201 for a new reaction and 200 for one that is there.
func createReaction(r *request) *response {
	c := r.comment()
	var in struct{ Content string }
	r.decode(&in)
	if !slices.Contains(reactions, in.Content) {
		unprocessable("Validation Failed")
	}
	reaction, isNew := c.react(r.c.user, in.Content)
	body := object{
		"id": reaction.id, "node_id": nodeID("Reaction", reaction.id), "user": r.s.userObject(reaction.user), "content": reaction.content,
		"created_at": stamp(reaction.at),
	}
	if isNew {
		return created(body)
	}
	return ok(body)
}

func (r *request) labels(p *Pull) []any {
	return list(p.labels, func(l *Label) object { return r.s.labelObject(p.repo, l) })
}

func listLabels(r *request) *response {
	all := r.labels(r.issue())
	from, to := r.page(len(all), 100)
	return ok(all[from:to])
}

// addLabels takes {"labels": […]} or a bare list, as GitHub does; labels that
// do not exist are made.
func addLabels(r *request) *response {
	p := r.issue()
	var names []string
	if json.Unmarshal(r.body, &names) != nil {
		var in struct{ Labels []string }
		r.decode(&in)
		names = in.Labels
	}
	for _, name := range names {
		p.addLabel(r.c.user, name)
	}
	return ok(r.labels(p))
}

func removeLabel(r *request) *response {
	p := r.issue()
	if !p.removeLabel(r.c.user, r.PathValue("name")) {
		refuse(404, "Label does not exist")
	}
	return ok(r.labels(p))
}

func (r *request) assignees() []*User {
	var in struct{ Assignees []string }
	r.decode(&in)
	var out []*User
	for _, login := range in.Assignees {
		if u := r.s.users[strings.ToLower(login)]; u != nil {
			out = append(out, u)
		}
	}
	return out
}

func addAssignees(r *request) *response {
	p := r.issue()
	for _, u := range r.assignees() {
		p.assign(r.c.user, u)
	}
	return created(r.s.issueObject(p))
}

func removeAssignees(r *request) *response {
	p := r.issue()
	for _, u := range r.assignees() {
		p.unassign(r.c.user, u)
	}
	return ok(r.s.issueObject(p))
}

func listTimeline(r *request) *response {
	p := r.issue()
	from, to := r.page(len(p.timeline), 100)
	return ok(list(p.timeline[from:to], func(e *Event) object { return r.s.eventObject(p, e) }))
}

func (s *Server) eventObject(p *Pull, e *Event) object {
	switch e.kind {
	case "commented":
		return with(s.commentObject(e.comment), object{"event": "commented", "actor": s.userObject(e.actor)})
	case "reviewed":
		return with(s.reviewObject(e.review, strings.ToLower(e.review.state)), object{"event": "reviewed"})
	case "committed":
		c := s.commitObject(p.repo, e.commit)
		inner := c["commit"].(object)
		return object{
			"event": "committed", "sha": e.commit.sha, "node_id": c["node_id"], "url": c["url"], "html_url": c["html_url"], "author": inner["author"],
			"committer": inner["committer"], "message": e.commit.text(), "tree": inner["tree"], "parents": c["parents"], "verification": inner["verification"],
		}
	}
	o := object{
		"id": e.id, "node_id": nodeID("Event", e.id), "url": s.api("/repos/%s/issues/events/%d", p.repo.fullName(), e.id), "event": e.kind,
		"actor": s.userObject(e.actor), "commit_id": nil, "commit_url": nil, "created_at": stamp(e.at), "performed_via_github_app": nil,
	}
	switch e.kind {
	case "labeled", "unlabeled":
		o["label"] = object{"name": e.label.name, "color": e.label.color}
	case "assigned", "unassigned":
		o["assignee"] = s.userObject(e.user)
	case "review_requested", "review_request_removed":
		o["review_requester"] = s.userObject(e.actor)
		if e.user != nil {
			o["requested_reviewer"] = s.userObject(e.user)
		} else {
			o["requested_team"] = s.listedTeam(e.team)
		}
	case "review_dismissed":
		o["dismissed_review"] = object{"state": e.state, "review_id": e.review.id, "dismissal_message": orNull(e.message)}
	case "renamed":
		o["rename"] = object{"from": e.before, "to": e.after}
	case "merged":
		o["commit_id"] = e.after
		o["commit_url"] = s.api("/repos/%s/commits/%s", p.repo.fullName(), e.after)
	case "head_ref_force_pushed": // GitHub names the new head alone here
		o["commit_id"] = e.after
		o["commit_url"] = s.api("/repos/%s/commits/%s", p.repo.fullName(), e.after)
	case "closed":
		o["state_reason"] = nil
	}
	return o
}
