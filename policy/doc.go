// Package policy is rolecall's policy language: who must approve a pull
// request, by role, for what it changes.
//
// A policy is HCL and reads as a sentence: when these changes are made, under
// these circumstances, require these roles.
//
//	policy { keepers = ["lead"] }
//
//	role "engineer" { members = ["@acme/engineers"] }
//	role "lead"     { members = ["@mia"] }
//
//	rule "iam" {
//	  changes = [for r in terraform.resources : r if r.kind == "iam"]
//	  when    = pull.base == "main"
//	  require "engineer" { approvals = 2 }
//	  require "lead" {}
//	}
//
// [Load] parses it and checks every name in it, so that a misspelling is a
// [Diagnostic] with its line and never a rule that silently does nothing.
// [Policy.Needs] says what of a pull request has to be read for it.
// [Policy.Evaluate] takes these facts, a [fact.Pull], and returns a [Decision]:
//
//	p, diags := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Bytes: text})
//	if p == nil {
//		policy.FormatDiagnostics(os.Stderr, diags, false)
//	}
//	d := p.Evaluate(pull)
//	fmt.Println(d.Check, d.Status) // "rolecall: main waiting"
//
// # Decisions
//
// A decision is plain data. It holds every rule with whether it is in force and
// why, every requirement with whose approval counts and who could still give
// one, and every review with what became of it, each cause as a [Reason] with a
// [Code]. It can be stored as JSON and comes back as it was; [Compare] lists
// what changed from one to the next, and why.
//
// # What holds
//
// Evaluate reads no clock, file, network or database: time, people and GitHub's
// state are facts, and the same facts give the same decision. Decisions that
// time alone may change say until when they are valid.
//
// What cannot be told counts as what needs most review. It is never a value of
// its own that a policy could forget to ask for: a list with a gap keeps an
// element for the gap, a condition that is unknown, null or fails is in force,
// and there is no function that turns unknown into "no". More unknown never
// means less required.
//
// An approval covers files, not a moment. It stands for a rule while what the
// rule is about is what it was when the approval was given, by git's trees, so
// that nothing need be remembered for it.
//
// An organisation's policy with floor = true is met by itself, beside the
// repository's, which can add to it and take nothing away.
//
// Policies come from people who may mean harm, and so do pull requests. Loading
// and evaluating take bounded time and memory for any input, and never panic.
package policy
