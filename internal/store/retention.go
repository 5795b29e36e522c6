package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Retention says how long what is kept is kept; zero is for ever.
type Retention struct {
	Deliveries time.Duration // and their bodies
	Facts      time.Duration // of decisions; what was decided stays
	// Record is for the audit trail, and the decisions that it no longer has
	// an entry of; its checkpoints stay.
	Record time.Duration
	// Closed is for what is known of a pull request that is closed: who pushed
	// it, which commits its reviews were given on, who was asked.
	Closed time.Duration
}

// leastDeliveries is how long deliveries are kept whatever is asked: GitHub
// can send one again for three days, and it is known by them. leastClosed
// likewise: who was asked during the last 30 days is not asked again so soon.
const (
	leastDeliveries = 4 * 24 * time.Hour
	leastClosed     = recently
)

// The rest has no setting: nobody could want more of it.
const (
	keepRedeliveries = leastDeliveries
	keepBranches     = 90 * 24 * time.Hour // beyond a push to a branch
	keepTeams        = 30 * 24 * time.Hour // beyond a team's last reading
	keepChores       = 2 * wantedFor       // beyond the last want
	keepSent         = 24 * time.Hour      // what GitHub would have written twice
	keepUnasked      = 24 * time.Hour      // whom GitHub would not have asked
)

// RetiredEntry is what the audit trail holds of what was dropped from it.
type RetiredEntry struct {
	What   string    `json:"what"`   // "facts", "segment"
	Before time.Time `json:"before"` // facts of decisions from before it
	// Owner, Repo and Segment name the segment.
	Owner   string `json:"owner,omitempty"`
	Repo    string `json:"repo,omitempty"`
	Segment int64  `json:"segment"`
	Rows    int64  `json:"rows"`
}

// Retire drops what has been kept for long enough, and says so in the audit
// trail where that rests on it.
func (s *Store) Retire(ctx context.Context, keep Retention, now time.Time) error {
	if err := s.retireDeliveries(ctx, keep.Deliveries, now); err != nil {
		return fmt.Errorf("retire deliveries: %w", err)
	}
	if keep.Facts > 0 {
		before := now.Add(-keep.Facts)
		n, err := s.drop(ctx, `UPDATE decisions SET facts = NULL WHERE (owner, repo, number, generation) IN
			(SELECT owner, repo, number, generation FROM decisions WHERE at < ?1 AND facts IS NOT NULL LIMIT 1000)`, before)
		var m int64
		if err == nil {
			m, err = s.drop(ctx, `UPDATE group_decisions SET facts = NULL WHERE (owner, repo, head, at, number) IN
				(SELECT owner, repo, head, at, number FROM group_decisions WHERE at < ?1 AND facts IS NOT NULL LIMIT 1000)`, before)
		}
		if err == nil && n+m > 0 {
			err = s.Audit(ctx, Entry{At: now, Kind: KindRetired, Data: RetiredEntry{What: "facts", Before: before, Rows: n + m}})
		}
		if err != nil {
			return fmt.Errorf("retire facts: %w", err)
		}
	}
	if keep.Record > 0 {
		before := now.Add(-keep.Record)
		if err := s.retireSegments(ctx, before, now); err != nil {
			return fmt.Errorf("retire segments: %w", err)
		}
		if err := s.retireDecisions(ctx, before); err != nil {
			return fmt.Errorf("retire decisions: %w", err)
		}
	}
	if keep.Closed > 0 {
		if err := s.retirePulls(ctx, now.Add(-max(keep.Closed, leastClosed))); err != nil {
			return fmt.Errorf("retire pull requests: %w", err)
		}
	}
	if err := s.retireKnown(ctx, now); err != nil {
		return fmt.Errorf("retire what is out of date: %w", err)
	}
	return nil
}

// retireDeliveries drops deliveries that were processed, or that nothing waits
// for any more.
func (s *Store) retireDeliveries(ctx context.Context, keep time.Duration, now time.Time) error {
	if keep > 0 {
		_, err := s.drop(ctx, `DELETE FROM deliveries WHERE guid IN (SELECT guid FROM deliveries d WHERE received_at < ?1
			AND (processed_at <> 0 OR NOT EXISTS (SELECT 1 FROM looks l WHERE l.key = d.look)) LIMIT 1000)`, now.Add(-max(keep, leastDeliveries)))
		if err != nil {
			return err
		}
	}
	_, err := s.drop(ctx, `DELETE FROM redeliveries WHERE attempt IN (SELECT attempt FROM redeliveries WHERE at < ?1 LIMIT 1000)`, now.Add(-keepRedeliveries))
	return err
}

// retireDecisions drops the decisions of which the record has no entry any
// more. The latest on a pull request stays while that is open or owes reviews,
// and so do those that a broken glass is told by.
func (s *Store) retireDecisions(ctx context.Context, before time.Time) error {
	_, err := s.drop(ctx, `DELETE FROM decisions WHERE (owner, repo, number, generation) IN
		(SELECT owner, repo, number, generation FROM decisions d WHERE at < ?1
			AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.owner = d.owner AND a.repo = d.repo AND a.number = d.number AND a.kind = 'decision' AND a.at = d.at)
			AND NOT EXISTS (SELECT 1 FROM debts g WHERE g.owner = d.owner AND g.repo = d.repo AND g.number = d.number AND g.cleared_at = 0)
			AND NOT EXISTS (SELECT 1 FROM pulls p WHERE p.owner = d.owner AND p.repo = d.repo AND p.number = d.number AND (p.open OR p.generation = d.generation))
			LIMIT 1000)`, before)
	if err != nil {
		return err
	}
	_, err = s.drop(ctx, `DELETE FROM group_decisions WHERE (owner, repo, head, at, number) IN
		(SELECT owner, repo, head, at, number FROM group_decisions g WHERE at < ?1
			AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.kind = '`+KindGroup+`' AND a.at = g.at AND a.owner = g.owner AND a.repo = g.repo)
			LIMIT 1000)`, before)
	return err
}

// pullsAtOnce is how many pull requests are dropped in one transaction.
const pullsAtOnce = 100

// retirePulls drops what is known of pull requests that are closed and that
// nothing has happened to since: whoever opens one again, or pays what it owes,
// has it looked at anew. One whose reviews are owed stays.
func (s *Store) retirePulls(ctx context.Context, before time.Time) error {
	for {
		n := 0
		err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
			rows, err := t.QueryContext(ctx, s.Query(`SELECT owner, repo, number FROM pulls p WHERE NOT open AND looked_at < ?1 AND updated_at < ?1
				AND NOT EXISTS (SELECT 1 FROM looks l WHERE l.key = 'pull:' || p.owner || '/' || p.repo || '#' || p.number)
				AND NOT EXISTS (SELECT 1 FROM debts g WHERE g.owner = p.owner AND g.repo = p.repo AND g.number = p.number AND g.cleared_at = 0)
				ORDER BY owner, repo, number LIMIT ?2`+s.ForUpdate()), Micros(before), pullsAtOnce)
			if err != nil {
				return err
			}
			gone, err := collect(rows, func(rows *sql.Rows) (r fact.Ref, err error) { return r, rows.Scan(&r.Owner, &r.Repo, &r.Number) })
			if err != nil {
				return err
			}
			n = len(gone)
			for _, r := range gone {
				for _, table := range []string{"pushes", "labelled", "greens", "review_commits", "review_requests", "debts", "pulls"} {
					if _, err := t.ExecContext(ctx, s.Query(`DELETE FROM `+table+` WHERE owner = ?1 AND repo = ?2 AND number = ?3`), r.Owner, r.Repo, r.Number); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil || n < pullsAtOnce {
			return err
		}
	}
}

// retireKnown drops what was learned, and is out of date or asked for by
// nobody.
func (s *Store) retireKnown(ctx context.Context, now time.Time) error {
	before := func(keep time.Duration) []any { return []any{Micros(now.Add(-keep))} }
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`DELETE FROM teams WHERE read_at < ?1`, before(keepTeams)},
		{`DELETE FROM branch_pushes WHERE at < ?1`, before(keepBranches)},
		{`DELETE FROM unrequestable WHERE at < ?1`, before(keepUnasked)},
		{`DELETE FROM sent WHERE at < ?1`, before(keepSent)},
		{`DELETE FROM chores WHERE wanted_at < ?1`, before(keepChores)},
		// A calendar that no policy names has no chore.
		{`DELETE FROM calendars WHERE read_at < ?1 AND NOT EXISTS (SELECT 1 FROM chores c WHERE c.name = calendars.url)`, before(keepChores)},
		{`DELETE FROM calendar_users WHERE NOT EXISTS (SELECT 1 FROM calendars c WHERE c.url = calendar_users.url)
			AND NOT EXISTS (SELECT 1 FROM chores c WHERE c.name = calendar_users.url)`, nil},
		{`DELETE FROM history_people WHERE at < ?1`, before(knownFor)},
		{`DELETE FROM history_files WHERE NOT EXISTS (SELECT 1 FROM history_people p
			WHERE p.owner = history_files.owner AND p.repo = history_files.repo AND p.number = history_files.number)`, nil},
	} {
		err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
			_, err := t.ExecContext(ctx, s.Query(q.sql), q.args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.forgetReplicas(ctx)
}

// drop runs a statement that takes a thousand rows until it finds no more, so
// that it never holds the database for long.
func (s *Store) drop(ctx context.Context, query string, before time.Time) (rows int64, err error) {
	for {
		var n int64
		err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
			r, err := t.ExecContext(ctx, s.Query(query), Micros(before))
			if err != nil {
				return err
			}
			n, err = r.RowsAffected()
			return err
		})
		if err != nil || n == 0 {
			return rows, err
		}
		rows += n
	}
}

// retireSegments drops the entries of the segments that were closed before.
func (s *Store) retireSegments(ctx context.Context, before, now time.Time) error {
	var due []Checkpoint
	err := s.Snapshot(ctx, func(n *Snapshot) error {
		chains, err := n.RecordChains(ctx)
		if err != nil {
			return err
		}
		for _, chain := range chains {
			list, err := n.Checkpoints(ctx, chain)
			if err != nil {
				return err
			}
			for _, c := range list {
				if c.RetiredAt.IsZero() && c.At.Before(before) {
					due = append(due, c)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range due {
		err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
			if _, err := t.ExecContext(ctx, s.Query(`UPDATE audit_checkpoints SET retired_at = ?1 WHERE owner = ?2 AND repo = ?3 AND segment = ?4`),
				Micros(now), c.Owner, c.Repo, c.Segment); err != nil {
				return err
			}
			r, err := t.ExecContext(ctx, s.Query(`DELETE FROM audit WHERE owner = ?1 AND repo = ?2 AND segment = ?3 AND hash <> ''`), c.Owner, c.Repo, c.Segment)
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			return t.Audit(ctx, Entry{At: now, Ref: fact.Ref{Owner: c.Owner, Repo: c.Repo}, Kind: KindRetired,
				Data: RetiredEntry{What: "segment", Before: before, Owner: c.Owner, Repo: c.Repo, Segment: c.Segment, Rows: n}})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
