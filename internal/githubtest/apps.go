package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// App is a GitHub App.
type App struct {
	s           *Server
	id          int64
	slug        string
	name        string
	owner       *account
	key         *rsa.PrivateKey
	keyPEM      []byte
	secret      string
	permissions map[string]string // "checks": "write", …
	used        map[string]string // those by which calls were let through
	events      map[string]bool
	user        *User // the bot it acts as
	hooks       []*hook
	created     time.Time
}

// hook is an address that an App's deliveries go to.
type hook struct {
	id  int64
	url string
}

// Installation is an App on an account.
type Installation struct {
	s           *Server
	app         *App
	id          int64
	account     *account
	org         *Org // nil where it is a person's
	permissions map[string]string
	selected    map[*Repo]bool // nil: every repository
	suspended   bool
	deleted     bool
	created     time.Time
	updated     time.Time
}

// token is an access token and what it may do.
type token struct {
	value        string
	installation *Installation
	permissions  map[string]string
	repos        map[*Repo]bool // nil: all of the installation's
	expires      time.Time
}

// caller is who makes a call, as its token or JWT tells.
type caller struct {
	app          *App          // by JWT, or the installation's
	installation *Installation // nil for a JWT or a person
	token        *token        // nil for a JWT
	user         *User         // the person, or the App's bot for an installation; nil for a JWT
}

// levels orders what a permission may be granted as.
var levels = map[string]int{"": 0, "read": 1, "write": 2, "admin": 3}

// may tells whether the caller's token grants a permission at a level, "read"
// or "write". A person's token grants everything; what the person may do in
// the repository is another matter.
func (c *caller) may(permission, level string) bool {
	if c.user != nil && c.installation == nil {
		return true
	}
	if c.token == nil || levels[c.token.permissions[permission]] < levels[level] {
		return false
	}
	if used := c.app.used; levels[level] > levels[used[permission]] {
		used[permission] = level
	}
	return true
}

// sees tells whether the caller may know that a repository exists.
func (c *caller) sees(r *Repo) bool {
	switch {
	case r.deleted:
		return false
	case c.installation != nil:
		if !r.private {
			return true
		}
		return c.covers(r)
	case c.user != nil:
		return r.permissionOf(c.user) != ""
	}
	return false
}

// covers tells whether the caller's installation reaches the repository.
func (c *caller) covers(r *Repo) bool {
	i := c.installation
	return i != nil && i.account == r.owner && (i.selected == nil || i.selected[r]) &&
		(c.token == nil || c.token.repos == nil || c.token.repos[r])
}

var defaultPermissions = map[string]string{
	"checks": "write", "pull_requests": "write", "statuses": "write",
	"contents": "read", "members": "read", "merge_queues": "read", "metadata": "read",
}

var defaultEvents = []string{
	"pull_request", "pull_request_review", "issue_comment", "check_run", "check_suite",
	"membership", "team", "organization", "push", "merge_group",
}

// keys are made once for a process: making them is slow. The nth App of each
// server has the nth key.
var keys struct {
	mu   sync.Mutex
	made []*rsa.PrivateKey
}

func appKey(n int) (*rsa.PrivateKey, error) {
	keys.mu.Lock()
	defer keys.mu.Unlock()
	for len(keys.made) <= n {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		keys.made = append(keys.made, k)
	}
	return keys.made[n], nil
}

func (s *Server) newApp(slug string, permissions map[string]string, events []string) (*App, error) {
	key, err := appKey(len(s.apps))
	if err != nil {
		return nil, fmt.Errorf("make an App's key: %w", err)
	}
	a := &App{
		s: s, id: s.nextID(), slug: slug, name: slug, key: key, permissions: maps.Clone(permissions),
		used: map[string]string{}, events: map[string]bool{},
		keyPEM: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		secret: "webhook secret of " + slug, created: s.now(),
	}
	for _, e := range events {
		a.events[e] = true
	}
	a.owner = &s.user("app-owner").account
	a.user = s.bot(slug)
	a.user.app = a
	s.apps = append(s.apps, a)
	return a, nil
}

// configure gives the App what the options say of it.
func (a *App) configure(o Options) error {
	if o.AppID != 0 {
		a.id = o.AppID
	}
	if o.WebhookSecret != "" {
		a.secret = o.WebhookSecret
	}
	if len(o.PrivateKey) == 0 {
		return nil
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(o.PrivateKey)
	if err != nil {
		return fmt.Errorf("read the App's private key: %w", err)
	}
	a.key, a.keyPEM = key, o.PrivateKey
	return nil
}

// App is the App under test: installed on every organisation that is made,
// with the permissions and events of rolecall's manifest until told otherwise.
func (s *Server) App() *App { return s.app }

// OtherApp returns another App, such as a continuous integration's, made when
// new; it is installed on every account and may write checks and statuses.
func (s *Server) OtherApp(slug string) *App {
	defer s.lock()()
	for _, a := range s.apps {
		if a.slug == slug {
			return a
		}
	}
	a, err := s.newApp(slug, map[string]string{"checks": "write", "statuses": "write", "contents": "read", "metadata": "read", "pull_requests": "write"}, nil)
	if err != nil {
		s.misuse("%v", err)
	}
	for _, o := range s.orgOrder {
		s.install(a, &o.account, o)
	}
	return a
}

// ID is the App's ID.
func (a *App) ID() int64 { return a.id }

// Slug is the App's name in addresses; its bot is called Slug + "[bot]".
func (a *App) Slug() string { return a.slug }

// PrivateKeyPEM is the App's private key.
func (a *App) PrivateKeyPEM() []byte { return a.keyPEM }

// WebhookSecret is what the App's deliveries are signed with.
func (a *App) WebhookSecret() string {
	defer a.s.lock()()
	return a.secret
}

// SetWebhookSecret changes the secret; "" makes deliveries unsigned.
func (a *App) SetWebhookSecret(secret string) {
	defer a.s.lock()()
	a.secret = secret
}

// Used are the permissions by which GitHub let the App's calls through so far,
// each at the highest level that one needed.
func (a *App) Used() map[string]string {
	defer a.s.lock()()
	return maps.Clone(a.used)
}

// Subscribe sets the events that the App is sent, beside those that every App
// is sent.
func (a *App) Subscribe(events ...string) {
	defer a.s.lock()()
	a.events = map[string]bool{}
	for _, e := range events {
		a.events[e] = true
	}
}

// Permit sets a permission of the App, "read", "write" or "" for none, on all
// of its installations: "new permissions accepted".
func (a *App) Permit(permission, level string) {
	defer a.s.lock()()
	set := func(m map[string]string) {
		if level == "" {
			delete(m, permission)
		} else {
			m[permission] = level
		}
	}
	set(a.permissions)
	for _, i := range a.s.installed {
		if i.app != a || i.deleted {
			continue
		}
		set(i.permissions)
		i.updated = a.s.now()
		for _, t := range a.s.tokens {
			if t.installation == i {
				if level == "" || levels[t.permissions[permission]] > levels[level] {
					set(t.permissions)
				}
			}
		}
		a.s.emitInstallation(i, "new_permissions_accepted", a.s.user("app-owner"))
	}
}

// Installation is the App's installation on an organisation or person, by
// login; nil where there is none.
func (a *App) Installation(login string) *Installation {
	defer a.s.lock()()
	return a.s.installationOn(a, login)
}

func (s *Server) installationOn(a *App, login string) *Installation {
	for _, i := range s.installed {
		if i.app == a && !i.deleted && strings.EqualFold(i.account.login, login) {
			return i
		}
	}
	return nil
}

// Install puts the App on a person's account; on organisations it is from the
// start.
func (a *App) Install(u *User) *Installation {
	defer a.s.lock()()
	return a.s.install(a, &u.account, nil)
}

func (s *Server) install(a *App, on *account, o *Org) *Installation {
	if i := s.installationOn(a, on.login); i != nil {
		return i
	}
	i := &Installation{
		s: s, app: a, id: s.nextID(), account: on, org: o, permissions: maps.Clone(a.permissions), created: s.now(), updated: s.now(),
	}
	s.installed = append(s.installed, i)
	s.emitInstallation(i, "created", s.user("app-owner"))
	return i
}

// ID is the installation's ID.
func (i *Installation) ID() int64 { return i.id }

// Suspend stops the installation; its tokens work no more.
func (i *Installation) Suspend() {
	defer i.s.lock()()
	i.suspended, i.updated = true, i.s.now()
	i.s.emitInstallation(i, "suspend", i.s.user("app-owner"))
}

// Unsuspend lets the installation work again.
func (i *Installation) Unsuspend() {
	defer i.s.lock()()
	i.suspended, i.updated = false, i.s.now()
	i.s.emitInstallation(i, "unsuspend", i.s.user("app-owner"))
}

// Delete uninstalls the App.
func (i *Installation) Delete() {
	defer i.s.lock()()
	i.deleted = true
	i.s.emitInstallation(i, "deleted", i.s.user("app-owner"))
}

// Select narrows the installation to some repositories; none widens it to all.
func (i *Installation) Select(repos ...*Repo) {
	defer i.s.lock()()
	had := func(r *Repo) bool { return i.selected == nil || i.selected[r] }
	var selected map[*Repo]bool
	if len(repos) > 0 {
		selected = map[*Repo]bool{}
		for _, r := range repos {
			selected[r] = true
		}
	}
	var added, removed []*Repo
	for _, r := range i.s.repoOrder {
		if r.owner != i.account || r.deleted {
			continue
		}
		has := selected == nil || selected[r]
		if has && !had(r) {
			added = append(added, r)
		}
		if !has && had(r) {
			removed = append(removed, r)
		}
	}
	i.selected, i.updated = selected, i.s.now()
	if len(added) > 0 {
		i.s.emitInstallationRepositories(i, "added", added)
	}
	if len(removed) > 0 {
		i.s.emitInstallationRepositories(i, "removed", removed)
	}
}
