// Package survey counts what managers and whoever takes over the on-call
// duty want to know: what nobody owns, what is left to do, and who carries how
// much. Each survey is a value computed from values, which reads as JSON and
// as tables.
//
// It must never read a clock, a database or GitHub, and never decide anything:
// what is required comes from decisions that were made.
package survey
