package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// Chain is what became of one repository's record.
type Chain struct {
	Owner, Repo string
	Entries     int64
	Segments    int64 // with the open one, where it has entries
	Retired     int64 // segments of which only the checkpoint is kept
	// Facts, Retired and gone: decisions whose facts are kept, and not.
	Facts, FactsRetired int64
	Problems            []Problem
}

// Name is "owner/repo", or what stands for the whole of an organisation or
// installation.
func (c Chain) Name() string {
	switch {
	case c.Repo != "":
		return c.Owner + "/" + c.Repo
	case c.Owner != "":
		return c.Owner
	}
	return "(no repository)"
}

// Problem is something in the record that is not as it was written.
type Problem struct {
	Entry int64  // its number; 0 where it is not of one entry
	What  string // where and what, for people
}

// Verification is what became of a whole record.
type Verification struct {
	Chains []Chain
	// Found maps each expected hash to where it was found; "" where it was not.
	Found map[string]string
}

// OK reports whether nothing was found to be changed and everything expected
// was found.
func (v Verification) OK() bool {
	for _, c := range v.Chains {
		if len(c.Problems) > 0 {
			return false
		}
	}
	for _, at := range v.Found {
		if at == "" {
			return false
		}
	}
	return true
}

// Verify recomputes every hash of the record, as it stands at this moment, and
// compares what is kept beside it (decisions, facts, policies, deliveries)
// with the hashes that the record has of it. Expected are beginnings of
// hashes, as checks show them, that the record must hold.
func Verify(ctx context.Context, s *store.Store, expected []string) (Verification, error) {
	v := Verification{Found: map[string]string{}}
	for _, h := range expected {
		v.Found[strings.ToLower(h)] = ""
	}
	err := s.Snapshot(ctx, func(n *store.Snapshot) error {
		chains, err := n.RecordChains(ctx)
		if err != nil {
			return err
		}
		// Retirements are on record; the facts' before any other, since the
		// chain of no repository comes first.
		retired := retirements{segments: map[string]bool{}}
		for _, chain := range chains {
			err := n.EachEntry(ctx, chain, func(e store.Entry) error { return retired.note(e) })
			if err != nil {
				return err
			}
		}
		for _, chain := range chains {
			c, err := verifyChain(ctx, s, n, chain, retired, v.Found)
			if err != nil {
				return fmt.Errorf("verify %s: %w", c.Name(), err)
			}
			v.Chains = append(v.Chains, c)
		}
		return nil
	})
	return v, err
}

// retirements are what the record says was dropped.
type retirements struct {
	facts    time.Time // facts of decisions from before it
	segments map[string]bool
}

func segmentKey(owner, repo string, segment int64) string {
	return fmt.Sprintf("%s/%s %d", owner, repo, segment)
}

func (r *retirements) note(e store.Entry) error {
	if e.Kind != store.KindRetired {
		return nil
	}
	var d store.RetiredEntry
	if err := json.Unmarshal(raw(e), &d); err != nil {
		return nil //nolint:nilerr // the entry's hash tells
	}
	switch d.What {
	case "facts":
		if d.Before.After(r.facts) {
			r.facts = d.Before
		}
	case "segment":
		r.segments[segmentKey(d.Owner, d.Repo, d.Segment)] = true
	}
	return nil
}

func raw(e store.Entry) json.RawMessage {
	m, _ := e.Data.(json.RawMessage)
	return m
}

// walk is where the verification of a chain stands.
type walk struct {
	chain Chain
	// start is what each segment's lanes start from, by segment.
	start map[int64]string
	// want is where each lane must end, by segment and lane.
	want map[[2]int64]store.End
	have map[[2]int64]store.End
}

func (w *walk) problem(entry int64, format string, args ...any) {
	w.chain.Problems = append(w.chain.Problems, Problem{entry, fmt.Sprintf(format, args...)})
}

func verifyChain(ctx context.Context, s *store.Store, n *store.Snapshot, chain fact.Ref, retired retirements, found map[string]string) (Chain, error) {
	w := &walk{chain: Chain{Owner: chain.Owner, Repo: chain.Repo}, start: map[int64]string{}, want: map[[2]int64]store.End{}, have: map[[2]int64]store.End{}}
	list, err := n.Checkpoints(ctx, chain)
	if err != nil {
		return w.chain, err
	}
	gone := map[int64]bool{}
	prev := strings.Repeat("0", 64)
	for i, c := range list {
		w.find(found, c.Hash, fmt.Sprintf("checkpoint %d of %s, %s", c.Segment, w.chain.Name(), c.At.Format(time.RFC3339)))
		w.start[c.Segment] = prev
		if c.Segment != int64(i) {
			w.problem(0, "checkpoint %d is missing", i)
		}
		if store.CheckpointHash(prev, c) != c.Hash {
			w.problem(0, "checkpoint %d was changed: it does not match its hash", c.Segment)
		}
		prev = c.Hash
		w.chain.Segments++
		if !c.RetiredAt.IsZero() {
			w.chain.Retired++
			gone[c.Segment] = true
			if !retired.segments[segmentKey(chain.Owner, chain.Repo, c.Segment)] {
				w.problem(0, "segment %d is marked as retired, and the record does not say that it was", c.Segment)
			}
			continue
		}
		for _, e := range c.Ends {
			w.want[[2]int64{c.Segment, e.Lane}] = e
		}
	}
	open, ends, err := n.OpenEnds(ctx, chain)
	if err != nil {
		return w.chain, err
	}
	w.start[open] = prev
	if open != int64(len(list)) {
		w.problem(0, "the open segment is %d, and there are %d checkpoints before it", open, len(list))
	}
	used := false
	for _, e := range ends {
		if e.Count > 0 {
			w.want[[2]int64{open, e.Lane}], used = e, true
		} else if e.Head != prev {
			w.problem(0, "lane %d does not begin where the last checkpoint ends", e.Lane)
		}
	}
	if used {
		w.chain.Segments++
	}
	err = n.EachEntry(ctx, chain, func(e store.Entry) error {
		w.entry(e, found)
		switch e.Kind {
		case store.KindDecision, store.KindDelivery:
			return w.beside(ctx, s, e, retired)
		case store.KindGroup:
			return w.members(ctx, s, e, retired)
		}
		return nil
	})
	if err != nil {
		return w.chain, err
	}
	for _, at := range slices.SortedFunc(maps.Keys(w.want), func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) }) {
		want, have := w.want[at], w.have[at]
		switch {
		case gone[at[0]]:
		case have.Count < want.Count:
			w.problem(0, "segment %d, lane %d: %d entries are missing at its end", at[0], at[1], want.Count-have.Count)
		case have.Head != want.Head:
			w.problem(0, "segment %d, lane %d does not end with the hash that was kept of its end", at[0], at[1])
		}
	}
	for at, have := range w.have {
		if want := w.want[at]; have.Count > want.Count {
			w.problem(0, "segment %d, lane %d has %d entries more than it had at its end", at[0], at[1], have.Count-want.Count)
		}
	}
	return w.chain, nil
}

// find notes where an expected hash is.
func (w *walk) find(found map[string]string, hash, where string) {
	for h, at := range found {
		if at == "" && h != "" && strings.HasPrefix(hash, h) {
			found[h] = where
		}
	}
}

// describe names an entry for people.
func describe(e store.Entry) string {
	s := fmt.Sprintf("entry %d (%s of %s", e.ID, e.Kind, e.At.Format(time.RFC3339))
	if e.Ref.Number != 0 {
		s += fmt.Sprintf(", #%d", e.Ref.Number)
	}
	return s + ")"
}

func (w *walk) entry(e store.Entry, found map[string]string) {
	w.chain.Entries++
	w.find(found, e.Link.Hash, describe(e)+" of "+w.chain.Name())
	at := [2]int64{e.Link.Segment, e.Link.Lane}
	if e.Link.Hash == "" {
		w.problem(e.ID, "%s is in no chain: it was written by something else than this version of rolecall", describe(e))
		return
	}
	prev, known := w.have[at]
	if !known {
		prev = store.End{Lane: e.Link.Lane, Head: w.start[e.Link.Segment]}
	}
	if e.Link.Seq != prev.Count+1 {
		w.problem(e.ID, "%s comes after number %d of its lane and is number %d: entries are missing or were put in", describe(e), prev.Count, e.Link.Seq)
		// Go on from here, so that one gap is one problem.
		w.have[at] = store.End{Lane: e.Link.Lane, Count: e.Link.Seq, Head: e.Link.Hash}
		return
	}
	if store.EntryHash(prev.Head, e, string(raw(e))) != e.Link.Hash {
		w.problem(e.ID, "%s was changed: it does not match its hash", describe(e))
	}
	w.have[at] = store.End{Lane: e.Link.Lane, Count: e.Link.Seq, Head: e.Link.Hash}
}

// beside compares what is kept beside the record with what the record says.
func (w *walk) beside(ctx context.Context, s *store.Store, e store.Entry, retired retirements) error {
	if e.Kind == store.KindDelivery {
		var d store.DeliveryEntry
		if err := json.Unmarshal(raw(e), &d); err != nil {
			return nil //nolint:nilerr // the entry's hash tells
		}
		sum, err := s.PayloadSum(ctx, e.Delivery)
		if err == nil && sum != "" && sum != d.SHA256 {
			w.problem(e.ID, "the body of delivery %s was changed: it does not match %s", e.Delivery, describe(e))
		}
		return err
	}
	var d store.DecisionEntry
	if err := json.Unmarshal(raw(e), &d); err != nil {
		return nil //nolint:nilerr // as above
	}
	facts, decision, ok, err := s.DecisionSums(ctx, e.Ref, d.Generation)
	if err != nil {
		return err
	}
	return w.compare(ctx, s, e, retired, describe(e), sums{facts, decision, ok}, sums{d.Facts, d.Decision, true}, d.Policies)
}

// members compares what is kept of a merge group's pull requests with what the
// record says.
func (w *walk) members(ctx context.Context, s *store.Store, e store.Entry, retired retirements) error {
	var g store.GroupEntry
	if err := json.Unmarshal(raw(e), &g); err != nil {
		return nil //nolint:nilerr // the entry's hash tells
	}
	for _, m := range g.Pulls {
		ref := e.Ref
		ref.Number = m.Number
		facts, decision, ok, err := s.GroupSums(ctx, ref, g.Head, e.At)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%s on #%d", describe(e), m.Number)
		if err := w.compare(ctx, s, e, retired, what, sums{facts, decision, ok}, sums{m.Facts, m.Decision, true}, m.Policies); err != nil {
			return err
		}
	}
	return nil
}

// sums are the hashes of a decision and its facts.
type sums struct {
	facts, decision string
	there           bool
}

func (w *walk) compare(ctx context.Context, s *store.Store, e store.Entry, retired retirements, what string, kept, said sums, policies []store.PolicyKept) error {
	switch {
	case !kept.there:
		w.problem(e.ID, "the decision of %s is gone", what)
		return nil
	case kept.decision != said.decision:
		w.problem(e.ID, "the decision of %s was changed: it does not match the record", what)
	}
	switch {
	case kept.facts == said.facts:
		w.chain.Facts++
	case kept.facts != "":
		w.problem(e.ID, "the facts of %s were changed: they do not match the record", what)
	case e.At.Before(retired.facts):
		w.chain.FactsRetired++
	default:
		w.problem(e.ID, "the facts of %s are gone, and the record does not say that they were retired", what)
	}
	for _, p := range policies {
		sum, err := s.PolicySum(ctx, p.SHA256)
		if err != nil {
			return err
		}
		if sum != p.SHA256 {
			w.problem(e.ID, "the policy %s of %s was changed or is gone", p.Name, what)
		}
	}
	return nil
}
