package main

import (
	"iter"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// attack is one way to get a change past its reviews, played three times:
// against a naive decision, which it gets past; against rolecall, which it does
// not; and without the trick, where rolecall decides as anybody would expect.
type attack struct {
	policy  string // policyText where empty
	options githubtest.Options
	// play brings a pull request to where it would merge; with the trick, it
	// should not.
	play func(w *world, trick bool) *githubtest.Pull
	// naive decides by what GitHub shows whether the change may merge.
	naive func(w *world, pr *githubtest.Pull, p fact.Pull) bool
	// blind is where GitHub shows nothing any longer once it is played: naive
	// gets no facts.
	blind bool
	// caught is what the check is with the trick, control without; says is
	// what the caught check tells of it, anywhere.
	caught, control shown
	says            []string
}

// shown is a check: "in_progress" or a conclusion, and part of its title.
type shown struct{ state, title string }

var passes = shown{"success", "Every role"}

func (a attack) run(t *testing.T) {
	t.Helper()
	t.Parallel()
	if a.policy == "" {
		a.policy = policyText
	}
	t.Run("with the trick", func(t *testing.T) {
		w := newWorld(t, storetest.SQLite(t), a.policy, a.options)
		w.guard()
		pr := a.play(w, true)
		w.arm(pr)
		a.judge(w, pr)
	})
	t.Run("without it", func(t *testing.T) {
		w := newWorld(t, storetest.SQLite(t), a.policy, a.options)
		w.guard()
		pr := a.play(w, false)
		w.arm(pr)
		a.control.on(w, pr)
	})
}

// variants are those of an attack that are played: of many only each third,
// unless there is time for all.
func variants[T any](all map[string]T) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for i, name := range slices.Sorted(maps.Keys(all)) {
			if (long() || len(all) < 7 || i%3 == 0) && !yield(name, all[name]) {
				return
			}
		}
	}
}

// judge holds that the trick, played and armed, gets past the naive decision and
// not past rolecall.
func (a attack) judge(w *world, pr *githubtest.Pull) {
	w.t.Helper()
	c := w.expect(pr, a.caught.state, a.caught.title)
	for _, s := range a.says {
		if !strings.Contains(c.Title+"\n"+c.Summary+"\n"+c.Text, s) {
			w.t.Errorf("the check does not say %q:\n%s\n%s\n%s", s, c.Title, c.Summary, c.Text)
		}
	}
	if got := pr.State(); got == "merged" {
		w.t.Error("it was merged")
	}
	var shown fact.Pull
	if !a.blind {
		shown = w.facts(pr)
	}
	if !a.naive(w, pr, shown) {
		w.t.Error("the naive decision is not taken in: the attack is none")
	}
}

// on holds that a pull request without a trick, armed, shows s, and is merged
// where that is green.
func (s shown) on(w *world, pr *githubtest.Pull) {
	w.t.Helper()
	w.expect(pr, s.state, s.title)
	if got := pr.State(); (got == "merged") != (s.state == "success") {
		w.t.Errorf("it is %s", got)
	}
}

// guard makes the check required, from this App alone, and lets the login
// merger write.
func (w *world) guard() {
	w.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "rolecall: main", App: w.gh.App().ID()})
	w.repo.Collaborator("merger", "push")
}

// arm has GitHub merge the pull request as soon as its rules let it. Where
// nothing is left to wait for, it is not merged: that was for whoever brought
// it there to do.
func (w *world) arm(pr *githubtest.Pull) {
	w.t.Helper()
	if pr.AutoMergeBy() != "" {
		return // the play did it
	}
	if ok, _ := pr.Mergeable(); ok {
		w.settle()
		if ok, _ := pr.Mergeable(); ok {
			pr.MustMerge("merger")
		}
		return
	}
	if err := pr.EnableAutoMerge("merger"); err != nil {
		w.t.Fatal(err)
	}
}

// facts is what GitHub shows of a pull request to whoever looks for the first
// time, with the findings.
func (w *world) facts(pr *githubtest.Pull) fact.Pull {
	w.t.Helper()
	w.settle()
	store := storetest.Open(w.t, migrated(w.t, "sqlite:"+filepath.Join(w.t.TempDir(), "facts.db")))
	g, err := gather.New(w.app(), store, gather.Options{Wants: pipeline.Wants, Logger: slog.New(slog.DiscardHandler)}).Pull(w.t.Context(), w.ref(pr), gather.Hint{})
	if err != nil {
		w.t.Fatalf("facts of #%d: %v", pr.Number(), err)
	}
	p, _ := pipeline.Decide(g)
	return p
}

// The naive decisions.

// approvedAtHead holds an approval good whose commit_id is the head's.
func approvedAtHead(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
	for _, v := range p.Reviews {
		if v.State == fact.Approved && v.Commit == p.Head.SHA {
			return true
		}
	}
	return false
}

// approvedOnce holds any approval good that was ever given.
func approvedOnce(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
	for _, v := range p.Reviews {
		if v.State == fact.Approved {
			return true
		}
	}
	return false
}

// approvedByAnother holds an approval good that is not the author's.
func approvedByAnother(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
	for _, v := range p.Reviews {
		if v.State == fact.Approved && v.Author.Login != p.Author.Login {
			return true
		}
	}
	return false
}

// noPathMatches lets a change through whose paths, as GitHub lists them now,
// are in no guarded folder.
func noPathMatches(guarded func(path string) bool) func(*world, *githubtest.Pull, fact.Pull) bool {
	return func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
		for _, f := range p.Files {
			if guarded(f.Path) {
				return false
			}
		}
		return true
	}
}

// byThePolicyOf evaluates the policy that a commit holds.
func byThePolicyOf(sha func(*githubtest.Pull) string) func(*world, *githubtest.Pull, fact.Pull) bool {
	return func(w *world, pr *githubtest.Pull, p fact.Pull) bool {
		text, ok := w.repo.Read(sha(pr), policy.RepoPath)
		if !ok {
			return false
		}
		loaded, _ := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Bytes: []byte(text)})
		return loaded != nil && loaded.Evaluate(p).Status == policy.Met
	}
}
