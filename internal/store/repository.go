package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// AddRepository records that the installation reaches a repository.
func (t *Tx) AddRepository(ctx context.Context, installation int64, owner, repo string) error {
	_, err := t.ExecContext(ctx, t.s.Query(`
		INSERT INTO repositories (owner, repo, installation, name) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (owner, repo) DO UPDATE SET installation = excluded.installation, name = excluded.name`),
		lower(owner), lower(repo), installation, owner+"/"+repo)
	if err != nil {
		return fmt.Errorf("record repository: %w", err)
	}
	return nil
}

// DropRepository records that the installation no longer reaches a
// repository. That it once had a policy is not forgotten: it may come back.
func (t *Tx) DropRepository(ctx context.Context, owner, repo string) error {
	for _, q := range []string{
		`UPDATE repositories SET installation = 0, swept_policy = '` + Unreachable + `' WHERE owner = ?1 AND repo = ?2`,
		`UPDATE pulls SET open = FALSE WHERE owner = ?1 AND repo = ?2`,
		`UPDATE review_requests SET until = ` + t.s.now() + ` WHERE owner = ?1 AND repo = ?2 AND until = 0`,
	} {
		if _, err := t.ExecContext(ctx, t.s.Query(q), lower(owner), lower(repo)); err != nil {
			return fmt.Errorf("drop repository: %w", err)
		}
	}
	t.OnCommit(t.s.loads.forget)
	return nil
}

// DropInstallation records that an installation has ended or is suspended.
func (t *Tx) DropInstallation(ctx context.Context, installation int64) error {
	for _, q := range []string{
		`UPDATE repositories SET installation = 0, swept_policy = '` + Unreachable + `' WHERE installation = ?1`,
		`UPDATE review_requests SET until = ` + t.s.now() + ` WHERE until = 0 AND EXISTS (SELECT 1 FROM pulls p
			WHERE p.owner = review_requests.owner AND p.repo = review_requests.repo AND p.number = review_requests.number AND p.installation = ?1)`,
		`DELETE FROM chores WHERE installation = ?1 AND installation <> 0`,
		`UPDATE pulls SET open = FALSE WHERE installation = ?1`,
		`DELETE FROM teams WHERE installation = ?1`,
	} {
		if _, err := t.ExecContext(ctx, t.s.Query(q), installation); err != nil {
			return fmt.Errorf("drop installation: %w", err)
		}
	}
	t.OnCommit(t.s.loads.forget)
	return nil
}

// Repositories returns the repositories that the installation reaches as far
// as deliveries told, as references with Number 0, in the order of their
// names.
func (s *Store) Repositories(ctx context.Context, installation int64) ([]fact.Ref, error) {
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT name FROM repositories WHERE installation = ?1 ORDER BY owner, repo`), installation)
	if err != nil {
		return nil, fmt.Errorf("repositories: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var refs []fact.Ref
	for rows.Next() {
		var full string
		if err := rows.Scan(&full); err != nil {
			return nil, fmt.Errorf("repositories: %w", err)
		}
		ref := fact.Ref{Installation: installation}
		ref.Owner, ref.Repo = split(full)
		refs = append(refs, ref)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("repositories: %w", err)
	}
	return refs, nil
}

// PolicySeen reports whether the repository was ever seen to have a policy,
// its own or a floor. A policy that is gone since must not pass for none.
func (s *Store) PolicySeen(ctx context.Context, owner, repo string) (bool, error) {
	key := "policy of " + lower(owner) + "/" + lower(repo)
	if s.memo.holds(key) {
		return true, nil
	}
	var seen bool
	err := s.reader.QueryRowContext(ctx, s.Query(`SELECT policy_seen FROM repositories WHERE owner = ?1 AND repo = ?2`), lower(owner), lower(repo)).Scan(&seen)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("policy seen: %w", err)
	}
	if seen { // and so for ever
		s.memo.keep(key, time.Hour)
	}
	return seen, nil
}

// SetPolicySeen records that the repository has a policy.
func (s *Store) SetPolicySeen(ctx context.Context, owner, repo string) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`
			INSERT INTO repositories (owner, repo, installation, name, policy_seen) VALUES (?1, ?2, 0, ?3, TRUE)
			ON CONFLICT (owner, repo) DO UPDATE SET policy_seen = TRUE`), lower(owner), lower(repo), owner+"/"+repo)
		return err
	})
	if err != nil {
		return fmt.Errorf("policy seen: %w", err)
	}
	return nil
}

// split takes "owner/repo" apart.
func split(full string) (owner, repo string) {
	owner, repo, _ = strings.Cut(full, "/")
	return owner, repo
}
