package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/rolecall/rolecall/internal/store"
)

// args is River's view of a job. All else is on the look's row, where the
// latest wish replaces it.
type args struct {
	Key string `json:"key"`
}

// Kind implements River's JobArgs.
func (args) Kind() string { return "look" }

// InsertOpts makes jobs unique while they wait or run, and not beyond.
func (args) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
		rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}}}
}

type worker struct {
	river.WorkerDefaults[args]
	q *Queue
}

// Work takes one look and ends the job. An error means that not even its end
// could be recorded; River tries again then.
func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	q := w.q
	look, ok, err := q.store.Look(ctx, job.Args.Key)
	if err != nil {
		return err
	}
	if !ok { // whoever wished it was served
		return q.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := q.finish(ctx, tx, job.ID)
			return err
		})
	}
	started := time.Now()
	kind := look.Kind
	q.metrics.running.Inc()
	next, failure := q.handle(ctx, job.ID, target(look))
	q.metrics.running.Dec()
	took := time.Since(started)
	q.metrics.seconds.WithLabelValues(kind).Observe(took.Seconds())
	if !look.ReceivedAt.IsZero() && look.Failures == 0 {
		q.metrics.wait.Observe(started.Sub(look.ReceivedAt).Seconds())
	}

	end := ending{look: look, started: started, next: next, err: failure, returned: failure != nil && q.isStopping() && ctx.Err() != nil}
	outcome, err := q.end(ctx, job.ID, end)
	if errors.Is(err, errLost) {
		// Whoever has it now may have looked before this worker wrote, and not
		// every write has an echo.
		outcome, err = "lost", q.Add(context.WithoutCancel(ctx), target(look))
	}
	log := q.log.With("key", look.Key, "delivery", look.Delivery, "installation", look.Ref.Installation,
		"repository", look.Ref.Owner+"/"+look.Ref.Repo, "pull", look.Ref.Number, "why", look.Why, "took", took)
	switch {
	case err != nil:
		log.Error("the end of a job could not be recorded", "error", err, "failure", failure)
		return fmt.Errorf("end job: %w", err)
	case failure != nil && outcome == "failed":
		log.Warn("job failed", "error", failure, "failures", look.Failures+1)
	case failure != nil:
		log.Info("job "+outcome, "error", failure)
	default:
		log.Debug("job " + outcome)
	}
	q.metrics.jobs.WithLabelValues(kind, outcome).Inc()
	return nil
}

// handle calls the handler within its time, and makes an error of a panic.
func (q *Queue) handle(ctx context.Context, job int64, t Target) (next Next, err error) {
	ctx, cancel := context.WithTimeout(ctx, q.o.Timeout)
	defer cancel()
	ctx, interrupt := context.WithCancelCause(ctx)
	defer interrupt(nil)
	q.mu.Lock()
	q.runs[job] = interrupt
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		delete(q.runs, job)
		q.mu.Unlock()
		if p := recover(); p != nil {
			q.log.Error("panic in a job", "key", t.key(), "panic", p, slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return q.o.Handle(ctx, t)
}

func (q *Queue) isStopping() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopping
}

// ending is how a look went.
type ending struct {
	look     store.Look // as it stood when the look was taken
	started  time.Time
	next     Next
	err      error
	returned bool // interrupted by the shutdown
}

// end closes the job and names its successor, in one transaction that holds
// the look's row: a wish comes either before it, and is seen by its turn, or
// after it, and inserts a job of its own. Comparing first and closing
// afterwards would lose the wish in between.
//
// A successor is a new job, not a snooze of this one: River's snooze waits up
// to a quarter of a second for its batch, and reuses the row, by which a
// worker that was given up for lost could end the work of the next.
func (q *Queue) end(ctx context.Context, job int64, e ending) (outcome string, err error) {
	err = q.store.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		outcome = "done"
		turn, priority, wished, err := tx.LockLook(ctx, e.look.Key)
		if err != nil {
			return err
		}
		mine, err := q.finish(ctx, tx, job)
		if err != nil {
			return err
		}
		if !mine {
			return errLost
		}
		if !wished {
			return nil
		}
		now := time.Now()
		if e.err == nil {
			if err := tx.DeliveriesServed(ctx, e.look.Key, e.look.Turn, now); err != nil {
				return err
			}
		}
		s := e.successor(turn, now, q.o.Verify)
		if s.outcome == "held" && priority < e.look.Priority {
			// The hold was for the wishes that were known; a more urgent one asks anew.
			s.outcome, s.at, s.hold = "again", time.Time{}, time.Time{}
		}
		outcome = s.outcome
		if s.none {
			return tx.EndLook(ctx, e.look.Key)
		}
		if s.outcome == "done" { // it is due by time alone, whoever wished it before
			priority = store.DueByTime
		}
		if s.outcome == "done" && s.at.After(now) { // the keeper makes the job, once it is due
			return tx.KeepLook(ctx, e.look.Key, priority, s.failures, s.hold, s.verify, s.at)
		}
		if err := tx.KeepLook(ctx, e.look.Key, priority, s.failures, s.hold, s.verify, time.Time{}); err != nil {
			return err
		}
		if err := q.insert(ctx, tx, inRiver(priority), e.look.Key, s.at, s.hold); err != nil {
			return err
		}
		return q.announce(ctx, tx)
	})
	return outcome, err
}

// finish takes away the job of a worker that is done with it; false where it
// was given to another. River would keep it for a while, and write three times
// for that.
func (q *Queue) finish(ctx context.Context, tx *store.Tx, job int64) (mine bool, err error) {
	r, err := tx.ExecContext(ctx, q.store.Query(`DELETE FROM river_job WHERE id = ?1 AND state = 'running'`), job)
	if err != nil {
		return false, fmt.Errorf("finish job: %w", err)
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// successor is the job that follows.
type successor struct {
	outcome  string // as the metric names it
	none     bool
	at       time.Time // zero: at once
	failures int
	hold     time.Time
	verify   time.Time
}

// successor decides what follows, given the look's turn now, and after how long
// whatever was sent has arrived.
func (e ending) successor(turn int64, now time.Time, arrived time.Duration) successor {
	s := successor{verify: e.look.VerifyAt}
	if pending(e.err) { // the next look may read before it arrives, and write nothing
		s.verify = now.Add(arrived)
	}
	if !s.verify.IsZero() && !e.started.Before(s.verify) && e.err == nil {
		s.verify = time.Time{} // this look was the verification
	}
	later := retryAt(e.err, now)
	moved := turn != e.look.Turn
	switch {
	case e.returned:
		s.outcome, s.failures = "returned", e.look.Failures
	case !later.IsZero():
		s.outcome, s.at, s.hold, s.failures = "held", later, later, e.look.Failures
	case e.err != nil:
		s.outcome, s.failures = "failed", e.look.Failures+1
		wait := backoff(s.failures)
		if moved {
			wait = min(wait, firstBackoff)
		}
		s.at = now.Add(wait)
	case moved:
		s.outcome = "again"
	default:
		s.outcome, s.at = "done", e.next.At
		if s.at.IsZero() || !s.verify.IsZero() && s.verify.Before(s.at) {
			s.at = s.verify
		}
		s.none = s.at.IsZero()
	}
	return s
}
