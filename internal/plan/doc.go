// Package plan compares a decision with what GitHub shows and names the fewest
// actions that bring the two together, each with its reason. When nothing
// changed there are none.
//
// It is pure: it must never call anything, and it never decides whether a
// requirement is met.
package plan
