package policy

import (
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Status is how far a requirement, a rule or a whole decision has come.
type Status string

const (
	// Idle is a rule that is not in force.
	Idle Status = "idle"
	// Met needs nothing more.
	Met Status = "met"
	// Owed is a whole decision only: a broken glass lets the change through,
	// and the reviews that it skipped are owed.
	Owed Status = "owed"
	// Waiting needs an approval that somebody can give.
	Waiting Status = "waiting"
	// Refused has a holder of a required role who requested changes.
	Refused Status = "refused"
	// Stuck cannot be met by any approval until somebody acts: nobody holds
	// the role, or no DRI is named.
	Stuck Status = "stuck"
	// Broken is a policy that cannot be read or does not load, or one in force
	// that the pull request would replace by such a one.
	Broken Status = "broken"
)

// Decision is what a policy says of a pull request, with every reason. It is
// plain data: it can be stored as JSON, replayed and compared.
type Decision struct {
	Pull fact.Ref `json:"pull"`
	Base string   `json:"base"` // branch name
	Head string   `json:"head"` // the SHA that was evaluated
	// Check is the check run's name, "rolecall: BASE".
	Check string `json:"check"`
	// Policy names the sources that were evaluated.
	Policy []SourceRef `json:"policy"`
	// Observe is true where the policy decides and explains but never blocks.
	Observe bool   `json:"observe,omitempty"`
	Status  Status `json:"status"`
	// Rules are in the order of the policy, floor first; the implicit rule
	// over the policy's own files has the name [KeepersRule].
	Rules []RuleResult `json:"rules"`
	// Reviews has one verdict for each of the pull request's reviews, in
	// their order.
	Reviews []ReviewVerdict `json:"reviews"`
	// Excluded is who can meet nothing by default here, and why.
	Excluded []Exclusion `json:"excluded"`
	// Projects are the ones touched, with the DRI that counts here.
	Projects []ProjectResult `json:"projects"`
	// Commands has one verdict for each of the pull request's commands.
	Commands []CommandVerdict `json:"commands"`
	// Labels are the labels in force, kept ones included.
	Labels []LabelInForce `json:"labels"`
	// Glass is set where the glass is broken, or was when it was merged.
	Glass *Glass `json:"glass,omitempty"`
	// Notes are reasons that concern the decision as a whole: gaps in the
	// facts, warnings of the policy, that no rule asks for review.
	Notes []Reason `json:"notes,omitempty"`
	// Diagnostics is set where Status is Broken because of the policy in force.
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
	// Proposal is set where the pull request changes the policy itself.
	Proposal *Proposal `json:"proposal,omitempty"`
	// ValidUntil is when time alone may change the decision; zero when it
	// cannot.
	ValidUntil time.Time `json:"valid_until,omitzero"`
}

// KeepersRule is the name of the implicit rule over the policy's own files.
const KeepersRule = "policy"

// SourceRef names one policy source that took part.
type SourceRef struct {
	Name  string `json:"name"`           // ".github/rolecall.hcl", "acme/.github: rolecall.hcl"
	Blob  string `json:"blob,omitempty"` // git blob SHA of its bytes
	Floor bool   `json:"floor,omitempty"`
}

// RuleResult is one rule's part of a decision.
type RuleResult struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Floor       bool   `json:"floor,omitempty"`
	Advice      bool   `json:"advice,omitempty"` // never blocks
	Distinct    bool   `json:"distinct,omitempty"`
	InForce     bool   `json:"in_force"`
	Status      Status `json:"status"`
	// Reasons say why the rule is in force, or why not.
	Reasons []Reason `json:"reasons"`
	// Elements are what `changes` selected, one for each.
	Elements []Element `json:"elements,omitempty"`
	// Scope is what an approval for this rule covers.
	Scope Scope `json:"scope"`
	// Require is met when each of these is.
	Require []Requirement `json:"require,omitempty"`
}

// Element is one thing that a rule's `changes` selected.
type Element struct {
	Summary string   `json:"summary"` // "instances/main.tf", "google_project.p (create)"
	Paths   []string `json:"paths"`
	Unknown string   `json:"unknown,omitempty"` // why it could not be told, and so counts
}

// Scope is a set of changed paths: both names of a rename, and what a finding's
// analysis read beside them.
type Scope struct {
	All   bool     `json:"all,omitempty"`   // every file of the pull request
	Paths []string `json:"paths,omitempty"` // sorted, each once
}

// The kinds of Requirement.
const (
	KindRole = "role"
	KindAny  = "any"
	KindAll  = "all"
)

// Requirement is one `require` block, or a group of them.
type Requirement struct {
	Kind     string        `json:"kind"`
	Children []Requirement `json:"children,omitempty"` // of any and all
	Status   Status        `json:"status"`
	Reasons  []Reason      `json:"reasons,omitempty"`

	// The rest is set where Kind is KindRole.

	Role    string `json:"role,omitempty"`
	Title   string `json:"title,omitempty"`   // the role's, for people
	Project string `json:"project,omitempty"` // of a dri requirement
	// StandIn is the role asked in Role's place because nobody in Role may
	// approve this change.
	StandIn string        `json:"stand_in,omitempty"`
	Need    int           `json:"need,omitempty"` // approvals
	Ask     string        `json:"ask,omitempty"`  // one, team, all, none
	Within  time.Duration `json:"within,omitempty"`
	// Counted are the approvals that count toward it.
	Counted []Approval `json:"counted,omitempty"`
	// May is who could still meet it now, by login, sorted.
	May []string `json:"may,omitempty"`
	// Teams is the "org/slug" names whose members hold the role, sorted.
	Teams []string `json:"teams,omitempty"`
	// Blockers are the holders who requested changes.
	Blockers []string `json:"blockers,omitempty"`
	// Scope is narrower than the rule's for a dri requirement.
	Scope Scope `json:"scope"`
}

// Approval is a review, or nothing but an author's own standing as DRI, that
// counts for a requirement.
type Approval struct {
	By     string    `json:"by"`
	Review int64     `json:"review,omitempty"`
	Commit string    `json:"commit,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Via    string    `json:"via,omitempty"` // how By holds the role
}

// ReviewVerdict is what became of one review.
type ReviewVerdict struct {
	Review int64  `json:"review"`
	By     string `json:"by"`
	State  string `json:"state"`
	Commit string `json:"commit"` // bound commit; "" where it binds to none
	// Counts lists the rules and roles it counts for.
	Counts []RuleRole `json:"counts,omitempty"`
	// Reasons say why it does not count, for each rule and role it might have
	// met, or overall.
	Reasons []Reason `json:"reasons,omitempty"`
}

// RuleRole names one requirement.
type RuleRole struct {
	Rule    string `json:"rule"`
	Role    string `json:"role"`
	Project string `json:"project,omitempty"`
}

// Exclusion is a person whose approval cannot count by default.
type Exclusion struct {
	Person  fact.Person `json:"person"`
	Reasons []Reason    `json:"reasons"`
}

// ProjectResult is a project that the change touches, or, where it touches
// none and a command names a DRI all the same, the pull request itself.
type ProjectResult struct {
	Name   string   `json:"name"` // "" for the pull request itself
	DRI    []string `json:"dri"`  // logins; empty when nobody is named
	By     string   `json:"by"`   // "policy", or the login whose command named them
	Paths  []string `json:"paths"`
	Notify []string `json:"notify,omitempty"` // people and teams, "org/slug"
}

// CommandVerdict is what became of one command.
type CommandVerdict struct {
	Command  fact.Command `json:"command"`
	Accepted bool         `json:"accepted"`
	Reasons  []Reason     `json:"reasons,omitempty"`
	// Note is what rolecall is to write down of a /break-glass, in its answer;
	// nil where nothing.
	Note *fact.GlassNote `json:"note,omitempty"`
	// Patch is a unified diff of a policy file, where the command asks for one.
	Patch string `json:"patch,omitempty"`
}

// LabelInForce is a label that rules see.
type LabelInForce struct {
	Label string `json:"label"`
	// Kept is true where GitHub no longer shows it, but nobody who may has
	// removed it.
	Kept bool   `json:"kept,omitempty"`
	By   string `json:"by,omitempty"` // who removed it, where Kept
}

// Reason is one cause, as data. Which of its fields are set depends on Code;
// each code's comment says. Package report turns it into words.
type Reason struct {
	Code    Code      `json:"code"`
	Person  string    `json:"person,omitempty"`
	Role    string    `json:"role,omitempty"`
	Rule    string    `json:"rule,omitempty"`
	Project string    `json:"project,omitempty"`
	Label   string    `json:"label,omitempty"`
	Commit  string    `json:"commit,omitempty"`
	Paths   []string  `json:"paths,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// Count and Of are "2 of 3".
	Count int `json:"count,omitempty"`
	Of    int `json:"of,omitempty"`
	// Detail is text from outside (an error, an expression's source): to be
	// shown as such, escaped.
	Detail string `json:"detail,omitempty"`
}

// Code is the kind of a Reason.
type Code string
