package store

import (
	"context"
	"fmt"

	"github.com/rolecall/rolecall/policy/fact"
)

// SeePush records a push to a branch. The same push told again changes nothing.
func (s *Store) SeePush(ctx context.Context, ref fact.Ref, branch string, p Push) error {
	owner, repo := name(ref)
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`
			INSERT INTO branch_pushes (owner, repo, branch, sha, before, pusher, bot, account, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
			ON CONFLICT (owner, repo, branch, sha) DO NOTHING`),
			owner, repo, branch, p.SHA, p.Before, fact.Login(p.By.Login), p.By.Bot, p.Account, Micros(p.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("record push to a branch: %w", err)
	}
	return nil
}

// BranchPushes returns the pushes to a branch that deliveries told of, the
// latest first. It may lack some.
func (s *Store) BranchPushes(ctx context.Context, ref fact.Ref, branch string) ([]Push, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT sha, before, pusher, bot, account, at FROM branch_pushes
		WHERE owner = ?1 AND repo = ?2 AND branch = ?3 ORDER BY at DESC, sha LIMIT ?4`), owner, repo, branch, maxPushes)
	out, err := readPushes(rows, err)
	if err != nil {
		return nil, fmt.Errorf("pushes to a branch: %w", err)
	}
	return out, nil
}
