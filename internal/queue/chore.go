package queue

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/rolecall/rolecall/internal/store"
)

// Chore is work in the background that one replica does at a time, such as
// fetching a calendar. What wants it is a row in the store ([store.Chore]).
type Chore struct {
	// Do does the work named, and returns when it is to be done again; zero:
	// when it is wanted again. After an error it is tried again, later and
	// later, and as an error's RetryAt says.
	Do func(ctx context.Context, c store.Chore) (next time.Time, err error)
	// Timeout bounds one turn; 0 means two minutes.
	Timeout time.Duration
}

// choreWorkers is how many chores a replica does at once.
const choreWorkers = 2

// lastChoreBackoff bounds how long a chore that fails waits.
const lastChoreBackoff = time.Hour

// chores does what is due until ctx ends.
func (q *Queue) chores(ctx context.Context) {
	defer close(q.choresDone)
	if len(q.o.Chores) == 0 {
		return
	}
	var wg sync.WaitGroup
	for range choreWorkers {
		wg.Go(func() {
			tick := time.NewTicker(beat / 4)
			defer tick.Stop()
			for {
				for ctx.Err() == nil && q.chore(ctx) {
				}
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
	wg.Wait()
}

// chore does one chore; false where none is due, or none can be had now.
func (q *Queue) chore(ctx context.Context) bool {
	if due, _, err := q.store.ChoresDue(ctx); err != nil || due == 0 {
		if err != nil && ctx.Err() == nil {
			q.log.Error("chores", "error", err)
		}
		return false
	}
	c, ok, err := q.store.TakeChore(ctx, q.longestChore()+q.o.Grace)
	if err != nil || !ok {
		if err != nil && ctx.Err() == nil {
			q.log.Error("chores", "error", err)
		}
		return false
	}
	log := q.log.With("chore", c.Kind, "installation", c.Installation)
	next, err := q.do(ctx, c)
	failures := 0
	switch {
	case err != nil && ctx.Err() != nil:
		next, failures = time.Now(), c.Failures // the shutdown's doing: the next in line may
	case err != nil:
		failures = c.Failures + 1
		now := time.Now()
		if next = retryAt(err, now); next.IsZero() {
			next = now.Add(min(backoff(failures)*10, lastChoreBackoff))
		}
		log.Warn("chore failed", "error", err, "failures", failures)
	default:
		log.Debug("chore done", "next", next)
	}
	if err := q.store.EndChore(context.WithoutCancel(ctx), c, next, failures); err != nil {
		log.Error("the end of a chore could not be recorded", "error", err)
		return false
	}
	return true
}

func (q *Queue) longestChore() time.Duration {
	longest := time.Duration(0)
	for _, c := range q.o.Chores {
		longest = max(longest, c.timeout())
	}
	return longest
}

func (c Chore) timeout() time.Duration {
	if c.Timeout == 0 {
		return 2 * time.Minute
	}
	return c.Timeout
}

// do calls the chore within its time, and makes an error of a panic.
func (q *Queue) do(ctx context.Context, c store.Chore) (next time.Time, err error) {
	kind, ok := q.o.Chores[c.Kind]
	if !ok {
		return time.Now().Add(lastChoreBackoff), nil // another version of rolecall knows it
	}
	ctx, cancel := context.WithTimeout(ctx, kind.timeout())
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			q.log.Error("panic in a chore", "chore", c.Kind, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return kind.Do(ctx, c)
}
