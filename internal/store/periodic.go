package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Periodic work belongs to one process at a time: it claims the work by the
// database's own clock, holds it while it gives signs of life, and says when it
// is due again.

// ClaimPeriodic takes the work of that name for the holder, for as long as
// hold, where it is due and nobody has it.
func (s *Store) ClaimPeriodic(ctx context.Context, work, holder string, hold time.Duration) (ok bool, err error) {
	// Most often it is not due, which is told without a write.
	var due bool
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT due_at <= `+s.now()+` AND held_until <= `+s.now()+` FROM periodic WHERE name = ?1`), work).Scan(&due)
	if err == nil && !due {
		return false, nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("claim %s: %w", work, err)
	}
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		ok = false
		r, err := t.ExecContext(ctx, s.Query(`
			INSERT INTO periodic (name, due_at, holder, held_until) VALUES (?1, 0, ?2, `+s.now()+` + ?3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
			WHERE periodic.due_at <= `+s.now()+` AND periodic.held_until <= `+s.now()), work, holder, hold.Microseconds())
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		ok = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("claim %s: %w", work, err)
	}
	return ok, nil
}

// HoldPeriodic holds the work longer; ok is false where somebody else has it.
func (s *Store) HoldPeriodic(ctx context.Context, work, holder string, hold time.Duration) (ok bool, err error) {
	return s.setPeriodic(ctx, `held_until = `+s.now()+` + ?3`, work, holder, hold)
}

// EndPeriodic lets go of the work, which is due again after the wait.
func (s *Store) EndPeriodic(ctx context.Context, work, holder string, wait time.Duration) error {
	_, err := s.setPeriodic(ctx, `holder = '', held_until = 0, due_at = `+s.now()+` + ?3`, work, holder, wait)
	return err
}

func (s *Store) setPeriodic(ctx context.Context, set, work, holder string, d time.Duration) (ok bool, err error) {
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		r, err := t.ExecContext(ctx, s.Query(`UPDATE periodic SET `+set+` WHERE name = ?1 AND holder = ?2`), work, holder, d.Microseconds())
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		ok = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("hold %s: %w", work, err)
	}
	return ok, nil
}

// FreePeriodic makes all work free that a former life of this process held.
// It is for SQLite, whose file no other process has.
func (t *Tx) FreePeriodic(ctx context.Context) error {
	if _, err := t.ExecContext(ctx, `UPDATE periodic SET holder = '', held_until = 0`); err != nil {
		return fmt.Errorf("free periodic work: %w", err)
	}
	return nil
}

// DuePeriodic makes the work due at once.
func (s *Store) DuePeriodic(ctx context.Context, work string) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`UPDATE periodic SET due_at = 0 WHERE name = ?1`), work)
		return err
	})
	if err != nil {
		return fmt.Errorf("make %s due: %w", work, err)
	}
	return nil
}
