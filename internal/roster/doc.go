// Package roster tells who holds each role of a policy at a time: by team
// membership, by name, by rotation, by the shifts of a calendar; and what is
// known of these people when somebody has to be asked.
//
// It is pure: it fetches nothing and reads no clock. It must never name
// somebody as a holder because something could not be read.
package roster
