package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Snapshot is the database as it stood at one moment.
type Snapshot struct {
	tx *sql.Tx
	s  *Store
}

// Snapshot runs f on the database as it stands now, whatever is written
// meanwhile.
func (s *Store) Snapshot(ctx context.Context, f func(*Snapshot) error) error {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: s.dialect == Postgres, Isolation: map[Dialect]sql.IsolationLevel{Postgres: sql.LevelRepeatableRead}[s.dialect]})
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if s.dialect == Postgres { // nobody waits for it, and its reader may take its time
		if _, err := tx.ExecContext(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			return fmt.Errorf("snapshot: %w", err)
		}
	}
	return f(&Snapshot{tx, s})
}

// RecordChains lists the owners and repositories that have a record, in the
// order of their names.
func (n *Snapshot) RecordChains(ctx context.Context) ([]fact.Ref, error) {
	rows, err := n.tx.QueryContext(ctx, `SELECT owner, repo FROM audit_lanes UNION SELECT owner, repo FROM audit_checkpoints
		UNION SELECT owner, repo FROM audit ORDER BY owner, repo`)
	if err != nil {
		return nil, fmt.Errorf("chains: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (r fact.Ref, err error) { return r, rows.Scan(&r.Owner, &r.Repo) })
}

// Checkpoints lists a repository's checkpoints in their order.
func (n *Snapshot) Checkpoints(ctx context.Context, chain fact.Ref) ([]Checkpoint, error) {
	rows, err := n.tx.QueryContext(ctx, n.s.Query(`SELECT owner, repo, segment, at, ends, hash, retired_at FROM audit_checkpoints
		WHERE owner = ?1 AND repo = ?2 ORDER BY segment`), chain.Owner, chain.Repo)
	if err != nil {
		return nil, fmt.Errorf("checkpoints: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (c Checkpoint, err error) {
		var at, retired int64
		var list string
		if err := rows.Scan(&c.Owner, &c.Repo, &c.Segment, &at, &list, &c.Hash, &retired); err != nil {
			return c, err
		}
		c.At, c.RetiredAt = Time(at), Time(retired)
		c.Ends, err = parseEnds(list)
		return c, err
	})
}

// OpenEnds returns the open segment of a repository's record, and where its
// lanes end; a lane without entries ends with the checkpoint before.
func (n *Snapshot) OpenEnds(ctx context.Context, chain fact.Ref) (segment int64, list []End, err error) {
	rows, err := n.tx.QueryContext(ctx, n.s.Query(`SELECT lane, segment, seq, head FROM audit_lanes WHERE owner = ?1 AND repo = ?2 ORDER BY lane`), chain.Owner, chain.Repo)
	if err != nil {
		return 0, nil, fmt.Errorf("ends: %w", err)
	}
	list, err = collect(rows, func(rows *sql.Rows) (e End, err error) { return e, rows.Scan(&e.Lane, &segment, &e.Count, &e.Head) })
	return segment, list, err
}

// EachEntry calls f with the entries of a repository's record, segment by
// segment, lane by lane, in their order. Their Data is as it is stored.
func (n *Snapshot) EachEntry(ctx context.Context, chain fact.Ref, f func(Entry) error) error {
	rows, err := n.tx.QueryContext(ctx, n.s.Query(`SELECT `+entryColumns+` FROM audit WHERE owner = ?1 AND repo = ?2 ORDER BY segment, lane, seq, id`), chain.Owner, chain.Repo)
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	_, err = collect(rows, func(rows *sql.Rows) (struct{}, error) {
		e, err := scanEntry(rows)
		if err == nil {
			err = f(e)
		}
		return struct{}{}, err
	})
	return err
}

// DecisionSums returns the SHA-256 of a decision and of its facts as they are
// kept, facts "" where they were retired; ok is false where the decision is
// not there.
func (s *Store) DecisionSums(ctx context.Context, ref fact.Ref, generation int64) (facts, decision string, ok bool, err error) {
	owner, repo := name(ref)
	var a, b []byte
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT facts, decision FROM decisions WHERE owner = ?1 AND repo = ?2 AND number = ?3 AND generation = ?4`),
		owner, repo, ref.Number, generation).Scan(&a, &b)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", false, nil
	}
	if err == nil {
		facts, decision, err = packedSums(a, b)
	}
	if err != nil {
		return "", "", false, fmt.Errorf("decision %d on %s: %w", generation, ref, err)
	}
	return facts, decision, true, nil
}

// PolicySum returns the SHA-256 of the policy that is kept under that sum; ""
// where none is.
func (s *Store) PolicySum(ctx context.Context, sum string) (string, error) {
	var packed []byte
	err := s.reader.QueryRowContext(ctx, s.Query(`SELECT bytes FROM policies WHERE sha256 = ?1`), sum).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("policy %.12s: %w", sum, err)
	}
	return packedSum(packed)
}

// PayloadSum returns the SHA-256 of a delivery's body; "" where it is not, or
// no longer, kept.
func (s *Store) PayloadSum(ctx context.Context, guid string) (string, error) {
	var packed []byte
	err := s.reader.QueryRowContext(ctx, s.Query(`SELECT payload FROM deliveries WHERE guid = ?1`), guid).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) || err == nil && packed == nil {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("delivery %s: %w", guid, err)
	}
	return packedSum(packed)
}

// packedSums are those of a decision and of its facts, "" where they were
// retired.
func packedSums(a, b []byte) (facts, decision string, err error) {
	if a != nil {
		if facts, err = packedSum(a); err != nil {
			return "", "", err
		}
	}
	decision, err = packedSum(b)
	return facts, decision, err
}

// packedSum never fails for what it reads: bytes that do not unpack were
// changed, and so have another sum.
func packedSum(packed []byte) (string, error) {
	b, err := unpack(packed)
	if err != nil {
		return "unreadable: " + err.Error(), nil //nolint:nilerr // see above
	}
	return Sum(b), nil
}

// Merged lists, oldest first, the entries of the decisions by which rolecall
// learnt that a pull request had been merged, from since on.
func (s *Store) Merged(ctx context.Context, since time.Time) ([]Entry, error) {
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT `+entryColumns+` FROM audit WHERE kind = ?1 AND at >= ?2 ORDER BY at, id`), KindDecision, Micros(since))
	if err != nil {
		return nil, fmt.Errorf("merged pull requests: %w", err)
	}
	seen := map[fact.Ref]bool{}
	var out []Entry
	_, err = collect(rows, func(rows *sql.Rows) (struct{}, error) {
		e, err := scanEntry(rows)
		if err != nil {
			return struct{}{}, err
		}
		var d DecisionEntry
		raw, _ := e.Data.(json.RawMessage)
		if err := json.Unmarshal(raw, &d); err != nil {
			return struct{}{}, fmt.Errorf("entry %d: %w", e.ID, err)
		}
		key := fact.Ref{Owner: e.Ref.Owner, Repo: e.Ref.Repo, Number: e.Ref.Number}
		if d.State == "merged" && !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
		return struct{}{}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("merged pull requests: %w", err)
	}
	return out, nil
}
