package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/rolecall/rolecall/policy/fact"
)

// labelled records that a label was set, the latest time of each.
func (t *Tx) labelled(ctx context.Context, p PullSeen) error {
	owner, repo := name(p.Ref)
	_, err := t.ExecContext(ctx, t.s.Query(`
		INSERT INTO labelled (owner, repo, number, label, login, bot, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
		ON CONFLICT (owner, repo, number, label) DO UPDATE SET login = excluded.login, bot = excluded.bot, at = excluded.at
		WHERE labelled.at <= excluded.at`),
		owner, repo, p.Ref.Number, p.Label, fact.Login(p.Labeller.Login), p.Labeller.Bot, Micros(p.UpdatedAt))
	return err
}

// Labelled returns the labels that deliveries told were set on the pull
// request, by name, each the latest time.
func (s *Store) Labelled(ctx context.Context, ref fact.Ref) ([]fact.LabelEvent, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT label, login, bot, at FROM labelled WHERE owner = ?1 AND repo = ?2 AND number = ?3 ORDER BY label`), owner, repo, ref.Number)
	var out []fact.LabelEvent
	err = each(rows, err, func(rows *sql.Rows) error {
		e := fact.LabelEvent{Added: true}
		var at int64
		err := rows.Scan(&e.Label, &e.By.Login, &e.By.Bot, &at)
		e.At = Time(at)
		out = append(out, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("labels that were set: %w", err)
	}
	return out, nil
}
