// Package recovery finds what no delivery told: failed deliveries, which it
// has GitHub send again, and open pull requests that have moved on, or have
// not been looked at for long, which it has looked at.
//
// It must never decide anything about a pull request, nor use more of GitHub's
// budget than the share that is set aside for what nobody waits for.
package recovery
