package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/rolecall/rolecall/policy/fact"
)

// Green is a check that shows success, or may: it was to be written so.
type Green struct {
	Head  string // SHA of the commit that it is on
	Check string // its name
}

// Greens returns the checks of the pull request that were to show success and
// were not forgotten since.
func (s *Store) Greens(ctx context.Context, ref fact.Ref) ([]Green, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT head, check_name FROM greens WHERE owner = ?1 AND repo = ?2 AND number = ?3 ORDER BY head, check_name`), owner, repo, ref.Number)
	var out []Green
	err = each(rows, err, func(rows *sql.Rows) error {
		var g Green
		err := rows.Scan(&g.Head, &g.Check)
		out = append(out, g)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("green checks: %w", err)
	}
	return out, nil
}

// ForgetGreens forgets checks that show success no longer, or no longer have
// to be watched.
func (s *Store) ForgetGreens(ctx context.Context, ref fact.Ref, list ...Green) error {
	if len(list) == 0 {
		return nil
	}
	owner, repo := name(ref)
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		for _, g := range list {
			_, err := t.ExecContext(ctx, s.Query(`DELETE FROM greens WHERE owner = ?1 AND repo = ?2 AND number = ?3 AND head = ?4 AND check_name = ?5`),
				owner, repo, ref.Number, g.Head, g.Check)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget green checks: %w", err)
	}
	return nil
}

// green notes a check that is to show success, before it does.
func (t *Tx) green(ctx context.Context, ref fact.Ref, g Green) error {
	owner, repo := name(ref)
	_, err := t.ExecContext(ctx, t.s.Query(`
		INSERT INTO greens (owner, repo, number, head, check_name) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING`),
		owner, repo, ref.Number, g.Head, g.Check)
	return err
}
