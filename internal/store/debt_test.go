package store_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestDebts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		ctx, noon := t.Context(), time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		ref := fact.Ref{Installation: 3, Owner: "Acme", Repo: "Cloud", Number: 7}
		other := fact.Ref{Installation: 3, Owner: "Acme", Repo: "Other", Number: 7}
		save := func(ref fact.Ref, g *policy.Glass, over bool, now time.Time) {
			t.Helper()
			if err := s.SaveGlass(ctx, ref, g, over, now); err != nil {
				t.Fatal(err)
			}
		}
		open := func() int {
			t.Helper()
			n, err := s.OpenDebts(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		save(ref, nil, false, noon) // nothing was broken: nothing is kept
		glass := &policy.Glass{By: "bo", At: noon, Reason: "fire", Debts: []policy.Debt{{Rule: "r", Roles: []string{"sec"}}}}
		save(ref, glass, false, noon)
		save(other, &policy.Glass{By: "cy", At: noon.Add(time.Hour)}, false, noon)
		if open() != 0 {
			t.Error("what is not merged owes nothing yet")
		}
		merged := *glass
		merged.MergedAt = noon.Add(time.Minute)
		save(ref, &merged, false, noon)
		if open() != 1 {
			t.Errorf("%d open, want 1", open())
		}
		save(ref, &merged, true, noon.Add(time.Hour))
		save(ref, &merged, true, noon.Add(2*time.Hour)) // looked at again
		debts, err := s.Debts(ctx, "ACME", "cloud")
		if err != nil || len(debts) != 1 || debts[0].Ref != ref || !debts[0].ClearedAt.Equal(noon.Add(time.Hour)) || debts[0].Glass.Reason != "fire" || open() != 0 {
			t.Errorf("%+v, %v", debts, err)
		}
		save(ref, &merged, false, noon.Add(3*time.Hour)) // an approval was dismissed
		if open() != 1 {
			t.Errorf("%d open, want 1 again", open())
		}
		save(other, nil, false, noon.Add(4*time.Hour)) // its command was deleted before the merge
		all, err := s.Debts(ctx, "", "")
		if err != nil || len(all) != 2 || all[1].Ref != other || all[1].ClearedAt.IsZero() {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

func TestAStoreThatIsReadTakesNoLockAndWritesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		if _, err := store.OpenReadOnly(t.Context(), store.Options{URL: url}); err == nil {
			t.Error("a database that does not exist, or is empty, was opened")
		}
		s := storetest.Open(t, url)
		ctx := t.Context()
		ref := fact.Ref{Installation: 3, Owner: "acme", Repo: "cloud", Number: 7}
		decide := func(generation int64, head string) {
			t.Helper()
			d := policy.Decision{Pull: ref, Head: head}
			if _, err := s.SaveDecision(ctx, store.Decision{Ref: ref, Generation: generation, At: time.Now(), Decision: d, Pull: fact.Pull{Ref: ref, Now: time.Now(), State: "open"}}); err != nil {
				t.Fatal(err)
			}
		}
		decide(1, "one")
		r, err := store.OpenReadOnly(ctx, store.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}()
		heads := func() (out []string) {
			t.Helper()
			err := r.Latest(ctx, time.Time{}, func(d store.Decision) error {
				out = append(out, d.Decision.Head)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if got := strings.Join(heads(), " "); got != "one" {
			t.Errorf("heads %q", got)
		}
		decide(2, "two") // the writer goes on
		if got := strings.Join(heads(), " "); got != "two" {
			t.Errorf("heads %q", got)
		}
		if err := r.SaveGlass(ctx, ref, &policy.Glass{}, false, time.Now()); err == nil {
			t.Error("it writes")
		}
		if debts, err := s.Debts(ctx, "", ""); err != nil || len(debts) != 0 {
			t.Errorf("debts %v, %v", debts, err)
		}
	})
}

func TestReadingADatabaseThatIsNotThereSaysWhere(t *testing.T) {
	dir := t.TempDir()
	_, err := store.OpenReadOnly(t.Context(), store.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "rolecall.db")) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("%v", err)
	}
}
