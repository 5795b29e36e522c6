package githubtest

import (
	"fmt"
	"slices"
)

// Require makes checks required before merging into the given branches, by a
// ruleset: names of branches, "~DEFAULT_BRANCH" or "~ALL". It returns the
// ruleset for more to be set.
func (r *Repo) Require(branches []string, checks ...RequiredCheck) *Ruleset {
	defer r.s.lock()()
	rs := &Ruleset{id: r.s.nextID(), repo: r, name: fmt.Sprintf("ruleset %d", len(r.rulesets)+1), enforcement: "active", branches: branches, checks: checks}
	r.rulesets = append(r.rulesets, rs)
	return rs
}

// RequireReviews makes the ruleset require a pull request with approvals.
func (rs *Ruleset) RequireReviews(approvals int, dismissStale, lastPush bool) *Ruleset {
	defer rs.repo.s.lock()()
	rs.pullRequest, rs.approvals, rs.dismissStale, rs.lastPush = true, approvals, dismissStale, lastPush
	return rs
}

// Strict makes the ruleset require that branches are up to date.
func (rs *Ruleset) Strict() *Ruleset {
	defer rs.repo.s.lock()()
	rs.strict = true
	return rs
}

// NotOnCreation has the ruleset not require checks of new branches.
func (rs *Ruleset) NotOnCreation() *Ruleset {
	defer rs.repo.s.lock()()
	rs.onCreation = true
	return rs
}

// Also adds rules that have no parameters: "non_fast_forward", "deletion".
// The fake shows them, and holds nobody by them.
func (rs *Ruleset) Also(types ...string) *Ruleset {
	defer rs.repo.s.lock()()
	rs.more = append(rs.more, types...)
	return rs
}

// Bypass lets somebody pass the ruleset by.
func (rs *Ruleset) Bypass(b Bypass) *Ruleset {
	defer rs.repo.s.lock()()
	rs.bypass = append(rs.bypass, b)
	return rs
}

// Disable takes the ruleset out of force.
func (rs *Ruleset) Disable() *Ruleset {
	defer rs.repo.s.lock()()
	rs.enforcement = "disabled"
	return rs
}

// Protect sets a branch's classic protection with required checks, which
// administrators need not care for.
func (r *Repo) Protect(branch string, checks ...RequiredCheck) *Protection {
	defer r.s.lock()()
	p := &Protection{repo: r, branch: branch, checks: checks}
	r.protections[branch] = p
	return p
}

// HoldAdmins makes the protection hold administrators too.
func (p *Protection) HoldAdmins() {
	defer p.repo.s.lock()()
	p.admins = true
}

func (rs *Ruleset) covers(branch string) bool {
	return rs.enforcement == "active" && slices.ContainsFunc(rs.branches, func(b string) bool {
		return b == branch || b == "~ALL" || b == "~DEFAULT_BRANCH" && branch == rs.repo.defaultBranch
	})
}

// required lists the checks that merging into a branch requires.
func (r *Repo) required(branch string) []RequiredCheck {
	var out []RequiredCheck
	for _, rs := range r.rulesets {
		if rs.covers(branch) {
			out = append(out, rs.checks...)
		}
	}
	if p := r.protections[branch]; p != nil {
		out = append(out, p.checks...)
	}
	return out
}

// passed tells whether a required check has passed on a commit. Neutral and
// skipped pass. https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
func (r *Repo) passed(c RequiredCheck, sha string) bool {
	found := false
	for _, run := range r.latestRuns(sha) {
		if run.name != c.Context || c.App != 0 && run.app.id != c.App {
			continue
		}
		if run.status != "completed" || !slices.Contains([]string{"success", "neutral", "skipped"}, run.conclusion) {
			return false
		}
		found = true
	}
	for _, st := range r.latestStatuses(sha) {
		if st.context != c.Context || c.App != 0 {
			continue
		}
		if st.state != "success" {
			return false
		}
		found = true
	}
	return found
}

// Mergeable tells whether the branch's rules let the pull request be merged,
// and else why not.
func (p *Pull) Mergeable() (bool, string) {
	defer p.s.lock()()
	why := p.blocked()
	return why == "", why
}

// blocked tells why the rules do not let it be merged; "" where they do.
func (p *Pull) blocked() string {
	if p.closed {
		return "the pull request is closed"
	}
	if p.draft {
		return "the pull request is a draft"
	}
	for _, c := range p.repo.required(p.base.ref) {
		if !p.repo.passed(c, p.head.sha) {
			return fmt.Sprintf("required check %q has not passed", c.Context)
		}
	}
	for _, rs := range p.repo.rulesets {
		if !rs.covers(p.base.ref) || !rs.pullRequest {
			continue
		}
		latest := map[*User]*Review{}
		for _, r := range p.reviews {
			if r.state != "COMMENTED" && permissionRank[p.repo.permissionOf(r.author)] >= permissionRank["push"] {
				latest[r.author] = r
			}
		}
		approvals := 0
		for _, r := range latest {
			switch r.state {
			case "CHANGES_REQUESTED":
				return r.author.login + " requested changes"
			case "APPROVED":
				if !rs.dismissStale || r.commit == p.head.sha {
					approvals++
				}
			}
		}
		if approvals < rs.approvals {
			return fmt.Sprintf("%d of %d approvals", approvals, rs.approvals)
		}
	}
	return ""
}
