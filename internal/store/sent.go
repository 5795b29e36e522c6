package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Sending records that something is about to be written that GitHub would write
// twice, and reports false where the same was sent less than settled ago by
// whoever did not live, or wait, to see it written: it may appear yet.
func (s *Store) Sending(ctx context.Context, ref fact.Ref, what string, settled time.Duration) (ok bool, err error) {
	owner, repo := name(ref)
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		var at int64
		err := t.QueryRowContext(ctx, s.Query(`INSERT INTO sent (owner, repo, what, at) VALUES (?1, ?2, ?3, `+s.now()+`)
			ON CONFLICT (owner, repo, what) DO UPDATE SET at = excluded.at WHERE sent.at <= excluded.at - ?4 RETURNING at`),
			owner, repo, what, settled.Microseconds()).Scan(&at)
		ok = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("record what is sent: %w", err)
	}
	return ok, nil
}

// NotSent takes back what [Store.Sending] recorded, once it is known that it was
// not written.
func (s *Store) NotSent(ctx context.Context, ref fact.Ref, what string) error {
	owner, repo := name(ref)
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`DELETE FROM sent WHERE owner = ?1 AND repo = ?2 AND what = ?3`), owner, repo, what)
		return err
	})
	if err != nil {
		return fmt.Errorf("record what was not sent: %w", err)
	}
	return nil
}
