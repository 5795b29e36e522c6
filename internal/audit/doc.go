// Package audit reads the record that rolecall keeps: it verifies that nobody
// has changed it, replays what was decided from what was known, and tells for
// each merged pull request who approved what under which policy.
//
// It must never write to the store, nor ask GitHub: what it says rests on the
// record alone.
package audit
