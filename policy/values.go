package policy

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/rolecall/rolecall/policy/fact"
)

// elements returns the elements of a list of findings, and its gaps, as
// origins in their order.
func (w *world) elements(name string) []*origin {
	if list, ok := w.lists[name]; ok {
		return list
	}
	list := w.makeList(name)
	w.lists[name] = list
	return list
}

func (w *world) makeList(name string) []*origin {
	f := &w.pull.Findings
	switch name {
	case "files":
		list := make([]*origin, 0, len(w.files)+len(w.pull.Gaps))
		for _, f := range w.files {
			list = append(list, f.element)
		}
		return append(list, w.fileGaps()...)
	case "go.files":
		return w.filesAt(f.Go.Files)
	case "terraform.files":
		return w.filesAt(f.Terraform.Files)
	case "projects.files":
		var in [][]string
		for _, p := range w.touched() {
			in = append(in, p.paths)
		}
		return w.filesAt(slices.Concat(in...))
	case "uncovered.files":
		list := []*origin{}
		for _, f := range w.files {
			if slices.ContainsFunc(f.paths, func(p string) bool { return w.uncovered[p] }) {
				list = append(list, f.element)
			}
		}
		return append(list, w.fileGaps()...)
	case "projects":
		list := []*origin{}
		for _, p := range w.touched() {
			list = append(list, w.projectElement(p))
		}
		return append(list, w.fileGaps()...)
	case "go.packages":
		return origins(w, name, f.Go.Packages, func(p *fact.GoPackage, o *origin) {
			o.summary, o.paths = "package "+orRoot(p.Dir)+" ("+p.Action+")", p.Paths
			o.build = func() map[string]cty.Value {
				return attrs{"dir": text(p.Dir), "name": text(p.Name), "action": text(p.Action), "paths": textList(p.Paths)}
			}
		})
	case "go.exported":
		return origins(w, name, f.Go.Exported, func(e *fact.GoExport, o *origin) {
			o.summary, o.paths = e.Package+"."+e.Name+" ("+e.Action+")", e.Paths
			o.build = func() map[string]cty.Value {
				return attrs{"dir": text(e.Dir), "package": text(e.Package), "name": text(e.Name), "kind": text(e.Kind), "action": text(e.Action), "paths": textList(e.Paths)}
			}
		})
	case "go.functions":
		return origins(w, name, f.Go.Functions, func(e *fact.GoFunc, o *origin) {
			o.summary, o.paths = e.Name+" in "+orRoot(e.Dir)+" ("+e.Action+")", e.Paths
			o.build = func() map[string]cty.Value {
				return attrs{"dir": text(e.Dir), "name": text(e.Name), "action": text(e.Action), "test": cty.BoolVal(e.Test), "paths": textList(e.Paths)}
			}
		})
	case "go.uses":
		return origins(w, name, f.Go.Uses, func(u *fact.GoUse, o *origin) {
			o.summary, o.paths = u.What, u.Paths
			o.build = func() map[string]cty.Value {
				return attrs{"what": text(u.What), "test": cty.BoolVal(u.Test), "paths": textList(u.Paths)}
			}
		})
	case "terraform.resources":
		return origins(w, name, f.Terraform.Resources, func(r *fact.Resource, o *origin) {
			o.summary, o.paths, o.resource = r.Address+" ("+r.Action+")", r.Paths, r
			o.build = func() map[string]cty.Value { return resourceAttrs(r) }
		})
	case "terraform.modules":
		return origins(w, name, f.Terraform.Modules, func(m *fact.Module, o *origin) {
			o.summary, o.paths = "module."+m.Name+" ("+m.Action+")", m.Paths
			o.build = func() map[string]cty.Value {
				return attrs{"name": text(m.Name), "dir": text(m.Dir), "action": text(m.Action), "from": text(m.From), "source": maybeText(m.Source), "from_source": maybeText(m.FromSource),
					"version": maybeText(m.Version), "from_version": maybeText(m.FromVersion), "local": cty.BoolVal(m.Local), "paths": textList(m.Paths)}
			}
		})
	case "terraform.providers":
		return origins(w, name, f.Terraform.Providers, func(p *fact.Provider, o *origin) {
			o.summary, o.paths = "provider "+p.Name+" ("+p.Action+")", p.Paths
			o.build = func() map[string]cty.Value {
				return attrs{"name": text(p.Name), "source": text(p.Source), "action": text(p.Action), "from": text(p.From), "to": text(p.To), "dir": text(p.Dir), "paths": textList(p.Paths)}
			}
		})
	case "terraform.settings":
		return origins(w, name, f.Terraform.Settings, func(s *fact.Setting, o *origin) {
			o.summary, o.paths = strings.TrimSpace(s.Block+" "+s.Name)+" ("+s.Action+")", s.Paths
			o.build = func() map[string]cty.Value {
				return attrs{"block": text(s.Block), "name": text(s.Name), "action": text(s.Action), "dir": text(s.Dir), "paths": textList(s.Paths)}
			}
		})
	case "dependencies":
		return origins(w, name, f.Dependencies, func(d *fact.Dependency, o *origin) {
			o.summary, o.paths = d.Ecosystem+": "+d.Name+" ("+d.Action+")", d.Paths
			o.build = func() map[string]cty.Value {
				return attrs{"ecosystem": text(d.Ecosystem), "name": text(d.Name), "from": text(d.From), "to": text(d.To), "action": text(d.Action),
					"direct": cty.BoolVal(d.Direct), "detail": text(d.Detail), "paths": textList(d.Paths)}
			}
		})
	case "workflows":
		return origins(w, name, f.Workflows, func(f *fact.Workflow, o *origin) {
			o.summary, o.paths = f.Path+" ("+f.Action+")", f.Paths
			o.build = func() map[string]cty.Value {
				return attrs{"path": text(f.Path), "action": text(f.Action), "triggers": textList(f.Triggers), "permissions": textList(f.Permissions), "secrets": textList(f.Secrets),
					"injections": textList(f.Injections), "unpinned": textList(f.Unpinned), "privileged": maybeBool(f.Privileged), "cosmetic": maybeBool(f.Cosmetic), "paths": textList(f.Paths)}
			}
		})
	}
	panic("policy: the schema names a list that no world can make: " + name)
}

type attrs = map[string]cty.Value

func orRoot(dir string) string {
	if dir == "" || dir == "." {
		return "the root directory"
	}
	return dir
}

// origins turns a list of findings into origins. What the change as a whole
// leaves unseen may hold findings of any kind, so its gaps follow.
func origins[T any](w *world, kind string, list fact.List[T], fill func(*T, *origin)) []*origin {
	made := make([]origin, len(list.Items), len(list.Items)+len(list.Gaps))
	out := make([]*origin, 0, cap(made)+len(w.pull.Gaps))
	for i := range list.Items {
		made[i].kind = kind
		fill(&list.Items[i], &made[i])
		out = append(out, &made[i])
	}
	for _, g := range list.Gaps {
		out = append(out, gapOf(kind, g))
	}
	for _, g := range w.gaps(fact.AboutFiles) {
		out = append(out, gapOf(kind, g))
	}
	return out
}

// gaps are the pull request's gaps in a part of its facts.
func (w *world) gaps(about string) []fact.Gap {
	var out []fact.Gap
	for _, g := range w.pull.Gaps {
		if g.About == about || g.About == "" && (about == fact.AboutFiles || len(g.Paths) == 0) {
			out = append(out, g)
		}
	}
	return out
}

func gapOf(kind string, g fact.Gap) *origin {
	reason := g.Reason
	if reason == "" {
		reason = "no reason was recorded"
	}
	o := &origin{kind: kind, gap: reason, summary: "what could not be read"}
	if len(g.Paths) > 0 {
		o.paths = g.Paths
		o.summary = "what could not be read of " + g.Paths[0]
		if n := len(g.Paths) - 1; n > 0 {
			o.summary += fmt.Sprintf(" and %d more", n)
		}
	}
	return o
}

func (w *world) fileGaps() []*origin {
	var out []*origin
	for _, g := range w.gaps(fact.AboutFiles) {
		out = append(out, gapOf("files", g))
	}
	return out
}

// filesAt returns the elements of files at paths, each once, in the order of
// files; a path that is not among them becomes an element of its own.
func (w *world) filesAt(paths []string) []*origin {
	in := make([]bool, len(w.files))
	var others []*origin
	seen := map[string]bool{}
	for _, p := range paths {
		if f := w.fileAt(p); f != nil && f.index >= 0 {
			in[f.index] = true
		} else if !seen[p] {
			seen[p] = true
			other := &changedFile{fact: &fact.File{Path: p}, index: -1, paths: []string{p}, folded: []string{fact.FoldPath(p)}, element: &origin{}}
			w.fileElement(other)
			others = append(others, other.element)
		}
	}
	out := make([]*origin, 0, len(paths))
	for i, yes := range in {
		if yes {
			out = append(out, w.files[i].element)
		}
	}
	return append(append(out, others...), w.fileGaps()...)
}

// glob returns the files in set; one that is in it only once case and odd
// characters are put aside is followed by a gap of its own.
func (w *world) glob(set *globs) []*origin {
	var out []*origin
	for _, f := range w.nearby(set) {
		best := unmatched
		for i := range f.paths {
			best = max(best, set.match(f.paths[i], f.folded[i]))
		}
		switch best {
		case matched:
			out = append(out, f.element)
		case doubted:
			out = append(out, &origin{kind: "files", summary: f.element.summary, paths: f.paths, gap: "its name differs from the pattern only in case or in characters that look alike"})
		}
	}
	return append(out, w.fileGaps()...)
}

// nearby returns, in their order, the files that may be in set: all but those
// that a look into the sorted paths rules out. Policies have a directory for
// each of many rules.
func (w *world) nearby(set *globs) []*changedFile {
	if len(w.files) < 64 || !set.literal() {
		return w.files
	}
	if w.sorted == nil {
		for _, f := range w.files {
			for i, p := range f.paths {
				w.sorted = append(w.sorted, namedFile{p, w.trees.index[p], f})
				if f.folded[i] != p && (len(w.odd) == 0 || w.odd[len(w.odd)-1] != f) {
					w.odd = append(w.odd, f)
				}
			}
		}
		slices.SortFunc(w.sorted, func(a, b namedFile) int { return a.rank - b.rank })
	}
	out := slices.Clone(w.odd)
	for _, g := range set.exact {
		from, _ := slices.BinarySearchFunc(w.sorted, g.text, func(n namedFile, text string) int { return strings.Compare(n.path, text) })
		for _, n := range w.sorted[from:] {
			if !strings.HasPrefix(n.path, g.text) {
				break
			}
			out = append(out, n.file)
		}
	}
	slices.SortFunc(out, func(a, b *changedFile) int { return a.index - b.index })
	return slices.Compact(out)
}

// resources returns the resources whose type or address is in set.
func (w *world) resources(set *globs) []*origin {
	var out []*origin
	for _, o := range w.elements("terraform.resources") {
		if o.gap != "" {
			out = append(out, o)
			continue
		}
		for _, s := range []string{o.resource.Type, o.resource.Address, o.resource.From} {
			if s != "" && set.match(s, fact.FoldPath(s)) != unmatched {
				out = append(out, o)
				break
			}
		}
	}
	return out
}

// value returns an element's value, marked with where it comes from; for a
// gap an unknown element.
func (o *origin) val(w *world) cty.Value {
	if o.value != cty.NilVal {
		return o.value
	}
	switch {
	case o.gap != "":
		o.value = cty.UnknownVal(kindType[o.kind]).RefineNotNull().WithMarks(cty.NewValueMarks(o, doubt(o.gap)))
	case o.file != nil:
		o.value = cty.ObjectVal(w.fileAttrs(o.file)).Mark(o)
	default:
		o.value = cty.ObjectVal(o.build()).Mark(o)
	}
	return o.value
}

// listValue is a list for use inside an expression. A list with a gap is
// unknown as a whole: neither its length nor what it lacks can be told.
func (w *world) listValue(kind string, list []*origin) cty.Value {
	var gaps []*origin
	for _, o := range list {
		if o.gap != "" {
			gaps = append(gaps, o)
		}
	}
	if len(gaps) > 0 {
		all := &origin{kind: kind, gap: gaps[0].gap, summary: gaps[0].summary}
		var paths []string
		for _, o := range list {
			if o.paths == nil {
				paths = nil
				break
			}
			paths = append(paths, o.paths...)
		}
		all.paths = w.sortedPaths(paths)
		if len(paths) == 0 {
			all.paths = nil
		}
		return cty.UnknownVal(listOf(kind)).RefineNotNull().WithMarks(cty.NewValueMarks(all, doubt(all.gap)))
	}
	if len(list) == 0 {
		return cty.ListValEmpty(kindType[kind])
	}
	vals := make([]cty.Value, len(list))
	for i, o := range list {
		vals[i] = o.val(w)
	}
	return cty.ListVal(vals)
}

// variable returns the value of a name of the schema.
func (w *world) variable(n *name) cty.Value {
	p, f := w.pull, &w.pull.Findings
	if n.kind != "" {
		return w.listValue(n.kind, w.elements(n.path))
	}
	switch n.path {
	case "pull.number":
		return cty.NumberIntVal(int64(p.Number))
	case "pull.title":
		return text(p.Title)
	case "pull.body":
		return text(p.Body)
	case "pull.author":
		return w.author()
	case "pull.base":
		return text(p.Base.Ref)
	case "pull.head":
		return text(p.Head.Ref)
	case "pull.labels":
		if gaps := w.gaps(fact.AboutTimeline); len(gaps) > 0 {
			return unknown(strs, gaps[0].Reason)
		}
		return textList(w.given.labels)
	case "pull.draft":
		return cty.BoolVal(p.Draft)
	case "pull.fork":
		return cty.BoolVal(p.Fork)
	case "pull.bot":
		return cty.BoolVal(p.Author.Bot)
	case "pull.created_at":
		return text(p.CreatedAt.UTC().Format(time.RFC3339))
	case "go.tests_only":
		return w.overall(f.Go.TestsOnly, f.Go.Files)
	case "go.cosmetic":
		return w.overall(f.Go.Cosmetic, f.Go.Files)
	case "terraform.cosmetic":
		return w.overall(f.Terraform.Cosmetic, f.Terraform.Files)
	case "now":
		return text(p.Now.UTC().Truncate(time.Hour).Format(time.RFC3339))
	}
	panic("policy: the schema names a value that no world can make: " + n.path)
}

// overall is a statement about all files of a language: while some cannot be
// seen, only the "no" of those that can is certain.
func (w *world) overall(m fact.Maybe[bool], files []string) cty.Value {
	if gaps := w.gaps(fact.AboutFiles); len(gaps) > 0 && m.IsKnown() && (m.Value || len(files) == 0) {
		return unknown(cty.Bool, gaps[0].Reason)
	}
	return maybeBool(m)
}

func (w *world) author() cty.Value {
	if w.pull.Author.Login == "" {
		return unknown(cty.String, "the author's account is gone")
	}
	return text(fact.Login(w.pull.Author.Login))
}

// authorIn says whether the author holds a role now.
func (w *world) authorIn(name string) cty.Value {
	login := fact.Login(w.pull.Author.Login)
	if login == "" {
		return unknown(cty.Bool, "the author's account is gone")
	}
	holders, ok := w.pull.Roster.Roles[w.layer.role(name).Key()]
	if !ok {
		return unknown(cty.Bool, "nobody could say who holds the role "+name)
	}
	holds := false
	for _, h := range holders.List {
		if fact.Login(h.Login) == login {
			holds = holds || h.At(w.pull.Now)
			w.until = earliest(w.until, earliest(after(h.From, w.pull.Now), after(h.To, w.pull.Now)))
		}
	}
	if holds {
		return cty.True
	}
	if len(holders.Gaps) > 0 {
		return unknown(cty.Bool, holders.Gaps[0].Reason)
	}
	return cty.False
}

// labelValue says whether a label is in force. Where the answer may take a
// requirement away, only a label of somebody who may decide on it is certain.
func (w *world) labelValue(args []string, sure bool) cty.Value {
	by := w.layer.labelDefault(args[0])
	if len(args) > 1 {
		by = args[1]
	}
	standing := w.given.label(args[0], by)
	if gaps := w.gaps(fact.AboutTimeline); len(gaps) > 0 && standing.by == "" {
		return unknown(cty.Bool, gaps[0].Reason)
	}
	w.sawLabel(seenLabel{args[0], by, standing, false})
	switch {
	case !standing.inForce:
		return cty.False
	case sure && !standing.sure:
		return unknown(cty.Bool, fmt.Sprintf("nobody in the role %s has decided on the label %q", by, args[0]))
	}
	return cty.True
}

func (w *world) sawLabel(l seenLabel) {
	if l.inForce && !slices.Contains(w.labels, l) {
		w.labels = append(w.labels, l)
	}
}

// matchesValue says whether a file, by both its names, or a text is in set.
func (w *world) matchesValue(set *globs, v cty.Value) (cty.Value, error) {
	var paths []string
	switch t := v.Type(); {
	case t == cty.String:
		paths = []string{v.AsString()}
	case t.IsObjectType() && t.HasAttribute("path") && t.HasAttribute("previous_path"):
		for _, attr := range []string{"path", "previous_path"} {
			a, _ := v.GetAttr(attr).Unmark()
			if !a.IsKnown() || a.IsNull() {
				return cty.UnknownVal(cty.Bool), nil
			}
			if s := a.AsString(); s != "" {
				paths = append(paths, s)
			}
		}
		if status, _ := v.GetAttr("status").Unmark(); status.IsKnown() && !status.IsNull() && status.AsString() == fact.Copied {
			paths = paths[:1]
		}
	default:
		return cty.NilVal, fmt.Errorf("matches looks at an element of files or at a text")
	}
	folded := make([]string, len(paths))
	for i, p := range paths {
		folded[i] = fact.FoldPath(p)
	}
	return set.both(paths, folded).value(), nil
}

// value is an answer as an expression's value.
func (v verdictWhy) value() cty.Value {
	if v.answer == unsure {
		return unknown(cty.Bool, v.why)
	}
	return cty.BoolVal(v.answer == yes)
}

func unknown(t cty.Type, why string) cty.Value {
	if why == "" {
		why = "no reason was recorded"
	}
	v := cty.UnknownVal(t)
	if t != cty.DynamicPseudoType {
		v = v.RefineNotNull()
	}
	return v.Mark(doubt(why))
}

func text(s string) cty.Value { return cty.StringVal(s) }

func textList(list []string) cty.Value {
	if len(list) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	vals := make([]cty.Value, len(list))
	for i, s := range list {
		vals[i] = text(s)
	}
	return cty.ListVal(vals)
}

func maybeText(m fact.Maybe[string]) cty.Value {
	if !m.IsKnown() {
		return unknown(cty.String, m.Unknown)
	}
	return text(m.Value)
}

func maybeBool(m fact.Maybe[bool]) cty.Value {
	if !m.IsKnown() {
		return unknown(cty.Bool, m.Unknown)
	}
	return cty.BoolVal(m.Value)
}

const notAnalysed = "the file was not analysed"

func (w *world) fileAttrs(f *changedFile) attrs {
	x := f.fact
	out := attrs{
		"path": text(x.Path), "previous_path": text(x.PreviousPath), "status": text(x.Status),
		"additions": cty.NumberIntVal(int64(x.Additions)), "deletions": cty.NumberIntVal(int64(x.Deletions)),
		"mode":          entryMode(x.Head, x.Status != fact.Removed),
		"previous_mode": entryMode(x.Base, x.Status != fact.Added),
	}
	const why = notAnalysed
	found := w.pull.Findings.Files
	if f.index >= 0 && len(found) == len(w.files) && found[f.index].Path == x.Path {
		out["language"] = text(found[f.index].Language)
		out["generated"], out["cosmetic"] = maybeBool(found[f.index].Generated), maybeBool(found[f.index].Cosmetic)
	} else {
		out["language"], out["generated"], out["cosmetic"] = unknown(cty.String, why), unknown(cty.Bool, why), unknown(cty.Bool, why)
	}
	if f.index < 0 {
		out["status"], out["additions"], out["deletions"] = unknown(cty.String, why), unknown(cty.Number, why), unknown(cty.Number, why)
		out["mode"], out["previous_mode"] = unknown(cty.String, why), unknown(cty.String, why)
	}
	return out
}

// entryMode is the mode of an entry; there says whether something must stand
// at the path.
func entryMode(m fact.Maybe[fact.Entry], there bool) cty.Value {
	switch {
	case !m.IsKnown():
		return unknown(cty.String, m.Unknown)
	case m.Value.Mode != "":
		return text(m.Value.Mode)
	case !there && m.Value.Blob == "":
		return text("")
	}
	return unknown(cty.String, "the file's mode was not read")
}

func resourceAttrs(r *fact.Resource) attrs {
	risks := cty.ListValEmpty(riskTyp)
	if len(r.Risks) > 0 {
		vals := make([]cty.Value, len(r.Risks))
		for i, k := range r.Risks {
			vals[i] = cty.ObjectVal(attrs{"name": text(k.Name), "detail": text(k.Detail)})
		}
		risks = cty.ListVal(vals)
	}
	return attrs{
		"address": text(r.Address), "type": text(r.Type), "name": text(r.Name), "data": cty.BoolVal(r.Data), "action": text(r.Action), "from": text(r.From),
		"kind": maybeText(r.Kind), "instance": cty.BoolVal(r.Instance), "risks": risks, "dir": text(r.Dir), "paths": textList(r.Paths),
		carrier: cty.CapsuleVal(resourceCapsule, r),
	}
}

func (w *world) projectElement(p touchedProject) *origin {
	dri := []string{}
	switch {
	case w.given.dri != nil:
		dri = w.given.dri(p.project.name)
	case p.project.dri != "":
		dri = []string{p.project.dri}
	}
	return &origin{kind: "projects", summary: "project " + p.project.name, paths: p.paths, build: func() map[string]cty.Value {
		return attrs{"name": text(p.project.name), "dri": textList(dri), "paths": textList(p.paths)}
	}}
}

// attributeValue is what before() and after() return.
func attributeValue(args []cty.Value, side func(*fact.Resource) map[string]fact.Maybe[any]) (cty.Value, error) {
	v, marks := args[0].Unmark()
	if !v.Type().IsObjectType() || !v.Type().HasAttribute(carrier) {
		return cty.NilVal, fmt.Errorf("before and after read an element of terraform.resources")
	}
	capsule, _ := v.GetAttr(carrier).Unmark()
	if !capsule.IsKnown() || capsule.IsNull() {
		return cty.DynamicVal.WithMarks(marks), nil
	}
	path, pathMarks := args[1].Unmark()
	return literalAt(side(capsule.EncapsulatedValue().(*fact.Resource)), path.AsString()).WithMarks(marks, pathMarks), nil
}

// literalAt looks a dotted path up. What is set above or below the path
// decides as well: nothing is called unset that may be part of something.
func literalAt(all map[string]fact.Maybe[any], path string) cty.Value {
	if m, ok := all[path]; ok {
		if !m.IsKnown() {
			return unknown(cty.DynamicPseudoType, m.Unknown)
		}
		return plainValue(m.Value, 0)
	}
	keys := make([]string, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		above := strings.HasPrefix(path, k) && strings.ContainsRune(".[", rune(path[len(k)]))
		below := strings.HasPrefix(k, path) && strings.ContainsRune(".[", rune(k[len(path)]))
		switch m := all[k]; {
		case above && !m.IsKnown():
			return unknown(cty.DynamicPseudoType, m.Unknown)
		case above:
			return descend(plainValue(m.Value, 0), path[len(k):])
		case below:
			return unknown(cty.DynamicPseudoType, fmt.Sprintf("%s is a block with attributes of its own", path))
		}
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

// descend follows the rest of a path into a literal.
func descend(v cty.Value, rest string) cty.Value {
	for rest != "" && v.IsKnown() && !v.IsNull() {
		if rest[0] == '[' {
			end := strings.IndexByte(rest, ']')
			i := 0
			if end < 0 {
				return cty.NullVal(cty.DynamicPseudoType)
			}
			if _, err := fmt.Sscanf(rest[1:end], "%d", &i); err != nil || !v.Type().IsTupleType() || i < 0 || i >= v.LengthInt() {
				return cty.NullVal(cty.DynamicPseudoType)
			}
			v, rest = v.Index(cty.NumberIntVal(int64(i))), rest[end+1:]
			continue
		}
		key := rest[1:]
		if i := strings.IndexAny(key, ".["); i >= 0 {
			key = key[:i]
		}
		if !v.Type().IsObjectType() || !v.Type().HasAttribute(key) {
			return cty.NullVal(cty.DynamicPseudoType)
		}
		v, rest = v.GetAttr(key), rest[1+len(key):]
	}
	return v
}

// plainValue turns a literal of Terraform into a value; what is no literal
// after all is unknown.
func plainValue(v any, depth int) cty.Value {
	switch v := v.(type) {
	case nil:
		return cty.NullVal(cty.DynamicPseudoType)
	case bool:
		return cty.BoolVal(v)
	case string:
		return text(v)
	case int:
		return cty.NumberIntVal(int64(v))
	case int64:
		return cty.NumberIntVal(v)
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return cty.NumberFloatVal(v)
		}
	case []any:
		if depth < maxDepth {
			vals := make([]cty.Value, len(v))
			for i, x := range v {
				vals[i] = plainValue(x, depth+1)
			}
			return cty.TupleVal(vals)
		}
	case map[string]any:
		if depth < maxDepth {
			vals := attrs{}
			for k, x := range v {
				vals[k] = plainValue(x, depth+1)
			}
			return cty.ObjectVal(vals)
		}
	}
	return unknown(cty.DynamicPseudoType, "it is no plain value")
}
