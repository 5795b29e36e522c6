package store

import (
	"context"
	"fmt"
	"time"
)

// Latest yields the latest decision of each pull request that is open or was
// looked at since a time, in the order of owner, repository and number. Facts
// that are no longer kept are left out: the Pull is zero then.
func (s *Store) Latest(ctx context.Context, since time.Time, yield func(Decision) error) error {
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT d.generation, d.at, d.standing, d.facts, d.decision FROM decisions d
		JOIN (SELECT owner, repo, number, max(generation) AS generation FROM decisions GROUP BY owner, repo, number) m
			ON m.owner = d.owner AND m.repo = d.repo AND m.number = d.number AND m.generation = d.generation
		LEFT JOIN pulls p ON p.owner = d.owner AND p.repo = d.repo AND p.number = d.number
		WHERE d.at >= ?1 OR p.open ORDER BY d.owner, d.repo, d.number`), Micros(since))
	if err != nil {
		return fmt.Errorf("latest decisions: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d Decision
		var at int64
		var facts, decision []byte
		if err := rows.Scan(&d.Generation, &at, &d.Standing, &facts, &decision); err != nil {
			return fmt.Errorf("latest decisions: %w", err)
		}
		if err := unpackJSON(facts, &d.Pull); err != nil {
			return fmt.Errorf("latest decisions: %w", err)
		}
		if err := unpackJSON(decision, &d.Decision); err != nil {
			return fmt.Errorf("latest decisions: %w", err)
		}
		d.At = Time(at)
		if err := yield(d); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("latest decisions: %w", err)
	}
	return nil
}
