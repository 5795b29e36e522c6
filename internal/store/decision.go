package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Decision is one decision as it is kept, with all that it rests on.
type Decision struct {
	Ref        fact.Ref
	Generation int64 // greater than every one before of the pull request
	At         time.Time
	Delivery   string // GUID of the delivery that led to it; "" where none did
	// Standing is the external_id of the check that is to show it, "" where
	// none is.
	Standing string
	// Green reports that this check is to show success.
	Green bool
	// Changed says in a line what is not as the decision before had it; "" where
	// nothing is, or there was none.
	Changed  string
	Decision policy.Decision
	Pull     fact.Pull // the facts; zero once they are retired
	// Floor and Own are the policies as they stood, byte for byte; nil where
	// there is none, or it could not be read.
	Floor, Own *policy.Source
	// SeenUntil is until when, by GitHub's clock, the facts hold what happened
	// to the pull request.
	SeenUntil time.Time
	// Retired reports that the facts are no longer kept.
	Retired bool
}

// PolicyKept names a policy that a decision was made by.
type PolicyKept struct {
	Name   string `json:"name"`
	Blob   string `json:"blob,omitempty"`
	Floor  bool   `json:"floor,omitempty"`
	SHA256 string `json:"sha256"` // of its bytes
}

// DecisionEntry is what the audit trail holds of a decision: enough to prove
// that the decision, the facts and the policies that are kept beside it are
// the ones of that time.
type DecisionEntry struct {
	Generation int64         `json:"generation"`
	Base       string        `json:"base"`
	Head       string        `json:"head"`
	Check      string        `json:"check"`
	Status     policy.Status `json:"status"`
	State      string        `json:"state"` // of the pull request: "open", "closed", "merged"
	Standing   string        `json:"standing,omitempty"`
	Changed    string        `json:"changed,omitempty"` // for people
	Policies   []PolicyKept  `json:"policies"`
	Facts      string        `json:"facts_sha256"`
	Decision   string        `json:"decision_sha256"`
}

// The kinds of entries that the store itself makes.
const (
	KindDecision = "decision"
	KindDelivery = "delivery"
	KindRetired  = "retired"
)

// SaveDecision keeps a decision for good, and returns the hash of its entry in
// the audit trail. Its generation must be greater than every one before: where
// it is not, it fails with [ErrOvertaken], and nothing is kept.
func (s *Store) SaveDecision(ctx context.Context, d Decision) (head string, err error) {
	facts, factsHash, err := packJSON(d.Pull)
	if err != nil {
		return "", fmt.Errorf("save decision: %w", err)
	}
	decision, decisionHash, err := packJSON(d.Decision)
	if err != nil {
		return "", fmt.Errorf("save decision: %w", err)
	}
	if d.At.IsZero() {
		d.At = time.Now()
	}
	entry := DecisionEntry{
		Generation: d.Generation, Base: d.Decision.Base, Head: d.Decision.Head, Check: d.Decision.Check, Status: d.Decision.Status,
		State: d.Pull.State, Standing: d.Standing, Changed: d.Changed, Facts: factsHash, Decision: decisionHash,
	}
	texts := map[string][]byte{}
	entry.Policies = policiesOf(d, texts)
	policies, err := json.Marshal(entry.Policies)
	if err != nil {
		return "", fmt.Errorf("save decision: %w", err)
	}
	owner, repo := name(d.Ref)
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		if err := t.decided(ctx, d); err != nil {
			return err
		}
		for sum, bytes := range texts {
			if err := t.keepPolicy(ctx, sum, bytes); err != nil {
				return err
			}
		}
		_, err := t.ExecContext(ctx, s.Query(`
			INSERT INTO decisions (owner, repo, number, generation, at, head, check_name, status, standing, facts, decision, policies)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`),
			owner, repo, d.Ref.Number, d.Generation, Micros(d.At), d.Decision.Head, d.Decision.Check, string(d.Decision.Status), d.Standing, facts, decision, string(policies))
		if err != nil {
			return err
		}
		if d.Green {
			if err := t.green(ctx, d.Ref, Green{d.Decision.Head, d.Decision.Check}); err != nil {
				return err
			}
		}
		head, err = t.append(ctx, []Entry{{At: d.At, Ref: d.Ref, Delivery: d.Delivery, Kind: KindDecision, Data: entry}})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("save decision: %w", err)
	}
	return head, nil
}

// keepPolicy keeps a policy's bytes, once.
func (t *Tx) keepPolicy(ctx context.Context, sum string, bytes []byte) error {
	key := "policy " + sum
	if t.s.memo.holds(key) {
		return nil
	}
	packed, err := pack(bytes)
	if err != nil {
		return err
	}
	if _, err := t.ExecContext(ctx, t.s.Query(`INSERT INTO policies (sha256, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING`), sum, packed); err != nil {
		return err
	}
	t.OnCommit(func() { t.s.memo.keep(key, policyKept) })
	return nil
}

// policyKept is how long a policy that was kept is known to be.
const policyKept = time.Hour

const decisionColumns = "owner, repo, number, generation, at, standing, facts, decision, policies"

// scanDecision reads a decision without the bytes of its policies.
func scanDecision(scan func(...any) error) (d Decision, policies []PolicyKept, err error) {
	var at int64
	var facts, decision []byte
	var list string
	if err := scan(&d.Ref.Owner, &d.Ref.Repo, &d.Ref.Number, &d.Generation, &at, &d.Standing, &facts, &decision, &list); err != nil {
		return Decision{}, nil, err
	}
	d.At, d.Retired = Time(at), facts == nil
	err = errors.Join(unpackJSON(facts, &d.Pull), unpackJSON(decision, &d.Decision), json.Unmarshal([]byte(list), &policies))
	if d.Decision.Pull.Owner != "" { // as it is spelt
		d.Ref = d.Decision.Pull
	}
	return d, policies, err
}

// LatestDecision returns the decision of the pull request with the greatest
// generation, and whether there is one.
func (s *Store) LatestDecision(ctx context.Context, ref fact.Ref) (d Decision, ok bool, err error) {
	return s.decision(ctx, ref, "", 0)
}

// DecisionOf returns the decision of that generation, and whether there is one.
func (s *Store) DecisionOf(ctx context.Context, ref fact.Ref, generation int64) (d Decision, ok bool, err error) {
	return s.decision(ctx, ref, " AND generation = ?4", generation)
}

func (s *Store) decision(ctx context.Context, ref fact.Ref, where string, params ...any) (d Decision, ok bool, err error) {
	owner, repo := name(ref)
	if where == "" {
		params = nil
	}
	row := s.reader.QueryRowContext(ctx, s.Query(`SELECT `+decisionColumns+` FROM decisions
		WHERE owner = ?1 AND repo = ?2 AND number = ?3`+where+` ORDER BY generation DESC LIMIT 1`), append([]any{owner, repo, ref.Number}, params...)...)
	d, policies, err := scanDecision(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Decision{}, false, nil
	}
	if err == nil {
		err = s.withPolicies(ctx, &d, policies)
	}
	if err != nil {
		return Decision{}, false, fmt.Errorf("decision on %s: %w", ref, err)
	}
	return d, true, nil
}

// withPolicies adds the bytes of a decision's policies.
func (s *Store) withPolicies(ctx context.Context, d *Decision, policies []PolicyKept) (err error) {
	for _, kept := range policies {
		source := &policy.Source{Name: kept.Name, Blob: kept.Blob}
		if source.Bytes, err = s.policyBytes(ctx, kept.SHA256); err != nil {
			return err
		}
		if kept.Floor {
			d.Floor = source
		} else {
			d.Own = source
		}
	}
	return nil
}

func (s *Store) policyBytes(ctx context.Context, sum string) ([]byte, error) {
	var packed []byte
	if err := s.reader.QueryRowContext(ctx, s.Query(`SELECT bytes FROM policies WHERE sha256 = ?1`), sum).Scan(&packed); err != nil {
		return nil, fmt.Errorf("policy %.12s: %w", sum, err)
	}
	b, err := unpack(packed)
	if err == nil && Sum(b) != sum {
		err = fmt.Errorf("policy %.12s was changed: its bytes hash to %.12s", sum, Sum(b))
	}
	return b, err
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

// packJSON also returns the SHA-256 of the JSON text.
func packJSON(v any) (packed []byte, sum string, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, "", err
	}
	packed, err = pack(b)
	return packed, Sum(b), err
}

// Sum names content by its SHA-256, in hexadecimal.
func Sum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// unpackJSON leaves v as it is where p was retired.
func unpackJSON(p []byte, v any) error {
	b, err := unpack(p)
	if err != nil || b == nil {
		return err
	}
	return json.Unmarshal(b, v)
}
