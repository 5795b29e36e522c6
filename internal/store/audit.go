package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Entry is one line of the audit trail.
type Entry struct {
	ID       int64 // given by the store, ascending
	At       time.Time
	Ref      fact.Ref
	Delivery string // GUID of the delivery that led to it; "" where none did
	Kind     string // "check", "request", "command", …
	Actor    string // the login that caused it, "" for rolecall itself
	// Data is encoded as JSON; entries that are read hold a json.RawMessage.
	Data any
}

// Audit appends to the audit trail, which the database itself refuses to
// change.
func (s *Store) Audit(ctx context.Context, entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.Write(ctx, func(ctx context.Context, t *Tx) error { return t.Audit(ctx, entries...) })
}

// Audit is [Store.Audit] within a transaction.
func (t *Tx) Audit(ctx context.Context, entries ...Entry) error {
	for _, e := range entries {
		data, err := json.Marshal(e.Data)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		owner, repo := name(e.Ref)
		_, err = t.ExecContext(ctx, t.s.Query(`
			INSERT INTO audit (at, installation, owner, repo, number, delivery, kind, actor, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`),
			Micros(e.At), e.Ref.Installation, owner, repo, e.Ref.Number, e.Delivery, e.Kind, e.Actor, string(data))
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	return nil
}

// AuditEntries returns the entries of one pull request that come after the
// given ID, oldest first, at most limit of them.
func (s *Store) AuditEntries(ctx context.Context, ref fact.Ref, after int64, limit int) ([]Entry, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT id, at, installation, owner, repo, number, delivery, kind, actor, data FROM audit
		WHERE owner = ?1 AND repo = ?2 AND number = ?3 AND id > ?4 ORDER BY id LIMIT ?5`), owner, repo, ref.Number, after, limit)
	if err != nil {
		return nil, fmt.Errorf("audit entries: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var entries []Entry
	for rows.Next() {
		var e Entry
		var at int64
		var data string
		if err := rows.Scan(&e.ID, &at, &e.Ref.Installation, &e.Ref.Owner, &e.Ref.Repo, &e.Ref.Number, &e.Delivery, &e.Kind, &e.Actor, &data); err != nil {
			return nil, fmt.Errorf("audit entries: %w", err)
		}
		e.At, e.Data = Time(at), json.RawMessage(data)
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("audit entries: %w", err)
	}
	return entries, nil
}
