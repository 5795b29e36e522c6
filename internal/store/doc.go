// Package store keeps what rolecall must not forget: deliveries, the commit
// that each review was given on, who pushed last, team members while they are
// fresh, what is known of people, decisions with their facts, and the
// append-only audit trail, in an SQLite file or in PostgreSQL.
//
// It must never decide anything, and nothing may depend on it that GitHub
// could not tell again: a wiped database may only make a decision stricter.
package store
