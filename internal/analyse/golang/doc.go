// Package golang tells what a change does to Go code, from syntax alone.
//
// It is pure and bounded: no type checking, no module download, no build. It
// must never call a change cosmetic that it has not proven to be, and never
// leave out silently what it could not parse.
package golang
