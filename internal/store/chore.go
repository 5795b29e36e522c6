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

func (c Chore) key() string { return fmt.Sprintf("chore %s %d %s", c.Kind, c.Installation, c.Name) }

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
		if s.memo.holds(c.key()) {
			continue
		}
		var wanted int64
		err := s.reader.QueryRowContext(ctx, s.Query(`SELECT wanted_at FROM chores WHERE kind = ?1 AND name = ?2 AND installation = ?3`), c.Kind, c.Name, c.Installation).Scan(&wanted)
		if errors.Is(err, sql.ErrNoRows) || err == nil && now.Sub(Time(wanted)) > wantStep {
			fresh = append(fresh, c)
		} else if err != nil {
			return fmt.Errorf("want chore: %w", err)
		} else {
			s.memo.keep(c.key(), time.Minute)
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

// DueChores returns the chores that are due, the one that waits longest first,
// at most limit of them. A chore is due until [Store.EndChore].
func (s *Store) DueChores(ctx context.Context, limit int) ([]Chore, error) {
	now := time.Now()
	var out []Chore
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT kind, name, installation, failures FROM chores
		WHERE due_at <= ?1 AND wanted_at >= ?2 ORDER BY due_at LIMIT ?3`), Micros(now), Micros(now.Add(-wantedFor)), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var c Chore
		err := rows.Scan(&c.Kind, &c.Name, &c.Installation, &c.Failures)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("due chores: %w", err)
	}
	return out, nil
}

// EndChore records that a chore is done, and when it is to be done again. A
// zero time forgets it until it is wanted anew.
func (s *Store) EndChore(ctx context.Context, c Chore, next time.Time, failures int) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		if next.IsZero() {
			t.OnCommit(func() { s.memo.forget(c.key()) })
			_, err := t.ExecContext(ctx, s.Query(`DELETE FROM chores WHERE kind = ?1 AND name = ?2 AND installation = ?3`), c.Kind, c.Name, c.Installation)
			return err
		}
		_, err := t.ExecContext(ctx, s.Query(`UPDATE chores SET due_at = ?1, failures = ?2 WHERE kind = ?3 AND name = ?4 AND installation = ?5`),
			Micros(next), failures, c.Kind, c.Name, c.Installation)
		return err
	})
	if err != nil {
		return fmt.Errorf("end chore: %w", err)
	}
	return nil
}
