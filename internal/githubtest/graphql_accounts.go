package githubtest

import (
	"strings"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
)

// actorOf is a person or bot where the schema has an Actor; null for an
// account that is gone.
func actorOf(u *User) any {
	if u == nil {
		return nil
	}
	return graphql.Object{Type: u.kind, Value: u}
}

// plainLogin is a login as GraphQL writes it for bots: without "[bot]".
func (u *User) plainLogin() string { return strings.TrimSuffix(u.login, "[bot]") }

var accountTypes = graphql.Types{
	"User": {
		"id":           of(func(_ *query, u *User) any { return u.nodeID() }),
		"databaseId":   of(func(_ *query, u *User) any { return u.id }),
		"login":        of(func(_ *query, u *User) any { return u.login }),
		"name":         of(func(_ *query, u *User) any { return optional(u.name) }),
		"email":        of(func(_ *query, _ *User) any { return "" }), // nobody shows it on the profile
		"createdAt":    of(func(_ *query, u *User) any { return u.created }),
		"isViewer":     of(func(q *query, u *User) any { return q.c.user == u }),
		"url":          of(func(q *query, u *User) any { return q.s.page("/%s", u.login) }),
		"resourcePath": of(func(_ *query, u *User) any { return "/" + u.login }),
		"status": of(func(q *query, u *User) any {
			until := u.statusUntil
			if u.busyHidden || !u.busy && u.status == "" || !until.IsZero() && !q.s.now().Before(until) {
				return nil
			}
			return userStatus{u}
		}),
	},
	"Bot": {
		"id":           of(func(_ *query, u *User) any { return u.nodeID() }),
		"databaseId":   of(func(_ *query, u *User) any { return u.id }),
		"login":        of(func(_ *query, u *User) any { return u.plainLogin() }),
		"createdAt":    of(func(_ *query, u *User) any { return u.created }),
		"url":          of(func(q *query, u *User) any { return q.s.page("/apps/%s", u.plainLogin()) }),
		"resourcePath": of(func(_ *query, u *User) any { return "/apps/" + u.plainLogin() }),
	},
	"UserStatus": {
		"indicatesLimitedAvailability": of(func(_ *query, s userStatus) any { return s.busy }),
		"message":                      of(func(_ *query, s userStatus) any { return optional(s.status) }),
		"expiresAt":                    of(func(_ *query, s userStatus) any { return s.statusUntil }),
		"user":                         of(func(_ *query, s userStatus) any { return s.User }),
	},
	"Organization": {
		"id":           of(func(_ *query, o *Org) any { return o.nodeID() }),
		"databaseId":   of(func(_ *query, o *Org) any { return o.id }),
		"login":        of(func(_ *query, o *Org) any { return o.login }),
		"name":         of(func(_ *query, o *Org) any { return optional(o.name) }),
		"url":          of(func(q *query, o *Org) any { return q.s.page("/%s", o.login) }),
		"resourcePath": of(func(_ *query, o *Org) any { return "/" + o.login }),
		"repository": on(func(q *query, o *Org, a graphql.Args) any {
			a.Bool("followRenames")
			return q.repository(o.login, a.String("name"))
		}),
		"team": on(func(q *query, o *Org, a graphql.Args) any {
			if err := q.allowTeams(o); err != nil {
				return err
			}
			return o.teams[strings.ToLower(a.String("slug"))]
		}),
		"teams": on(func(q *query, o *Org, a graphql.Args) any {
			if err := q.allowTeams(o); err != nil {
				return err
			}
			text, root := strings.ToLower(a.String("query")), a.Bool("rootTeamsOnly")
			var out []*Team
			for _, t := range o.order {
				if strings.Contains(strings.ToLower(t.name), text) && (!root || t.parent == nil) {
					out = append(out, t)
				}
			}
			return graphql.Of(out, func(t *Team) any { return t })
		}),
	},
	"Team": {
		"id":           of(func(_ *query, t *Team) any { return t.nodeID() }),
		"databaseId":   of(func(_ *query, t *Team) any { return t.id }),
		"name":         of(func(_ *query, t *Team) any { return t.name }),
		"slug":         of(func(_ *query, t *Team) any { return t.slug }),
		"combinedSlug": of(func(_ *query, t *Team) any { return t.org.login + "/" + t.slug }),
		"organization": of(func(_ *query, t *Team) any { return t.org }),
		"parentTeam":   of(func(_ *query, t *Team) any { return t.parent }),
		"privacy": of(func(_ *query, t *Team) any {
			if t.secret {
				return "SECRET"
			}
			return "VISIBLE"
		}),
		"url": of(func(q *query, t *Team) any { return q.s.page("/orgs/%s/teams/%s", t.org.login, t.slug) }),
		"childTeams": on(func(_ *query, t *Team, a graphql.Args) any {
			out := t.children()
			if !a.Bool("immediateOnly") {
				for i := 0; i < len(out); i++ {
					out = append(out, out[i].children()...)
				}
			}
			return graphql.Of(out, func(t *Team) any { return t })
		}),
		"members": on(func(_ *query, t *Team, a graphql.Args) any {
			list := t.membership(a.String("membership"), a.String("role"), a.String("query"))
			c := graphql.Of(list, func(m *member) any { return m.user })
			c.Edge = func(i int) any { return list[i] }
			return c
		}),
	},
	"TeamMemberEdge": {
		"role": of(func(_ *query, m *member) any { return strings.ToUpper(m.role) }),
	},
}

// userStatus is what a person says of themselves.
type userStatus struct{ *User }

func (t *Team) nodeID() string { return nodeID("Team", t.id) }

// membership lists the team's members: "ALL", "IMMEDIATE" ones or those by a
// "CHILD_TEAM" only, with a role and a text in the login where these are
// given.
func (t *Team) membership(kind, role, text string) []*member {
	var out []*member
	for _, m := range t.all() {
		own := t.members[m.user.key()]
		immediate := own != nil && !own.pending
		switch {
		case kind == "IMMEDIATE" && !immediate, kind == "CHILD_TEAM" && immediate:
		case role != "" && !strings.EqualFold(role, m.role):
		case !strings.Contains(m.user.key(), strings.ToLower(text)):
		default:
			out = append(out, m)
		}
	}
	return out
}

// allowTeams tells whether the caller may read an organisation's teams: an
// installation those of its own account, with the permission for members; a
// person those of organisations they belong to.
func (q *query) allowTeams(o *Org) error {
	c := q.c
	if c.installation != nil {
		if c.installation.account == &o.account && c.may("members", "read") {
			return nil
		}
		return forbiddenError()
	}
	if c.user != nil && o.isMember(c.user) {
		return nil
	}
	return forbiddenError()
}
