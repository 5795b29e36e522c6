package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// PullSeen is what a delivery told of a pull request.
type PullSeen struct {
	Ref                       fact.Ref
	Open                      bool
	HeadSHA, BaseSHA, BaseRef string
	// UpdatedAt is GitHub's own time of the pull request's state, by which
	// deliveries are put in order; what is older than the known is ignored.
	UpdatedAt time.Time
	// Pusher is set when the delivery was of a push to the head, and Before is
	// the head that the push replaced.
	Pusher fact.Person
	// Account is the number of the pusher's account; 0 where it is not known.
	Account int64
	Before  string
	// Label is set when the delivery was of a label that Labeller set.
	Label    string
	Labeller fact.Person
}

// Push is a push to a pull request's head.
type Push struct {
	SHA    string // the head from then on
	Before string // the head until then; "" where the delivery did not say
	By     fact.Person
	// Account is the number of By's account, whose login may be another by now;
	// 0 where it is not known.
	Account int64
	At      time.Time
}

// SeePull records what a delivery told of a pull request: hints for the next
// look at it, and who pushed which head.
func (t *Tx) SeePull(ctx context.Context, p PullSeen) error {
	owner, repo := name(p.Ref)
	at := Micros(p.UpdatedAt)
	_, err := t.ExecContext(ctx, t.s.Query(`
		INSERT INTO pulls (owner, repo, number, installation, name, open, head_sha, base_sha, base_ref, updated_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
		ON CONFLICT (owner, repo, number) DO UPDATE SET installation = excluded.installation, name = excluded.name, open = excluded.open,
			head_sha = excluded.head_sha, base_sha = excluded.base_sha, base_ref = excluded.base_ref, updated_at = excluded.updated_at
		WHERE pulls.updated_at <= excluded.updated_at`),
		owner, repo, p.Ref.Number, p.Ref.Installation, p.Ref.Owner+"/"+p.Ref.Repo, p.Open, p.HeadSHA, p.BaseSHA, p.BaseRef, at)
	if err == nil && p.Pusher.Login != "" {
		err = t.addPush(ctx, p.Ref, Push{SHA: p.HeadSHA, Before: p.Before, By: p.Pusher, Account: p.Account, At: p.UpdatedAt})
	}
	if err == nil && p.Label != "" {
		err = t.labelled(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("record pull request: %w", err)
	}
	return nil
}

func (t *Tx) addPush(ctx context.Context, ref fact.Ref, p Push) error {
	owner, repo := name(ref)
	_, err := t.ExecContext(ctx, t.s.Query(`
		INSERT INTO pushes (owner, repo, number, sha, before, pusher, bot, account, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
		ON CONFLICT (owner, repo, number, sha) DO UPDATE SET before = excluded.before, pusher = excluded.pusher, bot = excluded.bot, account = excluded.account, at = excluded.at
		WHERE pushes.at <= excluded.at`),
		owner, repo, ref.Number, p.SHA, p.Before, fact.Login(p.By.Login), p.By.Bot, p.Account, Micros(p.At))
	return err
}

// maxPushes bounds the pushes that are told of a pull request.
const maxPushes = 500

// Pushes returns the pushes to the pull request's head that deliveries told
// of, the latest first. It may lack some.
func (s *Store) Pushes(ctx context.Context, ref fact.Ref) ([]Push, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT sha, before, pusher, bot, account, at FROM pushes
		WHERE owner = ?1 AND repo = ?2 AND number = ?3 ORDER BY at DESC, sha LIMIT ?4`), owner, repo, ref.Number, maxPushes)
	pushes, err := readPushes(rows, err)
	if err != nil {
		return nil, fmt.Errorf("pushes: %w", err)
	}
	return pushes, nil
}

// readPushes reads rows of sha, before, pusher, bot, account and at.
func readPushes(rows *sql.Rows, err error) (out []Push, _ error) {
	err = each(rows, err, func(rows *sql.Rows) error {
		var p Push
		var at int64
		err := rows.Scan(&p.SHA, &p.Before, &p.By.Login, &p.By.Bot, &p.Account, &at)
		p.At = Time(at)
		out = append(out, p)
		return err
	})
	return out, err
}

// KnownPulls returns the pull requests of an owner that are open as far as
// deliveries told, and those that are to be looked at or just are, in no order:
// a look that has begun may have read what is news now, and find the pull
// request open. It may lack some: the database can be younger than they are.
func (s *Store) KnownPulls(ctx context.Context, installation int64, owner string) ([]fact.Ref, error) {
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT name, number FROM pulls WHERE installation = ?1 AND owner = ?2 AND open
		UNION SELECT owner || '/' || repo, number FROM looks WHERE kind = 'pull' AND installation = ?1 AND lower(owner) = ?2`), installation, lower(owner))
	if err != nil {
		return nil, fmt.Errorf("known pull requests: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var refs []fact.Ref
	for rows.Next() {
		var full string
		ref := fact.Ref{Installation: installation}
		if err := rows.Scan(&full, &ref.Number); err != nil {
			return nil, fmt.Errorf("known pull requests: %w", err)
		}
		ref.Owner, ref.Repo = split(full)
		refs = append(refs, ref)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("known pull requests: %w", err)
	}
	return refs, nil
}

// Looked records that rolecall has looked at a pull request that no policy
// governs; seen is GitHub's time of its state.
func (s *Store) Looked(ctx context.Context, ref fact.Ref, at, seen time.Time, state string) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error { return t.looked(ctx, ref, at, seen, state) })
	if err != nil {
		return fmt.Errorf("record look: %w", err)
	}
	return nil
}

func (t *Tx) looked(ctx context.Context, ref fact.Ref, at, seen time.Time, state string) error {
	owner, repo := name(ref)
	_, err := t.ExecContext(ctx, t.s.Query(`
		INSERT INTO pulls (owner, repo, number, installation, name, open, head_sha, base_sha, base_ref, updated_at, looked_at, looked_state)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', '', '', 0, ?7, ?8)
		ON CONFLICT (owner, repo, number) DO UPDATE SET looked_at = excluded.looked_at, looked_state = excluded.looked_state, open = excluded.open`),
		owner, repo, ref.Number, ref.Installation, ref.Owner+"/"+ref.Repo, state == "open", Micros(at), Micros(seen))
	return err
}

// Gone records that a pull request is out of reach: nobody waits for it. Whatever
// tells that it is there again has it looked at, a sweep included.
func (s *Store) Gone(ctx context.Context, ref fact.Ref) error {
	owner, repo := name(ref)
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		for _, q := range []string{
			`UPDATE pulls SET open = FALSE, looked_state = 0 WHERE owner = ?1 AND repo = ?2 AND number = ?3`,
			`UPDATE review_requests SET until = ` + s.now() + ` WHERE owner = ?1 AND repo = ?2 AND number = ?3 AND until = 0`,
		} {
			if _, err := t.ExecContext(ctx, s.Query(q), owner, repo, ref.Number); err != nil {
				return err
			}
		}
		t.OnCommit(s.loads.forget)
		return nil
	})
	if err != nil {
		return fmt.Errorf("record that %s is gone: %w", ref, err)
	}
	return nil
}

// ErrOvertaken is the error of a decision whose generation is not new: another
// look at the pull request came between.
var ErrOvertaken = errors.New("it was looked at by somebody else meanwhile")

// decided is looked for a look that led to a decision. It fails with
// [ErrOvertaken] where the generation is no greater than every one before.
func (t *Tx) decided(ctx context.Context, d Decision) error {
	owner, repo := name(d.Ref)
	r, err := t.ExecContext(ctx, t.s.Query(`
		INSERT INTO pulls (owner, repo, number, installation, name, open, head_sha, base_sha, base_ref, updated_at, looked_at, looked_state, generation)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', '', '', 0, ?7, ?8, ?9)
		ON CONFLICT (owner, repo, number) DO UPDATE SET looked_at = excluded.looked_at, looked_state = excluded.looked_state, open = excluded.open,
			generation = excluded.generation
		WHERE pulls.generation < excluded.generation`),
		owner, repo, d.Ref.Number, d.Ref.Installation, d.Ref.Owner+"/"+d.Ref.Repo, d.Pull.State == "open", Micros(d.At), Micros(d.SeenUntil), d.Generation)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrOvertaken)
	}
	return nil
}

// generation is of a pull request: what was known of a closed one may have
// been dropped, and its decisions stand.
const generation = `SELECT COALESCE((SELECT NULLIF(generation, 0) FROM pulls WHERE owner = ?1 AND repo = ?2 AND number = ?3),
	(SELECT max(generation) FROM decisions WHERE owner = ?1 AND repo = ?2 AND number = ?3), 0)`

// Generation returns the greatest generation of the pull request's checks that
// was given out; 0 where none was.
func (s *Store) Generation(ctx context.Context, ref fact.Ref) (n int64, err error) {
	owner, repo := name(ref)
	if err := s.reader.QueryRowContext(ctx, s.Query(generation), owner, repo, ref.Number).Scan(&n); err != nil {
		return 0, fmt.Errorf("generation: %w", err)
	}
	return n, nil
}

// NextGeneration gives out a number for a check that no decision of its own
// stands behind, greater than every one before.
func (s *Store) NextGeneration(ctx context.Context, ref fact.Ref) (int64, error) {
	owner, repo := name(ref)
	var next int64
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		if err := t.QueryRowContext(ctx, s.Query(generation), owner, repo, ref.Number).Scan(&next); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, s.Query(`
			INSERT INTO pulls (owner, repo, number, installation, name, open, head_sha, base_sha, base_ref, updated_at, generation)
			VALUES (?1, ?2, ?3, ?4, ?5, TRUE, '', '', '', 0, ?6)
			ON CONFLICT (owner, repo, number) DO UPDATE SET generation = CASE WHEN pulls.generation >= ?6 THEN pulls.generation + 1 ELSE ?6 END
			RETURNING generation`),
			owner, repo, ref.Number, ref.Installation, ref.Owner+"/"+ref.Repo, next+1).Scan(&next)
	})
	if err != nil {
		return 0, fmt.Errorf("next generation: %w", err)
	}
	return next, nil
}

// AddReviewCommit records the commit that a review's own delivery named. The
// first record stands: after a force-push GitHub has been seen to name another.
func (t *Tx) AddReviewCommit(ctx context.Context, ref fact.Ref, review int64, sha string) error {
	owner, repo := name(ref)
	_, err := t.ExecContext(ctx, t.s.Query(`INSERT INTO review_commits (owner, repo, number, review, sha) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING`),
		owner, repo, ref.Number, review, sha)
	if err != nil {
		return fmt.Errorf("record review: %w", err)
	}
	return nil
}

// ReviewCommits returns the recorded commits of a pull request's reviews, by
// review.
func (s *Store) ReviewCommits(ctx context.Context, ref fact.Ref) (map[int64]string, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT review, sha FROM review_commits WHERE owner = ?1 AND repo = ?2 AND number = ?3`), owner, repo, ref.Number)
	if err != nil {
		return nil, fmt.Errorf("review commits: %w", err)
	}
	defer func() { _ = rows.Close() }()
	commits := map[int64]string{}
	for rows.Next() {
		var review int64
		var sha string
		if err := rows.Scan(&review, &sha); err != nil {
			return nil, fmt.Errorf("review commits: %w", err)
		}
		commits[review] = sha
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("review commits: %w", err)
	}
	return commits, nil
}
