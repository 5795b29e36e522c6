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

// KindGroup is the kind of the entries of merge groups.
const KindGroup = "merge_group"

// GroupDecision is what was decided on a merge group: its pull requests were
// each decided on at the same time.
type GroupDecision struct {
	Ref      fact.Ref // Number 0
	Head     string   // of the group's own branch
	At       time.Time
	Delivery string // GUID of the delivery that led to it; "" where none did
	Entry    GroupEntry
	Members  []Decision // without Generation and Standing
}

// GroupEntry is what the audit trail holds of a decision on a merge group.
type GroupEntry struct {
	Head       string        `json:"head"`
	Base       string        `json:"base"` // branch
	Check      string        `json:"check"`
	Status     policy.Status `json:"status"` // of the member that needs most done
	Conclusion string        `json:"conclusion"`
	Standing   string        `json:"standing"` // external_id of the check
	Pulls      []GroupMember `json:"pulls"`
}

// GroupMember is one pull request of a merge group.
type GroupMember struct {
	Number   int           `json:"number"`
	Head     string        `json:"head"`
	Status   policy.Status `json:"status"`
	Policies []PolicyKept  `json:"policies"`
	Facts    string        `json:"facts_sha256"`
	Decision string        `json:"decision_sha256"`
}

// SaveGroup keeps what was decided on a merge group, and returns the hash of
// its entry in the audit trail. It fills in the entry's Pulls.
func (s *Store) SaveGroup(ctx context.Context, g GroupDecision) (head string, err error) {
	type row struct {
		number          int
		facts, decision []byte
		policies        string
	}
	var rows []row
	texts := map[string][]byte{}
	g.Entry.Pulls = []GroupMember{}
	for _, d := range g.Members {
		m := GroupMember{Number: d.Ref.Number, Head: d.Decision.Head, Status: d.Decision.Status, Policies: policiesOf(d, texts)}
		r := row{number: d.Ref.Number}
		if r.facts, m.Facts, err = packJSON(d.Pull); err != nil {
			return "", fmt.Errorf("save merge group: %w", err)
		}
		if r.decision, m.Decision, err = packJSON(d.Decision); err != nil {
			return "", fmt.Errorf("save merge group: %w", err)
		}
		kept, err := json.Marshal(m.Policies)
		if err != nil {
			return "", fmt.Errorf("save merge group: %w", err)
		}
		r.policies = string(kept)
		rows, g.Entry.Pulls = append(rows, r), append(g.Entry.Pulls, m)
	}
	owner, repo := name(g.Ref)
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		for sum, bytes := range texts {
			if err := t.keepPolicy(ctx, sum, bytes); err != nil {
				return err
			}
		}
		if g.At, err = t.afterLast(ctx, g); err != nil {
			return err
		}
		for _, r := range rows {
			if _, err := t.ExecContext(ctx, s.Query(`INSERT INTO group_decisions (owner, repo, head, at, number, facts, decision, policies)
				VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`), owner, repo, g.Head, Micros(g.At), r.number, r.facts, r.decision, r.policies); err != nil {
				return err
			}
		}
		head, err = t.append(ctx, []Entry{{At: g.At, Ref: g.Ref, Delivery: g.Delivery, Kind: KindGroup, Data: g.Entry}})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("save merge group: %w", err)
	}
	return head, nil
}

// afterLast is the time of a decision on a group, which tells it from the
// others on that group: where the clock has not gone on, or has gone back, just
// after the last.
func (t *Tx) afterLast(ctx context.Context, g GroupDecision) (time.Time, error) {
	owner, repo := name(g.Ref)
	var last int64
	err := t.QueryRowContext(ctx, t.s.Query(`SELECT COALESCE(MAX(at), 0) FROM group_decisions WHERE owner = ?1 AND repo = ?2 AND head = ?3`), owner, repo, g.Head).Scan(&last)
	if err != nil || Micros(g.At) > last {
		return g.At, err
	}
	return Time(last + 1), nil
}

// policiesOf names the policies of a decision, and adds their bytes to texts.
func policiesOf(d Decision, texts map[string][]byte) []PolicyKept {
	kept := []PolicyKept{}
	for _, p := range []struct {
		source *policy.Source
		floor  bool
	}{{d.Floor, true}, {d.Own, false}} {
		if p.source != nil {
			sum := Sum(p.source.Bytes)
			texts[sum] = p.source.Bytes
			kept = append(kept, PolicyKept{Name: p.source.Name, Blob: p.source.Blob, Floor: p.floor, SHA256: sum})
		}
	}
	return kept
}

// GroupEntries returns the entries of the merge groups that held a pull
// request, oldest first.
func (s *Store) GroupEntries(ctx context.Context, ref fact.Ref) ([]Entry, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT `+entryColumns+` FROM audit WHERE kind = '`+KindGroup+`' AND owner = ?1 AND repo = ?2
		AND at IN (SELECT at FROM group_decisions WHERE owner = ?1 AND repo = ?2 AND number = ?3) ORDER BY id`), owner, repo, ref.Number)
	if err != nil {
		return nil, fmt.Errorf("merge groups of %s: %w", ref, err)
	}
	list, err := collect(rows, scanEntry)
	if err != nil {
		return nil, fmt.Errorf("merge groups of %s: %w", ref, err)
	}
	return list, nil
}

// GroupMembers returns what was decided on the pull requests of a merge group
// at a time, by their numbers.
func (s *Store) GroupMembers(ctx context.Context, ref fact.Ref, head string, at time.Time) ([]Decision, error) {
	owner, repo := name(ref)
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT owner, repo, number, 0, at, '', facts, decision, policies FROM group_decisions
		WHERE owner = ?1 AND repo = ?2 AND head = ?3 AND at = ?4 ORDER BY number`), owner, repo, head, Micros(at))
	if err != nil {
		return nil, fmt.Errorf("members of merge group %s: %w", head, err)
	}
	type member struct {
		Decision
		policies []PolicyKept
	}
	list, err := collect(rows, func(rows *sql.Rows) (m member, err error) {
		m.Decision, m.policies, err = scanDecision(rows.Scan)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("members of merge group %s: %w", head, err)
	}
	var out []Decision
	for _, m := range list {
		if err := s.withPolicies(ctx, &m.Decision, m.policies); err != nil {
			return nil, fmt.Errorf("members of merge group %s: %w", head, err)
		}
		out = append(out, m.Decision)
	}
	return out, nil
}

// GroupSums returns the SHA-256 of what was decided on a member of a merge
// group and of its facts as they are kept, facts "" where they were retired;
// ok is false where it is not there.
func (s *Store) GroupSums(ctx context.Context, ref fact.Ref, head string, at time.Time) (facts, decision string, ok bool, err error) {
	owner, repo := name(ref)
	var a, b []byte
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT facts, decision FROM group_decisions WHERE owner = ?1 AND repo = ?2 AND head = ?3 AND at = ?4 AND number = ?5`),
		owner, repo, head, Micros(at), ref.Number).Scan(&a, &b)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", false, nil
	}
	if err == nil {
		facts, decision, err = packedSums(a, b)
	}
	if err != nil {
		return "", "", false, fmt.Errorf("merge group %s, %s: %w", head, ref, err)
	}
	return facts, decision, true, nil
}
