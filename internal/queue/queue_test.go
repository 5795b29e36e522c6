package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy/fact"
)

func pull(n int) queue.Target {
	return queue.Target{Kind: queue.Pull, Ref: fact.Ref{Installation: 7, Owner: "Acme", Repo: "Cloud", Number: n}, Why: "test", ReceivedAt: time.Now()}
}

// start runs a queue until the end of the test.
func start(t testing.TB, s *store.Store, o queue.Options) *queue.Queue {
	t.Helper()
	q, err := queue.New(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return q
}

// each runs f on an empty store of each kind.
func each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { f(t, storetest.Open(t, url)) })
}

func add(t testing.TB, q *queue.Queue, targets ...queue.Target) {
	t.Helper()
	if err := q.Add(context.Background(), targets...); err != nil {
		t.Fatal(err)
	}
}

// receive waits for a value, for long enough that only a lost one fails.
func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

// settle waits until nothing is outstanding.
func settle(t testing.TB, s *store.Store) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		n, err := s.Looks(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	t.Fatal("the queue does not come to rest")
}

func TestATargetIsHandledWithTheHintsOfTheLatestWish(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		got := make(chan queue.Target, 10)
		q, err := queue.New(t.Context(), s, queue.Options{Handle: func(_ context.Context, x queue.Target) (queue.Next, error) {
			got <- x
			return queue.Next{}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		first, second := pull(1), pull(1)
		first.HeadSHA, first.BaseSHA, first.BaseRef = "h1", "b1", "main"
		second.Ref.Owner, second.HeadSHA, second.Why = "ACME", "h2", "later"
		add(t, q, first)
		add(t, q, second)
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		x := receive(t, got)
		settle(t, s)
		if err := q.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if x.HeadSHA != "h2" || x.BaseSHA != "b1" || x.BaseRef != "main" || x.Why != "later" || x.Ref.Owner != "ACME" || x.Kind != queue.Pull {
			t.Errorf("%+v", x)
		}
		if len(got) != 0 {
			t.Errorf("handled %d more times", len(got))
		}
	})
}

func TestATargetWithoutHintsHasThoseOfThePullRequest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.SeePull(ctx, store.PullSeen{Ref: pull(1).Ref, Open: true, HeadSHA: "h", BaseSHA: "b", BaseRef: "main"})
		})
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan queue.Target, 1)
		q := start(t, s, queue.Options{Handle: func(_ context.Context, x queue.Target) (queue.Next, error) {
			got <- x
			return queue.Next{}, nil
		}})
		add(t, q, pull(1))
		if x := receive(t, got); x.HeadSHA != "h" || x.BaseSHA != "b" || x.BaseRef != "main" {
			t.Errorf("%+v", x)
		}
	})
}

func TestAnIncompleteTargetIsRefused(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	q, err := queue.New(t.Context(), s, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	repo := fact.Ref{Owner: "a", Repo: "b"}
	for _, x := range []queue.Target{
		{}, {Kind: "other", Ref: pull(1).Ref}, {Kind: queue.Pull, Ref: repo}, {Kind: queue.Pull, Ref: fact.Ref{Number: 1}},
		{Kind: queue.Group, Ref: repo}, {Kind: queue.Commit, Ref: repo}, {Kind: queue.Organization}, {Kind: queue.Repository, Ref: pull(1).Ref},
	} {
		if err := q.Add(t.Context(), x); err == nil {
			t.Errorf("%+v was taken", x)
		}
	}
	for _, x := range []queue.Target{
		pull(1), {Kind: queue.Group, Ref: repo, HeadSHA: "h"}, {Kind: queue.Commit, Ref: repo, HeadSHA: "h"},
		{Kind: queue.Repository, Ref: repo}, {Kind: queue.Organization, Org: "a"},
	} {
		if err := q.Add(t.Context(), x); err != nil {
			t.Error(err)
		}
	}
	if n, err := s.Looks(t.Context()); err != nil || n != 5 {
		t.Error(n, err)
	}
}

// An event that comes at any step of a job leads to another look that began
// after it.
func TestNoEventIsLostAtAnyStepOfAJob(t *testing.T) {
	t.Parallel()
	steps := []string{"before it is fetched", "as it begins", "as it ends", "while its end is recorded", "after its end is recorded"}
	each(t, func(t *testing.T, s *store.Store) {
		for n, step := range steps {
			t.Run(step, func(t *testing.T) {
				var world, seen atomic.Int64 // GitHub's state, and the newest that a job saw
				var q *queue.Queue
				event := func() {
					world.Add(1)
					add(t, q, pull(1))
				}
				var once sync.Once
				var background sync.WaitGroup
				q = start(t, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
					if n == 1 {
						once.Do(event)
					}
					now := world.Load()
					if n == 2 {
						once.Do(event)
					}
					if n == 3 {
						// Many at once while the job ends: some come before its
						// transaction, some wait for it.
						once.Do(func() {
							for range 20 {
								background.Go(func() { event() })
							}
						})
					}
					seen.Store(max(seen.Load(), now))
					return queue.Next{}, nil
				}})
				event()
				if n == 0 {
					event()
				}
				if n == 4 {
					settle(t, s)
					event()
				}
				background.Wait()
				settle(t, s)
				background.Wait()
				settle(t, s)
				if w, n := world.Load(), seen.Load(); w != n {
					t.Errorf("the last look saw state %d of %d", n, w)
				}
			})
		}
	})
}

// Random events on several pull requests from several sides, on two replicas
// where the database allows: at rest, every pull request was seen in its last
// state, and never by two jobs at once.
func TestManyEventsAtOnceAreAllServedAndNeverTwoAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		stores := []*store.Store{storetest.Open(t, url)}
		if stores[0].Dialect() == store.Postgres {
			stores = append(stores, storetest.Open(t, url))
		}
		const pulls, sides, events = 10, 8, 40
		var world, seen, running [pulls]atomic.Int64
		var runs atomic.Int64
		var queues []*queue.Queue
		for _, s := range stores {
			queues = append(queues, start(t, s, queue.Options{Workers: 8, Handle: func(_ context.Context, x queue.Target) (queue.Next, error) {
				i := x.Ref.Number - 1
				if running[i].Add(1) != 1 {
					t.Errorf("two jobs at once for pull request %d", i+1)
				}
				defer running[i].Add(-1)
				now := world[i].Load()
				if runs.Add(1)%3 == 0 {
					time.Sleep(time.Millisecond)
				}
				seen[i].Store(now)
				return queue.Next{}, nil
			}}))
		}
		var wg sync.WaitGroup
		for side := range sides {
			wg.Go(func() {
				for e := range events {
					i := (side*7 + e*3) % pulls
					world[i].Add(1)
					if err := queues[side%len(queues)].Add(context.Background(), pull(i+1), pull((i+1)%pulls+1)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		settle(t, stores[0])
		for i := range pulls {
			if w, n := world[i].Load(), seen[i].Load(); w != n {
				t.Errorf("pull request %d was last seen in state %d of %d", i+1, n, w)
			}
		}
		t.Logf("%d events, %d runs", sides*events*2, runs.Load())
	})
}

func TestABurstOnOnePullRequestBecomesFewLooks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var runs atomic.Int64
		q := start(t, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
			runs.Add(1)
			time.Sleep(50 * time.Millisecond)
			return queue.Next{}, nil
		}})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 5 {
					add(t, q, pull(1))
				}
			})
		}
		wg.Wait()
		settle(t, s)
		if n := runs.Load(); n > 20 {
			t.Errorf("%d looks for a burst of 100 events", n)
		}
	})
}

type limited struct{ at time.Time }

func (l limited) Error() string      { return "rate limit" }
func (l limited) RetryAt() time.Time { return l.at }

func TestAFailedJobIsTriedAgainUntilItSucceeds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var runs atomic.Int64
		done := make(chan struct{})
		q := start(t, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
			switch runs.Add(1) {
			case 1:
				return queue.Next{}, errors.New("no")
			case 2:
				panic("no")
			}
			close(done)
			return queue.Next{}, nil
		}})
		add(t, q, pull(1))
		// An event has a job that backs off run at once, so that the test
		// need not wait the back-off out.
		for range 200 {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
				add(t, q, pull(1))
			}
		}
		t.Fatal("not tried again")
	})
}

func TestARateLimitIsWaitedOutWhateverComes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		at := time.Now().Add(1500 * time.Millisecond)
		times := make(chan time.Time, 100)
		q := start(t, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
			now := time.Now()
			times <- now
			if now.Before(at) {
				return queue.Next{}, fmt.Errorf("gather: %w", limited{at})
			}
			return queue.Next{}, nil
		}})
		add(t, q, pull(1))
		receive(t, times)
		for range 5 {
			add(t, q, pull(1))
			time.Sleep(10 * time.Millisecond)
		}
		if next := receive(t, times); next.Before(at.Add(-5 * time.Millisecond)) {
			t.Errorf("came %v too early", at.Sub(next))
		}
		settle(t, s)
	})
}

func TestTheMostUrgentGoesFirstAndARaisedOneOvertakes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var mu sync.Mutex
		var order []int
		o := queue.Options{Workers: 1, Handle: func(_ context.Context, x queue.Target) (queue.Next, error) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, x.Ref.Number)
			return queue.Next{}, nil
		}}
		q, err := queue.New(t.Context(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		as := func(n int, u queue.Urgency) queue.Target {
			x := pull(n)
			x.Urgency = u
			return x
		}
		add(t, q, as(1, queue.Background))
		add(t, q, as(2, queue.Late))
		add(t, q, as(3, queue.Ordinary))
		add(t, q, as(4, queue.Background))
		add(t, q, as(5, queue.Urgent))
		add(t, q, as(4, queue.Urgent))     // raised
		add(t, q, as(5, queue.Background)) // not lowered
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		settle(t, s)
		if err := q.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []int{4, 5, 3, 2, 1}; !slices.Equal(order, want) {
			t.Errorf("went in the order %v, want %v", order, want)
		}
	})
}

func TestAHoldIsForWhatWasWishedAndNotForWhatIsMoreUrgent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		for _, during := range []bool{false, true} {
			var q *queue.Queue
			urgent := func(n int) {
				x := pull(n)
				x.Urgency = queue.Urgent
				add(t, q, x)
			}
			held, served := make(chan struct{}, 10), make(chan queue.Target, 10)
			q = start(t, s, queue.Options{Handle: func(_ context.Context, x queue.Target) (queue.Next, error) {
				if x.Urgency == queue.Background {
					if during {
						urgent(x.Ref.Number)
					}
					held <- struct{}{}
					return queue.Next{}, limited{time.Now().Add(time.Hour)}
				}
				served <- x
				return queue.Next{}, nil
			}})
			x := pull(1)
			x.Urgency = queue.Background
			add(t, q, x)
			receive(t, held)
			if !during {
				if err := q.Idle(t.Context()); err != nil {
					t.Fatal(err)
				}
				urgent(1)
			}
			if x := receive(t, served); x.Urgency != queue.Urgent {
				t.Errorf("served as %v", x.Urgency)
			}
			settle(t, s)
			if err := q.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestADecisionThatEndsIsLookedAtThenAndAnEarlierEventComesFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var runs atomic.Int64
		times := make(chan time.Time, 10)
		at := time.Now().Add(time.Hour)
		soon := time.Now().Add(time.Second)
		q := start(t, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
			times <- time.Now()
			switch runs.Add(1) {
			case 1:
				return queue.Next{At: at}, nil
			case 2:
				return queue.Next{At: soon}, nil
			}
			return queue.Next{}, nil
		}})
		add(t, q, pull(1))
		receive(t, times)
		for n, _ := s.Looks(t.Context()); n == 0; n, _ = s.Looks(t.Context()) {
			t.Fatal("the later look is not remembered")
		}
		time.Sleep(30 * time.Millisecond)
		add(t, q, pull(1)) // earlier than in an hour
		receive(t, times)
		if third := receive(t, times); third.Before(soon.Add(-5 * time.Millisecond)) {
			t.Errorf("came %v too early", soon.Sub(third))
		}
		settle(t, s)
		if n := runs.Load(); n != 3 {
			t.Errorf("%d runs", n)
		}
	})
}

func TestAnEventThatComesWithAFailureOrALaterLookIsServedSoon(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var q *queue.Queue
		var runs atomic.Int64
		done := make(chan struct{})
		q = start(t, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
			if runs.Add(1) == 1 {
				add(t, q, pull(1))
				return queue.Next{At: time.Now().Add(time.Hour)}, nil
			}
			close(done)
			return queue.Next{}, nil
		}})
		add(t, q, pull(1))
		receive(t, done)
		settle(t, s)
	})
}

func TestADeliveryIsProcessedWhenItsJobIsDone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var runs atomic.Int64
		release := make(chan struct{})
		q := start(t, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
			if runs.Add(1) == 1 {
				return queue.Next{}, errors.New("no")
			}
			<-release
			return queue.Next{}, nil
		}})
		deliver := func() {
			t.Helper()
			x := pull(1)
			x.Delivery = "guid"
			err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.AddDelivery(ctx, store.Delivery{GUID: x.Delivery, Ref: x.Ref, ReceivedAt: x.ReceivedAt}, nil); err != nil {
					return err
				}
				return q.Enqueue(ctx, tx, x)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		deliver()
		wait(t, func() bool {
			l, ok, err := s.Look(t.Context(), "pull:acme/cloud#1")
			return err == nil && ok && l.Failures == 1
		})
		if d, ok, err := s.Delivery(t.Context(), "guid"); err != nil || !ok || !d.ProcessedAt.IsZero() {
			t.Error("processed although its job failed", d, ok, err)
		}
		deliver() // redelivered
		close(release)
		settle(t, s)
		if d, ok, err := s.Delivery(t.Context(), "guid"); err != nil || !ok || d.ProcessedAt.IsZero() || d.Attempts != 2 {
			t.Error("not processed", d, ok, err)
		}
	})
}

func TestAnEnqueueThatIsUndoneLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var runs atomic.Int64
		q := start(t, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
			runs.Add(1)
			return queue.Next{}, nil
		}})
		undone := errors.New("undone")
		err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if err := q.Enqueue(ctx, tx, pull(1)); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		add(t, q, pull(2))
		settle(t, s)
		if n := runs.Load(); n != 1 {
			t.Errorf("%d runs", n)
		}
	})
}

func TestAQueueWithoutAHandlerTakesWishesButDoesNotStart(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	q, err := queue.New(t.Context(), s, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	add(t, q, pull(1))
	if err := q.Start(t.Context()); err == nil {
		t.Error("started")
	}
	if err := q.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStopFinishesWhatRunsAndKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		begun, proceed := make(chan int, 10), make(chan struct{})
		q, err := queue.New(t.Context(), s, queue.Options{Workers: 1, Handle: func(ctx context.Context, x queue.Target) (queue.Next, error) {
			begun <- x.Ref.Number
			<-proceed
			return queue.Next{}, ctx.Err()
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(t, q, pull(1))
		receive(t, begun)
		add(t, q, pull(2))
		go func() {
			time.Sleep(50 * time.Millisecond)
			close(proceed)
		}()
		if err := q.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Looks(t.Context()); err != nil || n != 1 {
			t.Fatalf("%d looks are left, %v", n, err)
		}
		start(t, s, queue.Options{Handle: func(_ context.Context, x queue.Target) (queue.Next, error) {
			begun <- x.Ref.Number
			return queue.Next{}, nil
		}})
		if n := receive(t, begun); n != 2 {
			t.Errorf("pull request %d", n)
		}
		settle(t, s)
	})
}

func TestAStopThatIsInAHurryGivesBackWhatRuns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		begun := make(chan struct{}, 10)
		q, err := queue.New(t.Context(), s, queue.Options{Handle: func(ctx context.Context, _ queue.Target) (queue.Next, error) {
			begun <- struct{}{}
			<-ctx.Done()
			return queue.Next{}, ctx.Err()
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(t, q, pull(1))
		receive(t, begun)
		hurry, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := q.Stop(hurry); err != nil {
			t.Fatal(err)
		}
		start(t, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
			begun <- struct{}{}
			return queue.Next{}, nil
		}})
		receive(t, begun)
		settle(t, s)
	})
}

// abandon leaves the database as a process does that is killed while its
// worker runs a job.
func abandon(t *testing.T, s *store.Store, key string) {
	t.Helper()
	state := "SELECT count(*) FROM river_job WHERE state = 'running'"
	set := "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP, attempted_by = jsonb_array('gone') WHERE state = 'available'"
	if s.Dialect() == store.Postgres {
		set = "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now(), attempted_by = ARRAY['gone'] WHERE state = 'available'"
	}
	err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.ExecContext(ctx, set); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, state).Scan(&n); err != nil {
			return err
		}
		if n != 1 {
			return fmt.Errorf("%d jobs run for %s", n, key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAJobOfALostReplicaIsTakenOverAndVerified(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var times []time.Time
		var mu sync.Mutex
		o := queue.Options{Verify: 2 * time.Second, DeadAfter: 2 * time.Second, Handle: func(context.Context, queue.Target) (queue.Next, error) {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Now())
			return queue.Next{}, nil
		}}
		q, err := queue.New(t.Context(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		add(t, q, pull(1))
		abandon(t, s, "pull:acme/cloud#1")
		begin := time.Now()
		start(t, s, o)
		settle(t, s)
		mu.Lock()
		defer mu.Unlock()
		if len(times) != 2 {
			t.Fatalf("%d runs", len(times))
		}
		if d := times[0].Sub(begin); d > 2*time.Second {
			t.Errorf("taken over after %v", d)
		}
		if d := times[1].Sub(begin); d < 2*time.Second {
			t.Errorf("verified after %v already", d)
		}
	})
}

func TestAWorkerThatOverrunsIsReplacedAndCannotEndTheOthersJob(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		hung, second := make(chan struct{}), make(chan struct{})
		release := make(chan struct{})
		var runs atomic.Int64
		q := start(t, s, queue.Options{Timeout: 200 * time.Millisecond, Grace: 300 * time.Millisecond, Verify: time.Millisecond,
			Handle: func(context.Context, queue.Target) (queue.Next, error) {
				switch runs.Add(1) {
				case 1:
					<-hung // heeds no context
				case 2:
					close(second)
					<-release
				}
				return queue.Next{}, nil
			}})
		add(t, q, pull(1))
		receive(t, second)
		close(hung) // the first wakes and ends while the second runs
		time.Sleep(100 * time.Millisecond)
		if n, err := s.Looks(t.Context()); err != nil || n != 1 {
			t.Errorf("the first ended the second's job: %d looks, %v", n, err)
		}
		add(t, q, pull(1))
		time.Sleep(50 * time.Millisecond)
		if n := runs.Load(); n != 2 {
			t.Errorf("%d runs: two at once", n)
		}
		close(release)
		settle(t, s)
	})
}

// What a worker writes that was taken for lost may come after the look of the
// one that replaced it.
func TestWhatALostWorkerMayHaveWrittenIsLookedAt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		hung, ended, second := make(chan struct{}), make(chan struct{}), make(chan struct{})
		var runs atomic.Int64
		q := start(t, s, queue.Options{Timeout: 200 * time.Millisecond, Grace: 300 * time.Millisecond, Verify: time.Millisecond,
			Handle: func(context.Context, queue.Target) (queue.Next, error) {
				switch runs.Add(1) {
				case 1:
					<-hung // heeds no context
					close(ended)
				case 2:
					close(second)
				}
				return queue.Next{}, nil
			}})
		add(t, q, pull(1))
		receive(t, second)
		settle(t, s) // verified, too
		before := runs.Load()
		close(hung)
		receive(t, ended)
		wait(t, func() bool { return runs.Load() > before })
		settle(t, s)
	})
}

// sent is the failure of a call that may take effect yet.
type sent struct{}

func (sent) Error() string { return "no answer" }
func (sent) Pending() bool { return true }

func TestWhatMayTakeEffectAfterItFailedIsLookedAtOnceItHasArrived(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var mu sync.Mutex
		var times []time.Time
		q := start(t, s, queue.Options{Verify: 2 * time.Second, Handle: func(context.Context, queue.Target) (queue.Next, error) {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Now())
			if len(times) == 1 {
				return queue.Next{}, errors.Join(errors.New("one"), fmt.Errorf("two: %w", sent{}))
			}
			return queue.Next{}, nil
		}})
		add(t, q, pull(1))
		settle(t, s)
		mu.Lock()
		defer mu.Unlock()
		if n := len(times); n < 2 || n > 3 {
			t.Fatalf("%d looks", n)
		}
		if d := times[len(times)-1].Sub(times[0]); d < 2*time.Second {
			t.Errorf("the last look came after %v", d)
		}
	})
}

func TestADiscardedJobIsRevived(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		done := make(chan struct{}, 1)
		q, err := queue.New(t.Context(), s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) { return queue.Next{}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		add(t, q, pull(1))
		err = s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE river_job SET state = 'discarded', finalized_at = CURRENT_TIMESTAMP")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		start(t, s, queue.Options{Verify: time.Millisecond, Handle: func(context.Context, queue.Target) (queue.Next, error) {
			select {
			case done <- struct{}{}:
			default:
			}
			return queue.Next{}, nil
		}})
		receive(t, done)
		settle(t, s)
	})
}

// The figures of docs: latency from Add, which includes its commit, to Handle.
func BenchmarkLatency(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			s := storetest.Open(b, url(b))
			c := make(chan time.Time, 1)
			q := start(b, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
				c <- time.Now()
				return queue.Next{}, nil
			}})
			var all []time.Duration
			for n := 1; b.Loop(); n++ {
				begin := time.Now()
				add(b, q, pull(n))
				all = append(all, receive(b, c).Sub(begin))
				time.Sleep(3 * time.Millisecond) // at rest before the next
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "ms-median")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "ms-p99")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// Jobs a second, each wished for by a commit of its own, 64 callers at once.
func BenchmarkThroughput(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			s := storetest.Open(b, url(b))
			var done sync.WaitGroup
			q := start(b, s, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) {
				done.Done()
				return queue.Next{}, nil
			}})
			var n atomic.Int64
			b.SetParallelism(32)
			begin := time.Now()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					done.Add(1)
					if err := q.Add(context.Background(), pull(int(n.Add(1)))); err != nil {
						b.Error(err)
					}
				}
			})
			done.Wait()
			b.ReportMetric(float64(n.Load())/time.Since(begin).Seconds(), "jobs/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// The last transaction of a job is stretched, so that events come at each of
// its steps: before it locks, between its statements, before its commit.
func TestNoEventIsLostWithinTheLastTransactionOfAJob(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.Postgres(t))
	const pulls, apart = 20, 10 * time.Millisecond
	var world, seen [pulls]atomic.Int64
	var q *queue.Queue
	var events sync.WaitGroup
	q, err := queue.New(t.Context(), s, queue.Options{Workers: pulls, Handle: func(_ context.Context, x queue.Target) (queue.Next, error) {
		i := x.Ref.Number - 1
		now := world[i].Load()
		seen[i].Store(now)
		if now == 1 {
			events.Go(func() {
				time.Sleep(time.Duration(i) * apart)
				world[i].Add(1)
				add(t, q, pull(i+1))
			})
		}
		return queue.Next{}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `
			CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN NULL; END $$;
			CREATE TRIGGER dawdle AFTER DELETE ON river_job FOR EACH ROW EXECUTE FUNCTION dawdle();
			CREATE TRIGGER dawdle AFTER DELETE ON looks FOR EACH ROW EXECUTE FUNCTION dawdle();
			CREATE TRIGGER dawdle AFTER UPDATE ON deliveries FOR EACH STATEMENT EXECUTE FUNCTION dawdle();`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range pulls {
		world[i].Store(1)
		add(t, q, pull(i+1))
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		events.Wait()
		settle(t, s)
		all := true
		for i := range pulls {
			all = all && world[i].Load() == 2
		}
		if all {
			break
		}
	}
	settle(t, s)
	for i := range pulls {
		if w, n := world[i].Load(), seen[i].Load(); w != 2 || n != 2 {
			t.Errorf("event %v after the look: last seen in state %d of %d", time.Duration(i)*apart, n, w)
		}
	}
}
