package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// rows counts the rows of a table that belong to a pull request.
func rows(t *testing.T, s *store.Store, table string, number int) (n int) {
	t.Helper()
	if err := s.DB().QueryRowContext(t.Context(), fmt.Sprintf(`SELECT count(*) FROM %s WHERE number = %d`, table, number)).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// exec runs a statement, as a month that passes would.
func exec(t *testing.T, s *store.Store, query string) {
	t.Helper()
	err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, query)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsKnownOfClosedPullRequestsIsDropped(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		now := time.Now().UTC().Truncate(time.Second)
		old, lately := now.Add(-100*24*time.Hour), now.Add(-80*24*time.Hour)
		ref := func(n int) fact.Ref { return fact.Ref{Installation: 7, Owner: "Acme", Repo: "Cloud", Number: n} }
		// What each pull request is tells its comment.
		life := func(n int, at time.Time, state string) {
			t.Helper()
			must(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if err := tx.SeePull(ctx, store.PullSeen{Ref: ref(n), Open: state == "open", HeadSHA: "h", BaseSHA: "b", BaseRef: "main", UpdatedAt: at, Pusher: fact.Person{Login: "dan"}, Before: "a"}); err != nil {
					return err
				}
				return tx.AddReviewCommit(ctx, ref(n), int64(n), "h")
			}))
			must(t, s.SetAsked(t.Context(), ref(n), at, []store.Asked{{Who: "ana", At: at}}))
			must(t, s.SetAsked(t.Context(), ref(n), at.Add(time.Minute), nil))
			g, err := s.Generation(t.Context(), ref(n))
			must(t, err)
			g++
			d := policy.Decision{Pull: ref(n), Base: "b", Head: "h", Check: "rolecall: main", Status: policy.Met}
			_, err = s.SaveDecision(t.Context(), store.Decision{Ref: ref(n), Generation: g, At: at, Decision: d, Pull: fact.Pull{State: state}, SeenUntil: at})
			must(t, err)
		}
		life(1, old, "merged")
		life(2, old, "open") // for a hundred days
		life(3, lately, "closed")
		life(4, old, "merged") // and owes reviews
		must(t, s.SaveGlass(t.Context(), ref(4), &policy.Glass{By: "mia", At: old, MergedAt: old}, false, old))
		life(5, old, "merged") // and has paid them
		must(t, s.SaveGlass(t.Context(), ref(5), &policy.Glass{By: "mia", At: old, MergedAt: old}, true, old))
		life(6, old, "closed") // and somebody has just opened it again
		must(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, _, err := tx.WishLook(ctx, store.Look{Key: "pull:acme/cloud#6", Kind: "pull", Ref: ref(6), ReceivedAt: now, Priority: 2})
			return err
		}))
		must(t, s.Retire(t.Context(), store.Retention{Closed: 90 * 24 * time.Hour}, now))
		for n, kept := range map[int]bool{1: false, 2: true, 3: true, 4: true, 5: false, 6: true} {
			for _, table := range []string{"pulls", "pushes", "review_commits", "review_requests"} {
				if got := rows(t, s, table, n); (got > 0) != kept {
					t.Errorf("#%d has %d rows of %s, want some: %t", n, got, table, kept)
				}
			}
			if got := rows(t, s, "decisions", n); got != 1 {
				t.Errorf("#%d has %d decisions, want the one that is on record", n, got)
			}
		}
		if rows(t, s, "debts", 4) != 1 || rows(t, s, "debts", 5) != 0 {
			t.Error("a debt is dropped once it is paid, and no earlier")
		}

		// It is opened again: its checks go on counting, from the delivery or
		// from the look, whichever is first.
		must(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.SeePull(ctx, store.PullSeen{Ref: ref(1), Open: true, HeadSHA: "h", UpdatedAt: now})
		}))
		for _, n := range []int{1, 5} {
			if g, err := s.Generation(t.Context(), ref(n)); err != nil || g != 1 {
				t.Errorf("the generation of #%d is %d, %v; want 1", n, g, err)
			}
			if g, err := s.NextGeneration(t.Context(), ref(n)); err != nil || g != 2 {
				t.Errorf("the next generation of #%d is %d, %v; want 2", n, g, err)
			}
		}
		// However short it is asked for, a month is kept.
		life(7, now.Add(-29*24*time.Hour), "closed")
		must(t, s.Retire(t.Context(), store.Retention{Closed: time.Hour}, now))
		if rows(t, s, "pulls", 7) != 1 || rows(t, s, "pulls", 3) != 0 {
			t.Error("of two closed pull requests the one of a month ago is kept")
		}
	})
}

func TestDecisionsGoWithTheRecordOfThem(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		now := time.Now().UTC().Truncate(time.Second)
		old := now.Add(-400 * 24 * time.Hour)
		ref := func(n int) fact.Ref { return fact.Ref{Installation: 7, Owner: "acme", Repo: "cloud", Number: n} }
		decide := func(n int, at time.Time, state string) {
			t.Helper()
			g, err := s.Generation(t.Context(), ref(n))
			must(t, err)
			g++
			_, err = s.SaveDecision(t.Context(), store.Decision{Ref: ref(n), Generation: g, At: at, Decision: policy.Decision{Pull: ref(n)}, Pull: fact.Pull{State: state}})
			must(t, err)
		}
		for range 3 {
			decide(1, old, "merged")
			decide(2, old, "open")
			decide(3, old, "merged")
		}
		must(t, s.SaveGlass(t.Context(), ref(3), &policy.Glass{By: "mia", At: old, MergedAt: old}, false, old))
		keep := store.Retention{Record: 300 * 24 * time.Hour, Closed: 90 * 24 * time.Hour}
		must(t, s.Retire(t.Context(), keep, now))
		for n := 1; n <= 3; n++ {
			if got := rows(t, s, "decisions", n); got != 3 {
				t.Errorf("#%d has %d decisions; while the record has their entries, so many are to stay: 3", n, got)
			}
		}
		if _, err := s.Checkpoints(t.Context(), 1, time.Hour); err != nil {
			t.Fatal(err)
		}
		later := now.Add(301 * 24 * time.Hour)
		must(t, s.Retire(t.Context(), keep, later))
		for n, want := range map[int]int{1: 0, 2: 3, 3: 3} {
			if got := rows(t, s, "decisions", n); got != want {
				t.Errorf("#%d has %d decisions, want %d", n, got, want)
			}
		}
	})
}

func TestWhatIsOutOfDateIsForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		now := time.Now()
		ref := fact.Ref{Installation: 7, Owner: "acme", Repo: "cloud", Number: 1}
		must(t, s.PutTeam(t.Context(), 7, "acme/old", []fact.Member{{Login: "ana"}}, 0))
		must(t, s.SetUnrequestable(t.Context(), ref, []string{"eve"}, 0))
		must(t, s.Want(t.Context(), store.Chore{Kind: "calendar", Name: "https://a/"}))
		must(t, s.PutCalendar(t.Context(), "https://a/", store.Calendar{ReadAt: now}))
		must(t, s.UseCalendar(t.Context(), "https://a/", store.CalendarUser{Installation: 7, Owner: "acme"}))
		must(t, s.Learn(t.Context(), ref, store.Merged{Number: 1, At: now, Author: "dan", Lines: map[string]int{"a.go": 1}}))
		must(t, s.Learn(t.Context(), ref, store.Merged{Number: 2, At: now, Lines: map[string]int{"a.go": 1}})) // by a bot
		if ok, err := s.Sending(t.Context(), ref, "#6 reply", time.Minute); err != nil || !ok {
			t.Fatal(ok, err)
		}
		must(t, s.AddRedelivery(t.Context(), 1, "g", now))
		must(t, s.Alive(t.Context(), "killed"))
		tables := []string{"teams", "unrequestable", "sent", "chores", "calendars", "calendar_users", "history_people", "history_files", "redeliveries", "replicas"}
		left := func() (out []string) {
			for _, table := range tables {
				var n int
				if err := s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
					t.Fatal(err)
				}
				if n > 0 {
					out = append(out, table)
				}
			}
			return out
		}
		must(t, s.Retire(t.Context(), store.Retention{}, now))
		if got := left(); !slices.Equal(got, tables) {
			t.Errorf("what is fresh is kept: left are %v", got)
		}
		if n := rows(t, s, "history_files", 2); n != 0 {
			t.Errorf("%d files are known by nobody", n)
		}
		exec(t, s, `UPDATE replicas SET seen_at = seen_at - 90000000000`) // 25 hours
		must(t, s.Retire(t.Context(), store.Retention{}, now.Add(200*24*time.Hour)))
		if got := left(); len(got) > 0 {
			t.Errorf("left are %v", got)
		}
	})
}

func TestADeliveryThatNothingWaitsForIsDropped(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		now := time.Now()
		old := now.Add(-100 * 24 * time.Hour)
		ref := fact.Ref{Installation: 7, Owner: "acme", Repo: "cloud", Number: 1}
		must(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for _, guid := range []string{"done", "waits", "forgotten"} {
				if _, err := tx.AddDelivery(ctx, store.Delivery{GUID: guid, Event: "pull_request", Ref: ref, ReceivedAt: old}, nil); err != nil {
					return err
				}
			}
			turn, _, err := tx.WishLook(ctx, store.Look{Key: "k", Kind: "pull", Ref: ref, ReceivedAt: old})
			if err == nil {
				err = tx.DeliveryDone(ctx, "done", old)
			}
			if err == nil {
				err = tx.DeliveryAwaits(ctx, "waits", "k", turn)
			}
			return err
		}))
		must(t, s.Retire(t.Context(), store.Retention{Deliveries: 90 * 24 * time.Hour}, now))
		for guid, want := range map[string]bool{"done": false, "waits": true, "forgotten": false} {
			if got, err := s.Has(t.Context(), guid); err != nil || got != want {
				t.Errorf("delivery %q is kept: %t, %v; want %t", guid, got, err, want)
			}
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
