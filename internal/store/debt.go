package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Debt is a broken glass and the reviews that it skipped, as the latest look
// at its pull request found them.
type Debt struct {
	Ref   fact.Ref
	Glass policy.Glass
	// ClearedAt is when nothing was owed any more, or when the pull request
	// was closed without being merged; zero until then.
	ClearedAt time.Time
}

// SaveGlass records how a broken glass stands: g is nil where it is broken no
// longer, and over is true where nothing will be owed. A debt that was cleared
// keeps the time at which that was first found.
func (s *Store) SaveGlass(ctx context.Context, ref fact.Ref, g *policy.Glass, over bool, now time.Time) error {
	owner, repo := name(ref)
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		if g == nil {
			_, err := t.ExecContext(ctx, s.Query(`UPDATE debts SET cleared_at = ?1 WHERE owner = ?2 AND repo = ?3 AND number = ?4 AND cleared_at = 0`),
				Micros(now), owner, repo, ref.Number)
			return err
		}
		data, err := json.Marshal(g)
		if err != nil {
			return err
		}
		var cleared int64
		if over {
			cleared = Micros(now)
		}
		_, err = t.ExecContext(ctx, s.Query(`
			INSERT INTO debts (owner, repo, number, installation, name, broken_by, broken_at, merged_at, cleared_at, glass)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
			ON CONFLICT (owner, repo, number) DO UPDATE SET installation = excluded.installation, name = excluded.name,
				broken_by = excluded.broken_by, broken_at = excluded.broken_at, merged_at = excluded.merged_at, glass = excluded.glass,
				cleared_at = CASE WHEN excluded.cleared_at <> 0 AND debts.cleared_at <> 0 THEN debts.cleared_at ELSE excluded.cleared_at END`),
			owner, repo, ref.Number, ref.Installation, ref.Owner+"/"+ref.Repo, g.By, Micros(g.At), Micros(g.MergedAt), cleared, string(data))
		return err
	})
	if err != nil {
		return fmt.Errorf("save debt: %w", err)
	}
	return nil
}

// Debts lists the broken glasses of one repository, or of all where owner is
// "", cleared ones included, oldest first.
func (s *Store) Debts(ctx context.Context, owner, repo string) ([]Debt, error) {
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT installation, name, number, cleared_at, glass FROM debts
		WHERE ?1 = '' OR (owner = ?1 AND repo = ?2) ORDER BY broken_at, owner, repo, number`), lower(owner), lower(repo))
	if err != nil {
		return nil, fmt.Errorf("debts: %w", err)
	}
	return scanDebts(rows)
}

func scanDebts(rows *sql.Rows) ([]Debt, error) {
	defer func() { _ = rows.Close() }()
	var out []Debt
	for rows.Next() {
		var d Debt
		var full, glass string
		var cleared int64
		if err := rows.Scan(&d.Ref.Installation, &full, &d.Ref.Number, &cleared, &glass); err != nil {
			return nil, fmt.Errorf("debts: %w", err)
		}
		if err := json.Unmarshal([]byte(glass), &d.Glass); err != nil {
			return nil, fmt.Errorf("debts: %w", err)
		}
		d.Ref.Owner, d.Ref.Repo = split(full)
		d.ClearedAt = Time(cleared)
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("debts: %w", err)
	}
	return out, nil
}

// OpenDebts returns how many merged pull requests owe reviews.
func (s *Store) OpenDebts(ctx context.Context) (n int, err error) {
	if err := s.reader.QueryRowContext(ctx, `SELECT count(*) FROM debts WHERE cleared_at = 0 AND merged_at <> 0`).Scan(&n); err != nil {
		return 0, fmt.Errorf("open debts: %w", err)
	}
	return n, nil
}
