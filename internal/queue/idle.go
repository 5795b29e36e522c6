package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/internal/store"
)

// Idle waits until nothing is left to examine now: no job and no chore waits
// or runs, and those that are due later are due by time alone. It is for tests and the
// demo; a server that gets deliveries is rarely idle.
func (q *Queue) Idle(ctx context.Context) error {
	soon := "now() + interval '1 second'"
	if q.store.Dialect() == store.SQLite {
		soon = "datetime('now', 'subsec', '+1 second')"
	}
	for {
		var n int
		err := q.store.DB().QueryRowContext(ctx, `SELECT count(*) FROM river_job WHERE kind = 'look' AND
			(state IN ('available', 'pending', 'running', 'retryable') OR (state = 'scheduled' AND scheduled_at <= `+soon+`))`).Scan(&n)
		if err != nil {
			return fmt.Errorf("wait for the queue to be idle: %w", err)
		}
		if n == 0 {
			err := q.store.DB().QueryRowContext(ctx, q.store.Query(`SELECT count(*) FROM looks WHERE due_at > 0 AND due_at <= ?1`),
				store.Micros(time.Now().Add(time.Second))).Scan(&n)
			if err != nil {
				return fmt.Errorf("wait for the queue to be idle: %w", err)
			}
		}
		if n == 0 && len(q.o.Chores) > 0 {
			due, err := q.store.DueChores(ctx, 1) // what is being done is due still
			if err != nil {
				return fmt.Errorf("wait for the queue to be idle: %w", err)
			}
			n = len(due)
		}
		if n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the queue to be idle: %d jobs left: %w", n, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
