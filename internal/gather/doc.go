// Package gather turns an installation and a pull request into complete
// facts: it reads the pull request and its policy, and then what the policy's
// expressions and older approvals need, in as few round trips as it can. It
// is the only reader of GitHub.
//
// It must never leave out what it could not read: that becomes a gap or an
// unknown. A failure that may be over soon is an error, for the queue to try
// again, and never a fact.
package gather
