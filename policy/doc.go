// Package policy is rolecall's policy language: it parses a policy, checks it
// against the schema of names, and evaluates it over the facts of a pull
// request to a [Decision] that carries every reason as data.
//
// It must never read a clock, a file, a network or a database: time, people
// and GitHub's state are facts passed in, and the same facts give the same
// decision. What cannot be known counts as the case that needs most review.
package policy
