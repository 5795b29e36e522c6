// Package fact holds the plain values that rolecall reasons about: a pull
// request at one moment, its files, reviews, comments and findings, and the
// people who hold roles. Everything that decides takes these values and
// nothing else, so a decision can be stored and replayed.
//
// It must never fetch, decide, or import anything of rolecall's, and a value must never say "known" about what nobody could see.
package fact
