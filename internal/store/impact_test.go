package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestAnImpactIsKeptForItsPairOfVersions(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		if _, ok, err := s.Impact(t.Context(), pull, "a b"); ok || err != nil {
			t.Fatalf("found %v, %v before it was kept", ok, err)
		}
		for _, want := range []policy.Impact{{Replayed: 1}, {
			Replayed: 2, Skipped: []policy.Skipped{{Reason: "r", Count: 3}},
			Different: []policy.Difference{{Number: 4, Title: "é", Before: policy.Met, After: policy.Waiting, Gained: []policy.Asked{{Called: "x", Rule: "y", Reasons: []policy.Reason{{Code: policy.WhenTrue, Detail: "z"}}}}}},
		}} {
			if err := s.SaveImpact(t.Context(), pull, "a b", want); err != nil {
				t.Fatal(err)
			}
			got, ok, err := s.Impact(t.Context(), fact.Ref{Owner: "acme", Repo: "cloud", Number: 99}, "a b")
			if err != nil || !ok || !cmp.Equal(got, want) {
				t.Errorf("got %v, %v: %s", ok, err, cmp.Diff(want, got))
			}
		}
		if _, ok, _ := s.Impact(t.Context(), pull, "a c"); ok {
			t.Error("found another version's")
		}
		for i := range 101 { // no more than a hundred are kept
			if err := s.SaveImpact(t.Context(), pull, fmt.Sprint("v", i), policy.Impact{Replayed: i}); err != nil {
				t.Fatal(err)
			}
		}
		if _, ok, _ := s.Impact(t.Context(), pull, "a b"); ok {
			t.Error("the oldest is still there")
		}
		if got, ok, _ := s.Impact(t.Context(), pull, "v100"); !ok || got.Replayed != 100 {
			t.Errorf("the latest is %+v, %v", got, ok)
		}
	})
}

func TestTheLatestFactsAreThoseOfTheNewestPullRequests(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		save := func(repo string, number int, generation int64, title string) {
			t.Helper()
			ref := fact.Ref{Installation: 7, Owner: "Acme", Repo: repo, Number: number}
			if _, err := s.SaveDecision(t.Context(), store.Decision{Ref: ref, Generation: generation, Pull: fact.Pull{Ref: ref, Title: title}}); err != nil {
				t.Fatal(err)
			}
		}
		save("Cloud", 3, 1, "three")
		save("Cloud", 9, 1, "nine, before")
		save("Cloud", 9, 2, "nine")
		save("Cloud", 12, 1, "itself")
		save("Other", 11, 1, "elsewhere")
		save("Cloud", 5, 1, "five")
		read := func(n int) (titles []string) {
			t.Helper()
			err := s.LatestFacts(t.Context(), pull, n, func(p fact.Pull, ok bool) error {
				if !ok {
					t.Errorf("the facts of %s are gone", p.Ref)
				}
				titles = append(titles, p.Title)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return titles
		}
		if got := read(50); !cmp.Equal(got, []string{"nine", "five", "three"}) {
			t.Errorf("got %q", got)
		}
		if got := read(2); !cmp.Equal(got, []string{"nine", "five"}) {
			t.Errorf("of two, got %q", got)
		}
		stop := errors.New("stop")
		if err := s.LatestFacts(t.Context(), pull, 50, func(fact.Pull, bool) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("it ends with %v", err)
		}
	})
}

func TestTheLatestDecisionsOfAnOwnerAreOfAllItsRepositories(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		save := func(owner, repo string, number int, generation int64, title string, own *policy.Source) {
			t.Helper()
			ref := fact.Ref{Installation: 7, Owner: owner, Repo: repo, Number: number}
			at = at.Add(time.Minute)
			if _, err := s.SaveDecision(t.Context(), store.Decision{Ref: ref, Generation: generation, At: at, Own: own, Pull: fact.Pull{Ref: ref, Title: title}}); err != nil {
				t.Fatal(err)
			}
		}
		save("Acme", "Cloud", 9, 1, "nine, before", nil)
		save("Acme", "Other", 2, 1, "two", &policy.Source{Name: "p", Bytes: []byte("text")})
		save("Beta", "Cloud", 1, 1, "another owner's", nil)
		save("Acme", "Cloud", 12, 1, "itself", nil)
		save("Acme", "Other", 1, 1, "one", nil)
		save("Acme", "Cloud", 9, 2, "nine", nil)
		read := func(n int) (got []string) {
			t.Helper()
			err := s.LatestOfOwner(t.Context(), pull, n, func(d store.Decision, ok bool) error {
				text := d.Pull.Title
				if d.Own != nil {
					text += " by " + string(d.Own.Bytes)
				}
				if !ok {
					text += ", not kept"
				}
				got = append(got, text)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := read(50); !cmp.Equal(got, []string{"nine", "one", "two by text"}) {
			t.Errorf("got %q", got)
		}
		if got := read(2); !cmp.Equal(got, []string{"nine", "one"}) {
			t.Errorf("of two, got %q", got)
		}
		stop := errors.New("stop")
		if err := s.LatestOfOwner(t.Context(), pull, 50, func(store.Decision, bool) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("it ends with %v", err)
		}
	})
}
