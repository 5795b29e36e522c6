package store

import (
	"context"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// unrequestableFor is how long a reviewer whom GitHub would not have is left
// alone: no event tells of every way in which access is given.
const unrequestableFor = time.Hour

// SetUnrequestable records the logins and teams ("org/slug") whose review
// GitHub would not let be requested in ref's repository. Nothing is recorded
// where the organisation's teams or members have changed since the version was
// read, before they were asked for ([Store.TeamsVersion]): they may have access
// now, and no other event would tell.
func (s *Store) SetUnrequestable(ctx context.Context, ref fact.Ref, reviewers []string, version int64) error {
	owner, repo := name(ref)
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		// The row is locked, so that a change comes before this or after it.
		_, err := t.ExecContext(ctx, s.Query(`INSERT INTO orgs (installation, org, version) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING`), ref.Installation, owner)
		if err != nil {
			return err
		}
		var now int64
		err = t.QueryRowContext(ctx, s.Query(`SELECT version FROM orgs WHERE installation = ?1 AND org = ?2`+s.ForUpdate()), ref.Installation, owner).Scan(&now)
		if err != nil || now != version {
			return err
		}
		for _, r := range reviewers {
			if _, err := t.ExecContext(ctx, s.Query(`INSERT INTO unrequestable (owner, repo, reviewer, at) VALUES (?1, ?2, ?3, ?4)
				ON CONFLICT (owner, repo, reviewer) DO UPDATE SET at = excluded.at`), owner, repo, r, Micros(time.Now())); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record who cannot be asked: %w", err)
	}
	return nil
}

// Unrequestable returns whose review GitHub would not let be requested in
// ref's repository during the last hour, unless the organisation's teams or
// members have changed since.
func (s *Store) Unrequestable(ctx context.Context, ref fact.Ref) ([]string, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT reviewer FROM unrequestable WHERE owner = ?1 AND repo = ?2 AND at > ?3 ORDER BY reviewer`),
		owner, repo, Micros(time.Now().Add(-unrequestableFor)))
	if err != nil {
		return nil, fmt.Errorf("who cannot be asked: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var r string
		if err := rows.Scan(&r); err != nil {
			return nil, fmt.Errorf("who cannot be asked: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("who cannot be asked: %w", err)
	}
	return out, nil
}
