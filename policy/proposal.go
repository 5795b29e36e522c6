package policy

// Proposal is what a pull request would make of the policy, as far as loading
// it, its tests and what was decided lately tell. The policy in force decides
// on the pull request all the same.
type Proposal struct {
	// Paths are the policy files that the pull request changes and that stand
	// at its head. None: it changes the policy's tests alone, or removes it.
	Paths []string `json:"paths"`
	// Diagnostics have one of Paths, or a file that is removed, as their source.
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
	// Tests is how many of the policy's tests there are at the head, and
	// Failed those that do not pass.
	Tests  int           `json:"tests,omitempty"`
	Failed []TestFailure `json:"failed,omitempty"`
	// Impact is nil where nothing was replayed.
	Impact *Impact `json:"impact,omitempty"`
}

// TestFailure is a test of a policy that does not pass, or a file of tests
// that does not load.
type TestFailure struct {
	Source  string `json:"source"` // the file
	Line    int    `json:"line"`   // 1-based; 0 where there is no place
	Name    string `json:"name"`   // "" for a file that does not load
	Message string `json:"message"`
}

// Impact is what a new version of the policy decides differently on the
// pull requests that were decided last.
type Impact struct {
	// Floor: it is the organisation's floor, on the pull requests of all its
	// repositories.
	Floor     bool         `json:"floor,omitempty"`
	Replayed  int          `json:"replayed"`
	Different []Difference `json:"different,omitempty"` // the newest first
	// Hidden is how many more are decided differently in repositories that not
	// everybody may read, where everybody may read this.
	Hidden int `json:"hidden,omitempty"`
	// Skipped says which could not be replayed, by why.
	Skipped []Skipped `json:"skipped,omitempty"`
}

// Skipped is how many pull requests could not be replayed for one reason.
type Skipped struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Difference is what two policies decide differently on one pull request.
type Difference struct {
	// Repo is "owner/name", where it is another repository than the policy's.
	Repo   string `json:"repo,omitempty"`
	Number int    `json:"number"`
	Title  string `json:"title"` // "" where not everybody who reads this may read it
	Before Status `json:"before"`
	After  Status `json:"after"`
	// Gained and Lost are what only the second, or only the first, requires.
	Gained []Asked `json:"gained,omitempty"`
	Lost   []Asked `json:"lost,omitempty"`
	// Broken is why the repository's policy would no longer load; "" where it
	// would.
	Broken string `json:"broken,omitempty"`
}

// Asked is a requirement that a rule brings in.
type Asked struct {
	Called  string   `json:"called"` // as [Requirement.Called] has it
	Rule    string   `json:"rule"`
	Reasons []Reason `json:"reasons,omitempty"`
}

// Loads reports whether the new version could come into force.
func (p Proposal) Loads() bool {
	return !HasErrors(p.Diagnostics)
}

// Propose adds to a decision what the pull request would make of the policy;
// nil is nothing. One that would not load is not let through, since every pull
// request would be blocked from its merge on; nor is one that its own tests
// contradict, since a test that may fail guards nothing, and whoever means the
// change changes the test with it. Where the policy in force only observes,
// this too is only shown.
func (d Decision) Propose(p *Proposal) Decision {
	d.Proposal = p
	if p != nil && (!p.Loads() || len(p.Failed) > 0) && !d.Observe {
		d.Status = Broken
	}
	return d
}
