//go:build race

package supplychain_test

const raceEnabled = true
