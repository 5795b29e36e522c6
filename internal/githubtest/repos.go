package githubtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Repo is a repository.
type Repo struct {
	s       *Server
	id      int64
	owner   *account
	org     *Org // nil where a person owns it
	name    string
	private bool
	created time.Time
	pushed  time.Time
	deleted bool

	defaultBranch string
	objects       *objects // shared among forks
	branches      map[string]string
	tips          map[string]string // a branch by its SHA
	parent        *Repo             // what it was forked from

	collaborators map[string]string // permission by lower-case login
	labels        map[string]*Label // by lower-case name
	labelOrder    []*Label
	issues        map[int]*Pull // pull requests and plain issues: they share their numbers
	open          map[int]*Pull // the open pull requests
	holders       holders
	numbers       int
	comments      map[int64]*Comment
	runs          map[string][]*CheckRun // by SHA, oldest first
	runByID       map[int64]*CheckRun
	suites        map[suiteKey]*checkSuite
	statuses      map[string][]*Status // by SHA, oldest first
	rulesets      []*Ruleset
	protections   map[string]*Protection
	queue         map[string][]*QueueEntry // merge queue by base branch
	groups        []*MergeGroup
	activity      []*activity

	rendered    object         // as JSON, for renderedFor
	encoded     jsontext.Value // the same, encoded
	renderedFor repoKey
}

// activity is one line of a repository's activity log.
type activity struct {
	id            int64
	ref           string // "refs/heads/…"
	before, after string
	kind          string // "push", "force_push", "branch_creation", "branch_deletion", "pr_merge"
	actor         *User
	at            time.Time
}

// Label is a repository's label.
type Label struct {
	id          int64
	name        string
	color       string
	description string
}

const noSHA = "0000000000000000000000000000000000000000"

// Repo returns the organisation's repository with a name, which is made when
// new, with an empty first commit on the branch main.
func (o *Org) Repo(name string) *Repo {
	defer o.s.lock()()
	return o.s.repo(&o.account, o, name)
}

// Repo returns the person's own repository with a name, which is made when new.
func (u *User) Repo(name string) *Repo {
	defer u.s.lock()()
	return u.s.repo(&u.account, nil, name)
}

func (s *Server) repo(owner *account, org *Org, name string) *Repo {
	key := strings.ToLower(owner.login + "/" + name)
	if r := s.repos[key]; r != nil {
		return r
	}
	r := s.bareRepo(owner, org, name, newObjects())
	tree := r.objects.putTree(nil)
	sig := signature{"GitHub", "noreply@github.com", s.now()}
	c := r.objects.putCommit(commit{tree: tree, author: sig, committer: sig, message: "Initial commit", pushed: s.now()})
	r.branches[r.defaultBranch], r.tips[c.sha] = c.sha, r.defaultBranch
	return r
}

func (s *Server) bareRepo(owner *account, org *Org, name string, o *objects) *Repo {
	r := &Repo{
		s: s, id: s.nextID(), owner: owner, org: org, name: name, private: org != nil, created: s.now(), pushed: s.now(),
		defaultBranch: "main", objects: o, branches: map[string]string{}, tips: map[string]string{},
		collaborators: map[string]string{}, labels: map[string]*Label{}, issues: map[int]*Pull{}, open: map[int]*Pull{},
		comments: map[int64]*Comment{}, runs: map[string][]*CheckRun{}, runByID: map[int64]*CheckRun{},
		suites: map[suiteKey]*checkSuite{}, statuses: map[string][]*Status{}, protections: map[string]*Protection{}, queue: map[string][]*QueueEntry{},
	}
	s.repos[strings.ToLower(r.fullName())] = r
	s.repoOrder = append(s.repoOrder, r)
	return r
}

// Fork returns the person's fork of the repository, which is made when new.
func (r *Repo) Fork(login string) *Repo {
	defer r.s.lock()()
	return r.fork(r.s.user(login))
}

func (r *Repo) fork(u *User) *Repo {
	if f := r.s.repos[strings.ToLower(u.login+"/"+r.name)]; f != nil {
		return f
	}
	f := r.s.bareRepo(&u.account, nil, r.name, r.objects)
	f.parent, f.private, f.defaultBranch = r, r.private, r.defaultBranch
	for b, sha := range r.branches {
		f.branches[b] = sha
	}
	return f
}

// Rename gives the repository another name. The former one leads to it until
// another repository takes it.
// https://docs.github.com/en/repositories/creating-and-managing-repositories/renaming-a-repository
func (r *Repo) Rename(name string) {
	defer r.s.lock()()
	was := strings.ToLower(r.fullName())
	delete(r.s.repos, was)
	r.name, r.rendered, r.encoded = name, nil, nil
	r.s.repos[strings.ToLower(r.fullName())] = r
	r.s.moved[was] = r
}

// repoNamed is the repository of that name, or that was; nil where there is none.
func (s *Server) repoNamed(owner, name string) *Repo {
	key := strings.ToLower(owner + "/" + name)
	if r := s.repos[key]; r != nil {
		return r
	}
	return s.moved[key]
}

// Delete removes the repository; pull requests from it live on without their
// head repository.
func (r *Repo) Delete() {
	defer r.s.lock()()
	r.deleted = true
	delete(r.s.repos, strings.ToLower(r.fullName()))
}

func (r *Repo) fullName() string { return r.owner.login + "/" + r.name }

// FullName is "owner/name".
func (r *Repo) FullName() string { return r.fullName() }

// Owner is the login of the owner.
func (r *Repo) Owner() string { return r.owner.login }

// Name is the name without the owner.
func (r *Repo) Name() string { return r.name }

// ID is the database ID.
func (r *Repo) ID() int64 { return r.id }

// Public makes the repository public; those of organisations start private.
func (r *Repo) Public() *Repo {
	defer r.s.lock()()
	r.private = false
	return r
}

// Head is the SHA at the tip of a branch, "" where there is none.
func (r *Repo) Head(branch string) string {
	defer r.s.lock()()
	return r.branches[branch]
}

// Collaborator gives a person a permission: "pull", "triage", "push",
// "maintain" or "admin".
func (r *Repo) Collaborator(login, permission string) *Repo {
	defer r.s.lock()()
	r.s.checkPermission(permission)
	r.collaborators[r.s.user(login).key()] = permission
	return r
}

// RemoveCollaborator takes back what Collaborator gave.
func (r *Repo) RemoveCollaborator(login string) *Repo {
	defer r.s.lock()()
	delete(r.collaborators, r.s.user(login).key())
	return r
}

// permissionOf is what a person may do: "", "pull", "triage", "push",
// "maintain" or "admin", the strongest of what they have by themselves, by
// teams and by the organisation.
func (r *Repo) permissionOf(u *User) string {
	best := ""
	if !r.private {
		best = "pull"
	}
	if r.owner == &u.account {
		return "admin"
	}
	best = stronger(best, r.collaborators[u.key()])
	if r.org == nil {
		return best
	}
	if r.org.isOwner(u) {
		return "admin"
	}
	if r.org.isMember(u) {
		switch r.org.defaultPermission {
		case "read":
			best = stronger(best, "pull")
		case "write":
			best = stronger(best, "push")
		case "admin":
			return "admin"
		}
	}
	for _, t := range r.org.order {
		if p := t.permissionOn(r); p != "" {
			for _, m := range t.all() {
				if m.user == u {
					best = stronger(best, p)
				}
			}
		}
	}
	return best
}

// association is GitHub's author association of a person with the repository.
func (r *Repo) association(u *User) string {
	switch {
	case r.owner == &u.account:
		return "OWNER"
	case r.org != nil && r.org.isMember(u) && !r.org.members[u.key()].concealed:
		return "MEMBER"
	case r.collaborators[u.key()] != "":
		return "COLLABORATOR"
	}
	for _, p := range r.issues {
		if p.author == u && p.merged {
			return "CONTRIBUTOR"
		}
	}
	return "NONE"
}

// label returns the repository's label, made when new.
func (r *Repo) label(name string) *Label {
	if l := r.labels[strings.ToLower(name)]; l != nil {
		return l
	}
	l := &Label{id: r.s.nextID(), name: name, color: "ededed"}
	r.labels[strings.ToLower(name)] = l
	r.labelOrder = append(r.labelOrder, l)
	return l
}

// resolve finds the commit that a branch, SHA, abbreviated SHA or "refs/…"
// names; nil where there is none.
func (r *Repo) resolve(ref string) *commit {
	for _, name := range []string{ref, strings.TrimPrefix(ref, "refs/heads/"), strings.TrimPrefix(ref, "heads/")} {
		if sha, ok := r.branches[name]; ok {
			return r.objects.commits[sha]
		}
	}
	var n int
	if _, err := fmt.Sscanf(strings.TrimPrefix(ref, "refs/"), "pull/%d/head", &n); err == nil && r.issues[n] != nil && r.issues[n].isPull {
		return r.objects.commits[r.issues[n].head.sha]
	}
	if c := r.objects.commits[ref]; c != nil {
		return c
	}
	if len(ref) >= 7 && len(ref) < 40 {
		for sha, c := range r.objects.commits {
			if strings.HasPrefix(sha, ref) {
				return c
			}
		}
	}
	return nil
}
