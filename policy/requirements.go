package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// candidate is a person whose approval counts for one requirement.
type candidate struct {
	login string
	vote  *vote  // nil for an author's own standing as DRI
	via   string // how they hold the role
}

func (c candidate) approval() Approval {
	if c.vote == nil {
		return Approval{By: c.login, Via: c.via}
	}
	return Approval{By: c.login, Review: c.vote.review.ID, Commit: c.vote.commit, At: c.vote.review.At, Via: c.via}
}

// node is a requirement while it is being decided.
type node struct {
	out      Requirement
	children []*node
	// The rest is of a role.
	of        *RuleRole
	people    []candidate     // whose approval counts, by login
	potential []string        // who counts or could still approve, by login
	used      map[string]bool // of a distinct rule: who has a place in it
	until     time.Time       // when time alone may change what is said here
}

// asker decides the requirements of one rule in force.
type asker struct {
	*layerRun
	rule  *rule
	scope *scopeSet
	given Scope // what scope was made of
	// always is true where the rule is in force whatever changes.
	always bool
}

// nodes expands a requirement: a DRI's is one for each project touched, and
// so may be none.
func (a *asker) nodes(req *requirement) []*node {
	switch {
	case req.kind != KindRole:
		n := &node{out: Requirement{Kind: req.kind, Scope: a.given}}
		for _, c := range req.children {
			kids := a.nodes(c)
			if req.kind == KindAny && onlyDRIs(c) && len(kids) > 0 && !a.answered(kids) {
				n.out.Reasons = append(n.out.Reasons, Reason{Code: DRIsAnswerForPart})
				continue
			}
			if len(kids) > 1 && req.kind == KindAny {
				// Every project's DRI is one alternative together.
				kids = []*node{{out: Requirement{Kind: KindAll, Scope: a.given}, children: kids}}
			}
			n.children = append(n.children, kids...)
		}
		if len(n.children) == 0 {
			return nil
		}
		return []*node{n}
	case req.role == roleDRI:
		return a.driNodes(req)
	}
	return []*node{a.role(req, a.bench.seat(req.role), a.given, a.scope)}
}

// driNodes is one requirement for each project that the rule touches.
func (a *asker) driNodes(req *requirement) []*node {
	var out []*node
	for _, name := range a.dris.targets {
		d := a.dris.byName[name]
		if d.project == nil && !a.always || d.project != nil && !a.touches(d) {
			continue
		}
		scope := d.scope()
		n := a.role(req, a.dris.seat(a.bench, name), scope, newScopeSet(scope))
		out = append(out, n)
	}
	return out
}

// onlyDRIs reports whether a requirement asks for nobody but DRIs.
func onlyDRIs(reqs ...*requirement) bool {
	only := true
	each(reqs, func(r *requirement) { only = only && r.role == roleDRI })
	return only
}

// answered reports whether the DRIs of nodes answer for every file that the
// rule is about. Where they do not, they are no alternative to a role that does:
// a DRI could get anything through by touching a project of theirs beside it.
func (a *asker) answered(nodes []*node) bool {
	var sets []*globs
	for _, n := range nodes {
		n.roles(func(n *node) {
			if d := a.dris.byName[n.out.Project]; d.project != nil {
				sets = append(sets, d.project.set)
			}
		})
	}
	if len(sets) == 0 {
		return true // it is the pull request's own DRI
	}
	paths := a.given.Paths
	if a.given.All {
		if gapAbout(a.pull, fact.AboutFiles) != "" {
			return false
		}
		paths = a.trees.paths
	}
	return !slices.ContainsFunc(paths, func(p string) bool { return !inAny(sets, p) })
}

// inAny reports whether a path is in one of the sets for certain.
func inAny(sets []*globs, p string) bool {
	return slices.ContainsFunc(sets, func(s *globs) bool { return s.match(p, fact.FoldPath(p)) == matched })
}

// touches reports whether the rule's scope meets the project's files.
func (a *asker) touches(d *dri) bool {
	return a.scope.all || d.touched.unknown != "" || slices.ContainsFunc(d.touched.paths, a.scope.has)
}

// role decides who counts for one requirement and who could.
func (a *asker) role(req *requirement, first *seat, scope Scope, set *scopeSet) *node {
	n := &node{out: Requirement{
		Kind: KindRole, Role: first.name, Title: first.def.Title, Project: first.project,
		Need: max(req.approvals, 1), Ask: cmp.Or(req.ask, "one"), Within: req.within, Scope: scope,
	}}
	n.of = &RuleRole{Rule: a.rule.name, Role: first.name, Project: first.project}
	seats, reasons := a.standIns(first, req.allow)
	n.out.Reasons = reasons
	for _, s := range seats {
		if s.stale != nil {
			n.out.Reasons = append(n.out.Reasons, Reason{Code: HoldersStale, Role: s.name, At: s.stale.Read, Detail: s.stale.Reason})
		}
		if s.holidays != nil {
			n.out.Reasons = append(n.out.Reasons, Reason{Code: HolidaysStale, Role: s.name, At: s.holidays.Read, Detail: s.holidays.Reason})
		}
	}
	last := seats[len(seats)-1]
	if last != first {
		n.out.StandIn = last.name
	}
	n.out.Teams = last.teams

	barred := a.barred(req.allow)
	people := a.people[:0]
	for _, b := range a.ballots {
		if len(b.approvals) == 0 || barred[b.index] {
			continue
		}
		c, ok := a.candidate(b, seats, n, set)
		if ok {
			people = append(people, c)
		}
	}
	a.people = people
	n.people = slices.Clone(people)
	if c, ok := a.ownStanding(first); ok && !slices.ContainsFunc(n.people, func(p candidate) bool { return p.login == c.login }) {
		n.people = append(n.people, c)
		n.out.Reasons = append(n.out.Reasons, Reason{Code: AuthorIsDRI, Person: c.login, Project: first.project})
	}
	slices.SortFunc(n.people, func(x, y candidate) int { return cmp.Compare(x.login, y.login) })

	n.potential = a.potential(n.people, seats, req.allow)
	a.block(n, seats)
	for _, s := range seats {
		n.until = earliest(n.until, s.next(a.pull.Now))
	}
	return n
}

// potential lists who counts or could still approve, sorted.
func (a *asker) potential(people []candidate, seats []*seat, allow []string) []string {
	all := a.free(seats[0], allow)
	for _, s := range seats[1:] {
		all = slices.Concat(all, a.free(s, allow))
	}
	free := inOrder(a.free(seats[0], allow), func(login string) string { return login })
	for _, p := range people {
		if !free(p.login) {
			all = append(all[:len(all):len(all)], p.login)
		}
	}
	if !slices.IsSorted(all) {
		all = slices.Sorted(slices.Values(all))
	}
	return slices.Compact(slices.Clone(all))
}

// free lists who could approve in a role now: GitHub lets nobody approve their
// own pull request, whatever the policy allows.
func (a *asker) free(s *seat, allow []string) []string {
	key := strings.Join(allow, " ")
	if list, ok := s.free[key]; ok {
		return list
	}
	list := []string{}
	for _, login := range s.now {
		if _, barred := a.writers.bars(login, false, allow); !barred && login != a.writers.author && !a.broken.broke(login) {
			list = append(list, login)
		}
	}
	s.free[key] = list
	return list
}

// standIns returns the role and those that stand in for it, one after the
// other, while nobody may approve in the one before; and why. A role whose
// holders are not all known is never stood in for.
func (a *asker) standIns(first *seat, allow []string) ([]*seat, []Reason) {
	seats := []*seat{first}
	var reasons []Reason
	for {
		s := seats[len(seats)-1]
		if s.unknown != "" {
			return seats, append(reasons, Reason{Code: HoldersUnknown, Role: s.name, Project: s.project, Detail: s.unknown})
		}
		if len(a.free(s, allow)) > 0 {
			return seats, reasons
		}
		if _, ok := a.ownStanding(s); ok {
			return seats, reasons
		}
		reasons = append(reasons, a.nobodyLeft(s, allow)...)
		next := s.def.Otherwise
		if next == "" || next == roleDRI || slices.ContainsFunc(seats, func(s *seat) bool { return s.name == next }) {
			return seats, reasons
		}
		reasons = append(reasons, Reason{Code: StoodIn, Role: next})
		seats = append(seats, a.bench.seat(next))
	}
}

// nobodyLeft says why nobody in a role may approve.
func (a *asker) nobodyLeft(s *seat, allow []string) []Reason {
	if len(s.now) == 0 {
		if s.name == roleDRI {
			return []Reason{{Code: DRIMissing, Project: s.project}}
		}
		return []Reason{{Code: NobodyHolds, Role: s.name}}
	}
	out := []Reason{{Code: NobodyLeft, Role: s.name, Project: s.project, Count: len(s.now)}}
	for _, login := range s.now {
		why, barred := a.writers.bars(login, false, allow)
		if !barred && a.broken.broke(login) && login != a.writers.author {
			why = Reason{Code: ReviewByBreaker, Person: login}
		} else if !barred {
			why = Reason{Code: IsAuthor, Person: login}
		}
		why.Person, why.Role = login, s.name
		out = append(out, why)
	}
	return out
}

// ownStanding is the author's, where the policy itself names them as the
// project's DRI: nobody else need answer for it. Nobody named by a command is
// excused so.
func (a *asker) ownStanding(s *seat) (candidate, bool) {
	if s.name != roleDRI || s.owner == "" || s.owner != a.writers.author || a.pull.Author.Bot {
		return candidate{}, false
	}
	return candidate{login: s.owner, via: "author is the DRI"}, true
}

// candidate finds the approval by which a person counts for n, and notes for
// each that does not why.
func (a *asker) candidate(b *ballot, seats []*seat, n *node, set *scopeSet) (candidate, bool) {
	for _, v := range b.approvals {
		if a.broken.broke(b.login) && !v.at().Before(a.broken.At) {
			a.verdicts.note(v, n.of, &Reason{Code: ReviewByBreaker})
			continue
		}
		via, holds := "", false
		for _, s := range seats {
			if h, ok := holdAt(a.holds(s, b), v.at()); ok {
				via, holds = h.Via, true
				break
			}
		}
		if !holds {
			if slices.ContainsFunc(seats, func(s *seat) bool { return len(a.holds(s, b)) > 0 }) {
				a.verdicts.note(v, n.of, &Reason{Code: ReviewOutOfTurn, At: v.at()})
			}
			continue
		}
		if why := a.trees.stands(v, set, a.rule.sticky); why != nil {
			a.verdicts.note(v, n.of, why)
			continue
		}
		return candidate{b.login, v, via}, true
	}
	return candidate{}, false
}

// barred says of each ballot whether its person's approval cannot count.
func (s *subject) barred(allow []string) []bool {
	key := strings.Join(allow, " ")
	if list, ok := s.bars[key]; ok {
		return list
	}
	list := make([]bool, len(s.ballots))
	for i, b := range s.ballots {
		_, list[i] = s.writers.bars(b.login, b.bot, allow)
	}
	s.bars[key] = list
	return list
}

// holds returns the holds of a ballot's person on a role.
func (s *subject) holds(of *seat, b *ballot) []fact.Holder {
	if of.ballots == nil {
		of.ballots = make([][]fact.Holder, len(s.ballots))
		for i, b := range s.ballots {
			of.ballots[i] = of.holds[b.login]
		}
	}
	return of.ballots[b.index]
}

// block notes who requests changes and holds one of the roles, now or when
// they did; and who may, where not all holders are known. Bots never block.
func (a *asker) block(n *node, seats []*seat) {
	for _, b := range a.ballots {
		if b.blocks == nil || b.bot || b.login == "" {
			continue
		}
		holds, unknown := false, false
		for _, s := range seats {
			_, then := s.at(b.login, b.blocks.at())
			_, now := s.at(b.login, a.pull.Now)
			holds = holds || then || now
			unknown = unknown || s.unknown != ""
		}
		where := &Reason{}
		switch {
		case holds:
			where.Code = ReviewBlocks
			n.out.Reasons = append(n.out.Reasons, Reason{Code: ChangesAreRequested, Person: b.login, Role: n.out.Role})
		case unknown && b.login != a.writers.author:
			where.Code = ReviewMayBlock
			n.out.Reasons = append(n.out.Reasons, Reason{Code: ChangesMayBeRequested, Person: b.login, Role: n.out.Role})
		default:
			continue
		}
		n.out.Blockers = append(n.out.Blockers, b.login)
		a.verdicts.note(b.blocks, n.of, where)
	}
}

// settle gives every requirement its status from the people that count for
// it, and returns the worst of nodes.
func (a *asker) settle(n *node) {
	switch n.out.Kind {
	case KindAny:
		for _, c := range n.children {
			a.settle(c)
		}
		n.out.Status = anyStatus(n.children)
		if n.out.Status == Met {
			for _, c := range n.children {
				c.release()
			}
		}
	case KindAll:
		for _, c := range n.children {
			a.settle(c)
		}
		n.out.Status = allStatus(n.children)
	default:
		a.settleRole(n)
	}
}

func (a *asker) settleRole(n *node) {
	o := &n.out
	o.Counted = slices.Grow(o.Counted, len(n.people))
	for _, p := range n.people {
		o.Counted = append(o.Counted, p.approval())
	}
	may := a.may[:0]
	counts := n.counts()
	for _, login := range n.potential {
		if !counts(login) && !n.used[login] {
			may = append(may, login)
		}
	}
	a.may = may
	if len(may) > 0 {
		o.May = slices.Clone(may)
	}
	switch {
	case len(o.Blockers) > 0:
		o.Status = Refused
	case len(o.Counted) >= o.Need:
		o.Status = Met
	case len(n.potential) >= o.Need:
		o.Status = Waiting
	default:
		o.Status = Stuck
	}
	if len(o.Counted) < o.Need {
		missing := Reason{Code: ApprovalsMissing, Role: o.Role, Project: o.Project, Count: len(o.Counted), Of: o.Need}
		o.Reasons = append(o.Reasons, missing)
		if few := len(n.potential); few > 0 && few < o.Need {
			o.Reasons = append(o.Reasons, Reason{Code: TooFewPeople, Role: o.Role, Project: o.Project, Count: few, Of: o.Need})
		}
	}
}

// counts reports whether a login counts for n, asked in the order of logins.
func (n *node) counts() func(login string) bool {
	return inOrder(n.people, func(p candidate) string { return p.login })
}

// inOrder reports whether a sorted list holds a key, for keys that are asked for
// in their order.
func inOrder[T any](list []T, key func(T) string) func(string) bool {
	return func(s string) bool {
		for len(list) > 0 && key(list[0]) < s {
			list = list[1:]
		}
		return len(list) > 0 && key(list[0]) == s
	}
}

// release marks what is not needed because another alternative is met.
func (n *node) release() {
	if n.out.Status == Met {
		return
	}
	n.out.Status = Idle
	n.out.Reasons = append(n.out.Reasons, Reason{Code: AlternativeChosen})
	for _, c := range n.children {
		c.release()
	}
}

// requirement returns n as part of a decision.
func (n *node) requirement() Requirement {
	for _, c := range n.children {
		n.out.Children = append(n.out.Children, c.requirement())
	}
	return n.out
}

// roles calls do for every role requirement at or below n.
func (n *node) roles(do func(*node)) {
	if n.out.Kind == KindRole {
		do(n)
	}
	for _, c := range n.children {
		c.roles(do)
	}
}

// severity orders statuses from what lets a change through to what is
// furthest from it.
func severity(s Status) int {
	return slices.Index([]Status{Idle, Met, Owed, Waiting, Stuck, Refused, Broken}, s)
}

func worse(a, b Status) Status {
	if severity(b) > severity(a) {
		return b
	}
	return a
}

// allStatus is the worst of nodes.
func allStatus(nodes []*node) Status {
	out := Met
	for _, n := range nodes {
		out = worse(out, n.out.Status)
	}
	return out
}

// anyStatus is the best of nodes, but changes requested by a holder of any of
// the roles block.
func anyStatus(nodes []*node) Status {
	out := Broken
	for _, n := range nodes {
		if n.out.Status == Refused {
			return Refused
		}
		if severity(n.out.Status) < severity(out) {
			out = n.out.Status
		}
	}
	return out
}
