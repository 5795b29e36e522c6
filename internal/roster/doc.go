// Package roster tells who holds each role of a policy at a time: by team
// membership, by name, by rotation.
//
// It is pure: it fetches nothing and reads no clock. It must never name
// somebody as a holder because something could not be read.
package roster
