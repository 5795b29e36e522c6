// Package queue remembers durably what is to be examined again, and has it
// examined: one job for each pull request at a time, on as many replicas as
// there are, the latest wish winning. It rides on River, on SQLite or
// PostgreSQL.
//
// It must never lose a wish whose transaction was committed, never run two
// jobs for one pull request at once, and never let River's types out.
package queue
