package githubtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// account is what people, bots and organisations have in common.
type account struct {
	id      int64
	login   string // as GitHub shows it, "[bot]" included for an App's own
	kind    string // "User", "Bot", "Organization"
	name    string
	email   string
	created time.Time

	rendered object         // as JSON; never changes
	encoded  jsontext.Value // the same, encoded
}

func (a *account) key() string    { return strings.ToLower(a.login) }
func (a *account) nodeID() string { return nodeID(a.kind, a.id) }

// noreply is the address that GitHub uses for commits made on its pages.
func (a *account) noreply() string {
	return fmt.Sprintf("%d+%s@users.noreply.github.com", a.id, a.login)
}

// User is a person or a bot.
type User struct {
	account
	s *Server

	busy        bool
	busyHidden  bool // the status is visible to an organisation's members only
	status      string
	statusUntil time.Time
	token       string
	app         *App // for a Bot that an App acts as
}

// Login is the user's login as REST shows it.
func (u *User) Login() string { return u.login }

// ID is the user's database ID.
func (u *User) ID() int64 { return u.id }

// Email is the address that the user's commits carry.
func (u *User) Email() string { return u.email }

// AddEmail makes commits with that address the user's.
func (u *User) AddEmail(email string) *User {
	defer u.s.lock()()
	u.s.usersByEmail[strings.ToLower(email)] = u
	return u
}

// Busy sets or clears the user's "busy" status.
func (u *User) Busy(busy bool) {
	defer u.s.lock()()
	u.busy = busy
}

// HideStatus shows the user's status to nobody but the organisation's members,
// and so to no App.
func (u *User) HideStatus() {
	defer u.s.lock()()
	u.busyHidden = true
}

// Token is a token with which the user may call the API, as a browser session
// or personal token would.
func (u *User) Token() string { return u.token }

// User returns the person with a login, who is made when new.
func (s *Server) User(login string) *User {
	defer s.lock()()
	return s.user(login)
}

// Bot returns the bot with a login without "[bot]", which is made when new.
func (s *Server) Bot(login string) *User {
	defer s.lock()()
	return s.bot(login)
}

func (s *Server) user(login string) *User {
	login = strings.TrimPrefix(login, "@")
	if login == "" {
		s.misuse("a user needs a login")
	}
	if u := s.users[strings.ToLower(login)]; u != nil {
		return u
	}
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	u := &User{s: s, account: account{
		id: s.nextID(), login: login, kind: kind, name: strings.TrimSuffix(login, "[bot]"), created: s.now(),
	}}
	u.email = login + "@example.test"
	if s.usersByEmail[strings.ToLower(u.email)] != nil { // of somebody who bore the login before
		u.email = fmt.Sprintf("%s-%d@example.test", login, u.id)
	}
	if kind == "Bot" {
		u.email = u.noreply()
	}
	u.token = "ghp_fake" + strings.Repeat("0", 32-len(fmt.Sprint(u.id))) + fmt.Sprint(u.id)
	s.users[u.key()] = u
	s.usersByEmail[strings.ToLower(u.email)] = u
	s.usersByEmail[strings.ToLower(u.noreply())] = u
	s.usersByToken[u.token] = u
	return u
}

func (s *Server) bot(login string) *User {
	return s.user(strings.TrimSuffix(login, "[bot]") + "[bot]")
}

// userAt finds the account behind a commit's address; nil where none is known.
func (s *Server) userAt(email string) *User { return s.usersByEmail[strings.ToLower(email)] }

// member is a person's standing in an organisation or team.
type member struct {
	user      *User
	role      string // organisation: "admin", "member"; team: "maintainer", "member"
	pending   bool   // invited and not yet accepted
	concealed bool
}

// Org is an organisation.
type Org struct {
	account
	s *Server

	members map[string]*member // by lower-case login
	teams   map[string]*Team   // by slug
	order   []*Team            // in the order of their making
	// defaultPermission is what members may do in every repository: "none",
	// "read", "write" or "admin".
	defaultPermission string
}

// Login is the organisation's name.
func (o *Org) Login() string { return o.login }

// Org returns the organisation with a name, which is made when new. The main
// App is installed on every organisation that is made; Org.Uninstall takes it
// off.
func (s *Server) Org(login string) *Org {
	defer s.lock()()
	return s.org(login)
}

func (s *Server) org(login string) *Org {
	if o := s.orgs[strings.ToLower(login)]; o != nil {
		return o
	}
	o := &Org{s: s, members: map[string]*member{}, teams: map[string]*Team{}, defaultPermission: "read",
		account: account{id: s.nextID(), login: login, kind: "Organization", name: login, created: s.now()}}
	s.orgs[o.key()] = o
	s.orgOrder = append(s.orgOrder, o)
	if s.app != nil {
		s.install(s.app, &o.account, o)
	}
	return o
}

// Member adds people to the organisation.
func (o *Org) Member(logins ...string) {
	defer o.s.lock()()
	for _, login := range logins {
		o.join(o.s.user(login), "member", false)
	}
}

// Owner makes people owners of the organisation.
func (o *Org) Owner(logins ...string) {
	defer o.s.lock()()
	for _, login := range logins {
		o.join(o.s.user(login), "admin", false)
	}
}

// Invite asks people to join, which stays pending.
func (o *Org) Invite(logins ...string) {
	defer o.s.lock()()
	for _, login := range logins {
		o.join(o.s.user(login), "member", true)
	}
}

// Conceal hides that people are members: whoever looks at what they say takes
// them for outsiders (behaviour 29).
func (o *Org) Conceal(logins ...string) {
	defer o.s.lock()()
	for _, login := range logins {
		if m := o.members[o.s.user(login).key()]; m != nil {
			m.concealed = true
		}
	}
}

// BasePermission sets what every member may do in the organisation's
// repositories: "none", "read", "write" or "admin"; "read" until set.
func (o *Org) BasePermission(permission string) {
	defer o.s.lock()()
	o.defaultPermission = permission
}

// Remove takes people out of the organisation and all of its teams.
func (o *Org) Remove(logins ...string) {
	defer o.s.lock()()
	for _, login := range logins {
		u := o.s.user(login)
		for _, t := range o.order {
			t.leave(u)
		}
		m := o.members[u.key()]
		if m == nil {
			continue
		}
		delete(o.members, u.key())
		o.s.emitOrganization(o, "member_removed", m)
	}
}

func (o *Org) join(u *User, role string, pending bool) {
	m := o.members[u.key()]
	if m != nil && m.role == role && m.pending == pending {
		return
	}
	if m == nil {
		m = &member{user: u}
		o.members[u.key()] = m
	}
	joined := !pending
	m.role, m.pending = role, pending
	switch {
	case pending:
		o.s.emitOrganization(o, "member_invited", m)
	case joined:
		o.s.emitOrganization(o, "member_added", m)
	}
}

func (o *Org) isMember(u *User) bool {
	m := o.members[u.key()]
	return m != nil && !m.pending
}

func (o *Org) isOwner(u *User) bool {
	m := o.members[u.key()]
	return m != nil && !m.pending && m.role == "admin"
}

// Team is a team of an organisation.
type Team struct {
	s       *Server
	org     *Org
	id      int64
	name    string
	slug    string
	parent  *Team
	secret  bool
	deleted bool
	members map[string]*member
	order   []string // keys of members in the order of their joining
	repos   map[*Repo]string
	assigns int // how many members a request to the team is passed on to; 0: it stays with the team
	turn    int // whose turn it is
}

// AutoAssign has requests to the team passed on to n of its members, each in
// turn (behaviour 25); 0 ends it.
// https://docs.github.com/en/organizations/organizing-members-into-teams/managing-code-review-settings-for-your-team
func (t *Team) AutoAssign(n int) *Team {
	defer t.s.lock()()
	t.assigns = n
	return t
}

// assignees are the members whose turn it is to review p.
func (t *Team) assignees(p *Pull) []*User {
	members := t.all()
	var out []*User
	for range members {
		if len(out) == t.assigns {
			break
		}
		u := members[t.turn%len(members)].user
		t.turn++
		if u != p.author {
			out = append(out, u)
		}
	}
	return out
}

// Slug is the team's name in addresses.
func (t *Team) Slug() string { return t.slug }

// Team returns the organisation's team with a name, which is made when new,
// and adds people to it; they become members of the organisation too.
func (o *Org) Team(name string, logins ...string) *Team {
	defer o.s.lock()()
	t := o.team(name)
	for _, login := range logins {
		t.join(o.s.user(login), "member", false)
	}
	return t
}

func slug(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, strings.ToLower(name)), "-")
}

func (o *Org) team(name string) *Team {
	if t := o.teams[slug(name)]; t != nil {
		return t
	}
	t := &Team{s: o.s, org: o, id: o.s.nextID(), name: name, slug: slug(name), members: map[string]*member{}, repos: map[*Repo]string{}}
	o.teams[t.slug] = t
	o.order = append(o.order, t)
	o.s.emitTeam(t, "created", nil)
	return t
}

// Add puts people in the team.
func (t *Team) Add(logins ...string) *Team {
	defer t.s.lock()()
	for _, login := range logins {
		t.join(t.s.user(login), "member", false)
	}
	return t
}

// Invite asks people to join the team, which stays pending.
func (t *Team) Invite(logins ...string) *Team {
	defer t.s.lock()()
	for _, login := range logins {
		t.join(t.s.user(login), "member", true)
	}
	return t
}

// Remove takes people out of the team.
func (t *Team) Remove(logins ...string) *Team {
	defer t.s.lock()()
	for _, login := range logins {
		t.leave(t.s.user(login))
	}
	return t
}

// Under makes the team a child of another, whose member lists then include
// this team's.
func (t *Team) Under(parent *Team) *Team {
	defer t.s.lock()()
	t.parent = parent
	t.s.emitTeam(t, "edited", nil)
	return t
}

// Secret hides the team from all but its members.
func (t *Team) Secret() *Team {
	defer t.s.lock()()
	t.secret = true
	return t
}

// Delete removes the team.
func (t *Team) Delete() {
	defer t.s.lock()()
	delete(t.org.teams, t.slug)
	for i, o := range t.org.order {
		if o == t {
			t.org.order = append(t.org.order[:i:i], t.org.order[i+1:]...)
		}
	}
	for _, o := range t.org.order {
		if o.parent == t {
			o.parent = nil
		}
	}
	t.deleted = true
	for _, same := range t.s.openByHead {
		for _, p := range same {
			p.requestedTeams = slices.DeleteFunc(p.requestedTeams, func(o *Team) bool { return o == t })
		}
	}
	t.s.emitTeam(t, "deleted", nil)
}

// Rename gives the team another name, and with it another address. The former
// one leads nowhere.
func (t *Team) Rename(name string) *Team {
	defer t.s.lock()()
	if other := t.org.teams[slug(name)]; other != nil && other != t {
		t.s.misuse("there is a team %s already", name)
	}
	was := t.name
	delete(t.org.teams, t.slug)
	t.name, t.slug = name, slug(name)
	t.org.teams[t.slug] = t
	t.s.emit(webhook{event: "team", action: "edited", org: t.org, sender: t.s.user("app-owner"), payload: func() object {
		return object{"team": t.s.teamObject(t), "changes": object{"name": object{"from": was}}}
	}})
	return t
}

// HasTeam reports whether the organisation has a team of that name.
func (o *Org) HasTeam(name string) bool {
	defer o.s.lock()()
	return o.teams[slug(name)] != nil
}

// Grant gives the team a permission on a repository: "pull", "triage",
// "push", "maintain" or "admin".
func (t *Team) Grant(r *Repo, permission string) *Team {
	defer t.s.lock()()
	t.grant(r, permission)
	return t
}

func (t *Team) grant(r *Repo, permission string) {
	t.s.checkPermission(permission)
	t.repos[r] = permission
	t.s.emitTeam(t, "added_to_repository", r)
}

// Revoke takes the team off a repository.
func (t *Team) Revoke(r *Repo) *Team {
	defer t.s.lock()()
	if _, ok := t.repos[r]; ok {
		delete(t.repos, r)
		t.s.emitTeam(t, "removed_from_repository", r)
	}
	return t
}

func (t *Team) join(u *User, role string, pending bool) {
	if m := t.members[u.key()]; m != nil {
		if m.role == role && m.pending == pending {
			return
		}
		m.role, m.pending = role, pending
	} else {
		t.members[u.key()] = &member{user: u, role: role, pending: pending}
		t.order = append(t.order, u.key())
	}
	if !t.org.isMember(u) {
		t.org.join(u, "member", pending)
	}
	if !pending {
		t.s.emitMembership(t, "added", u)
	}
}

func (t *Team) leave(u *User) {
	m := t.members[u.key()]
	if m == nil {
		return
	}
	delete(t.members, u.key())
	for i, k := range t.order {
		if k == u.key() {
			t.order = append(t.order[:i:i], t.order[i+1:]...)
		}
	}
	if !m.pending {
		t.s.emitMembership(t, "removed", u)
	}
}

// children are the teams directly below.
func (t *Team) children() []*Team {
	var out []*Team
	for _, o := range t.org.order {
		if o.parent == t {
			out = append(out, o)
		}
	}
	return out
}

// all lists the team's members, those of child teams included (behaviour 1)
// and pending ones left out.
func (t *Team) all() []*member {
	seen := map[string]bool{}
	var out []*member
	var walk func(t *Team)
	walk = func(t *Team) {
		for _, k := range t.order {
			if m := t.members[k]; !m.pending && !seen[k] {
				seen[k] = true
				out = append(out, m)
			}
		}
		for _, c := range t.children() {
			walk(c)
		}
	}
	walk(t)
	return out
}

// permissionOn is what the team may do with a repository, inherited from its
// parents where they may do more; "" for nothing.
func (t *Team) permissionOn(r *Repo) string {
	best := ""
	for at := t; at != nil; at = at.parent {
		best = stronger(best, at.repos[r])
	}
	return best
}

var permissionRank = map[string]int{"": 0, "none": 0, "pull": 1, "read": 1, "triage": 2, "push": 3, "write": 3, "maintain": 4, "admin": 5}

func stronger(a, b string) string {
	if permissionRank[b] > permissionRank[a] {
		return b
	}
	return a
}

func (s *Server) checkPermission(p string) {
	if permissionRank[p] == 0 {
		s.misuse("no permission is called %q", p)
	}
}
