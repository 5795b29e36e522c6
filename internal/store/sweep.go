package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Bookmark returns how far the periodic work of that name has come; zero where
// it has not begun.
func (s *Store) Bookmark(ctx context.Context, work string) (time.Time, error) {
	var at int64
	err := s.reader.QueryRowContext(ctx, s.Query(`SELECT at FROM bookmarks WHERE name = ?1`), work).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("bookmark: %w", err)
	}
	return Time(at), nil
}

// SetBookmark records how far the periodic work has come.
func (s *Store) SetBookmark(ctx context.Context, work string, at time.Time) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`INSERT INTO bookmarks (name, at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET at = excluded.at`), work, Micros(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("bookmark: %w", err)
	}
	return nil
}

// Redelivered returns whether the failed attempt was asked for again, how
// often any attempt of its delivery was, and when last.
func (s *Store) Redelivered(ctx context.Context, attempt int64, guid string) (done bool, times int, last time.Time, err error) {
	var this, at int64
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT count(*), COALESCE(max(at), 0), COALESCE(sum(CASE WHEN attempt = ?1 THEN 1 ELSE 0 END), 0) FROM redeliveries WHERE guid = ?2`),
		attempt, guid).Scan(&times, &at, &this)
	if err != nil {
		return false, 0, time.Time{}, fmt.Errorf("redeliveries: %w", err)
	}
	return this > 0, times, Time(at), nil
}

// AddRedelivery records that GitHub was asked to send the delivery of a failed
// attempt again.
func (s *Store) AddRedelivery(ctx context.Context, attempt int64, guid string, at time.Time) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`INSERT INTO redeliveries (attempt, guid, at) VALUES (?1, ?2, ?3) ON CONFLICT (attempt) DO UPDATE SET at = excluded.at`), attempt, guid, Micros(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("redelivery: %w", err)
	}
	return nil
}

// Has reports whether the delivery was taken in: it needs no sending again.
func (s *Store) Has(ctx context.Context, guid string) (bool, error) {
	var n int
	if err := s.reader.QueryRowContext(ctx, s.Query(`SELECT count(*) FROM deliveries WHERE guid = ?1`), guid).Scan(&n); err != nil {
		return false, fmt.Errorf("delivery: %w", err)
	}
	return n > 0, nil
}

// Reaches records exactly which repositories the installation reaches.
func (s *Store) Reaches(ctx context.Context, installation int64, names []string) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		reached := map[string]bool{}
		for _, full := range names {
			owner, repo := split(full)
			reached[lower(full)] = true
			if err := t.AddRepository(ctx, installation, owner, repo); err != nil {
				return err
			}
		}
		rows, err := t.QueryContext(ctx, s.Query(`SELECT owner, repo FROM repositories WHERE installation = ?1`), installation)
		if err != nil {
			return err
		}
		known, err := collect(rows, func(rows *sql.Rows) (r fact.Ref, err error) { return r, rows.Scan(&r.Owner, &r.Repo) })
		if err != nil {
			return err
		}
		for _, r := range known {
			if !reached[r.Owner+"/"+r.Repo] {
				if err := t.DropRepository(ctx, r.Owner, r.Repo); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("what installation %d reaches: %w", installation, err)
	}
	return nil
}

// Unreachable stands for the policy of a repository that was out of reach. Any
// other is news, so that it is looked at as a whole once it is back: meanwhile
// its pull requests were taken for closed, and may be as they were.
const Unreachable = "unreachable"

// Swept is how a repository stood when its open pull requests were last
// compared with GitHub's.
type Swept struct {
	Ref        fact.Ref // Number 0
	At         time.Time
	Policy     string // blob SHA; "" for none, [Unreachable] where it could not be told
	PolicySeen bool   // it has, or once had, a policy of its own
}

// ToSweep lists the installation's repositories that were last swept before
// the given time, those the longest ago first, at most limit of them.
func (s *Store) ToSweep(ctx context.Context, installation int64, before time.Time, limit int) ([]Swept, error) {
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT name, swept_at, swept_policy, policy_seen FROM repositories
		WHERE installation = ?1 AND swept_at < ?2 ORDER BY swept_at, owner, repo LIMIT ?3`), installation, Micros(before), limit)
	if err != nil {
		return nil, fmt.Errorf("repositories to sweep: %w", err)
	}
	list, err := collect(rows, func(rows *sql.Rows) (w Swept, err error) {
		var full string
		var at int64
		err = rows.Scan(&full, &at, &w.Policy, &w.PolicySeen)
		w.At, w.Ref.Installation = Time(at), installation
		w.Ref.Owner, w.Ref.Repo = split(full)
		return w, err
	})
	if err != nil {
		return nil, fmt.Errorf("repositories to sweep: %w", err)
	}
	return list, nil
}

// SweptOf returns how one repository stood when it was last swept; its time is
// zero where it never was.
func (s *Store) SweptOf(ctx context.Context, ref fact.Ref) (Swept, error) {
	owner, repo := name(ref)
	w := Swept{Ref: ref}
	var at int64
	err := s.reader.QueryRowContext(ctx, s.Query(`SELECT swept_at, swept_policy, policy_seen FROM repositories WHERE owner = ?1 AND repo = ?2`), owner, repo).Scan(&at, &w.Policy, &w.PolicySeen)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Swept{}, fmt.Errorf("sweep of %s: %w", ref, err)
	}
	w.At = Time(at)
	return w, nil
}

// SweptNow records a sweep of the repository.
func (t *Tx) SweptNow(ctx context.Context, w Swept) error {
	owner, repo := name(w.Ref)
	_, err := t.ExecContext(ctx, t.s.Query(`
		INSERT INTO repositories (owner, repo, installation, name, swept_at, swept_policy) VALUES (?1, ?2, 0, ?3, ?4, ?5)
		ON CONFLICT (owner, repo) DO UPDATE SET swept_at = excluded.swept_at, swept_policy = excluded.swept_policy`),
		owner, repo, w.Ref.Owner+"/"+w.Ref.Repo, Micros(w.At), w.Policy)
	if err != nil {
		return fmt.Errorf("record sweep: %w", err)
	}
	return nil
}

// LookedStates returns, by number, GitHub's time of each pull request of the
// repository as it was at rolecall's last look.
func (s *Store) LookedStates(ctx context.Context, ref fact.Ref) (map[int]time.Time, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT number, looked_state FROM pulls WHERE owner = ?1 AND repo = ?2 AND looked_at <> 0`), owner, repo)
	if err != nil {
		return nil, fmt.Errorf("looks at %s: %w", ref, err)
	}
	states := map[int]time.Time{}
	_, err = collect(rows, func(rows *sql.Rows) (struct{}, error) {
		var n int
		var at int64
		err := rows.Scan(&n, &at)
		states[n] = Time(at)
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("looks at %s: %w", ref, err)
	}
	return states, nil
}

// StalePulls lists the installation's open pull requests that were last looked
// at before the given time and that nobody wishes looked at, those the longest
// ago first, at most limit of them.
func (s *Store) StalePulls(ctx context.Context, installation int64, before time.Time, limit int) ([]fact.Ref, error) {
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT name, number FROM pulls p WHERE installation = ?1 AND open AND looked_at < ?2 AND number <> 0
		AND NOT EXISTS (SELECT 1 FROM looks l WHERE l.key = 'pull:' || p.owner || '/' || p.repo || '#' || p.number AND l.priority < ?3)
		ORDER BY looked_at, owner, repo, number LIMIT ?4`), installation, Micros(before), DueByTime, limit)
	if err != nil {
		return nil, fmt.Errorf("stale pull requests: %w", err)
	}
	list, err := collect(rows, func(rows *sql.Rows) (fact.Ref, error) {
		ref := fact.Ref{Installation: installation}
		var full string
		err := rows.Scan(&full, &ref.Number)
		ref.Owner, ref.Repo = split(full)
		return ref, err
	})
	if err != nil {
		return nil, fmt.Errorf("stale pull requests: %w", err)
	}
	return list, nil
}
