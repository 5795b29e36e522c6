package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// clockStep is how often a decision is looked at again whose rules ask for the
// time, which they are told by the hour.
const clockStep = time.Hour

// Evaluate decides what pull still needs. It is pure: the same facts give the
// same decision, and no clock but pull.Now is read.
func (p *Policy) Evaluate(pull fact.Pull) Decision {
	s := newSubject(&pull)
	d := s.decision(p.CheckName(pull.Base.Ref))
	d.Observe = !slices.ContainsFunc(p.layers, func(l *layer) bool { return !l.observe })

	var benches []*bench
	for _, l := range p.layers {
		d.Policy = append(d.Policy, l.source)
		benches = append(benches, newBench(l, s.pull))
	}
	s.admit(benches)
	var runs []*layerRun
	for _, b := range benches {
		runs = append(runs, newLayerRun(s, b, len(p.layers) == 1))
	}
	d.Commands = s.command(runs)
	glass, broken := s.glass(runs)
	s.broken, d.Glass = glass, glass

	d.Status = Met
	asked := false
	for _, r := range runs {
		for _, result := range r.rules() {
			if r.layer.observe && !d.Observe {
				result.Advice = true
				result.Reasons = append(result.Reasons, Reason{Code: Observed})
			}
			if result.InForce && !result.Advice {
				switch {
				case broken[r] && glass.skip(result):
					d.Status = worse(d.Status, Owed)
				default:
					d.Status = worse(d.Status, result.Status)
					if glass != nil && result.Status != Met {
						d.Notes = append(d.Notes, Reason{Code: GlassKept, Rule: result.Name})
					}
				}
				asked = asked || len(result.Require) > 0
			}
			d.Rules = append(d.Rules, result)
		}
		d.Projects = append(d.Projects, r.dris.results()...)
		d.Labels = append(d.Labels, r.labels.inForce()...)
		d.ValidUntil = earliest(d.ValidUntil, r.until)
	}
	d.Projects = onceEach(d.Projects, func(p ProjectResult) string { return p.Name + "\x00" + strings.Join(p.DRI, " ") })
	slices.SortStableFunc(d.Labels, func(a, b LabelInForce) int {
		return cmp.Or(cmp.Compare(a.Label, b.Label), boolInt(a.Kept)-boolInt(b.Kept))
	})
	d.Labels = onceEach(d.Labels, func(l LabelInForce) string { return l.Label })
	d.Reviews = s.verdicts.list(s.votes, s.writers, s.ballotOf)
	if _, next := glass.Reminders(pull.Now); !next.IsZero() {
		d.ValidUntil = earliest(d.ValidUntil, next)
	}
	if d.Observe {
		d.Notes = append(d.Notes, Reason{Code: Observed})
	}
	if !asked {
		d.Notes = append(d.Notes, Reason{Code: NoRuleAsks})
	}
	return d
}

// BrokenDecision is the decision where the policy is gone, cannot be read or
// does not load: it never lets anything through.
func BrokenDecision(pull fact.Pull, check string, refs []SourceRef, diags []Diagnostic) Decision {
	s := newSubject(&pull)
	d := s.decision(check)
	d.Status = Broken
	d.Policy = slices.Clone(refs)
	d.Diagnostics = slices.Clone(diags)
	d.Notes = append(d.Notes, Reason{Code: PolicyUnreadable})
	for _, v := range s.votes {
		d.Reviews = append(d.Reviews, ReviewVerdict{
			Review: v.review.ID, By: v.login, State: v.review.State, Commit: v.commit,
			Reasons: []Reason{{Code: PolicyUnreadable}},
		})
	}
	for _, c := range pull.Commands {
		d.Commands = append(d.Commands, CommandVerdict{Command: asStored(c), Reasons: []Reason{{Code: PolicyUnreadable}}})
	}
	return d
}

// subject is what all layers see of a pull request.
type subject struct {
	pull     *fact.Pull
	writers  *contributors
	votes    []*vote
	ballots  []*ballot
	ballotOf map[string]*ballot
	trees    *trees
	verdicts *verdicts
	seatings int               // left of maxSeating
	bars     map[string][]bool // by what a requirement allows, then by ballot
	// rulings are on what holds for all layers; nil where these are asked.
	rulings []*ruling
	wanted  []fact.LabelEvent // by the commands that are accepted
	access  map[int64]string  // of each comment's author
	broken  *Glass            // nil where none is
	// Room for lists while their length is not known.
	people []candidate
	may    []string
}

func newSubject(pull *fact.Pull) *subject {
	s := &subject{pull: pull, writers: contributorsOf(pull), trees: treesOf(pull), verdicts: &verdicts{}, seatings: maxSeating, bars: map[string][]bool{}}
	s.ballots, s.votes = ballots(pull)
	s.ballotOf = make(map[string]*ballot, len(s.ballots))
	for _, b := range s.ballots {
		s.ballotOf[b.login] = b
	}
	s.access = map[int64]string{}
	for _, c := range pull.Comments {
		s.access[c.ID] = c.Access
	}
	return s
}

// decision returns what holds whatever the policy says.
func (s *subject) decision(check string) Decision {
	d := Decision{
		Pull: s.pull.Ref, Base: s.pull.Base.Ref, Head: s.pull.Head.SHA, Check: check,
		Policy: []SourceRef{}, Rules: []RuleResult{}, Reviews: []ReviewVerdict{},
		Excluded: s.writers.exclusions(), Projects: []ProjectResult{}, Commands: []CommandVerdict{}, Labels: []LabelInForce{},
	}
	for _, g := range s.pull.Gaps {
		d.Notes = append(d.Notes, Reason{Code: FactsMissing, Paths: firstPaths(g.Paths), Detail: g.Reason})
	}
	return d
}

// layerRun is the evaluation of one layer, by itself.
type layerRun struct {
	*subject
	layer    *layer
	alone    bool // there is no other layer
	bench    *bench
	labels   *labels
	world    *world
	dris     *dris
	steering *steering
	until    time.Time
	// Who broke the glass in this layer, who confirmed it, and whose command
	// was the last that it took; nil where none did.
	by, second, last *voice
}

func newLayerRun(s *subject, b *bench, alone bool) *layerRun {
	l := b.layer
	r := &layerRun{subject: s, layer: l, alone: alone, bench: b}
	r.labels = newLabels(s.pull, s.writers, r.bench, s.wanted)
	r.world = newWorld(l, s.pull, s.trees, given{
		labels: r.labels.names(),
		label:  r.labels.standing,
		dri:    func(project string) []string { return r.dris.of(project) },
	})
	r.dris = newDRIs(r.world.touched(), l, s.pull)
	r.steering = &steering{
		layer: l, bench: r.bench, dris: r.dris, writers: s.writers,
		missing: gapAbout(s.pull, fact.AboutComments), pull: s.pull,
	}
	return r
}

// rules decides every rule of the layer, and last the implicit one over the
// policy's own files.
func (r *layerRun) rules() []RuleResult {
	all := append(slices.Clone(r.layer.rules), r.keepersRule())
	states := make([]ruleState, len(all))
	states[len(all)-1] = r.keepersState()
	var last []int
	for i, one := range r.layer.rules {
		if r.world.usesUncovered(one) {
			last = append(last, i)
			continue
		}
		states[i] = r.world.state(one)
	}
	if len(last) > 0 {
		r.world.setUncovered(r.uncovered(all, states))
	}
	for _, i := range last {
		states[i] = r.world.state(all[i])
	}
	r.until = earliest(r.until, r.world.until)
	if r.world.mentionsNow() {
		r.until = earliest(r.until, r.pull.Now.Truncate(clockStep).Add(clockStep))
	}
	out := make([]RuleResult, len(all))
	for i, one := range all {
		out[i] = r.decide(one, states[i])
	}
	return out
}

// inProject reports whether a path is among the changed files of a project.
func (r *layerRun) inProject(path string) bool {
	return slices.ContainsFunc(r.world.touched(), func(t touchedProject) bool {
		_, found := slices.BinarySearch(t.paths, path)
		return found
	})
}

// uncovered lists the changed paths that no rule is about so far. Advice blocks
// nothing, and so takes nothing out; nor does a rule that asks for DRIs alone
// take out files of no project, for which it asks nobody.
func (r *layerRun) uncovered(rules []*rule, states []ruleState) []string {
	covered := newBits(len(r.trees.paths))
	for i, one := range rules {
		covers := states[i].Covers
		if onlyDRIs(one.require...) {
			covers = slices.DeleteFunc(slices.Clone(covers), func(p string) bool { return !r.inProject(p) })
		}
		if !one.advice && len(covers) > 0 {
			covered.add(newScopeSet(Scope{Paths: covers}).over(r.trees))
		}
	}
	var out []string
	for i, p := range r.trees.paths {
		if !covered.has(i) {
			out = append(out, p)
		}
	}
	return out
}

// decide returns the result of one rule whose state is known.
func (r *layerRun) decide(one *rule, st ruleState) RuleResult {
	out := RuleResult{
		Name: one.name, Description: one.description, Floor: r.layer.floor, Advice: one.advice, Distinct: one.distinct,
		InForce: st.InForce, Status: Idle, Reasons: st.Reasons, Elements: st.Elements, Scope: st.Scope,
	}
	if !st.InForce {
		return out
	}
	a := &asker{
		layerRun: r, rule: one, scope: newScopeSet(st.Scope), given: st.Scope,
		always: one.changes == nil,
	}
	var nodes []*node
	for _, req := range one.require {
		nodes = append(nodes, a.nodes(req)...)
	}
	if len(nodes) == 0 && len(one.require) > 0 {
		out.Reasons = append(out.Reasons, Reason{Code: NoProjectTouched})
	}
	enough, complete := true, true
	if one.distinct {
		enough, complete = a.distinguish(nodes)
	}
	for _, n := range nodes {
		a.settle(n)
	}
	out.Status = allStatus(nodes)
	if out.Status != Met && !complete {
		out.Reasons = append(out.Reasons, Reason{Code: TooManyAlternatives, Rule: one.name, Count: maxChoices})
	}
	if !enough {
		out.Status = worse(out.Status, Stuck)
		// Where holders are unknown there may be enough, and their role says so.
		if !holdersUnknown(nodes) {
			out.Reasons = append(out.Reasons, Reason{Code: TooFewDistinct, Rule: one.name})
		}
	}
	for _, n := range nodes {
		n.roles(func(n *node) { a.record(n) })
		out.Require = append(out.Require, n.requirement())
	}
	return out
}

// holdersUnknown reports whether it is not known who holds one of the roles.
func holdersUnknown(nodes []*node) (unknown bool) {
	for _, top := range nodes {
		top.roles(func(n *node) {
			unknown = unknown || slices.ContainsFunc(n.out.Reasons, func(r Reason) bool { return r.Code == HoldersUnknown })
		})
	}
	return unknown
}

var reviewUsed = &Reason{Code: ReviewUsed}

// distinguish leaves everybody at most one requirement, and notes whose
// approval is not needed where it could have counted.
func (a *asker) distinguish(nodes []*node) (enough, complete bool) {
	before := map[*node][]candidate{}
	for _, n := range nodes {
		n.roles(func(n *node) { before[n] = slices.Clone(n.people) })
	}
	enough, complete = distinguish(nodes, &a.seatings)
	for _, top := range nodes {
		top.roles(func(n *node) {
			counts := n.counts()
			for _, c := range before[n] {
				if !counts(c.login) && c.vote != nil {
					a.verdicts.note(c.vote, n.of, reviewUsed)
				}
			}
		})
	}
	return enough, complete
}

// record notes which reviews count for n, and when time alone may change what
// is said of it.
func (a *asker) record(n *node) {
	for _, c := range n.people {
		if c.vote != nil {
			a.verdicts.count(c.vote, n.of)
		}
	}
	// One that is met stays so, but what is said of it does not: who could
	// approve now, and whose review came out of turn.
	a.until = earliest(a.until, n.until)
}

// firstPaths is the first few of paths, in their order.
func firstPaths(paths []string) []string { return slices.Clone(paths[:min(len(paths), shownPaths)]) }

// onceEach drops what has the key of an earlier one.
func onceEach[T any](list []T, key func(T) string) []T {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(v T) bool {
		k := key(v)
		old := seen[k]
		seen[k] = true
		return old
	})
}
