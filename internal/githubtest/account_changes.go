package githubtest

import (
	"maps"
	"slices"
	"strings"
)

// Rename gives the person another login, by which all that they said is shown
// from then on; their teams and roles stay theirs. The former login is free,
// and whoever takes it is somebody else. No event tells of it (behaviour 30).
func (u *User) Rename(login string) {
	defer u.s.lock()()
	was, is := u.key(), strings.ToLower(login)
	if other := u.s.users[is]; other != nil && other != u {
		u.s.misuse("the login %s is taken", login)
	}
	delete(u.s.users, was)
	u.login, u.rendered, u.encoded = login, nil, nil
	u.s.users[is] = u
	for _, o := range u.s.orgOrder {
		rekey(o.members, was, is)
		for _, t := range o.order {
			rekey(t.members, was, is)
			if i := slices.Index(t.order, was); i >= 0 {
				t.order[i] = is
			}
		}
	}
	for _, r := range u.s.repoOrder {
		rekey(r.collaborators, was, is)
		if r.owner == &u.account {
			u.s.misuse("%s has repositories of their own", was)
		}
	}
}

func rekey[V any](m map[string]V, was, is string) {
	if v, ok := m[was]; ok {
		delete(m, was)
		m[is] = v
	}
}

// Suspend suspends the person's account: nobody is shown it, or what it said,
// any longer, and it is in no list. No event tells of it (behaviour 31).
func (u *User) Suspend() {
	defer u.s.lock()()
	delete(u.s.users, u.key())
	for _, o := range u.s.orgOrder {
		delete(o.members, u.key())
		for _, t := range o.order {
			delete(t.members, u.key())
			t.order = slices.DeleteFunc(t.order, func(k string) bool { return k == u.key() })
		}
	}
	for _, r := range u.s.repoOrder {
		delete(r.collaborators, u.key())
		maps.DeleteFunc(r.comments, func(_ int64, c *Comment) bool { return c.author == u })
		for _, p := range r.issues {
			p.reviews = slices.DeleteFunc(p.reviews, func(v *Review) bool { return v.author == u })
			p.comments = slices.DeleteFunc(p.comments, func(c *Comment) bool { return c.author == u })
			p.requestedUsers = slices.DeleteFunc(p.requestedUsers, func(o *User) bool { return o == u })
			p.timeline = slices.DeleteFunc(p.timeline, func(e *Event) bool {
				return e.review != nil && e.review.author == u || e.comment != nil && e.comment.author == u
			})
		}
	}
}
