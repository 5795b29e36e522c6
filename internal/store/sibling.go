package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Decided returns the latest decision on the pull request, and whether there
// is one.
func (s *Store) Decided(ctx context.Context, ref fact.Ref) (d policy.Decision, ok bool, err error) {
	owner, repo := name(ref)
	var packed []byte
	err = s.reader.QueryRowContext(ctx, s.Query(`
		SELECT decision FROM decisions WHERE owner = ?1 AND repo = ?2 AND number = ?3 ORDER BY generation DESC LIMIT 1`),
		owner, repo, ref.Number).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return policy.Decision{}, false, nil
	}
	if err == nil {
		err = unpackJSON(packed, &d)
	}
	if err != nil {
		return policy.Decision{}, false, fmt.Errorf("latest decision: %w", err)
	}
	return d, true, nil
}

// PullsAt returns the other open pull requests of ref's repository whose head
// is sha, as far as deliveries told, in the order of their numbers.
func (s *Store) PullsAt(ctx context.Context, ref fact.Ref, sha string) ([]fact.Ref, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT number FROM pulls WHERE owner = ?1 AND repo = ?2 AND head_sha = ?3 AND number <> ?4 AND number <> 0 AND open ORDER BY number`),
		owner, repo, sha, ref.Number)
	if err != nil {
		return nil, fmt.Errorf("pull requests at a commit: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var refs []fact.Ref
	for rows.Next() {
		other := ref
		if err := rows.Scan(&other.Number); err != nil {
			return nil, fmt.Errorf("pull requests at a commit: %w", err)
		}
		refs = append(refs, other)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("pull requests at a commit: %w", err)
	}
	return refs, nil
}
