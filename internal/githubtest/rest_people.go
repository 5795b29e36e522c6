package githubtest

import (
	"cmp"
	"slices"
	"strings"
)

func (r *request) person() *User {
	if r.c.user == nil || r.c.installation != nil {
		forbidden()
	}
	return r.c.user
}

func (s *Server) fullUser(u *User) object {
	return with(s.userObject(u), object{
		"name": u.name, "company": nil, "blog": "", "location": nil, "email": nil, "hireable": nil, "bio": nil, "twitter_username": nil,
		"public_repos": 0, "public_gists": 0, "followers": 0, "following": 0, "created_at": stamp(u.created), "updated_at": stamp(u.created),
		"user_view_type": "public",
	})
}

func getSelf(r *request) *response { return ok(r.s.fullUser(r.person())) }

func getUser(r *request) *response {
	u := r.s.users[strings.ToLower(r.PathValue("username"))]
	if u == nil {
		notFound()
	}
	return ok(r.s.fullUser(u))
}

func (s *Server) fullOrg(o *Org) object {
	return with(s.orgObject(o), object{
		"html_url": s.page("/%s", o.login), "has_organization_projects": true, "has_repository_projects": true, "public_repos": 0,
		"public_gists": 0, "followers": 0, "following": 0, "type": "Organization", "created_at": stamp(o.created), "updated_at": stamp(o.created),
		"archived_at": nil, "name": o.name,
	})
}

func getOrg(r *request) *response { return ok(r.s.fullOrg(r.orgByPath())) }

// within finds the organisation and refuses callers from outside.
func (r *request) within() *Org {
	o := r.orgByPath()
	if r.c.installation != nil && r.c.installation.account != &o.account {
		forbidden()
	}
	if r.c.installation == nil && !o.isMember(r.c.user) {
		notFound()
	}
	return o
}

func (r *request) named() *User {
	u := r.s.users[strings.ToLower(r.PathValue("username"))]
	if u == nil {
		notFound()
	}
	return u
}

func checkOrgMember(r *request) *response {
	if o := r.within(); !o.isMember(r.named()) {
		notFound()
	}
	return &response{status: 204}
}

func (r *request) team() *Team {
	t := r.within().teams[strings.ToLower(r.PathValue("team_slug"))]
	if t == nil || t.secret && r.c.installation == nil && !slices.ContainsFunc(t.all(), func(m *member) bool { return m.user == r.c.user }) {
		notFound()
	}
	return t
}

// listedTeam is a team as REST lists it.
func (s *Server) listedTeam(t *Team) object {
	more := object{"type": "organization", "organization_id": t.org.id}
	if t.parent != nil {
		more["parent"] = with(s.teamObject(t.parent), object{"type": "organization", "organization_id": t.org.id})
	}
	return with(s.teamObject(t), more)
}

func (s *Server) fullTeam(t *Team) object {
	repos := 0
	for range t.repos {
		repos++
	}
	return with(s.listedTeam(t), object{
		"created_at": stamp(t.org.created), "updated_at": stamp(t.org.created), "members_count": len(t.all()), "repos_count": repos,
		"organization": s.fullOrg(t.org),
	})
}

func listTeams(r *request) *response {
	o := r.within()
	var all []*Team
	for _, t := range o.order {
		if !t.secret || r.c.installation != nil {
			all = append(all, t)
		}
	}
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], r.s.listedTeam))
}

func getTeam(r *request) *response { return ok(r.s.fullTeam(r.team())) }

// listTeamMembers lists members of the team and of its child teams
// (behaviour 1), pending ones left out.
func listTeamMembers(r *request) *response {
	var all []*member
	role := r.query.Get("role")
	for _, m := range r.team().all() {
		if role == "" || role == "all" || role == m.role {
			all = append(all, m)
		}
	}
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], func(m *member) object { return r.s.userObject(m.user) }))
}

func getTeamMembership(r *request) *response {
	t, u := r.team(), r.named()
	m := t.members[u.key()]
	if m == nil {
		for _, c := range t.all() {
			if c.user == u {
				m = c
			}
		}
	}
	if m == nil {
		notFound()
	}
	state := "active"
	if m.pending {
		state = "pending"
	}
	return ok(object{
		"url": r.s.api("/organizations/%d/team/%d/memberships/%s", t.org.id, t.id, u.login), "role": m.role, "state": state,
	})
}

func permissionFlags(p string) object {
	n := permissionRank[p]
	return object{"pull": n >= 1, "triage": n >= 2, "push": n >= 3, "maintain": n >= 4, "admin": n >= 5}
}

func checkTeamRepo(r *request) *response {
	t := r.team()
	repo := r.repo()
	p := t.permissionOn(repo)
	if p == "" {
		notFound()
	}
	if !strings.Contains(r.Header.Get("Accept"), "v3.repository+json") {
		return &response{status: 204}
	}
	return ok(with(r.s.repoObject(repo), object{"permissions": permissionFlags(p), "role_name": p}))
}

func listOwnTeams(r *request) *response {
	u := r.person()
	var all []*Team
	for _, o := range r.s.orgOrder {
		for _, t := range o.order {
			if m := t.members[u.key()]; m != nil && !m.pending {
				all = append(all, t)
			}
		}
	}
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], r.s.fullTeam))
}

func getRepo(r *request) *response {
	repo := r.repo()
	o := with(r.s.repoObject(repo), object{"network_count": 0, "subscribers_count": 0, "allow_auto_merge": true})
	if r.c.user != nil && r.c.installation == nil {
		o["permissions"] = permissionFlags(repo.permissionOf(r.c.user))
	}
	if repo.parent != nil && !repo.parent.deleted {
		o["parent"], o["source"] = r.s.repoObject(repo.parent), r.s.repoObject(repo.parent)
	}
	return ok(o)
}

// roleNames are the names of roles by permission.
var roleNames = map[string]string{"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"}

func listCollaborators(r *request) *response {
	repo := r.repo()
	var all []*User
	for _, u := range r.s.users {
		if p := (&Pull{repo: repo}); p.collaborates(u) {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b *User) int { return cmp.Compare(a.id, b.id) })
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], func(u *User) object {
		p := repo.permissionOf(u)
		return with(r.s.userObject(u), object{"role_name": roleNames[p], "permissions": permissionFlags(p)})
	}))
}

func checkCollaborator(r *request) *response {
	repo := r.repo()
	if p := (&Pull{repo: repo}); !p.collaborates(r.named()) {
		notFound()
	}
	return &response{status: 204}
}

// getPermission answers with the old four levels in permission: maintain shows
// as write, triage as read.
func getPermission(r *request) *response {
	repo, u := r.repo(), r.named()
	p := repo.permissionOf(u)
	role := roleNames[p]
	level := map[string]string{"pull": "read", "triage": "read", "push": "write", "maintain": "write", "admin": "admin"}[p]
	return ok(object{
		"permission": or(level, "none"), "role_name": or(role, "none"),
		"user": with(r.s.userObject(u), object{"role_name": or(role, "none"), "permissions": permissionFlags(p)}),
	})
}

func listRepoTeams(r *request) *response {
	repo := r.repo()
	var all []*Team
	if repo.org != nil {
		for _, t := range repo.org.order {
			if t.permissionOn(repo) != "" {
				all = append(all, t)
			}
		}
	}
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], func(t *Team) object {
		return with(r.s.listedTeam(t), object{"permission": t.permissionOn(repo)})
	}))
}
