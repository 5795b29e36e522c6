package policy

// Proposal is what a pull request would make of the policy, as far as loading
// it tells. The policy in force decides on the pull request all the same.
type Proposal struct {
	// Paths are the policy files that the pull request changes and that stand
	// at its head.
	Paths []string `json:"paths"`
	// Diagnostics have one of Paths as their source.
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
}

// Loads reports whether the new version could come into force.
func (p Proposal) Loads() bool {
	return !HasErrors(p.Diagnostics)
}

// Propose adds to a decision what the pull request would make of the policy;
// nil is nothing. One that would not load is not let through, since every pull
// request would be blocked from its merge on, unless the policy in force only
// observes.
func (d Decision) Propose(p *Proposal) Decision {
	d.Proposal = p
	if p != nil && !p.Loads() && !d.Observe {
		d.Status = Broken
	}
	return d
}
