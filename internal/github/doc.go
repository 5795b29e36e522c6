// Package github is rolecall's one door to GitHub: it authenticates as an
// App, reads pull requests with one GraphQL query and a comparison, and writes
// checks, requests and replies. Rate limits, retries, time-outs and caches of
// immutable objects are its business alone.
//
// It must never decide anything, never say that something is absent because
// it could not be read, and never let a token into an error or a log line.
// go-github's types do not leave it.
package github
