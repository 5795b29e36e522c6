// Package apply performs a plan on GitHub and writes the audit trail. It is the
// only writer to GitHub.
//
// It must never choose what to do: each action comes from the plan, and doing
// one twice must be harmless.
package apply
