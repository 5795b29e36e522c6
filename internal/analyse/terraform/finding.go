package terraform

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/rolecall/rolecall/policy/fact"
)

func actionOf(c change) string {
	switch {
	case c.any().merged:
		return fact.Update // it changes what stands elsewhere
	case c.was == nil:
		return fact.Create
	case c.is == nil:
		return fact.Delete
	}
	return fact.Update
}

// findings turns changes into what they do.
func (a *analysis) findings(all []change) {
	t := &a.result.Terraform
	a.resources(all)
	all = a.movedModules(all)
	a.compareSigns()
	for _, p := range a.signs {
		t.Settings.Items = append(t.Settings.Items, fact.Setting{Block: "comment", Name: path.Base(p), Action: fact.Update, Dir: parent(p), Paths: a.paths(parent(p))})
	}
	for _, c := range all {
		u, paths := c.any(), a.paths(c.space.dir)
		switch u.sort {
		case module:
			m := moduleOf(c, paths)
			if m.Action == fact.Delete && a.forgotten(c.space, "module."+m.Name) {
				m.Action = fact.Forget
			}
			t.Modules.Items = append(t.Modules.Items, m)
		case requirement, provider, lock:
			for _, half := range otherSource(c) {
				t.Providers.Items = append(t.Providers.Items, a.providerOf(half, paths))
			}
		case setting:
			t.Settings.Items = append(t.Settings.Items, fact.Setting{Block: u.under, Name: u.name, Action: actionOf(c), Dir: c.space.dir, Paths: paths})
		}
	}
}

// movedModules makes one change of the two that a moved block declares to be
// a call's old and new name.
func (a *analysis) movedModules(all []change) []change {
	calls := map[space]map[string]int{}
	for i, c := range all {
		if c.any().sort == module && (c.was == nil) != (c.is == nil) {
			if calls[c.space] == nil {
				calls[c.space] = map[string]int{}
			}
			calls[c.space]["module."+c.any().name] = i
		}
	}
	gone := map[int]bool{}
	for s, of := range calls {
		for _, u := range declared(a.head[s], "moved") {
			i, was := of[argument0(u.block, "from")]
			j, is := of[argument0(u.block, "to")]
			if was && is && !gone[i] && !gone[j] && all[i].was != nil && all[j].is != nil {
				all[j].was = all[i].was
				gone[i] = true
			}
		}
	}
	if len(gone) == 0 {
		return all
	}
	left := all[:0:0]
	for i, c := range all {
		if !gone[i] {
			left = append(left, c)
		}
	}
	return left
}

// forgotten reports whether a removed block lets the objects of an address
// stay.
func (a *analysis) forgotten(s space, address string) bool {
	for _, u := range declared(a.head[s], "removed") {
		if argument0(u.block, "from") == address && spares(u.block) {
			return true
		}
	}
	return false
}

// spares reports whether a removed block lets its objects stay.
func spares(removed *block) bool {
	return slices.ContainsFunc(removed.body.nested("lifecycle"), func(l *block) bool {
		d := l.body.arg("destroy")
		return d != nil && isBool(d.value, true, false)
	})
}

func moduleOf(c change, paths []string) fact.Module {
	u := c.any()
	m := fact.Module{Name: u.name, Dir: c.space.dir, Action: actionOf(c), Paths: paths}
	if u.name == "" {
		m.Name = path.Base(c.space.dir)
	}
	if c.was != nil && c.is != nil && c.was.name != c.is.name {
		m.From = c.was.name
		if sameBody(c.was.block, c.is.block) {
			m.Action = fact.Move
		}
	}
	if c.was != nil {
		m.FromSource, m.FromVersion = textOf(c.was.block, "source"), textOf(c.was.block, "version")
	}
	if c.is != nil {
		m.Source, m.Version = textOf(c.is.block, "source"), textOf(c.is.block, "version")
	}
	local := func(s fact.Maybe[string]) bool { return s.IsKnown() && (s.Value == "" || Local(s.Value)) }
	m.Local = local(m.Source) && local(m.FromSource) && (Local(m.Source.Value) || Local(m.FromSource.Value))
	return m
}

// textOf returns an argument's text; known and empty where it is not set.
func textOf(b *block, name string) fact.Maybe[string] {
	a := b.body.arg(name)
	if a == nil {
		return fact.Known("")
	}
	if s, ok := a.value.(string); ok {
		return fact.Known(s)
	}
	return fact.Unknown[string](notLiteral)
}

var oneVersion = regexp.MustCompile(`^\s*(=|~>|>=|>|<=|<|!=)?\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?\s*$`)

// Order compares two versions, or two lists of constraints of the same
// senses; 0 where one is not plainly above the other.
func Order(from, to string) int {
	x, y := strings.Split(from, ","), strings.Split(to, ",")
	if len(x) != len(y) {
		return 0
	}
	all := 0
	for i := range x {
		switch o, ok := orderOne(x[i], y[i]); {
		case !ok, o*all < 0:
			return 0
		case o != 0:
			all = o
		}
	}
	return all
}

// orderOne compares two versions or constraints of one bound each.
func orderOne(from, to string) (order int, ok bool) {
	x, y := oneVersion.FindStringSubmatch(from), oneVersion.FindStringSubmatch(to)
	if x == nil || y == nil || strings.TrimPrefix(x[1], "=") != strings.TrimPrefix(y[1], "=") {
		return 0, false
	}
	for i := 2; i < 5; i++ {
		a, _ := strconv.Atoi(x[i])
		b, _ := strconv.Atoi(y[i])
		if a != b {
			return cmp.Compare(a, b), x[1] != "!="
		}
	}
	// What comes before a release has a suffix that a release has not.
	return semver.Compare("v0.0.0"+x[5], "v0.0.0"+y[5]), (x[5] == y[5] || x[1] != "!=") && semver.IsValid("v0.0.0"+x[5]) && semver.IsValid("v0.0.0"+y[5])
}

// resources turns the changes of resources and data sources into findings.
func (a *analysis) resources(all []change) {
	var items []change
	for _, c := range all {
		if k := c.any().sort; k == resource || k == data {
			items = append(items, c)
		}
	}
	gone := func(c change) bool { return c.is == nil && !c.was.merged }
	fresh := func(c change) bool { return c.was == nil && !c.is.merged }
	type place struct {
		space   space
		address string
		fresh   bool
	}
	places := map[place]int{}
	for i, c := range items {
		if at := (place{c.space, addressIn(c.any()), fresh(c)}); gone(c) || fresh(c) {
			if _, twice := places[at]; !twice {
				places[at] = i
			}
		}
	}
	find := func(s space, address string, fresh bool) int {
		if i, ok := places[place{s, address, fresh}]; ok {
			return i
		}
		return -1
	}

	used := make([]bool, len(items))
	// Renames that a moved block declares.
	for s, of := range a.head {
		for _, u := range declared(of, "moved") {
			from, to := argument0(u.block, "from"), argument0(u.block, "to")
			i, j := find(s, from, false), find(s, to, true)
			switch {
			case i >= 0 && j >= 0 && !used[i] && !used[j]:
				used[i], used[j] = true, true
				a.resource(change{s, items[i].was, items[j].is}, from, "")
			case i >= 0 && j < 0 && !used[i] && strings.HasPrefix(to, "module."):
				used[i] = true
				r := a.finding(items[i], fact.Update)
				r.From, r.Address = from, to
				r.After = nil
				if stateful(r.Type) {
					r.Risks = append(r.Risks, fact.Risk{Name: "destroys-data", Detail: "what it becomes in the other module was not compared"})
				}
				a.result.Terraform.Resources.Items = append(a.result.Terraform.Resources.Items, r)
			}
		}
		for _, u := range declared(of, "removed") {
			i := find(s, argument0(u.block, "from"), false)
			if i < 0 || used[i] {
				continue
			}
			if spares(u.block) {
				used[i] = true
				a.resource(items[i], "", fact.Forget)
			}
		}
		for _, u := range declared(of, "import") {
			to := argument0(u.block, "to")
			j := find(s, to, true)
			if j >= 0 && !used[j] {
				used[j] = true
				a.resource(items[j], "", fact.Import)
			}
		}
	}
	// Blocks that stand in another directory as they were.
	twins := map[string][]int{}
	for j, d := range items {
		if !used[j] && fresh(d) {
			twins[d.is.key+d.is.canon] = append(twins[d.is.key+d.is.canon], j)
		}
	}
	for i, c := range items {
		if used[i] || !gone(c) {
			continue
		}
		at := -1
		if js := twins[c.was.key+c.was.canon]; len(js) == 1 && !used[js[0]] {
			at = js[0]
		}
		if at >= 0 {
			used[i], used[at] = true, true
			r := a.finding(items[at], fact.Move)
			r.Before = r.After
			r.From = c.space.dir + ":" + addressIn(c.was)
			r.Paths = a.paths(c.space.dir, items[at].space.dir)
			r.Risks = nil
			if stateful(r.Type) {
				r.Risks = []fact.Risk{{Name: "destroys-data", Detail: "it leaves one directory for another, whose state may be another"}}
			}
			a.result.Terraform.Resources.Items = append(a.result.Terraform.Resources.Items, r)
		}
	}
	for i, c := range items {
		if !used[i] {
			a.resource(c, "", "")
		}
	}
	slices.SortStableFunc(a.result.Terraform.Resources.Items, func(x, y fact.Resource) int {
		return cmp.Or(cmp.Compare(x.Dir, y.Dir), cmp.Compare(x.Address, y.Address), cmp.Compare(x.From, y.From), cmp.Compare(x.Action, y.Action))
	})
}

// declared lists the units of a kind of block, in a stable order.
func declared(of map[string][]*unit, kind string) []*unit {
	var all []*unit
	for _, k := range sortedKeys(of) {
		if strings.HasPrefix(k, kind+"=") {
			for _, u := range of[k] {
				if u.block != nil {
					all = append(all, u)
				}
			}
		}
	}
	return all
}

func argument0(b *block, name string) string {
	if a := b.body.arg(name); a != nil {
		return addressOf(a.value)
	}
	return ""
}

func addressIn(u *unit) string {
	if u.sort == data {
		return "data." + u.name
	}
	return u.name
}

// resource adds a finding; action is what a block elsewhere says it is, or "".
func (a *analysis) resource(c change, from, action string) {
	if action == "" {
		action = actionOf(c)
	}
	moved := from != "" && c.was != nil && c.is != nil
	if action == fact.Update && c.was != nil && c.is != nil {
		switch typ := c.is.block.labels[0]; {
		case moved && sameBody(c.was.block, c.is.block) && c.was.block.labels[0] == typ:
			action = fact.Move
		case none(c.is.block) && !none(c.was.block):
			action = fact.Delete
		case none(c.was.block) && !none(c.is.block):
			action = fact.Create
		case c.is.sort == resource && (replaced(typ, c.was.block, c.is.block) || c.was.block.labels[0] != typ):
			action = fact.Replace
		}
	}
	r := a.finding(c, action)
	r.From = from
	a.result.Terraform.Resources.Items = append(a.result.Terraform.Resources.Items, r)
}

func sameBody(x, y *block) bool {
	return string(x.body.appendCanon(nil)) == string(y.body.appendCanon(nil))
}

// none reports whether a block makes no object at all.
func none(b *block) bool {
	if a := b.body.arg("count"); a != nil {
		n, ok := a.value.(float64)
		return ok && n == 0
	}
	return false
}

func (a *analysis) finding(c change, action string) fact.Resource {
	u := c.any()
	r := fact.Resource{Address: addressIn(u), Type: u.block.labels[0], Name: u.block.labels[1], Data: u.sort == data,
		Action: action, Dir: c.space.dir, Paths: a.paths(c.space.dir)}
	r.Kind, r.Instance = kindOf(r.Type)
	if r.Data {
		r.Instance = false // it is read, not made
	}
	var was, is *block
	if c.was != nil {
		was = c.was.block
		r.Before = flatten(&was.body)
	}
	if c.is != nil {
		is = c.is.block
		r.After = flatten(&is.body)
	}
	if r.Data && (action == fact.Delete || action == fact.Replace) {
		return r
	}
	r.Risks = risks(was, is, action, r.Type)
	if was != nil && is != nil && stateful(r.Type) && !r.Data && action == fact.Update {
		// A moved block says which of its objects it was.
		indexed := slices.ContainsFunc(declared(a.head[c.space], "moved"), func(u *unit) bool {
			return argument0(u.block, "from") == r.Address && argument0(u.block, "to") == r.Address
		})
		for _, name := range []string{"count", "for_each"} {
			if indexed && was.body.arg("count") == nil && was.body.arg("for_each") == nil {
				break
			}
			if x, y := was.body.arg(name), is.body.arg(name); (x == nil) != (y == nil) || x != nil && x.canon != y.canon {
				r.Risks = append(r.Risks, fact.Risk{Name: "destroys-data", Detail: name + " changes, and with it which objects there are"})
			}
		}
	}
	return r
}

// replaced reports whether an argument changes that forces replacement.
func replaced(typ string, was, is *block) bool {
	force := forces(typ)
	if len(force) == 0 {
		return false
	}
	return forced(force, "", &was.body, &is.body)
}

func forced(force map[string]bool, prefix string, was, is *body) bool {
	for _, b := range []struct{ x, y *body }{{was, is}, {is, was}} {
		for _, x := range b.x.args {
			y := b.y.arg(x.name)
			if y != nil && x.canon == y.canon {
				continue
			}
			if force[prefix+x.name] {
				return true
			}
			var other value
			if y != nil {
				other = y.value
			}
			if forcedIn(force, prefix+x.name, x.value, other) {
				return true
			}
		}
	}
	seen := map[string]bool{}
	for _, n := range slices.Concat(was.blocks, is.blocks) {
		if seen[n.kind] {
			continue
		}
		seen[n.kind] = true
		x, y := was.nested(n.kind), is.nested(n.kind)
		if force[prefix+n.kind] && !slices.EqualFunc(x, y, func(a, b *block) bool { return a.canon == b.canon }) {
			return true
		}
		for i := range max(len(x), len(y)) {
			var a, b body
			if i < len(x) {
				a = x[i].body
			}
			if i < len(y) {
				b = y[i].body
			}
			if forced(force, prefix+n.kind+".", &a, &b) {
				return true
			}
		}
	}
	return false
}

// forcedIn does it for the blocks of the JSON syntax.
func forcedIn(force map[string]bool, at string, x, y value) bool {
	a, ok := x.(jsonObject)
	if !ok {
		return false
	}
	b, _ := y.(jsonObject)
	for k, v := range a {
		if other, had := b[k]; force[at+"."+k] && (!had || !literal(v) || !literal(other) || show(v, true) != show(other, true)) {
			return true
		}
	}
	return false
}
