package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Chore is work in the background that is done again and again while somebody
// wants it: kind and name say what it is about.
type Chore struct {
	Kind, Name   string
	Installation int64
	Failures     int // in a row, before this time
}

// wantedFor is how long a chore goes on after it was last wanted, and
// wantStep how old a want grows before it is recorded anew.
const (
	wantedFor = 14 * 24 * time.Hour
	wantStep  = 24 * time.Hour
)

// Want records that chores are wanted: each is due at once if it is new. It
// writes only where it has to.
func (s *Store) Want(ctx context.Context, chores ...Chore) error {
	now := time.Now()
	var fresh []Chore
	for _, c := range chores {
		var wanted int64
		err := s.reader.QueryRowContext(ctx, s.Query(`SELECT wanted_at FROM chores WHERE kind = ?1 AND name = ?2 AND installation = ?3`), c.Kind, c.Name, c.Installation).Scan(&wanted)
		if errors.Is(err, sql.ErrNoRows) || err == nil && now.Sub(Time(wanted)) > wantStep {
			fresh = append(fresh, c)
		} else if err != nil {
			return fmt.Errorf("want chore: %w", err)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		for _, c := range fresh {
			if _, err := t.ExecContext(ctx, s.Query(`INSERT INTO chores (kind, name, installation, wanted_at, due_at) VALUES (?1, ?2, ?3, ?4, ?4)
				ON CONFLICT (kind, name, installation) DO UPDATE SET wanted_at = excluded.wanted_at`), c.Kind, c.Name, c.Installation, Micros(now)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("want chore: %w", err)
	}
	return nil
}

const dueChores = ` FROM chores WHERE due_at <= ?1 AND leased_until <= ?1 AND wanted_at >= ?2`

// ChoresDue returns how many chores are due and in nobody's hands, and how
// many are in hand.
func (s *Store) ChoresDue(ctx context.Context) (due, inHand int, err error) {
	now := time.Now()
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT COALESCE(SUM(CASE WHEN leased_until <= ?1 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN leased_until > ?1 THEN 1 ELSE 0 END), 0)
		FROM chores WHERE due_at <= ?1 AND wanted_at >= ?2`), Micros(now), Micros(now.Add(-wantedFor))).Scan(&due, &inHand)
	if err != nil {
		return 0, 0, fmt.Errorf("chores due: %w", err)
	}
	return due, inHand, nil
}

// TakeChore takes a chore that is due, so that no other replica does for as
// long as the lease lasts; ok is false where none is.
func (s *Store) TakeChore(ctx context.Context, lease time.Duration) (c Chore, ok bool, err error) {
	lock := ""
	if s.dialect == Postgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		now := time.Now()
		ok = false
		err := t.QueryRowContext(ctx, s.Query(`SELECT kind, name, installation, failures`+dueChores+` ORDER BY due_at LIMIT 1`+lock),
			Micros(now), Micros(now.Add(-wantedFor))).Scan(&c.Kind, &c.Name, &c.Installation, &c.Failures)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		_, err = t.ExecContext(ctx, s.Query(`UPDATE chores SET leased_until = ?1 WHERE kind = ?2 AND name = ?3 AND installation = ?4`), Micros(now.Add(lease)), c.Kind, c.Name, c.Installation)
		return err
	})
	if err != nil {
		return Chore{}, false, fmt.Errorf("take chore: %w", err)
	}
	return c, ok, nil
}

// EndChore gives a chore back, to be done again at a time. A zero time forgets
// it until it is wanted anew.
func (s *Store) EndChore(ctx context.Context, c Chore, next time.Time, failures int) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		if next.IsZero() {
			_, err := t.ExecContext(ctx, s.Query(`DELETE FROM chores WHERE kind = ?1 AND name = ?2 AND installation = ?3`), c.Kind, c.Name, c.Installation)
			return err
		}
		_, err := t.ExecContext(ctx, s.Query(`UPDATE chores SET due_at = ?1, leased_until = 0, failures = ?2 WHERE kind = ?3 AND name = ?4 AND installation = ?5`),
			Micros(next), failures, c.Kind, c.Name, c.Installation)
		return err
	})
	if err != nil {
		return fmt.Errorf("end chore: %w", err)
	}
	return nil
}
