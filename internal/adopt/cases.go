package adopt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// cases makes rules of alternatives: one for each need that is left in some
// case of the conditions, and in force in all cases that leave it.
func (b *botImport) cases(n *botNode, atoms []condition) {
	type left struct {
		need  need
		cases []int
	}
	var all []left
	for bits := range 1 << len(atoms) {
		holds := func(c condition) []bool {
			switch c {
			case certain:
				return []bool{true}
			case never:
				return []bool{false}
			case untold:
				return []bool{true, false}
			}
			return []bool{bits>>slices.Index(atoms, c)&1 == 1}
		}
		need := simplified(need{op: "all", children: b.worlds(n, holds)})
		if need.op == "nothing" {
			continue
		}
		key := need.key()
		i := slices.IndexFunc(all, func(l left) bool { return l.need.key() == key })
		if i < 0 {
			i = len(all)
			all = append(all, left{need: need})
		}
		all[i].cases = append(all[i].cases, bits)
	}
	var names []string
	for _, r := range n.leaves() {
		names = append(names, r.name)
	}
	said := b.named(n, atoms)
	name := strings.Join(names, " or ")
	for i, l := range all {
		out := &outRule{name: name, when: yes, need: l.need}
		if len(name) > 85 {
			out.name = fmt.Sprintf("%s or %d others", names[0], len(names)-1)
		}
		if i == 0 && len(name) > 85 {
			out.comment = []string{"Alternatives: " + strings.Join(names, "; ") + "."}
		}
		out.when = conditionOf(cover(l.cases, len(atoms)), said)
		b.emit(out)
	}
}

// worlds are the needs of a node for every way in which what cannot be told
// may stand.
func (b *botImport) worlds(n *botNode, holds func(condition) []bool) []need {
	var unsure []*botRule
	for _, r := range n.leaves() {
		if len(holds(b.of(r).active)) > 1 {
			unsure = append(unsure, r)
		}
	}
	var out []need
	for bits := range 1 << len(unsure) {
		left, applies := b.left(n, func(r *botRule) bool {
			if i := slices.Index(unsure, r); i >= 0 {
				return bits>>i&1 == 1
			}
			return holds(b.of(r).active)[0]
		}, holds)
		if applies {
			out = append(out, left)
		}
	}
	return out
}

// left is what a node needs where it is known which rules apply; applies is
// false where none does.
func (b *botImport) left(n *botNode, active func(*botRule) bool, holds func(condition) []bool) (out need, applies bool) {
	if n.rule != nil {
		if !active(n.rule) {
			return nothing, false
		}
		out = b.approvals(n.rule)
		if slices.Contains(holds(b.of(n.rule).approved), false) {
			out = simplified(need{op: "all", children: []need{out, b.keepersNeed()}})
		}
		return out, true
	}
	op := map[string]string{"and": "all", "or": "any"}[n.op]
	out = need{op: op}
	for _, c := range n.children {
		if left, ok := b.left(c, active, holds); ok {
			out.children = append(out.children, left)
			applies = true
		}
	}
	return simplified(out), applies
}

// simplified takes groups of one apart, joins groups of a kind, and leaves out
// what others in the group decide.
func simplified(n need) need {
	if n.op != "any" && n.op != "all" {
		return n
	}
	var parts []need
	for _, c := range n.children {
		c = simplified(c)
		switch {
		case c.op == "nothing" && n.op == "any":
			return nothing
		case c.op == "nothing":
		case c.op == n.op:
			parts = append(parts, c.children...)
		default:
			parts = append(parts, c)
		}
	}
	var out []need
	for _, p := range parts {
		if p.op == "role" {
			i := slices.IndexFunc(out, func(o need) bool { return o.op == "role" && o.role == p.role })
			if i >= 0 {
				out[i] = joinedRole(n.op, out[i], p)
				continue
			}
		}
		if !slices.ContainsFunc(out, func(o need) bool { return o.key() == p.key() }) {
			out = append(out, p)
		}
	}
	// All of a and (a or b) is a; any of a and (a and b) is a.
	other := map[string]string{"any": "all", "all": "any"}[n.op]
	out = slices.DeleteFunc(slices.Clone(out), func(p need) bool {
		return p.op == other && slices.ContainsFunc(p.children, func(c need) bool {
			return slices.ContainsFunc(out, func(o need) bool { return o.key() == c.key() })
		})
	})
	switch len(out) {
	case 0:
		return nothing
	case 1:
		return out[0]
	}
	return need{op: n.op, children: out}
}

// joinedRole is one role that is needed twice: as often as the greater need
// says where both are to be met, and as the smaller where one is enough; by
// those whom both let approve.
func joinedRole(op string, a, b need) need {
	if op == "any" {
		a.count = min(a.count, b.count)
	} else {
		a.count = max(a.count, b.count)
	}
	a.allow = slices.DeleteFunc(slices.Clone(a.allow), func(s string) bool { return !slices.Contains(b.allow, s) })
	if a.ask == "none" {
		a.ask = b.ask
	}
	a.sticky = a.sticky || b.sticky
	return a
}

// key tells needs apart.
func (n need) key() string {
	if n.op == "role" {
		return fmt.Sprintf("%s %d %v %s %v", n.role.name, n.count, n.allow, n.ask, n.sticky)
	}
	var keys []string
	for _, c := range n.children {
		keys = append(keys, c.key())
	}
	slices.Sort(keys)
	return n.op + "(" + strings.Join(keys, ",") + ")"
}

// implicant is a set of cases: those in which the conditions of care are as
// value has them.
type implicant struct{ care, value int }

func (m implicant) holds(bits int) bool { return bits&m.care == m.value }

// cover is a short way to say a set of cases.
func cover(cases []int, atoms int) (out []implicant) {
	full := 1<<atoms - 1
	has := map[implicant]bool{}
	level := []implicant{}
	for _, c := range cases {
		level = append(level, implicant{full, c})
	}
	var prime []implicant
	for len(level) > 0 {
		var next []implicant
		used := map[implicant]bool{}
		for i, a := range level {
			for _, b := range level[i+1:] {
				if diff := a.value ^ b.value; a.care == b.care && diff&(diff-1) == 0 {
					m := implicant{a.care &^ diff, a.value &^ diff}
					used[a], used[b] = true, true
					if !has[m] {
						has[m] = true
						next = append(next, m)
					}
				}
			}
		}
		for _, a := range level {
			if !used[a] {
				prime = append(prime, a)
			}
		}
		level = next
	}
	open := slices.Clone(cases)
	for len(open) > 0 {
		best := slices.MaxFunc(prime, func(a, b implicant) int {
			return cmp.Or(cmp.Compare(covered(a, open), covered(b, open)), cmp.Compare(b.care, a.care), cmp.Compare(b.value, a.value))
		})
		out = append(out, best)
		open = slices.DeleteFunc(open, best.holds)
	}
	return out
}

func covered(m implicant, cases []int) (n int) {
	for _, c := range cases {
		if m.holds(c) {
			n++
		}
	}
	return n
}

// longCondition is from how many characters on a condition gets a name.
const longCondition = 45

// named are the conditions by names of their own, where they are long.
func (b *botImport) named(n *botNode, atoms []condition) []condition {
	out := slices.Clone(atoms)
	for i, a := range atoms {
		if !a.exact() || len(a.may) < longCondition {
			continue
		}
		for _, r := range n.leaves() {
			switch a {
			case b.of(r).active:
				out[i] = told(b.local(r.name, a.may))
			case b.of(r).approved:
				out[i] = told(b.local(r.name+" conditions", a.may))
			default:
				continue
			}
			break
		}
	}
	return out
}

// local names an expression, and returns how it is written.
func (b *botImport) local(name, expression string) string {
	name = strings.ReplaceAll(slug(name), "-", "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "rule_" + name
	}
	base := name
	for n := 2; ; n++ {
		i := slices.IndexFunc(b.locals, func(l [2]string) bool { return l[0] == name })
		if i < 0 {
			b.locals = append(b.locals, [2]string{name, expression})
		} else if b.locals[i][1] != expression {
			name = fmt.Sprintf("%s_%d", base, n)
			continue
		}
		return "local." + name
	}
}

// conditionOf writes a set of cases as a condition.
func conditionOf(cases []implicant, atoms []condition) string {
	var parts []string
	for _, m := range cases {
		var each []string
		for i, a := range atoms {
			switch {
			case m.care>>i&1 == 0:
			case m.value>>i&1 == 1:
				each = append(each, a.may)
			default:
				each = append(each, a.mayNot)
			}
		}
		parts = append(parts, allOf(each))
	}
	return anyOf(parts)
}
