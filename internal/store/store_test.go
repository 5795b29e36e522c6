package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// takesLong skips a test unless there is time for it.
func takesLong(t *testing.T) {
	t.Helper()
	if os.Getenv("ROLECALL_LONG") == "" {
		t.Skip("set ROLECALL_LONG")
	}
}

// each runs f on an open, empty store of each kind.
func each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { f(t, storetest.Open(t, url)) })
}

var pull = fact.Ref{Installation: 7, Owner: "Acme", Repo: "Cloud", Number: 12}

func write(t *testing.T, s *store.Store, f func(context.Context, *store.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func TestAnSQLiteFileServesOneProcess(t *testing.T) {
	dir := t.TempDir()
	s := storetest.Open(t, "sqlite:"+filepath.Join(dir, "a b#?%.db"))
	_, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(dir, "a b#?%.db")})
	if err == nil {
		t.Fatal("opened a second time")
	}
	for _, want := range []string{filepath.Join(dir, "a b#?%.db"), "in use by another process", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "a b#?%.db"))
	if err != nil {
		t.Fatal(err)
	}
	if m := info.Mode().Perm(); m != 0o600 {
		t.Errorf("mode %o", m)
	}
}

func TestWhatIsWrittenIsThereAfterReopening(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), store.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetPolicySeen(t.Context(), "Acme", "Cloud"); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		seen, err := storetest.Open(t, url).PolicySeen(t.Context(), "acme", "CLOUD")
		if err != nil || !seen {
			t.Fatal(seen, err)
		}
	})
}

func TestABadDatabaseURLIsRefusedWithoutItsPassword(t *testing.T) {
	for _, url := range []string{"mysql://u:hunter2@h/d", "postgres://u:hunter2@/d?port=x", "postgres://u:hunter2@127.0.0.1:1/d"} {
		s, err := store.Open(t.Context(), store.Options{URL: url})
		if err == nil {
			_ = s.Close()
			t.Fatalf("%s opened", url)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v holds the password", err)
		}
	}
}

func TestConcurrentWritesAllHappenAndAFailedOneLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		var committed atomic.Int32
		var wg sync.WaitGroup
		errOdd := errors.New("odd")
		for i := range 100 {
			wg.Go(func() {
				err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					tx.OnCommit(func() { committed.Add(1) })
					if err := tx.AddReviewCommit(ctx, pull, int64(i), fmt.Sprint(i)); err != nil {
						return err
					}
					if i%2 == 1 {
						return errOdd
					}
					return nil
				})
				if want := map[bool]error{true: errOdd}[i%2 == 1]; !errors.Is(err, want) {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		commits, err := s.ReviewCommits(t.Context(), pull)
		if err != nil || len(commits) != 50 || commits[42] != "42" {
			t.Fatalf("%d commits, %v", len(commits), err)
		}
		if n := committed.Load(); n != 50 {
			t.Errorf("%d of 50 were told of their commit", n)
		}
	})
}

func TestAWriteThatSpoilsTheTransactionHarmsNoOther(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					if i%10 == 0 {
						_, _ = tx.ExecContext(ctx, "ROLLBACK")
						return errors.New("spoiled")
					}
					return tx.AddReviewCommit(ctx, pull, int64(i), "x")
				})
				if (err != nil) != (i%10 == 0) {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		commits, err := s.ReviewCommits(t.Context(), pull)
		if err != nil || len(commits) != 36 {
			t.Fatalf("%d commits, %v", len(commits), err)
		}
	})
}

func TestAPanicInAWriteReachesItsCallerAlone(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		func() {
			defer func() {
				if p := recover(); p != "no" {
					t.Errorf("recovered %v", p)
				}
			}()
			_ = s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if err := tx.AddReviewCommit(ctx, pull, 1, "x"); err != nil {
					t.Error(err)
				}
				panic("no")
			})
		}()
		if commits, err := s.ReviewCommits(t.Context(), pull); err != nil || len(commits) != 0 {
			t.Fatal(commits, err)
		}
	})
}

func TestADeliveryIsDoneOnlyWhenProcessed(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		at := time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC)
		d := store.Delivery{GUID: "g", Event: "pull_request", Action: "opened", Ref: pull, ReceivedAt: at, Payload: []byte(`{"a":1}`)}
		packed, err := store.Pack(d.Payload)
		if err != nil {
			t.Fatal(err)
		}
		add := func(want bool) {
			t.Helper()
			write(t, s, func(ctx context.Context, tx *store.Tx) error {
				done, err := tx.AddDelivery(ctx, d, packed)
				if done != want {
					t.Errorf("done %v, want %v", done, want)
				}
				if err != nil || done {
					return err
				}
				return tx.DeliveryAwaits(ctx, "g", "pull:acme/cloud#12", 3)
			})
		}
		add(false)
		add(false)
		served := func(turn int64) {
			t.Helper()
			write(t, s, func(ctx context.Context, tx *store.Tx) error {
				return tx.DeliveriesServed(ctx, "pull:acme/cloud#12", turn, at.Add(time.Second))
			})
		}
		served(2) // an earlier turn knew nothing of it
		add(false)
		served(3)
		add(true)
		got, ok, err := s.Delivery(t.Context(), "g")
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		d.Attempts, d.ProcessedAt = 4, at.Add(time.Second)
		d.Ref.Owner, d.Ref.Repo = "acme", "cloud"
		if diff := cmp.Diff(d, got); diff != "" {
			t.Error(diff)
		}
		if _, ok, err := s.Delivery(t.Context(), "other"); ok || err != nil {
			t.Error(ok, err)
		}
	})
}

func TestTheFirstCommitOfAReviewStands(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		for _, sha := range []string{"first", "second"} {
			write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.AddReviewCommit(ctx, pull, 5, sha) })
		}
		other := pull
		other.Owner = "ACME"
		got, err := s.ReviewCommits(t.Context(), other)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[int64]string{5: "first"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPushesAreInTheOrderOfTheirTimesWhateverTheOrderOfDeliveries(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		see := func(login string, after time.Duration, open bool) {
			t.Helper()
			write(t, s, func(ctx context.Context, tx *store.Tx) error {
				return tx.SeePull(ctx, store.PullSeen{Ref: pull, Open: open, HeadSHA: "h" + login, Before: "b", UpdatedAt: at.Add(after), Pusher: fact.Person{Login: login, Bot: login == "Bot[bot]"}, Account: int64(len(login))})
			})
		}
		if p, err := s.Pushes(t.Context(), pull); err != nil || len(p) != 0 {
			t.Fatal(p, err)
		}
		see("Ana", time.Minute, true)
		see("Bot[bot]", 2*time.Minute, true)
		see("late", time.Second, true)
		see("", 3*time.Minute, true)
		p, err := s.Pushes(t.Context(), pull)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]store.Push{
			{SHA: "hBot[bot]", Before: "b", By: fact.Person{Login: "bot", Bot: true}, Account: 8, At: at.Add(2 * time.Minute)},
			{SHA: "hAna", Before: "b", By: fact.Person{Login: "ana"}, Account: 3, At: at.Add(time.Minute)},
			{SHA: "hlate", Before: "b", By: fact.Person{Login: "late"}, Account: 4, At: at.Add(time.Second)},
		}, p); diff != "" {
			t.Error(diff)
		}
		if refs, err := s.KnownPulls(t.Context(), 7, "ACME"); err != nil || !cmp.Equal(refs, []fact.Ref{pull}) {
			t.Error(refs, err)
		}
		see("", 4*time.Minute, false)
		if refs, err := s.KnownPulls(t.Context(), 7, "acme"); err != nil || len(refs) != 0 {
			t.Error(refs, err)
		}
	})
}

// A look that has begun may have read the teams before they changed, and be the
// first to find that its pull request is open.
func TestWhatIsBeingLookedAtIsAmongTheKnownPullRequests(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		write(t, s, func(ctx context.Context, tx *store.Tx) error {
			for _, l := range []store.Look{
				{Key: "pull:a", Kind: "pull", Ref: pull},
				{Key: "organization:acme", Kind: "organization", Ref: fact.Ref{Installation: 7}, Org: "acme"},
				{Key: "pull:b", Kind: "pull", Ref: fact.Ref{Installation: 8, Owner: pull.Owner, Repo: pull.Repo, Number: 9}},
			} {
				if _, _, err := tx.WishLook(ctx, l); err != nil {
					return err
				}
			}
			return nil
		})
		if refs, err := s.KnownPulls(t.Context(), 7, "ACME"); err != nil || !cmp.Equal(refs, []fact.Ref{pull}) {
			t.Error(refs, err)
		}
	})
}

// Whoever was refused before the teams changed may be asked now, and the event
// that told of the change has come already.
func TestWhoWasRefusedBeforeTheTeamsChangedCanBeAskedAgain(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		for round := range 2 {
			before, err := s.TeamsVersion(t.Context(), pull.Installation, "Acme")
			if err != nil || before != int64(round) {
				t.Fatal(before, err)
			}
			write(t, s, func(ctx context.Context, tx *store.Tx) error {
				return tx.InvalidateTeams(ctx, pull.Installation, "acme")
			})
			if err := s.SetUnrequestable(t.Context(), pull, []string{"eve"}, before); err != nil {
				t.Fatal(err)
			}
			if list, err := s.Unrequestable(t.Context(), pull); err != nil || len(list) != 0 {
				t.Error(list, err)
			}
			if err := s.SetUnrequestable(t.Context(), pull, []string{"eve"}, before+1); err != nil {
				t.Fatal(err)
			}
			if list, err := s.Unrequestable(t.Context(), pull); err != nil || len(list) != 1 {
				t.Error(list, err)
			}
		}
	})
}

func TestPushesToABranchAreKeptForAPullRequestToCome(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		at := time.Now().Add(-time.Minute).Truncate(time.Microsecond).UTC()
		see := func(branch, sha, login string, after time.Duration) {
			t.Helper()
			if err := s.SeePush(t.Context(), pull, branch, store.Push{SHA: sha, Before: "b", By: fact.Person{Login: login}, Account: 5, At: at.Add(after)}); err != nil {
				t.Fatal(err)
			}
		}
		see("change", "one", "Ana", -100*24*time.Hour)
		see("change", "two", "dan", 0)
		see("change", "two", "eve", time.Second) // the same push, told again
		see("other", "three", "bo", 0)
		shas := func() (out []string) {
			t.Helper()
			list, err := s.BranchPushes(t.Context(), pull, "change")
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				out = append(out, p.SHA+" "+p.By.Login)
				if p.Account != 5 || p.Before != "b" || p.At.IsZero() {
					t.Errorf("%+v", p)
				}
			}
			return out
		}
		if got := shas(); !cmp.Equal(got, []string{"two dan", "one ana"}) {
			t.Error(got)
		}
		if err := s.Retire(t.Context(), store.Retention{}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := shas(); !cmp.Equal(got, []string{"two dan"}) {
			t.Error("after 90 days", got)
		}
	})
}

// Whoever is silent in the middle of a transaction loses it, and what it held,
// but for who only reads.
func TestATransactionThatIsSilentIsUndoneUnlessItOnlyReads(t *testing.T) {
	t.Parallel()
	takesLong(t)
	s := storetest.Open(t, storetest.Postgres(t))
	var reads sync.WaitGroup
	reads.Go(func() {
		err := s.Snapshot(t.Context(), func(n *store.Snapshot) error {
			time.Sleep(12 * time.Second)
			_, err := n.RecordChains(t.Context())
			return err
		})
		if err != nil {
			t.Errorf("a snapshot: %v", err)
		}
	})
	err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		time.Sleep(12 * time.Second)
		return tx.EndLook(ctx, "any")
	})
	if err == nil {
		t.Error("a write that was silent for twelve seconds")
	}
	reads.Wait()
}

func TestGenerationsOnlyGrow(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		is := func(want int64) {
			t.Helper()
			if g, err := s.Generation(t.Context(), pull); g != want || err != nil {
				t.Errorf("generation %d, %v, want %d", g, err, want)
			}
		}
		save := func(generation int64) error {
			_, err := s.SaveDecision(t.Context(), store.Decision{Ref: pull, Generation: generation})
			return err
		}
		is(0)
		for want := range int64(2) {
			if g, err := s.NextGeneration(t.Context(), pull); g != want+1 || err != nil {
				t.Errorf("generation %d, %v, want %d", g, err, want+1)
			}
		}
		if err := save(41); err != nil {
			t.Error(err)
		}
		is(41)
		for _, late := range []int64{41, 40, 2} {
			if err := save(late); !errors.Is(err, store.ErrOvertaken) {
				t.Errorf("a decision of generation %d was saved after 41: %v", late, err)
			}
		}
		if g, err := s.NextGeneration(t.Context(), pull); g != 42 || err != nil {
			t.Errorf("generation %d, %v, want 42", g, err)
		}
		if err := save(42); !errors.Is(err, store.ErrOvertaken) {
			t.Errorf("a generation was given out twice: %v", err)
		}
		is(42)
	})
}

func TestAnInvalidationReachesTeamsThatAreBeingRead(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		team := func() (members []string, version int64, ok bool) {
			t.Helper()
			all, version, ok, err := s.Team(t.Context(), 7, "Acme/Cloud")
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range all {
				if m.ID != int64(i+1) {
					t.Errorf("%s is account %d", m.Login, m.ID)
				}
			}
			return fact.Logins(all), version, ok
		}
		put := func(version int64, members ...string) {
			t.Helper()
			all := []fact.Member{}
			for i, login := range members {
				all = append(all, fact.Member{Login: login, ID: int64(i + 1)})
			}
			if err := s.PutTeam(t.Context(), 7, "acme/cloud", all, version); err != nil {
				t.Fatal(err)
			}
		}
		invalidate := func() {
			t.Helper()
			write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.InvalidateTeams(ctx, 7, "ACME") })
		}
		_, v, ok := team()
		if ok {
			t.Fatal("known before it was read")
		}
		invalidate() // while it is being read for the first time
		put(v, "gone")
		if got, _, ok := team(); ok {
			t.Fatalf("%v is from before the invalidation", got)
		}
		_, v, _ = team()
		put(v, "ana", "bo")
		if got, _, ok := team(); !ok || !cmp.Equal(got, []string{"ana", "bo"}) {
			t.Fatal(got, ok)
		}
		invalidate()
		put(v, "gone")
		if got, _, ok := team(); ok {
			t.Fatalf("%v is from before the invalidation", got)
		}
		_, v, _ = team()
		put(v)
		if got, _, ok := team(); !ok || got == nil || len(got) != 0 {
			t.Fatal("an empty team is known to be empty", got, ok)
		}
	})
}

func TestATeamIsBelievedForALimitedTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), store.Options{URL: url, TeamAge: time.Nanosecond})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		if err := s.PutTeam(t.Context(), 7, "acme/cloud", []fact.Member{{Login: "ana"}}, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		if _, _, ok, err := s.Team(t.Context(), 7, "acme/cloud"); ok || err != nil {
			t.Fatal(ok, err)
		}
	})
}

func TestADroppedInstallationIsNotAskedAnyMoreButItsPolicyIsRemembered(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		write(t, s, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.AddRepository(ctx, 7, "Acme", "Cloud"); err != nil {
				return err
			}
			if err := tx.AddRepository(ctx, 7, "Acme", "Docs"); err != nil {
				return err
			}
			return tx.SeePull(ctx, store.PullSeen{Ref: pull, Open: true})
		})
		if err := s.SetPolicySeen(t.Context(), "acme", "cloud"); err != nil {
			t.Fatal(err)
		}
		refs, err := s.Repositories(t.Context(), 7)
		if err != nil || !cmp.Equal(refs, []fact.Ref{{Installation: 7, Owner: "Acme", Repo: "Cloud"}, {Installation: 7, Owner: "Acme", Repo: "Docs"}}) {
			t.Fatal(refs, err)
		}
		write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.DropRepository(ctx, "acme", "docs") })
		if refs, err := s.Repositories(t.Context(), 7); err != nil || len(refs) != 1 {
			t.Fatal(refs, err)
		}
		write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.DropInstallation(ctx, 7) })
		if refs, err := s.Repositories(t.Context(), 7); err != nil || len(refs) != 0 {
			t.Fatal(refs, err)
		}
		if refs, err := s.KnownPulls(t.Context(), 7, "acme"); err != nil || len(refs) != 0 {
			t.Fatal(refs, err)
		}
		if seen, err := s.PolicySeen(t.Context(), "acme", "cloud"); err != nil || !seen {
			t.Error("a policy once seen is forgotten", err)
		}
	})
}

func TestTheLatestDecisionIsTheOneOfTheGreatestGeneration(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		if _, ok, err := s.LatestDecision(t.Context(), pull); ok || err != nil {
			t.Fatal(ok, err)
		}
		facts := fact.Pull{Ref: pull, Title: "<b>", Now: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Head: fact.Branch{SHA: "h"}}
		decide := func(g int64) policy.Decision {
			return policy.Decision{Pull: pull, Head: "h", Check: "rolecall: main", Status: policy.Met, Notes: []policy.Reason{{Count: int(g)}}}
		}
		for _, g := range []int64{2, 4, 9} {
			if _, err := s.SaveDecision(t.Context(), store.Decision{Ref: pull, Generation: g, At: facts.Now, Standing: fmt.Sprint("id", g), Decision: decide(g), Pull: facts}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.SaveDecision(t.Context(), store.Decision{Ref: pull, Generation: 9, Decision: decide(1), Pull: facts}); !errors.Is(err, store.ErrOvertaken) {
			t.Error("a decision was replaced", err)
		}
		got, ok, err := s.LatestDecision(t.Context(), pull)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if diff := cmp.Diff(store.Decision{Ref: pull, Generation: 9, At: facts.Now, Standing: "id9", Decision: decide(9), Pull: facts}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatStandsIsOfTheNewestGenerationOnly(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		want := func(generation int64, standing string) {
			t.Helper()
			g, id, err := s.Standing(t.Context(), pull)
			if g != generation || id != standing || err != nil {
				t.Errorf("generation %d, %q, %v; want %d, %q", g, id, err, generation, standing)
			}
		}
		want(0, "")
		for g := range int64(2) {
			if _, err := s.SaveDecision(t.Context(), store.Decision{Ref: pull, Generation: 2*g + 1, Standing: "kept"}); err != nil {
				t.Fatal(err)
			}
			want(2*g+1, "kept")
			if _, err := s.NextGeneration(t.Context(), pull); err != nil { // for a merge group's check
				t.Fatal(err)
			}
			want(2*g+2, "")
		}
	})
}

func TestTheAuditTrailOnlyGrows(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		at := time.Date(2026, 5, 6, 7, 8, 9, 1000, time.UTC)
		err := s.Audit(t.Context(),
			store.Entry{At: at, Ref: pull, Delivery: "g", Kind: "check", Data: map[string]any{"n": 1}},
			store.Entry{At: at, Ref: pull, Kind: "command", Actor: "ana", Data: "x\x00"},
			store.Entry{At: at, Ref: fact.Ref{Owner: "acme", Repo: "cloud", Number: 13}, Kind: "check"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.AuditEntries(t.Context(), pull, 0, 10)
		if err != nil || len(got) != 2 {
			t.Fatal(got, err)
		}
		if e := got[1]; e.Kind != "command" || e.Actor != "ana" || !e.At.Equal(at) || fmt.Sprintf("%s", e.Data) != `"x\u0000"` {
			t.Errorf("%+v", e)
		}
		if rest, err := s.AuditEntries(t.Context(), pull, got[0].ID, 10); err != nil || len(rest) != 1 {
			t.Error(rest, err)
		}
		for _, q := range []string{"UPDATE audit SET actor = 'eve'", "DELETE FROM audit"} {
			err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.ExecContext(ctx, q)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}

func TestTwoReplicasMayStartAtOnceOnPostgreSQL(t *testing.T) {
	url := storetest.Postgres(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			s, err := store.Open(t.Context(), store.Options{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
