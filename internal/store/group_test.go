package store_test

import (
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestDecisionsOnAMergeGroupAreAllKeptThoughTheClockDoesNotGoOn(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		now := time.Now().UTC().Truncate(time.Second)
		ref := fact.Ref{Installation: 7, Owner: "Acme", Repo: "Cloud", Number: 1}
		for i, at := range []time.Time{now, now, now.Add(-time.Hour)} {
			d := policy.Decision{Pull: ref, Head: "h", Status: policy.Waiting}
			if i == 1 {
				d.Status = policy.Met
			}
			_, err := s.SaveGroup(t.Context(), store.GroupDecision{Ref: fact.Ref{Installation: 7, Owner: "Acme", Repo: "Cloud"}, Head: "g", At: at,
				Members: []store.Decision{{Ref: ref, Decision: d}}, Entry: store.GroupEntry{Head: "g", Status: d.Status}})
			must(t, err)
		}
		entries, err := s.GroupEntries(t.Context(), ref)
		must(t, err)
		want := []policy.Status{policy.Waiting, policy.Met, policy.Waiting}
		if len(entries) != len(want) {
			t.Fatalf("%d entries, want %d", len(entries), len(want))
		}
		for i, e := range entries {
			members, err := s.GroupMembers(t.Context(), ref, "g", e.At)
			must(t, err)
			if len(members) != 1 || members[0].Decision.Status != want[i] {
				t.Errorf("decision %d at %s: %+v, want one that is %s", i, e.At, members, want[i])
			}
		}
	})
}
