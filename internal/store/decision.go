package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Decision is one decision as it is kept, with the facts that it rests on.
type Decision struct {
	Generation int64
	At         time.Time
	// Standing is the external_id of the check that is to show it.
	Standing string
	Decision policy.Decision
	Pull     fact.Pull
}

// SaveDecision keeps a decision and the facts that it was made from for good;
// its generation must be new. Standing is the external_id of the check that is
// to show it, "" where none is.
func (s *Store) SaveDecision(ctx context.Context, ref fact.Ref, generation int64, standing string, d policy.Decision, pull fact.Pull) error {
	facts, err := packJSON(pull)
	if err != nil {
		return fmt.Errorf("save decision: %w", err)
	}
	decision, err := packJSON(d)
	if err != nil {
		return fmt.Errorf("save decision: %w", err)
	}
	at := pull.Now
	if at.IsZero() {
		at = time.Now()
	}
	owner, repo := name(ref)
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`
			INSERT INTO decisions (owner, repo, number, generation, at, head, check_name, status, standing, facts, decision)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`),
			owner, repo, ref.Number, generation, Micros(at), d.Head, d.Check, string(d.Status), standing, facts, decision)
		return err
	})
	if err != nil {
		return fmt.Errorf("save decision: %w", err)
	}
	return nil
}

// LatestDecision returns the decision of the pull request with the greatest
// generation, and whether there is one.
func (s *Store) LatestDecision(ctx context.Context, ref fact.Ref) (d Decision, ok bool, err error) {
	owner, repo := name(ref)
	var at int64
	var facts, decision []byte
	err = s.reader.QueryRowContext(ctx, s.Query(`
		SELECT generation, at, standing, facts, decision FROM decisions
		WHERE owner = ?1 AND repo = ?2 AND number = ?3 ORDER BY generation DESC LIMIT 1`), owner, repo, ref.Number).Scan(
		&d.Generation, &at, &d.Standing, &facts, &decision)
	if errors.Is(err, sql.ErrNoRows) {
		return Decision{}, false, nil
	}
	if err == nil {
		err = unpackJSON(facts, &d.Pull)
	}
	if err == nil {
		err = unpackJSON(decision, &d.Decision)
	}
	if err != nil {
		return Decision{}, false, fmt.Errorf("latest decision: %w", err)
	}
	d.At = Time(at)
	return d, true, nil
}

// Standing returns the greatest generation of the pull request's check that was
// given out, 0 where none was, and the external_id of the check that is to
// stand by the decision of that generation, "" where there is none.
func (s *Store) Standing(ctx context.Context, ref fact.Ref) (generation int64, standing string, err error) {
	owner, repo := name(ref)
	err = s.reader.QueryRowContext(ctx, s.Query(`
		SELECT p.generation, COALESCE(d.standing, '') FROM pulls p
		LEFT JOIN decisions d ON d.owner = p.owner AND d.repo = p.repo AND d.number = p.number AND d.generation = p.generation
		WHERE p.owner = ?1 AND p.repo = ?2 AND p.number = ?3`), owner, repo, ref.Number).Scan(&generation, &standing)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, "", fmt.Errorf("standing check: %w", err)
	}
	return generation, standing, nil
}

func packJSON(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return pack(b)
}

// unpackJSON leaves v as it is where p was retired.
func unpackJSON(p []byte, v any) error {
	b, err := unpack(p)
	if err != nil || b == nil {
		return err
	}
	return json.Unmarshal(b, v)
}
