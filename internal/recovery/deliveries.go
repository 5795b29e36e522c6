package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rolecall/rolecall/internal/github"
)

const (
	logLength = 3 * 24 * time.Hour // how far GitHub's log goes back
	overlap   = 10 * time.Minute   // an attempt can end after a later one
	// A delivery that fails again is sent again after five minutes, then ten,
	// then twenty, and so on, and at most so many times.
	firstWait    = 5 * time.Minute
	maxDelivered = 9
	bookmark     = "deliveries"
)

// Deliveries has GitHub send again what failed since the last time. It reads
// the log of failures only, each attempt is asked for once, and what came
// another way meanwhile is left alone. A delivery tells what GitHub's API does
// not, such as who pushed, so this comes before any sweep.
func (r *Recovery) Deliveries(ctx context.Context) error {
	mark, err := r.o.Store.Bookmark(ctx, bookmark)
	if err != nil {
		return err
	}
	since := r.now().Add(-logLength)
	if !mark.IsZero() {
		since = mark.Add(-overlap)
	}
	failed, more, err := r.o.App.FailedDeliveries(ctx, since)
	if err != nil {
		return fmt.Errorf("delivery log: %w", err)
	}
	if more {
		r.log.Error("more deliveries have failed than are read at once: the sweep finds what the oldest told", "read", len(failed))
	}
	slices.Reverse(failed) // in the order in which things happened
	asked := 0
	for _, d := range failed {
		again, err := r.again(ctx, d)
		if err != nil {
			return fmt.Errorf("delivery %s: %w", d.GUID, err)
		}
		if again {
			asked++
		}
	}
	if asked > 0 {
		r.log.Warn("deliveries had failed and are sent again", "failed", len(failed), "again", asked)
	}
	if len(failed) > 0 {
		// Up to the first that has to be seen again.
		next := failed[len(failed)-1].At
		for _, d := range failed {
			done, _, _, err := r.o.Store.Redelivered(ctx, d.ID, d.GUID)
			if err != nil {
				return err
			}
			if !done {
				next = d.At
				break
			}
		}
		return r.o.Store.SetBookmark(ctx, bookmark, next)
	}
	return nil
}

// again asks GitHub for one delivery, unless that needs not be or has to wait.
func (r *Recovery) again(ctx context.Context, d github.FailedDelivery) (asked bool, err error) {
	done, times, last, err := r.o.Store.Redelivered(ctx, d.ID, d.GUID)
	if err != nil || done || d.Event == "ping" {
		return false, err
	}
	if times > 0 && times < maxDelivered && r.now().Sub(last) < firstWait<<(times-1) {
		return false, nil // not yet
	}
	outcome := "asked"
	had, err := r.o.Store.Has(ctx, d.GUID)
	switch {
	case err != nil:
		return false, err
	case had:
		outcome = "had"
	case times >= maxDelivered:
		outcome = "given-up"
		r.log.Error("a delivery fails again and again; the sweep finds what it told", "delivery", d.GUID, "event", d.Event)
	default:
		err := r.o.App.Redeliver(ctx, d.ID)
		var e *github.Error
		if errors.As(err, &e) && (e.Kind == github.NotFound || e.Kind == github.Unprocessable) {
			outcome, err = "gone", nil
		}
		if err != nil {
			return false, err
		}
	}
	r.redelivered.WithLabelValues(outcome).Inc()
	return outcome == "asked", r.o.Store.AddRedelivery(ctx, d.ID, d.GUID, r.now())
}
