// Package replay makes the facts of a pull request from a range of commits in
// a local git repository, so that a policy decides about it as the server
// would. It reads through git's plumbing alone.
//
// It must never reach a network, change the repository, or let what is in it
// run anything: its hooks, filters, pagers and helpers stay silent.
package replay
