// Package analyse tells what a change does, from the two versions of each of
// its files alone: which are Go or infrastructure as code, what they declare,
// use and depend on, and what is provably without effect.
//
// It is pure and bounded, and must never panic on any bytes, fetch, run or
// resolve anything, or call harmless what it could not read: what cannot be
// told is a gap or an unknown with its reason.
package analyse
