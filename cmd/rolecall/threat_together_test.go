package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// together plays an attack by many tricks in one world, each on a pull request
// of its own: a world takes longer to make than a pull request. Play gets the
// trick's name, "" for none; what play changes must be that pull request alone.
func (a attack) together(t *testing.T, tricks []string, play func(w *world, trick string) *githubtest.Pull) {
	t.Helper()
	t.Parallel()
	if a.policy == "" {
		a.policy = policyText
	}
	w := newWorld(t, storetest.SQLite(t), a.policy, a.options)
	w.guard()
	pulls := map[string]*githubtest.Pull{}
	for _, trick := range append([]string{""}, tricks...) {
		pulls[trick] = play(w, trick)
	}
	for _, trick := range slices.Sorted(maps.Keys(pulls)) {
		if trick != "" {
			w.arm(pulls[trick])
		}
	}
	w.settle()
	for _, trick := range tricks {
		t.Run(trick, func(t *testing.T) {
			before := w.t
			w.t = t // what fails here is this trick's
			defer func() { w.t = before }()
			a.judge(w, pulls[trick])
		})
	}
	w.arm(pulls[""]) // last, since it moves the base
	a.control.on(w, pulls[""])
}
