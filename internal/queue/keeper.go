package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/internal/store"
)

// beat is how often the keeper looks after the queue.
const beat = time.Second

// mostDue bounds the looks that one beat makes jobs for.
const mostDue = 200

var errSilent = errors.New("this replica gave no sign of life in time, so that another may have taken over")

// begin makes the queue ready for this replica's workers.
func (q *Queue) begin(ctx context.Context) error {
	if err := q.store.Alive(ctx, q.id); err != nil {
		return err
	}
	if q.store.Dialect() == store.SQLite {
		// The file is this process's alone, so what runs was left by a former
		// one, and so was the lead over maintenance.
		err := q.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.ExecContext(ctx, `DELETE FROM river_leader`); err != nil {
				return err
			}
			return tx.FreePeriodic(ctx)
		})
		if err != nil {
			return fmt.Errorf("take the lead: %w", err)
		}
	}
	return q.rescue(ctx, true)
}

// keep gives signs of life, takes over the jobs of lost workers, and revives
// what River gave up, until ctx ends.
func (q *Queue) keep(ctx context.Context) {
	defer close(q.kept)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	alive, shared, replicas := time.Now(), q.store.Dialect() == store.Postgres, 1
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// A process that was stopped, or cut off from the database, for as
		// long as others wait for it must not go on: they may have begun.
		if shared && time.Since(alive) > q.o.DeadAfter*3/4 {
			q.interrupt(errSilent)
		}
		now := time.Now()
		if shared { // else nobody would see it, at the price of a write
			if err := q.store.Alive(ctx, q.id); err != nil {
				q.log.Error("sign of life", "error", err)
				continue
			}
		}
		alive = now
		if n, err := q.sharers(ctx, shared); err == nil && n != replicas {
			replicas = n
			q.o.Sharers(n)
		}
		if err := q.rescue(ctx, false); err != nil {
			q.log.Error("rescue of lost jobs", "error", err)
		}
		if err := q.promote(ctx); err != nil {
			q.log.Error("jobs that are due", "error", err)
		}
		if n, err := q.store.Looks(ctx); err == nil {
			q.metrics.standing.Set(float64(n))
		}
	}
}

// sharers counts the replicas that are alive, this one included.
func (q *Queue) sharers(ctx context.Context, shared bool) (int, error) {
	if !shared || q.o.Sharers == nil {
		return 1, nil
	}
	n, err := q.store.Replicas(ctx, q.o.DeadAfter)
	return max(1, n), err
}

// promote makes jobs available whose time has come, and jobs for the looks
// whose time has. River's leader does the first too, but only every five
// seconds, and not while there is none.
func (q *Queue) promote(ctx context.Context) error {
	now := "now()"
	if q.store.Dialect() == store.SQLite {
		now = "datetime('now', 'subsec')"
	}
	r, err := q.store.DB().ExecContext(ctx, `UPDATE river_job SET state = 'available' WHERE state IN ('scheduled', 'retryable') AND kind = 'look' AND scheduled_at <= `+now)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err == nil && n > 0 {
		q.nudges.nudge() // on PostgreSQL the poll finds them
	}
	due, err := q.store.DueLooks(ctx, mostDue)
	if err != nil {
		return err
	}
	for _, key := range due {
		err := q.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			priority, ok, err := tx.TakeDue(ctx, key)
			if err != nil || !ok {
				return err
			}
			if err := q.insert(ctx, tx, inRiver(priority), key, time.Time{}, time.Time{}); err != nil {
				return err
			}
			return q.announce(ctx, tx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// interrupt ends the context of everything that runs here.
func (q *Queue) interrupt(cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, cancel := range q.runs {
		cancel(cause)
	}
}

// lost is a job that nobody works on any more.
type lost struct {
	id  int64
	key string
}

// rescue gives the jobs of lost workers to others: those of replicas that are
// silent, those that overran their time, and those that River discarded. On
// SQLite, first says that no job can be running.
func (q *Queue) rescue(ctx context.Context, first bool) error {
	jobs, err := q.lost(ctx, first)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := q.free(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) lost(ctx context.Context, first bool) ([]lost, error) {
	overdue := q.o.Timeout + q.o.Grace
	var query string
	var params []any
	if q.store.Dialect() == store.Postgres {
		query = `SELECT id, args->>'key' FROM river_job WHERE kind = 'look' AND (state = 'discarded' OR state = 'running' AND (
			attempted_at < now() - ?1 * interval '1 microsecond'
			OR NOT EXISTS (SELECT 1 FROM replicas WHERE id = attempted_by[array_upper(attempted_by, 1)]
				AND seen_at >= CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) - ?2)))`
		params = []any{overdue.Microseconds(), q.o.DeadAfter.Microseconds()}
	} else {
		if first {
			overdue = -time.Hour // whatever the clock says
		}
		query = `SELECT id, args->>'$.key' FROM river_job WHERE kind = 'look' AND (state = 'discarded' OR state = 'running' AND
			unixepoch(attempted_at, 'subsec') < unixepoch('now', 'subsec') - ?1)`
		params = []any{overdue.Seconds()}
	}
	rows, err := q.store.DB().QueryContext(ctx, q.store.Query(query), params...)
	if err != nil {
		return nil, fmt.Errorf("lost jobs: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var jobs []lost
	for rows.Next() {
		var j lost
		if err := rows.Scan(&j.id, &j.key); err != nil {
			return nil, fmt.Errorf("lost jobs: %w", err)
		}
		jobs = append(jobs, j)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("lost jobs: %w", err)
	}
	return jobs, nil
}

// free closes a lost job, so that its worker, should it wake, finds that it
// lost it, and makes a new one in its place.
func (q *Queue) free(ctx context.Context, j lost) error {
	return q.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, priority, wished, err := tx.LockLook(ctx, j.key)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, q.store.Query(`UPDATE river_job SET state = 'cancelled', finalized_at = CURRENT_TIMESTAMP
			WHERE id = ?1 AND state IN ('running', 'discarded')`), j.id)
		if err != nil {
			return fmt.Errorf("free job: %w", err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 || !wished {
			return err // it ended meanwhile, or nobody wants it
		}
		q.metrics.rescued.Inc()
		q.log.Warn("took a job over from a lost worker", "key", j.key)
		if err := tx.VerifyLook(ctx, j.key, time.Now().Add(q.o.Verify)); err != nil {
			return err
		}
		if err := q.insert(ctx, tx, inRiver(priority), j.key, time.Time{}, time.Time{}); err != nil {
			return err
		}
		return q.announce(ctx, tx)
	})
}
