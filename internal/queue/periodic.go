package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// Periodic is work in the background that is done again and again, by one of
// all replicas at a time. A replica that dies or hangs loses it to another, so
// Run may be cut short at any point and has to bear being run again.
type Periodic struct {
	Name string // names it among all replicas and over restarts
	// Every is how long after its end it is due again, give or take a tenth.
	// When it was due last is remembered over restarts.
	Every time.Duration
	// AtStart has it due whenever a replica starts, too.
	AtStart bool
	// Due, where set, is asked first whether there is anything to do, so that
	// work which is due often, and seldom has any, costs no write.
	Due func(context.Context) (bool, error)
	// Run does the work. Its context ends when the replica stops or has lost
	// the work to another. After an error it is due again within a minute.
	Run func(context.Context) error
}

var errTaken = errors.New("another replica has taken the work over")

// afterFailure is how long to wait, at most, with work that failed.
const afterFailure = time.Minute

// repeat does the periodic work whose turn it is, until ctx ends.
func (q *Queue) repeat(ctx context.Context, p Periodic) {
	defer q.repeats.Done()
	if p.AtStart {
		if err := q.store.DuePeriodic(ctx, p.Name); err != nil {
			q.log.Error("periodic work", "work", p.Name, "error", err)
		}
	}
	tick := time.NewTicker(min(beat, p.Every))
	defer tick.Stop()
	for {
		ok, err := q.claim(ctx, p)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			q.log.Error("periodic work", "work", p.Name, "error", err)
		case ok:
			q.once(ctx, p)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// claim takes the work where there is any, it is due and nobody has it.
func (q *Queue) claim(ctx context.Context, p Periodic) (ok bool, err error) {
	if p.Due != nil {
		if ok, err := p.Due(ctx); err != nil || !ok {
			return false, err
		}
	}
	return q.store.ClaimPeriodic(ctx, p.Name, q.id, q.o.DeadAfter)
}

// once does claimed work, and holds it meanwhile.
func (q *Queue) once(ctx context.Context, p Periodic) {
	started := time.Now()
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	held := make(chan struct{})
	go func() {
		defer close(held)
		q.holdPeriodic(run, p.Name, cancel)
	}()
	err := guard(func() error { return p.Run(run) })
	lost := errors.Is(context.Cause(run), errTaken)
	cancel(nil)
	<-held
	outcome, wait := "done", p.Every
	switch {
	case lost:
		q.metrics.periodic.WithLabelValues(p.Name, "lost").Inc()
		return
	case ctx.Err() != nil && err != nil: // the replica stops: whoever comes next goes on
		outcome, wait = "returned", 0
	case err != nil:
		outcome, wait = "failed", min(p.Every, afterFailure)
		q.log.Warn("periodic work failed", "work", p.Name, "error", err)
	}
	if wait >= 10 {
		wait += rand.N(wait/5) - wait/10 //nolint:gosec // it spreads load and keeps no secret
	}
	if at := retryAt(err, time.Now()); !at.IsZero() {
		wait = max(wait, time.Until(at))
	}
	if err := q.store.EndPeriodic(context.WithoutCancel(ctx), p.Name, q.id, wait); err != nil {
		q.log.Error("periodic work", "work", p.Name, "error", err) // its time runs out
	}
	q.metrics.periodic.WithLabelValues(p.Name, outcome).Inc()
	q.log.Debug("periodic work "+outcome, "work", p.Name, "took", time.Since(started))
}

// holdPeriodic keeps the claim until ctx ends, and ends the work when the
// claim is lost, or may be.
func (q *Queue) holdPeriodic(ctx context.Context, work string, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(q.o.DeadAfter / 4)
	defer tick.Stop()
	for sure := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		ok, err := q.store.HoldPeriodic(context.WithoutCancel(ctx), work, q.id, q.o.DeadAfter)
		switch {
		case err == nil && ok:
			sure = now
		case err == nil, time.Since(sure) > q.o.DeadAfter*3/4:
			cancel(errTaken)
			return
		default:
			q.log.Error("periodic work", "work", work, "error", err)
		}
	}
}

// guard makes an error of a panic.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}
