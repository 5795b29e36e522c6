package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Look is an outstanding wish to examine something again. While its row stands
// the queue holds a job for it, or it says when it is due.
type Look struct {
	Key  string // names what is to be examined
	Kind string
	Ref  fact.Ref
	// HeadSHA, BaseSHA and BaseRef are what the latest delivery that named
	// them said: hints, possibly stale.
	HeadSHA, BaseSHA, BaseRef string
	Org                       string
	Why, Delivery             string // of the latest wish
	ReceivedAt                time.Time

	// Turn counts the wishes. A worker that saw a turn has served the wishes
	// up to it and no later one.
	Turn int64
	// Priority is that of the most urgent wish, 1 before 4, or [DueByTime].
	Priority int
	// Failures counts the failed attempts since the last that succeeded.
	Failures int
	// HoldUntil is when GitHub wants to be asked again at the earliest.
	HoldUntil time.Time
	// VerifyAt is when what an earlier, lost worker may have sent has arrived
	// for certain, so that a look after it sees the last word.
	VerifyAt time.Time
}

// DueByTime is the priority of a look that nobody wishes at present: it is due
// later because of the time alone. Any wish is more urgent.
const DueByTime = 9

// WishLook records a wish, and returns its turn and until when the look is on
// hold. A wish that is more urgent than the ones before ends the hold: it was
// for them. It locks the look until the transaction ends.
func (t *Tx) WishLook(ctx context.Context, l Look) (turn int64, hold time.Time, err error) {
	var held int64
	err = t.QueryRowContext(ctx, t.s.Query(`
		INSERT INTO looks (key, counter, kind, installation, owner, repo, number, head_sha, base_sha, base_ref, org, why, delivery, received_at, priority)
		VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
		ON CONFLICT (key) DO UPDATE SET counter = looks.counter + 1,
			priority = CASE WHEN excluded.priority < looks.priority THEN excluded.priority ELSE looks.priority END,
			hold_until = CASE WHEN excluded.priority < looks.priority THEN 0 ELSE looks.hold_until END,
			installation = excluded.installation, owner = excluded.owner, repo = excluded.repo,
			head_sha = CASE excluded.head_sha WHEN '' THEN looks.head_sha ELSE excluded.head_sha END,
			base_sha = CASE excluded.base_sha WHEN '' THEN looks.base_sha ELSE excluded.base_sha END,
			base_ref = CASE excluded.base_ref WHEN '' THEN looks.base_ref ELSE excluded.base_ref END,
			due_at = 0, org = excluded.org, why = excluded.why, delivery = excluded.delivery, received_at = excluded.received_at
		RETURNING counter, hold_until`),
		l.Key, l.Kind, l.Ref.Installation, l.Ref.Owner, l.Ref.Repo, l.Ref.Number, l.HeadSHA, l.BaseSHA, l.BaseRef,
		l.Org, l.Why, l.Delivery, Micros(l.ReceivedAt), l.Priority).Scan(&turn, &held)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("wish look: %w", err)
	}
	return turn, Time(held), nil
}

// Look returns the look of that key, and whether it is still wished for.
// Hints that its wishes did not give come from what earlier deliveries told of
// the pull request.
func (s *Store) Look(ctx context.Context, key string) (l Look, ok bool, err error) {
	var received, hold, verify int64
	var head, base, branch sql.NullString
	l.Key = key
	err = s.reader.QueryRowContext(ctx, s.Query(`
		SELECT l.counter, l.kind, l.installation, l.owner, l.repo, l.number, l.head_sha, l.base_sha, l.base_ref, l.org, l.why, l.delivery,
			l.received_at, l.priority, l.failures, l.hold_until, l.verify_at, p.head_sha, p.base_sha, p.base_ref
		FROM looks l LEFT JOIN pulls p ON p.owner = lower(l.owner) AND p.repo = lower(l.repo) AND p.number = l.number AND l.number <> 0
		WHERE l.key = ?1`), key).Scan(
		&l.Turn, &l.Kind, &l.Ref.Installation, &l.Ref.Owner, &l.Ref.Repo, &l.Ref.Number, &l.HeadSHA, &l.BaseSHA, &l.BaseRef, &l.Org, &l.Why, &l.Delivery,
		&received, &l.Priority, &l.Failures, &hold, &verify, &head, &base, &branch)
	if errors.Is(err, sql.ErrNoRows) {
		return Look{}, false, nil
	}
	if err != nil {
		return Look{}, false, fmt.Errorf("look: %w", err)
	}
	if l.HeadSHA == "" {
		l.HeadSHA = head.String
	}
	if l.BaseSHA == "" {
		l.BaseSHA = base.String
	}
	if l.BaseRef == "" {
		l.BaseRef = branch.String
	}
	l.ReceivedAt, l.HoldUntil, l.VerifyAt = Time(received), Time(hold), Time(verify)
	return l, true, nil
}

// LockLook locks the look until the transaction ends and returns its turn and
// priority; ok is false when nobody wishes it.
func (t *Tx) LockLook(ctx context.Context, key string) (turn int64, priority int, ok bool, err error) {
	err = t.QueryRowContext(ctx, t.s.Query(`SELECT counter, priority FROM looks WHERE key = ?1`+t.s.ForUpdate()), key).Scan(&turn, &priority)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, fmt.Errorf("lock look: %w", err)
	}
	return turn, priority, true, nil
}

// KeepLook records how the look stands that is to be taken again; due is zero
// where a job stands for it.
func (t *Tx) KeepLook(ctx context.Context, key string, priority, failures int, hold, verify, due time.Time) error {
	_, err := t.ExecContext(ctx, t.s.Query(`UPDATE looks SET priority = ?1, failures = ?2, hold_until = ?3, verify_at = ?4, due_at = ?5 WHERE key = ?6`),
		priority, failures, Micros(hold), Micros(verify), Micros(due), key)
	if err != nil {
		return fmt.Errorf("keep look: %w", err)
	}
	return nil
}

// DueLooks are the keys of looks whose time has come, the longest due first,
// and at most limit.
func (s *Store) DueLooks(ctx context.Context, limit int) ([]string, error) {
	var keys []string
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT key FROM looks WHERE due_at > 0 AND due_at <= `+s.now()+` ORDER BY due_at LIMIT ?1`), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("due looks: %w", err)
	}
	return keys, nil
}

// TakeDue locks the look until the transaction ends and has it due no more; ok
// is false where it was not: somebody else took it, or wished it.
func (t *Tx) TakeDue(ctx context.Context, key string) (priority int, ok bool, err error) {
	err = t.QueryRowContext(ctx, t.s.Query(`UPDATE looks SET due_at = 0 WHERE key = ?1 AND due_at > 0 AND due_at <= `+t.s.now()+` RETURNING priority`), key).Scan(&priority)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("take due look: %w", err)
	}
	return priority, true, nil
}

// EndLook forgets a look that nobody wishes any more.
func (t *Tx) EndLook(ctx context.Context, key string) error {
	if _, err := t.ExecContext(ctx, t.s.Query(`DELETE FROM looks WHERE key = ?1`), key); err != nil {
		return fmt.Errorf("end look: %w", err)
	}
	return nil
}

// VerifyLook sets when the look is to be taken once more because its worker
// was lost.
func (t *Tx) VerifyLook(ctx context.Context, key string, at time.Time) error {
	if _, err := t.ExecContext(ctx, t.s.Query(`UPDATE looks SET verify_at = ?1 WHERE key = ?2`), Micros(at), key); err != nil {
		return fmt.Errorf("verify look: %w", err)
	}
	return nil
}

// Looks returns how many looks are outstanding: waiting, being taken, or due
// later.
func (s *Store) Looks(ctx context.Context) (n int, err error) {
	if err := s.reader.QueryRowContext(ctx, `SELECT count(*) FROM looks`).Scan(&n); err != nil {
		return 0, fmt.Errorf("looks: %w", err)
	}
	return n, nil
}

// Alive records that the replica lives, by the database's own clock.
func (s *Store) Alive(ctx context.Context, replica string) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`
			INSERT INTO replicas (id, seen_at) VALUES (?1, `+s.now()+`) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`), replica)
		return err
	})
	if err != nil {
		return fmt.Errorf("sign of life: %w", err)
	}
	return nil
}

// Replicas counts those that have given a sign of life within the given time.
func (s *Store) Replicas(ctx context.Context, within time.Duration) (n int, err error) {
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT count(*) FROM replicas WHERE seen_at >= `+s.now()+` - ?1`), within.Microseconds()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("replicas: %w", err)
	}
	return n, nil
}

// Ended forgets a replica that stopped, and all that gave no sign of life for
// a day.
func (s *Store) Ended(ctx context.Context, replica string) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`DELETE FROM replicas WHERE id = ?1 OR seen_at < `+s.now()+` - 86400000000`), replica)
		return err
	})
	if err != nil {
		return fmt.Errorf("end of replica: %w", err)
	}
	return nil
}

// forgetReplicas forgets those that gave no sign of life for a day: one that
// was killed does not say that it ends.
func (s *Store) forgetReplicas(ctx context.Context) error {
	return s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, `DELETE FROM replicas WHERE seen_at < `+s.now()+` - 86400000000`)
		return err
	})
}

// now is the database's clock in microseconds.
func (s *Store) now() string {
	if s.dialect == Postgres {
		return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
	}
	return "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)"
}
