package githubtest

import (
	"slices"
	"time"
)

// CheckRun is a check run on a commit.
type CheckRun struct {
	s           *Server
	repo        *Repo
	id          int64
	app         *App
	suite       *checkSuite
	name        string
	sha         string
	status      string // "queued", "in_progress", "completed"
	conclusion  string // "" unless completed
	externalID  string
	detailsURL  string
	title       string
	summary     string
	text        string
	annotations []Annotation
	actions     []CheckAction
	started     time.Time
	completed   time.Time
	updates     int // how often it was written
	created     time.Time
}

// staleAfter is how long GitHub waits for a run to be completed.
// https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-checks#about-check-suites
const staleAfter = 14 * 24 * time.Hour

// expire completes the runs that GitHub has waited for too long. The lock is
// held. Whether an event tells of it is not known, so none does.
func (s *Server) expire() {
	for len(s.unfinished) > 0 {
		run := s.unfinished[0]
		if run.status != "completed" {
			if s.now().Sub(run.created) <= staleAfter {
				return
			}
			run.status, run.conclusion, run.completed = "completed", "stale", s.now()
			run.suite.settle()
		}
		s.unfinished = s.unfinished[1:]
	}
}

// Annotation is a check run's remark on lines of a file.
type Annotation struct {
	Path      string
	StartLine int
	EndLine   int
	Level     string // "notice", "warning", "failure"
	Title     string
	Message   string
}

// CheckAction is a check run's button.
type CheckAction struct {
	Label, Description, Identifier string
}

// checkSuite is all that one App has to say on one commit.
type checkSuite struct {
	id         int64
	app        *App
	repo       *Repo
	sha        string
	branch     string
	status     string
	conclusion string
	created    time.Time
	updated    time.Time
}

// Status is a commit status.
type Status struct {
	id          int64
	repo        *Repo
	sha         string
	state       string // "error", "failure", "pending", "success"
	context     string
	description string
	target      string
	creator     *User
	at          time.Time
}

// Ruleset is a repository's ruleset in force on some branches.
type Ruleset struct {
	id           int64
	repo         *Repo
	name         string
	enforcement  string   // "active", "evaluate", "disabled"
	branches     []string // names; "~DEFAULT_BRANCH", "~ALL"
	checks       []RequiredCheck
	pullRequest  bool // a pull request is required, with the next four
	approvals    int
	dismissStale bool
	lastPush     bool
	codeOwners   bool
	strict       bool     // branches are up to date
	onCreation   bool     // checks are not required of new branches
	more         []string // types of rules without parameters: "non_fast_forward", "deletion"
	bypass       []Bypass
}

// RequiredCheck is a check that must have passed before a merge.
type RequiredCheck struct {
	Context string
	App     int64 // 0: any source
}

// Bypass is who may pass a ruleset by.
type Bypass struct {
	ID   int64
	Kind string // "Team", "OrganizationAdmin", "RepositoryRole", "Integration"
	Mode string // "always", "pull_request"
}

// Protection is a branch's classic protection.
type Protection struct {
	repo   *Repo
	branch string
	checks []RequiredCheck
	strict bool
	admins bool // administrators are bound too
}

// suite is the App's suite on a commit, made when new.
func (r *Repo) suite(a *App, sha, branch string) *checkSuite {
	key := suiteKey{a.id, sha}
	if c := r.suites[key]; c != nil {
		return c
	}
	c := &checkSuite{id: r.s.nextID(), app: a, repo: r, sha: sha, branch: branch, status: "queued", created: r.s.now(), updated: r.s.now()}
	r.suites[key] = c
	return c
}

type suiteKey struct {
	app int64
	sha string
}

// settle works the suite's status out from the latest run of each name.
func (c *checkSuite) settle() {
	status, conclusion := "completed", "success"
	rank := map[string]int{"success": 0, "neutral": 1, "skipped": 1, "stale": 2, "cancelled": 3, "timed_out": 4, "action_required": 5, "failure": 6}
	for _, run := range c.repo.latestRuns(c.sha) {
		if run.suite != c {
			continue
		}
		if run.status != "completed" {
			status = "in_progress"
		} else if rank[run.conclusion] > rank[conclusion] {
			conclusion = run.conclusion
		}
	}
	if status != "completed" {
		conclusion = ""
	}
	c.status, c.conclusion, c.updated = status, conclusion, c.repo.s.now()
}

// latestRuns lists the runs on a commit that are the latest of their name and
// App, in the order of their making.
func (r *Repo) latestRuns(sha string) []*CheckRun {
	type key struct {
		app  int64
		name string
	}
	latest := map[key]*CheckRun{}
	for _, run := range r.runs[sha] {
		latest[key{run.app.id, run.name}] = run
	}
	var out []*CheckRun
	for _, run := range r.runs[sha] {
		if latest[key{run.app.id, run.name}] == run {
			out = append(out, run)
		}
	}
	return out
}

// Check is a check run as it stands.
type Check struct {
	ID                   int64
	App                  string // slug
	Name                 string
	SHA                  string
	Status               string
	Conclusion           string
	ExternalID           string
	DetailsURL           string
	Title, Summary, Text string
	Annotations          []Annotation
	Actions              []CheckAction
	StartedAt            time.Time
	CompletedAt          time.Time
	Updates              int // how often it was written, its making included
}

func (c *CheckRun) snapshot() Check {
	return Check{
		ID: c.id, App: c.app.slug, Name: c.name, SHA: c.sha, Status: c.status, Conclusion: c.conclusion, ExternalID: c.externalID,
		DetailsURL: c.detailsURL, Title: c.title, Summary: c.summary, Text: c.text, Annotations: slices.Clone(c.annotations),
		Actions: slices.Clone(c.actions), StartedAt: c.started, CompletedAt: c.completed, Updates: c.updates,
	}
}

// Checks lists the check runs on the head, the latest of each name and App, in
// the order of their making.
func (p *Pull) Checks() []Check {
	defer p.s.lock()()
	var out []Check
	for _, c := range p.repo.latestRuns(p.head.sha) {
		out = append(out, c.snapshot())
	}
	return out
}

// Check is the latest check run on the head with a name by the App under
// test; the zero Check where there is none.
func (p *Pull) Check(name string) Check {
	defer p.s.lock()()
	for _, c := range p.repo.latestRuns(p.head.sha) {
		if c.name == name && c.app == p.s.app {
			return c.snapshot()
		}
	}
	return Check{}
}

// ChecksAt lists every check run on a commit, oldest first, those that a later
// one of their name replaced included.
func (r *Repo) ChecksAt(sha string) []Check {
	defer r.s.lock()()
	var out []Check
	for _, c := range r.runs[sha] {
		out = append(out, c.snapshot())
	}
	return out
}

// PostCheck makes a completed check run on the head as another App does, such
// as a continuous integration, or an attacker with a name that is not theirs.
func (p *Pull) PostCheck(app *App, name, conclusion string) {
	defer p.s.lock()()
	run := p.repo.newRun(app, name, p.head.sha)
	run.status, run.conclusion, run.completed = "completed", conclusion, p.s.now()
	run.suite.settle()
	p.s.emitCheck(run, "created", app.user, nil)
	p.s.emitCheck(run, "completed", app.user, nil)
}

func (r *Repo) newRun(app *App, name, sha string) *CheckRun {
	run := &CheckRun{
		s: r.s, repo: r, id: r.s.nextID(), app: app, suite: r.suite(app, sha, r.tips[sha]), name: name, sha: sha,
		status: "queued", started: r.s.now(), created: r.s.now(), updates: 1,
	}
	r.s.unfinished = append(r.s.unfinished, run)
	r.runs[sha] = append(r.runs[sha], run)
	r.runByID[run.id] = run
	return run
}

// rerequested waits for a new run: "the status of the check suite is reset to
// queued and the conclusion is cleared", of a run's suite as well.
// https://docs.github.com/en/rest/checks/runs#rerequest-a-check-run
// https://docs.github.com/en/rest/checks/suites#rerequest-a-check-suite
func (c *checkSuite) rerequested() {
	c.status, c.conclusion, c.updated = "queued", "", c.repo.s.now()
}

// Rerequest is a person's click on "Re-run" of a check run.
func (p *Pull) Rerequest(login, name string) {
	defer p.s.lock()()
	run := p.run(name)
	p.s.emitCheck(run, "rerequested", p.s.user(login), nil) // which, by its schema, has the suite as it was
	run.suite.rerequested()
}

// ClickAction is a person's click on a check run's button.
func (p *Pull) ClickAction(login, name, identifier string) {
	defer p.s.lock()()
	run := p.run(name)
	for _, a := range run.actions {
		if a.Identifier == identifier {
			p.s.emitCheck(run, "requested_action", p.s.user(login), object{"requested_action": object{"identifier": identifier}})
			return
		}
	}
	p.s.misuse("the check %s has no button %q", name, identifier)
}

// RerequestSuite is a person's click on "Re-run all checks".
func (p *Pull) RerequestSuite(login string) {
	defer p.s.lock()()
	suite := p.repo.suite(p.s.app, p.head.sha, p.head.ref)
	suite.rerequested()
	p.s.emitSuite(suite, "rerequested", p.s.user(login))
}

func (p *Pull) run(name string) *CheckRun {
	for _, c := range p.repo.latestRuns(p.head.sha) {
		if c.name == name && c.app == p.s.app {
			return c
		}
	}
	p.s.misuse("no check %q stands on %s#%d", name, p.repo.fullName(), p.number)
	return nil
}

// PostStatus sets a commit status on the head: "error", "failure", "pending"
// or "success".
func (p *Pull) PostStatus(login, context, state string) {
	defer p.s.lock()()
	p.repo.status(p.s.user(login), p.head.sha, context, state, "", "")
}

// Statuses lists the head's latest status by context.
func (p *Pull) Statuses() map[string]string {
	defer p.s.lock()()
	out := map[string]string{}
	for _, st := range p.repo.latestStatuses(p.head.sha) {
		out[st.context] = st.state
	}
	return out
}

func (r *Repo) status(by *User, sha, context, state, description, target string) *Status {
	st := &Status{
		id: r.s.nextID(), repo: r, sha: sha, state: state, context: or(context, "default"),
		description: description, target: target, creator: by, at: r.s.now(),
	}
	r.statuses[sha] = append(r.statuses[sha], st)
	return st
}

func (r *Repo) latestStatuses(sha string) []*Status {
	latest := map[string]*Status{}
	for _, st := range r.statuses[sha] {
		latest[st.context] = st
	}
	var out []*Status
	for _, st := range r.statuses[sha] {
		if latest[st.context] == st {
			out = append(out, st)
		}
	}
	return out
}
