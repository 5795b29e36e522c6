package queue_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

func nothing(context.Context, queue.Target) (queue.Next, error) { return queue.Next{}, nil }

func TestPeriodicWorkIsDoneByOneReplicaAtATimeAndGoesOnWhenOneStops(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.Postgres(t))
	var at, most, first, second atomic.Int64
	work := func(mine *atomic.Int64) []queue.Periodic {
		return []queue.Periodic{{Name: "work", Every: 20 * time.Millisecond, Run: func(context.Context) error {
			defer at.Add(-1)
			most.Store(max(most.Load(), at.Add(1)))
			mine.Add(1)
			time.Sleep(5 * time.Millisecond)
			return nil
		}}}
	}
	q, err := queue.New(t.Context(), s, queue.Options{Handle: nothing, Periodic: work(&first)})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	start(t, s, queue.Options{Handle: nothing, Periodic: work(&second)})
	wait(t, func() bool { return first.Load()+second.Load() > 20 })
	if err := q.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	had := second.Load()
	wait(t, func() bool { return second.Load() > had+3 })
	if n := most.Load(); n != 1 {
		t.Errorf("%d replicas at once", n)
	}
}

func TestPeriodicWorkOfAReplicaThatHangsIsTakenOverAndToldSo(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.Postgres(t))
	if ok, err := s.ClaimPeriodic(t.Context(), "work", "hanging", 500*time.Millisecond); err != nil || !ok {
		t.Fatal(ok, err)
	}
	done, begin := make(chan struct{}, 10), time.Now()
	start(t, s, queue.Options{Handle: nothing, Periodic: []queue.Periodic{{Name: "work", Every: time.Hour, Run: func(context.Context) error {
		done <- struct{}{}
		return nil
	}}}})
	receive(t, done)
	if d := time.Since(begin); d < 400*time.Millisecond {
		t.Errorf("taken over after %v", d)
	}
	if ok, err := s.HoldPeriodic(t.Context(), "work", "hanging", time.Second); err != nil || ok {
		t.Errorf("the one that hung still has it: %v, %v", ok, err)
	}
}

func TestPeriodicWorkIsNotDueAgainBecauseOfARestartUnlessItSaysSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store) {
		var once, always atomic.Int64
		count := func(n *atomic.Int64) func(context.Context) error {
			return func(context.Context) error { n.Add(1); return nil }
		}
		for range 2 {
			q, err := queue.New(t.Context(), s, queue.Options{Handle: nothing, Periodic: []queue.Periodic{
				{Name: "once", Every: time.Hour, Run: count(&once)},
				{Name: "always", Every: time.Hour, AtStart: true, Run: count(&always)},
			}})
			if err != nil {
				t.Fatal(err)
			}
			had := always.Load()
			if err := q.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			wait(t, func() bool { return once.Load() > 0 && always.Load() > had })
			if err := q.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if once.Load() != 1 || always.Load() != 2 {
			t.Errorf("%d and %d times", once.Load(), always.Load())
		}
	})
}

func TestPeriodicWorkThatFailsOrPanicsIsDoneAgain(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	var n atomic.Int64
	start(t, s, queue.Options{Handle: nothing, Periodic: []queue.Periodic{{Name: "work", Every: 10 * time.Millisecond, Run: func(context.Context) error {
		switch n.Add(1) {
		case 1:
			return errors.New("no")
		case 2:
			panic("no")
		}
		return nil
	}}}})
	wait(t, func() bool { return n.Load() > 3 })
}

// wait waits until ok holds.
func wait(t testing.TB, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
	}
}

func TestReplicasAreToldHowManyTheyAre(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.Postgres(t))
	var told atomic.Int64
	o := queue.Options{Handle: nothing, DeadAfter: 2 * time.Second}
	first := o
	first.Sharers = func(n int) { told.Store(int64(n)) }
	start(t, s, first)
	q, err := queue.New(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool { return told.Load() == 2 })
	if err := q.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool { return told.Load() == 1 })
}
