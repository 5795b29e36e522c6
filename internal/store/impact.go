package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// maxImpacts is how many impacts of a repository are kept, the latest: anybody
// can bring versions of a policy.
const maxImpacts = 100

// Impact returns what was found for a pair of versions of ref's policy, and
// whether it was looked for.
func (s *Store) Impact(ctx context.Context, ref fact.Ref, versions string) (i policy.Impact, ok bool, err error) {
	owner, repo := name(ref)
	var packed []byte
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT impact FROM impacts WHERE owner = ?1 AND repo = ?2 AND versions = ?3`),
		owner, repo, versions).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return policy.Impact{}, false, nil
	}
	if err == nil {
		err = unpackJSON(packed, &i)
	}
	if err != nil {
		return policy.Impact{}, false, fmt.Errorf("impact of a policy: %w", err)
	}
	return i, true, nil
}

// SaveImpact keeps what was found for a pair of versions of ref's policy, and
// drops what is old.
func (s *Store) SaveImpact(ctx context.Context, ref fact.Ref, versions string, i policy.Impact) error {
	owner, repo := name(ref)
	packed, _, err := packJSON(i)
	if err != nil {
		return fmt.Errorf("save the impact of a policy: %w", err)
	}
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`
			INSERT INTO impacts (owner, repo, versions, at, impact) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (owner, repo, versions) DO UPDATE SET at = excluded.at, impact = excluded.impact`),
			owner, repo, versions, Micros(time.Now()), packed)
		if err == nil {
			_, err = t.ExecContext(ctx, s.Query(`DELETE FROM impacts WHERE owner = ?1 AND repo = ?2 AND versions NOT IN
				(SELECT versions FROM impacts WHERE owner = ?1 AND repo = ?2 ORDER BY at DESC, versions LIMIT ?3)`),
				owner, repo, maxImpacts)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("save the impact of a policy: %w", err)
	}
	return nil
}

// maxScanned is how many decisions are looked through for the latest.
const maxScanned = 10_000

// LatestOfOwner hands on the latest decision on each of the pull requests that
// were decided last in all repositories of ref's owner, ref itself left out,
// the latest first, at most n; ok is false where their facts or policies are no
// longer kept. It ends where each returns an error, with that error.
func (s *Store) LatestOfOwner(ctx context.Context, ref fact.Ref, n int, each func(d Decision, ok bool) error) error {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT repo, number FROM decisions WHERE owner = ?1 ORDER BY at DESC, repo, number DESC LIMIT ?2`), owner, maxScanned)
	if err != nil {
		return fmt.Errorf("latest decisions of %s: %w", owner, err)
	}
	defer func() { _ = rows.Close() }()
	var all []fact.Ref
	seen := map[fact.Ref]bool{{Owner: owner, Repo: repo, Number: ref.Number}: true}
	for rows.Next() && len(all) < n {
		r := fact.Ref{Owner: owner}
		if err := rows.Scan(&r.Repo, &r.Number); err != nil {
			return fmt.Errorf("latest decisions of %s: %w", owner, err)
		}
		if !seen[r] {
			seen[r] = true
			all = append(all, r)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("latest decisions of %s: %w", owner, err)
	}
	for _, r := range all { // one at a time: a large pull request has megabytes
		d, ok, err := s.LatestDecision(ctx, r)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			ok = false // its policy is no longer kept
		case err != nil:
			return err
		}
		if err := each(d, ok && !d.Retired); err != nil {
			return err
		}
	}
	return nil
}

// LatestFacts hands on the facts of the latest decision on each of the most
// recent pull requests of ref's repository, ref itself left out, the newest
// first, at most n; ok is false where they are no longer kept. It ends where
// each returns an error, with that error.
func (s *Store) LatestFacts(ctx context.Context, ref fact.Ref, n int, each func(pull fact.Pull, ok bool) error) error {
	type row struct{ number, generation int64 }
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT number, MAX(generation) FROM decisions WHERE owner = ?1 AND repo = ?2 AND number <> ?3
		GROUP BY number ORDER BY number DESC LIMIT ?4`), owner, repo, ref.Number, n)
	if err != nil {
		return fmt.Errorf("latest facts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.number, &r.generation); err != nil {
			return fmt.Errorf("latest facts: %w", err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("latest facts: %w", err)
	}
	for _, r := range all { // one at a time: a large pull request has megabytes
		var packed []byte
		err := s.reader.QueryRowContext(ctx, s.Query(`SELECT facts FROM decisions WHERE owner = ?1 AND repo = ?2 AND number = ?3 AND generation = ?4`),
			owner, repo, r.number, r.generation).Scan(&packed)
		var pull fact.Pull
		if err == nil && packed != nil {
			err = unpackJSON(packed, &pull)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("latest facts: %w", err)
		}
		if err := each(pull, err == nil && packed != nil); err != nil {
			return err
		}
	}
	return nil
}
