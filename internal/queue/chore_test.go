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

func TestAChoreIsDoneOnceAmongReplicas(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		var done, failed, panicked atomic.Int64
		chores := map[string]queue.Chore{
			"good": {Do: func(_ context.Context, c store.Chore) (time.Time, error) {
				if c.Name != "n" || c.Installation != 7 {
					t.Errorf("the chore is %+v", c)
				}
				done.Add(1)
				return time.Now().Add(time.Hour), nil
			}},
			"bad": {Do: func(context.Context, store.Chore) (time.Time, error) {
				failed.Add(1)
				return time.Time{}, errors.New("no")
			}},
			"panic": {Do: func(context.Context, store.Chore) (time.Time, error) { panicked.Add(1); panic("oh") }},
		}

		replicas := 1
		if s.Dialect() == store.Postgres {
			replicas = 2
		}
		var q *queue.Queue
		for range replicas {
			var err error
			if q, err = queue.New(t.Context(), s, queue.Options{Handle: nothing, Chores: chores}); err != nil {
				t.Fatal(err)
			}
			if err := q.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			stop := q
			t.Cleanup(func() {
				if err := stop.Stop(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		want := []store.Chore{{Kind: "good", Name: "n", Installation: 7}, {Kind: "bad", Name: "n"}, {Kind: "panic", Name: "n"}, {Kind: "of another version", Name: "n"}}
		if err := s.Want(t.Context(), want...); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := q.Idle(ctx); err != nil {
			t.Fatal(err)
		}
		if done.Load() != 1 || failed.Load() != 1 || panicked.Load() != 1 {
			t.Errorf("done %d, failed %d, panicked %d times; want once each, and again later", done.Load(), failed.Load(), panicked.Load())
		}
	})
}

func TestAChoreThatAStopCutsShortIsDueStillAndHasNotFailed(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	begun := make(chan struct{})
	chores := map[string]queue.Chore{"long": {Do: func(ctx context.Context, _ store.Chore) (time.Time, error) {
		close(begun)
		<-ctx.Done()
		return time.Time{}, ctx.Err()
	}}}
	q, err := queue.New(t.Context(), s, queue.Options{Handle: nothing, Chores: chores})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Want(t.Context(), store.Chore{Kind: "long"}); err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := q.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if due, err := s.DueChores(t.Context(), 9); err != nil || len(due) != 1 || due[0].Failures != 0 {
		t.Errorf("due %+v, %v", due, err)
	}
	if ok, err := s.ClaimPeriodic(t.Context(), "chores", "next", time.Second); err != nil || !ok {
		t.Errorf("the next replica has to wait: %t, %v", ok, err)
	}
}
