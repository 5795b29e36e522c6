package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The audit trail of a repository is cut into segments, and each segment into
// lanes: chains of entries, each of which holds the hash of the one before. A
// pull request's entries are all in the lane of its number, so that replicas
// that work on different pull requests seldom wait for each other. A
// checkpoint closes a segment: it holds the ends of all its lanes and the hash
// of the checkpoint before, and every lane goes on from its hash. So the whole
// is one chain, of which old segments can be dropped without breaking it.
// docs/record.md has the exact bytes.

// Lanes is how many chains a segment has.
const Lanes = 8

// genesis is what the first segment's lanes start from.
var genesis = strings.Repeat("0", 64)

// Link is an entry's place in the record.
type Link struct {
	Segment, Lane, Seq int64  // Seq counts from 1
	Hash               string // SHA-256 in hex; "" for an entry that is in no chain
}

// EntryHash is the hash of an entry that follows prev in its lane. Owner,
// repository and data are as they are stored.
func EntryHash(prev string, e Entry, data string) string {
	owner, repo := name(e.Ref)
	return digest("rolecall entry 1", prev, owner, repo, e.Link.Segment, e.Link.Lane, e.Link.Seq, Micros(e.At),
		e.Ref.Installation, e.Ref.Number, e.Delivery, e.Kind, e.Actor, data)
}

// digest hashes fields, each on a line of its own. No field holds a newline.
func digest(fields ...any) string {
	h := sha256.New()
	for _, f := range fields {
		fmt.Fprintf(h, "%v\n", f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Checkpoint closes a segment of a repository's record.
type Checkpoint struct {
	Owner, Repo string
	Segment     int64
	At          time.Time
	Ends        []End // of the lanes that have entries, by lane
	Hash        string
	RetiredAt   time.Time // when the segment's entries were dropped; zero: they stand
}

// End is where a lane of a segment ends.
type End struct {
	Lane, Count int64
	Head        string // hash of the last entry
}

func (e End) String() string { return fmt.Sprintf("%d:%d:%s", e.Lane, e.Count, e.Head) }

// CheckpointHash is the hash of a checkpoint that follows prev.
func CheckpointHash(prev string, c Checkpoint) string {
	return digest("rolecall checkpoint 1", prev, c.Owner, c.Repo, c.Segment, Micros(c.At), ends(c.Ends))
}

func ends(list []End) string {
	var parts []string
	for _, e := range list {
		parts = append(parts, e.String())
	}
	return strings.Join(parts, " ")
}

func parseEnds(s string) ([]End, error) {
	var list []End
	for _, part := range strings.Fields(s) {
		var e End
		if _, err := fmt.Sscanf(part, "%d:%d:%64s", &e.Lane, &e.Count, &e.Head); err != nil {
			return nil, fmt.Errorf("checkpoint's end %q: %w", part, err)
		}
		list = append(list, e)
	}
	return list, nil
}

// Audit is [Store.Audit] within a transaction.
func (t *Tx) Audit(ctx context.Context, entries ...Entry) error {
	_, err := t.append(ctx, entries)
	return err
}

// append appends entries lane by lane, in the order of the lanes, so that two
// transactions never wait for each other.
func (t *Tx) append(ctx context.Context, entries []Entry) (head string, err error) {
	type place struct {
		owner, repo string
		lane        int64
	}
	at := func(e Entry) place {
		owner, repo := name(e.Ref)
		return place{owner, repo, int64(e.Ref.Number % Lanes)}
	}
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int {
		x, y := at(a), at(b)
		return cmp.Or(strings.Compare(x.owner, y.owner), strings.Compare(x.repo, y.repo), int(x.lane-y.lane))
	})
	for len(entries) > 0 {
		p, n := at(entries[0]), 1
		for n < len(entries) && at(entries[n]) == p {
			n++
		}
		if head, err = t.appendLane(ctx, p.owner, p.repo, p.lane, entries[:n]); err != nil {
			return "", fmt.Errorf("audit: %w", err)
		}
		entries = entries[n:]
	}
	return head, nil
}

func (t *Tx) appendLane(ctx context.Context, owner, repo string, lane int64, entries []Entry) (head string, err error) {
	var segment, seq, opened int64
	take := func() error {
		return t.QueryRowContext(ctx, t.s.Query(`SELECT segment, seq, head, opened_at FROM audit_lanes WHERE owner = ?1 AND repo = ?2 AND lane = ?3`+t.s.ForUpdate()),
			owner, repo, lane).Scan(&segment, &seq, &head, &opened)
	}
	err = take()
	if errors.Is(err, sql.ErrNoRows) { // the first of the repository
		for n := range Lanes {
			if _, err := t.ExecContext(ctx, t.s.Query(`INSERT INTO audit_lanes (owner, repo, lane, segment, seq, head) VALUES (?1, ?2, ?3, 0, 0, ?4) ON CONFLICT DO NOTHING`),
				owner, repo, n, genesis); err != nil {
				return "", err
			}
		}
		err = take()
	}
	if err != nil {
		return "", err
	}
	if seq == 0 {
		opened = Micros(entries[0].At)
	}
	for _, e := range entries {
		seq++
		data, err := json.Marshal(e.Data)
		if err != nil {
			return "", err
		}
		for _, field := range []string{owner, repo, e.Delivery, e.Kind, e.Actor} {
			if strings.ContainsAny(field, "\n\r") {
				return "", fmt.Errorf("%q holds a line break", field)
			}
		}
		e.Link = Link{Segment: segment, Lane: lane, Seq: seq}
		head = EntryHash(head, e, string(data))
		_, err = t.ExecContext(ctx, t.s.Query(`
			INSERT INTO audit (at, installation, owner, repo, number, delivery, kind, actor, data, segment, lane, seq, hash)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`),
			Micros(e.At), e.Ref.Installation, owner, repo, e.Ref.Number, e.Delivery, e.Kind, e.Actor, string(data), segment, lane, seq, head)
		if err != nil {
			return "", err
		}
	}
	_, err = t.ExecContext(ctx, t.s.Query(`UPDATE audit_lanes SET seq = ?1, head = ?2, opened_at = ?3 WHERE owner = ?4 AND repo = ?5 AND lane = ?6`),
		seq, head, opened, owner, repo, lane)
	return head, err
}

// Checkpoints closes every segment that holds at least so many entries, or
// whose first entry is older than maxAge, and returns how many it closed.
func (s *Store) Checkpoints(ctx context.Context, entries int, maxAge time.Duration) (closed int, err error) {
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT owner, repo FROM audit_lanes GROUP BY owner, repo
		HAVING sum(seq) >= ?1 OR min(CASE WHEN seq > 0 THEN opened_at END) < ?2`), entries, Micros(time.Now().Add(-maxAge)))
	if err != nil {
		return 0, fmt.Errorf("checkpoints: %w", err)
	}
	due, err := collect(rows, func(rows *sql.Rows) (p [2]string, err error) { return p, rows.Scan(&p[0], &p[1]) })
	if err != nil {
		return 0, fmt.Errorf("checkpoints: %w", err)
	}
	for _, p := range due {
		var did bool
		err := s.Write(ctx, func(ctx context.Context, t *Tx) (err error) {
			did, err = t.checkpoint(ctx, p[0], p[1], time.Now())
			return err
		})
		if err != nil {
			return closed, fmt.Errorf("checkpoint of %s/%s: %w", p[0], p[1], err)
		}
		if did {
			closed++
		}
	}
	return closed, nil
}

// checkpoint closes the repository's open segment, unless it is empty.
func (t *Tx) checkpoint(ctx context.Context, owner, repo string, at time.Time) (bool, error) {
	rows, err := t.QueryContext(ctx, t.s.Query(`SELECT lane, segment, seq, head FROM audit_lanes WHERE owner = ?1 AND repo = ?2 ORDER BY lane`+t.s.ForUpdate()), owner, repo)
	if err != nil {
		return false, err
	}
	c := Checkpoint{Owner: owner, Repo: repo, At: at}
	_, err = collect(rows, func(rows *sql.Rows) (e End, err error) {
		if err := rows.Scan(&e.Lane, &c.Segment, &e.Count, &e.Head); err == nil && e.Count > 0 {
			c.Ends = append(c.Ends, e)
		}
		return e, err
	})
	if err != nil || len(c.Ends) == 0 {
		return false, err
	}
	prev := genesis
	err = t.QueryRowContext(ctx, t.s.Query(`SELECT hash FROM audit_checkpoints WHERE owner = ?1 AND repo = ?2 AND segment = ?3`), owner, repo, c.Segment-1).Scan(&prev)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	c.Hash = CheckpointHash(prev, c)
	if _, err := t.ExecContext(ctx, t.s.Query(`INSERT INTO audit_checkpoints (owner, repo, segment, at, ends, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`),
		owner, repo, c.Segment, Micros(at), ends(c.Ends), c.Hash); err != nil {
		return false, err
	}
	_, err = t.ExecContext(ctx, t.s.Query(`UPDATE audit_lanes SET segment = ?1, seq = 0, head = ?2, opened_at = 0 WHERE owner = ?3 AND repo = ?4`),
		c.Segment+1, c.Hash, owner, repo)
	return true, err
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer func() { _ = rows.Close() }()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
