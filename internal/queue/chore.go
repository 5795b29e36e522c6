package queue

import (
	"context"
	"sync"
	"time"

	"github.com/rolecall/rolecall/internal/store"
)

// Chore is work in the background that is about one thing of many, such as
// fetching a calendar. What wants it is a row in the store ([store.Chore]).
type Chore struct {
	// Do does the work named, and returns when it is to be done again; zero:
	// when it is wanted again. After an error it is tried again, later and
	// later, and as an error's RetryAt says. It may be cut short at any point.
	Do func(ctx context.Context, c store.Chore) (next time.Time, err error)
	// Timeout bounds one turn; 0 means two minutes.
	Timeout time.Duration
}

const (
	// choreWorkers is how many chores are done at once.
	choreWorkers = 2
	// choresWork names the periodic work that does them.
	choresWork = "chores"
	// lastChoreBackoff bounds how long a chore that fails waits.
	lastChoreBackoff = time.Hour
)

// chores is the periodic work that does what is due of the chores.
func (q *Queue) chores() Periodic {
	return Periodic{
		Name: choresWork, Every: beat / 5,
		Due: func(ctx context.Context) (bool, error) {
			due, err := q.store.DueChores(ctx, 1)
			return len(due) > 0, err
		},
		Run: q.doChores,
	}
}

// doChores does all that is due now; what becomes due meanwhile is next.
func (q *Queue) doChores(ctx context.Context) error {
	const most = 1000
	due, err := q.store.DueChores(ctx, most)
	if err != nil {
		return err
	}
	next := make(chan store.Chore)
	var wg sync.WaitGroup
	for range choreWorkers {
		wg.Go(func() {
			for c := range next {
				q.doChore(ctx, c)
			}
		})
	}
	for _, c := range due {
		next <- c
	}
	close(next)
	wg.Wait()
	return ctx.Err()
}

// doChore does one chore, and notes when it is due again. One that is cut
// short stays due.
func (q *Queue) doChore(ctx context.Context, c store.Chore) {
	if ctx.Err() != nil {
		return
	}
	log := q.log.With("chore", c.Kind, "installation", c.Installation)
	next := time.Now().Add(lastChoreBackoff) // where another version of rolecall knows it
	failures := 0
	if kind, ok := q.o.Chores[c.Kind]; ok {
		var err error
		next, err = kind.do(ctx, c)
		switch {
		case err != nil && ctx.Err() != nil:
			return
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
	}
	if err := q.store.EndChore(context.WithoutCancel(ctx), c, next, failures); err != nil {
		log.Error("the end of a chore could not be recorded", "error", err)
	}
}

// do calls the chore within its time, and makes an error of a panic.
func (k Chore) do(ctx context.Context, c store.Chore) (next time.Time, err error) {
	timeout := k.Timeout
	if timeout == 0 {
		timeout = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = guard(func() error {
		var err error
		next, err = k.Do(ctx, c)
		return err
	})
	return next, err
}
