package store

import (
	"context"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Retention says how long what is kept for the record is kept; zero is for
// ever.
type Retention struct {
	Deliveries time.Duration // and their bodies
	Facts      time.Duration // of decisions; what was decided stays
	Record     time.Duration // the audit trail; its checkpoints stay
}

// leastDeliveries is how long deliveries are kept whatever is asked: GitHub
// can send one again for three days, and it is known by them.
const leastDeliveries = 4 * 24 * time.Hour

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
// trail.
func (s *Store) Retire(ctx context.Context, keep Retention, now time.Time) error {
	if keep.Deliveries > 0 {
		before := now.Add(-max(keep.Deliveries, leastDeliveries))
		_, err := s.drop(ctx, `DELETE FROM deliveries WHERE guid IN (SELECT guid FROM deliveries WHERE received_at < ?1 AND processed_at <> 0 LIMIT 1000)`, before)
		if err != nil {
			return fmt.Errorf("retire deliveries: %w", err)
		}
		if _, err := s.drop(ctx, `DELETE FROM redeliveries WHERE attempt IN (SELECT attempt FROM redeliveries WHERE at < ?1 LIMIT 1000)`, before); err != nil {
			return fmt.Errorf("retire redeliveries: %w", err)
		}
	}
	if keep.Facts > 0 {
		before := now.Add(-keep.Facts)
		n, err := s.drop(ctx, `UPDATE decisions SET facts = NULL WHERE (owner, repo, number, generation) IN
			(SELECT owner, repo, number, generation FROM decisions WHERE at < ?1 AND facts IS NOT NULL LIMIT 1000)`, before)
		if err == nil && n > 0 {
			err = s.Audit(ctx, Entry{At: now, Kind: KindRetired, Data: RetiredEntry{What: "facts", Before: before, Rows: n}})
		}
		if err != nil {
			return fmt.Errorf("retire facts: %w", err)
		}
	}
	if keep.Record > 0 {
		if err := s.retireSegments(ctx, now.Add(-keep.Record), now); err != nil {
			return fmt.Errorf("retire segments: %w", err)
		}
	}
	return nil
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
