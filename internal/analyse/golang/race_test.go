//go:build race

package golang_test

const raceEnabled = true
