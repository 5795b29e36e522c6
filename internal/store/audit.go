package store

import (
	"context"
	"database/sql"
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
	// Link is given by the store.
	Link Link
}

// Audit appends to the audit trail, which the database itself refuses to
// change, and whose entries are chained by their hashes.
func (s *Store) Audit(ctx context.Context, entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.Write(ctx, func(ctx context.Context, t *Tx) error { return t.Audit(ctx, entries...) })
}

// AuditEntries returns the entries of one pull request that come after the
// given ID, oldest first, at most limit of them.
func (s *Store) AuditEntries(ctx context.Context, ref fact.Ref, after int64, limit int) ([]Entry, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT `+entryColumns+` FROM audit
		WHERE owner = ?1 AND repo = ?2 AND number = ?3 AND id > ?4 ORDER BY id LIMIT ?5`), owner, repo, ref.Number, after, limit)
	if err != nil {
		return nil, fmt.Errorf("audit entries: %w", err)
	}
	entries, err := collect(rows, scanEntry)
	if err != nil {
		return nil, fmt.Errorf("audit entries: %w", err)
	}
	return entries, nil
}

const entryColumns = "id, at, installation, owner, repo, number, delivery, kind, actor, data, segment, lane, seq, hash"

func scanEntry(rows *sql.Rows) (e Entry, err error) {
	var at int64
	var data string
	err = rows.Scan(&e.ID, &at, &e.Ref.Installation, &e.Ref.Owner, &e.Ref.Repo, &e.Ref.Number, &e.Delivery, &e.Kind, &e.Actor, &data,
		&e.Link.Segment, &e.Link.Lane, &e.Link.Seq, &e.Link.Hash)
	e.At, e.Data = Time(at), json.RawMessage(data)
	return e, err
}
