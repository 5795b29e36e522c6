package policy

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/rolecall/rolecall/policy/fact"
)

// Load parses and checks the organisation's policy and the repository's;
// either may be nil. The organisation's is a floor where it says floor = true,
// and otherwise stands in for a repository that has none of its own. The
// policy is nil when a diagnostic is an error, and when both sources are nil.
// Load never panics, and its time and memory are bounded for any input.
func Load(floor, repo *Source) (*Policy, []Diagnostic) {
	var p Policy
	var diags []Diagnostic
	if floor != nil {
		l, found := loadLayer(floor, nil, true)
		diags = append(diags, found...)
		if l != nil && (l.floor || repo == nil) {
			p.layers = append(p.layers, l)
		}
	}
	if repo != nil {
		var base *layer
		if len(p.layers) > 0 {
			base = p.layers[0]
		}
		l, found := loadLayer(repo, base, false)
		diags = append(diags, found...)
		if l != nil {
			p.layers = append(p.layers, l)
		}
	}
	if HasErrors(diags) || len(p.layers) == 0 {
		return nil, diags
	}
	return &p, diags
}

// loader reads one source into a layer.
type loader struct {
	*reporter
	layer        *layer
	organisation bool // the source is the organisation's file
	places       map[string]hcl.Range
	feeds        map[string]bool // the calendars that it names
}

func loadLayer(s *Source, base *layer, organisation bool) (*layer, []Diagnostic) {
	ld := &loader{
		reporter:     newReporter(s),
		layer:        &layer{source: SourceRef{Name: s.Name, Blob: s.Blob}, bytes: slices.Clone(s.Bytes), base: base},
		organisation: organisation,
		places:       map[string]hcl.Range{},
		feeds:        map[string]bool{},
	}
	if body := ld.parse(s); body != nil {
		if ld.read(body) {
			ld.references()
			ld.expressions()
		}
		if !ld.failed() {
			ld.advise()
		}
	}
	diags := ld.sorted()
	if ld.failed() {
		return nil, diags
	}
	return ld.layer, diags
}

// read takes over what the blocks say, each by itself, and reports whether
// they are few enough to be looked at together.
func (ld *loader) read(body *hclsyntax.Body) bool {
	counts := map[string]int{}
	for _, b := range body.Blocks {
		counts[b.Type]++
	}
	for _, most := range []struct {
		what string
		max  int
	}{{"rule", maxRules}, {"role", maxRoles}, {"project", maxProjects}, {"locals", maxRules}} {
		if n := counts[most.what]; n > most.max {
			ld.errorf(hcl.Range{}, "Policy too large", "It has %d %s blocks, and a policy has at most %d.", n, most.what, most.max)
			return false
		}
	}
	_, blocks := ld.decode(grammar, body, hcl.Range{})
	seen := false
	for _, b := range blocks {
		if b.Type == "policy" {
			if seen {
				ld.errorf(b.DefRange(), "Second policy block", "There is one policy block in a file.")
				continue
			}
			seen = true
			ld.within(b, ld.policy)
		}
	}
	if !seen {
		ld.errorf(hcl.Range{}, "No policy block", "A policy says who keeps it: policy { keepers = [\"…\"] }.")
	}
	for _, b := range blocks {
		switch b.Type {
		case "locals":
			ld.within(b, ld.readLocals)
		case "role":
			ld.within(b, ld.role)
		case "project":
			ld.within(b, ld.project)
		case "rule":
			ld.within(b, ld.rule)
		case "commands":
			ld.within(b, ld.commands)
		}
	}
	for _, r := range ld.layer.roles {
		r.Floor = ld.layer.floor
	}
	ld.layer.source.Floor = ld.layer.floor
	return true
}

// within reads a block with its name at hand for diagnostics.
func (ld *loader) within(b *hclsyntax.Block, read func(*hclsyntax.Block, *block)) {
	outer := ld.in
	ld.in = grammar.block(b.Type).what(b.Labels)
	read(b, grammar.block(b.Type))
	ld.in = outer
}

func (ld *loader) policy(b *hclsyntax.Block, spec *block) {
	attrs, _ := ld.decode(spec, b.Body, b.DefRange())
	l := ld.layer
	l.rng = b.DefRange()
	for _, m := range ld.list(spec, attrs["keepers"]) {
		l.keepers = append(l.keepers, m.text)
		ld.places["keeper "+m.text] = m.at
	}
	if a := attrs["keepers"]; a != nil && len(l.keepers) == 0 && !ld.failed() {
		ld.errorf(a.Expr.Range(), "No keepers", "Name at least one role whose approval a change of this policy needs.")
	}
	l.observe = ld.text(spec, attrs["mode"]) == "observe"
	if a := attrs["floor"]; a != nil && !ld.organisation {
		ld.errorf(a.NameRange, "Floor outside the organisation's file", "floor belongs into rolecall.hcl in the organisation's .github repository. Remove it here.")
	}
	l.floor = ld.flag(attrs["floor"]) && ld.organisation
	l.checks = map[string][]string{}
	for _, e := range ld.entries(spec, attrs["checks"]) {
		if !validName(e.key) {
			ld.errorf(e.at, "Invalid name", "A check's name has letters, digits, and . _ / - inside, and at most 63 of them.")
			continue
		}
		for _, m := range ld.members("checks", spec.argument("checks").doc, nil, e.valueExp, e.value) {
			if !doublestar.ValidatePattern(m.text) || m.text == "" || len(m.text) > maxGlobLength {
				ld.errorf(m.at, "Invalid pattern", "A branch pattern looks like \"release/*\".")
				continue
			}
			if _, err := spellOut(m.text); err != nil {
				ld.errorf(m.at, "Invalid pattern", "%s.", sentence(err))
				continue
			}
			l.checks[e.key] = append(l.checks[e.key], m.text)
		}
	}
	if a := attrs["checks"]; a != nil && l.base != nil {
		ld.warnf(a.NameRange, "Checks beside a floor", "The organisation's floor decides which base branches share a check, so this has no effect.")
	}
	for _, e := range ld.entries(spec, attrs["away"]) {
		people, teams := ld.audience([]member{{e.key, e.at}})
		if len(people)+len(teams) == 0 {
			continue
		}
		who := Absence{Login: strings.Join(people, ""), Team: strings.Join(teams, "")}
		times := []member{{at: e.valueExp.Range()}}
		if _, ok := Unwrap(e.valueExp).(*hclsyntax.TupleConsExpr); ok {
			times = ld.members("away", "times and calendars", nil, e.valueExp, e.value)
		} else if !e.value.IsNull() && e.value.Type() == cty.String {
			times[0].text = e.value.AsString()
		}
		for _, m := range times {
			a := who
			if ld.feed(m.text, m.at) {
				a.Feed = m.text
			} else {
				var err error
				if a.Span, err = parseSpan(m.text); err != nil {
					ld.errorf(m.at, "Not a time", "%s.", sentence(err))
					continue
				}
			}
			l.away = append(l.away, a)
		}
	}
}

// parseSpan reads "FROM..TO": two days, the last one included, or two times.
func parseSpan(s string) (Span, error) {
	form := fmt.Errorf("a time away is written \"2026-08-03..2026-08-21\", the last day included, or with two times such as 2026-08-03T12:00:00Z, or is the https address of a calendar")
	from, to, ok := strings.Cut(s, "..")
	if !ok {
		return Span{}, form
	}
	start, _, err := parseTime(from)
	if err != nil {
		return Span{}, form
	}
	end, day, err := parseTime(to)
	if err != nil {
		return Span{}, form
	}
	if day {
		end = end.AddDate(0, 0, 1)
	}
	if !start.Before(end) {
		return Span{}, fmt.Errorf("a time away ends after it starts")
	}
	return Span{start, end}, nil
}

func parseTime(s string) (t time.Time, day bool, err error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, true, nil
	}
	t, err = time.Parse(time.RFC3339, s)
	return t.UTC(), false, err
}

func (ld *loader) readLocals(b *hclsyntax.Block, spec *block) {
	attrs, _ := ld.decode(spec, b.Body, b.DefRange())
	if ld.layer.locals == nil {
		ld.layer.locals = map[string]hcl.Expression{}
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if ld.layer.locals[name] != nil {
			ld.errorf(attrs[name].NameRange, "Named twice", "Another locals block defines %q already.", name)
			continue
		}
		ld.layer.locals[name] = attrs[name].Expr
		ld.places["local "+name] = attrs[name].NameRange
	}
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$`)

func validName(s string) bool { return nameForm.MatchString(s) }

// label returns a block's label if it can be its name and nothing else of the
// kind, here or in the floor, has it.
func (ld *loader) label(b *hclsyntax.Block, valid func(string) bool, remedy string) (string, bool) {
	name, at := b.Labels[0], b.LabelRanges[0]
	if !valid(name) {
		ld.errorf(at, "Invalid name", "%s", remedy)
		return "", false
	}
	if first, ok := ld.places[b.Type+" "+name]; ok {
		ld.errorf(at, "Named twice", "There is a %s %q in line %d already.", b.Type, name, first.Start.Line)
		return "", false
	}
	ld.places[b.Type+" "+name] = at
	if ld.layer.base.declares(b.Type, name) && (b.Type != "role" || name != roleDRI) {
		ld.errorf(at, "Name of the floor", "The organisation's floor (%s) has a %s %q, and a repository cannot redefine it.%s", ld.layer.base.source.Name, b.Type, name,
			map[bool]string{true: " Its rules can require the floor's role as it is: remove this block."}[b.Type == "role"])
		return "", false
	}
	return name, true
}

// declares reports whether the layer has a block of that type and name.
func (l *layer) declares(blockType, name string) bool {
	if l == nil {
		return false
	}
	switch blockType {
	case "role":
		return slices.ContainsFunc(l.roles, func(r *role) bool { return r.Name == name })
	case "project":
		return slices.ContainsFunc(l.projects, func(p *project) bool { return p.name == name })
	case "rule":
		return slices.ContainsFunc(l.rules, func(r *rule) bool { return r.name == name })
	}
	return false
}

var roleForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (ld *loader) role(b *hclsyntax.Block, spec *block) {
	attrs, blocks := ld.decode(spec, b.Body, b.DefRange())
	name, ok := ld.label(b, roleForm.MatchString, "A role's name has small letters, digits and dashes, and at most 63 of them. Its title can be anything.")
	if !ok {
		return
	}
	r := &role{RoleDef: RoleDef{Name: name, Title: ld.text(spec, attrs["title"])}, rng: b.DefRange()}
	r.People, r.Teams = ld.audience(ld.list(spec, attrs["members"]))
	r.Calendar = ld.calendar(spec, attrs["calendar"])
	r.Logins = ld.logins(spec, attrs["people"])
	r.Hours = ld.hours(spec, attrs["hours"])
	if r.Otherwise = ld.text(spec, attrs["otherwise"]); r.Otherwise != "" {
		ld.places["otherwise "+name] = attrs["otherwise"].Expr.Range()
	}
	sources := 0
	if attrs["members"] != nil {
		sources++
	}
	if attrs["calendar"] != nil {
		sources++
	}
	for _, inner := range blocks {
		sources++
		if r.Rotation != nil {
			ld.errorf(inner.DefRange(), "Second rotation", "A role has one rotation.")
			continue
		}
		r.Rotation = ld.rotation(inner, spec.block("rotation"))
	}
	switch {
	case sources > 1:
		ld.errorf(b.DefRange(), "Role held in two ways", "A role has members, or a rotation, or a calendar.")
	case r.Logins != nil && attrs["calendar"] == nil:
		ld.errorf(attrs["people"].Expr.Range(), "People without a calendar", "people says whom a calendar's events mean: this role has none.")
	case name == roleDRI && sources > 0:
		ld.errorf(b.DefRange(), "Members of the role dri", "Who is DRI is said by the projects' dri and by /assign-dri. Remove the members here.")
	}
	ld.layer.roles = append(ld.layer.roles, r)
}

func (ld *loader) calendar(spec *block, attr *hclsyntax.Attribute) string {
	s := ld.text(spec, attr)
	if s == "" {
		return ""
	}
	if !ld.feed(s, attr.Expr.Range()) {
		ld.errorf(attr.Expr.Range(), "Not a calendar's address", "It is an https URL without a password in it.")
		return ""
	}
	return s
}

// feed reports whether s is an address that a calendar may be read from, and
// counts it.
func (ld *loader) feed(s string, at hcl.Range) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(s) > maxAddress {
		return false
	}
	if ld.feeds[s] = true; len(ld.feeds) == maxFeeds+1 {
		ld.errorf(at, "Too many calendars", "A policy names at most %d calendars.", maxFeeds)
	}
	return true
}

// logins reads who is meant by the names and addresses in a calendar.
func (ld *loader) logins(spec *block, attr *hclsyntax.Attribute) map[string]string {
	if attr == nil {
		return nil
	}
	out := map[string]string{}
	for _, e := range ld.entries(spec, attr) {
		name := CalendarName(e.key)
		if name == "" {
			ld.errorf(e.at, "Nobody's name", "A name or an address stands on the left, as in \"ana@acme.com\" = \"@ana\".")
			continue
		}
		if e.value.IsNull() || e.value.Type() != cty.String {
			ld.errorf(e.valueExp.Range(), "Not a person", "A person is written \"@login\".")
			continue
		}
		if login, ok := ld.person(member{e.value.AsString(), e.valueExp.Range()}); ok {
			out[name] = login
		}
	}
	return out
}

// CalendarName is the one form in which the names and addresses of a calendar
// are compared: small letters, single spaces.
func CalendarName(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (ld *loader) hours(spec *block, attr *hclsyntax.Attribute) *Hours {
	entries := ld.entries(spec, attr)
	if attr == nil || entries == nil {
		return nil
	}
	keys := []string{"timezone", "days", "from", "to"}
	h, missing := &Hours{}, slices.Clone(keys)
	for _, e := range entries {
		missing = slices.DeleteFunc(missing, func(k string) bool { return k == e.key })
		at := e.valueExp.Range()
		text := ""
		if e.key != "days" && e.key != "holidays" && slices.Contains(append(keys, "holidays"), e.key) {
			if e.value.IsNull() || e.value.Type() != cty.String {
				ld.errorf(at, "Not a text", "%s is a text in quotes.", e.key)
				return nil
			}
			text = e.value.AsString()
		}
		var err error
		switch e.key {
		case "timezone":
			if h.Location, err = time.LoadLocation(text); err != nil || text == "" || text == "Local" {
				ld.errorf(at, "Unknown time zone", "A time zone looks like \"Europe/Berlin\" or \"UTC\".")
				return nil
			}
		case "days":
			for _, m := range ld.members("days", "days of the week", weekdays, e.valueExp, e.value) {
				h.Days[slices.Index(weekdays, m.text)] = true
			}
		case "holidays":
			for _, m := range ld.members("holidays", "days", nil, e.valueExp, e.value) {
				if ld.feed(m.text, m.at) {
					h.Feeds = append(h.Feeds, m.text)
					continue
				}
				span, err := parseHoliday(m.text)
				if err != nil {
					ld.errorf(m.at, "Not a day", "A holiday is written \"2026-12-24\", or \"2026-12-24..2027-01-01\" with the last day included, or is the https address of a calendar of holidays.")
					return nil
				}
				h.Holidays = append(h.Holidays, span)
			}
		case "from", "to":
			clock, err := parseClock(text)
			if err != nil {
				ld.errorf(at, "Not a time of day", "It is written \"09:00\", from 00:00 to 24:00.")
				return nil
			}
			if e.key == "from" {
				h.From = clock
			} else {
				h.To = clock
			}
		default:
			ld.errorf(e.at, "Unknown key", "hours has no %q.%s", e.key, didYouMean(e.key, append(keys, "holidays")))
			return nil
		}
	}
	switch {
	case len(missing) > 0:
		ld.errorf(attr.Expr.Range(), "Incomplete hours", "hours needs %s as well.", list(missing))
		return nil
	case h.Days == [7]bool{}:
		ld.errorf(attr.Expr.Range(), "No working day", "Name at least one day: [\"mon\", \"tue\", …].")
		return nil
	case h.From >= h.To:
		ld.errorf(attr.Expr.Range(), "Hours end before they start", "from comes before to, on one day.")
		return nil
	}
	return h
}

func parseHoliday(s string) (fact.Span, error) {
	from, to, ok := strings.Cut(s, "..")
	if !ok {
		to = from
	}
	for _, day := range []string{from, to} {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return fact.Span{}, err
		}
	}
	if to < from {
		return fact.Span{}, fmt.Errorf("%s is after %s", from, to)
	}
	return fact.Span{From: from, To: to}, nil
}

func parseClock(s string) (time.Duration, error) {
	if s == "24:00" {
		return 24 * time.Hour, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, err
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

func (ld *loader) rotation(b *hclsyntax.Block, spec *block) *Rotation {
	attrs, _ := ld.decode(spec, b.Body, b.DefRange())
	rot := &Rotation{Length: ld.duration(spec, attrs["length"])}
	if s := ld.text(spec, attrs["start"]); s != "" {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			ld.errorf(attrs["start"].Expr.Range(), "Not a time", "It is written \"2026-01-05T09:00:00Z\".")
		}
		rot.Start = t.UTC()
	}
	for _, m := range ld.list(spec, attrs["order"]) {
		if login, ok := ld.person(m); ok {
			rot.Order = append(rot.Order, login)
		}
	}
	if a := attrs["order"]; a != nil && len(rot.Order) == 0 {
		ld.errorf(a.Expr.Range(), "Nobody in the rotation", "Name at least one person.")
	}
	return rot
}

func (ld *loader) project(b *hclsyntax.Block, spec *block) {
	attrs, _ := ld.decode(spec, b.Body, b.DefRange())
	name, ok := ld.label(b, validName, "A project's name has letters, digits, and . _ / - inside, and at most 63 of them.")
	if !ok {
		return
	}
	p := &project{name: name, rng: b.DefRange()}
	for _, m := range ld.list(spec, attrs["files"]) {
		if _, err := compileGlobs([]string{m.text}); err != nil {
			ld.errorf(m.at, "Invalid pattern", "%s.", sentence(err))
			continue
		}
		p.files = append(p.files, m.text)
	}
	if a := attrs["files"]; a != nil && len(p.files) == 0 && !ld.failed() {
		ld.errorf(a.Expr.Range(), "Project without files", "Name at least one pattern; \"**\" matches every file.")
	}
	if s := ld.text(spec, attrs["dri"]); s != "" {
		p.dri, _ = ld.person(member{s, attrs["dri"].Expr.Range()})
	}
	people, teams := ld.audience(ld.list(spec, attrs["notify"]))
	p.notify = append(people, teams...)
	if set, err := compileGlobs(p.files); err == nil {
		p.set = set
	}
	ld.layer.projects = append(ld.layer.projects, p)
}

func validRuleName(s string) bool {
	return s != "" && s != KeepersRule && len(s) <= 100 && strings.TrimSpace(s) == s && printable(s) == s && !strings.ContainsAny(s, "\n\t")
}

func (ld *loader) rule(b *hclsyntax.Block, spec *block) {
	attrs, blocks := ld.decode(spec, b.Body, b.DefRange())
	name, ok := ld.label(b, validRuleName, "A rule's name is one line of at most 100 bytes, and not \"policy\", which is the rule that keepers makes.")
	if !ok {
		return
	}
	r := &rule{
		name:        name,
		description: ld.text(spec, attrs["description"]),
		distinct:    ld.flag(attrs["distinct"]),
		sticky:      ld.text(spec, attrs["sticky"]),
		advice:      ld.flag(attrs["advice"]),
		rng:         b.DefRange(),
	}
	if r.sticky == "" {
		r.sticky = "scope"
	}
	if a := attrs["changes"]; a != nil {
		r.changes = a.Expr
	}
	if a := attrs["when"]; a != nil {
		r.when = a.Expr
	}
	total := 0
	r.require = ld.requirements(blocks, spec, 0, &total)
	if len(blocks) == 0 {
		ld.errorf(b.DefRange(), "Rule without require", "Say whose approval the rule needs: require \"ROLE\" {}.")
	}
	if total > maxRequire {
		ld.errorf(b.DefRange(), "Rule too large", "A rule has at most %d require, any and all blocks.", maxRequire)
	}
	ld.layer.rules = append(ld.layer.rules, r)
}

func (ld *loader) requirements(blocks []*hclsyntax.Block, spec *block, depth int, total *int) []*requirement {
	var out []*requirement
	seen := map[string]bool{}
	for _, b := range blocks {
		if *total++; *total > maxRequire {
			return out
		}
		inner := spec.block(b.Type)
		attrs, children := ld.decode(inner, b.Body, b.DefRange())
		if b.Type != "require" {
			req := &requirement{kind: b.Type, rng: b.DefRange()}
			if len(children) < 2 {
				ld.errorf(b.DefRange(), "Group of one", "%s joins at least two require, any or all blocks. Without it the meaning is the same.", b.Type)
			}
			if depth+1 > maxGroups {
				ld.errorf(b.DefRange(), "Groups nest too deeply", "any and all stand inside one another at most %d deep.", maxGroups)
				continue
			}
			req.children = ld.requirements(children, inner, depth+1, total)
			out = append(out, req)
			continue
		}
		req := &requirement{kind: KindRole, role: b.Labels[0], approvals: ld.count(attrs["approvals"], 1, 50), ask: ld.text(inner, attrs["ask"]), within: ld.duration(inner, attrs["within"]), rng: b.LabelRanges[0]}
		if req.ask == "" {
			req.ask = "one"
		}
		for _, m := range ld.list(inner, attrs["allow"]) {
			req.allow = append(req.allow, m.text)
		}
		if seen[req.role] {
			ld.errorf(b.DefRange(), "Required twice", "%q is required here already. For two approvals write approvals = 2.", req.role)
		}
		seen[req.role] = true
		out = append(out, req)
	}
	return out
}

func (ld *loader) commands(b *hclsyntax.Block, spec *block) {
	if ld.layer.commands != nil {
		ld.errorf(b.DefRange(), "Second commands block", "There is one commands block in a file.")
		return
	}
	attrs, _ := ld.decode(spec, b.Body, b.DefRange())
	ld.layer.commands = map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		roles := []string{}
		for _, m := range ld.list(spec, attrs[name]) {
			roles = append(roles, m.text)
			ld.places["command "+name+" "+m.text] = m.at
		}
		ld.layer.commands[name] = roles
	}
}

// references checks that every role named exists.
func (ld *loader) references() {
	l := ld.layer
	check := &checker{reporter: ld.reporter, layer: l}
	for _, k := range l.keepers {
		ld.in = "policy"
		if k == roleDRI {
			ld.errorf(ld.places["keeper "+k], "Role without fixed members", "The policy belongs to no project, so dri cannot keep it. Name another role.")
			continue
		}
		check.roleExists(k, ld.places["keeper "+k])
	}
	for _, r := range l.roles {
		if r.Otherwise == "" {
			continue
		}
		ld.in = grammar.block("role").what([]string{r.Name})
		at := ld.places["otherwise "+r.Name]
		if r.Otherwise == roleDRI {
			ld.errorf(at, "Role without fixed members", "dri cannot stand in for a role. Name another one.")
			continue
		}
		check.roleExists(r.Otherwise, at)
		if chain := circle(l, r); chain != nil {
			ld.errorf(at, "Stand-ins in a circle", "%s: nobody would be left to ask.", strings.Join(chain, " → "))
		}
	}
	for _, r := range l.rules {
		ld.in = grammar.block("rule").what([]string{r.name})
		each(r.require, func(req *requirement) { check.roleExists(req.role, req.rng) })
	}
	ld.in = "commands"
	for _, name := range slices.Sorted(maps.Keys(l.commands)) {
		for _, role := range l.commands[name] {
			check.roleExists(role, ld.places["command "+name+" "+role])
		}
	}
	ld.in = ""
}

// circle returns the way by which a role stands in for itself; nil where it
// does not.
func circle(l *layer, r *role) []string {
	chain, seen := []string{r.Name}, map[string]bool{}
	for next := l.role(r.Otherwise); next != nil && !seen[next.Name]; next = l.role(next.Otherwise) {
		chain = append(chain, next.Name)
		if next.Name == r.Name {
			return chain
		}
		seen[next.Name] = true
	}
	return nil
}

// each calls f for every require block of a tree.
func each(reqs []*requirement, f func(*requirement)) {
	for _, r := range reqs {
		if r.kind == KindRole {
			f(r)
		}
		each(r.children, f)
	}
}

// expressions checks locals and rules against the schema of names, and plans
// how they are evaluated.
func (ld *loader) expressions() {
	l := ld.layer
	c := &checker{reporter: ld.reporter, layer: l, locals: map[localUse]localCheck{}}
	ok := true
	for _, name := range slices.Sorted(maps.Keys(l.locals)) {
		ld.in = "locals"
		ok = c.fits(l.locals[name].(hclsyntax.Expression)) && ok
	}
	for _, r := range l.rules {
		ld.in = grammar.block("rule").what([]string{r.name})
		for _, e := range []hcl.Expression{r.changes, r.when} {
			if e != nil {
				ok = c.fits(e.(hclsyntax.Expression)) && ok
			}
		}
	}
	if !ok {
		ld.in = ""
		return
	}
	// A local is checked on its own as well, since nobody may use it yet.
	used := map[string]bool{}
	all := map[string]bool{}
	constant := map[*rule]bool{}
	for _, r := range l.rules {
		ld.in = grammar.block("rule").what([]string{r.name})
		mentioned := map[string]bool{}
		c.mentioned = mentioned
		if r.changes != nil {
			e := r.changes.(hclsyntax.Expression)
			v := c.value(e, nil, brings)
			if t := v.Type(); !t.IsListType() && !t.IsTupleType() && !t.IsSetType() && t != cty.DynamicPseudoType || v.IsNull() {
				ld.errorf(e.Range(), "Not a list", "changes is a list of what the rule is about, and this is %s.%s", typeName(t), changesRemedy(t))
			} else if t.IsTupleType() && t.Length() == 0 {
				constant[r] = true
			}
		}
		if r.when != nil {
			e := r.when.(hclsyntax.Expression)
			if v := c.truth(e, nil, brings, "when"); v.IsKnown() && v.False() {
				constant[r] = true
			}
		}
		r.mentions = slices.Sorted(maps.Keys(mentioned))
		for m := range mentioned {
			all[m] = true
			if local, ok := strings.CutPrefix(m, "local."); ok {
				used[local] = true
			}
		}
		if constant[r] {
			ld.warnf(r.rng, "Rule that is never in force", "Its changes or its when leaves it out for every pull request.")
		}
	}
	l.localNames = map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(l.locals)) {
		ld.in = "locals"
		c.mentioned = map[string]bool{}
		c.visiting = []string{name}
		if !used[name] {
			c.value(l.locals[name].(hclsyntax.Expression), nil, brings)
		}
	}
	c.visiting = nil
	l.mentions = slices.Sorted(maps.Keys(all))
	ld.in = ""
	if !ld.failed() {
		ld.plan()
	}
}

func changesRemedy(t cty.Type) string {
	switch {
	case t == cty.Bool:
		return " Put a condition into when."
	case kindOf(t) != "":
		return " Write [ … ] around it."
	}
	return ""
}

// advise adds what is allowed but hardly meant.
func (ld *loader) advise() {
	l := ld.layer
	for _, r := range l.roles {
		ld.in = grammar.block("role").what([]string{r.Name})
		if r.Name != roleDRI && len(r.People)+len(r.Teams) == 0 && r.Rotation == nil && r.Calendar == "" {
			ld.warnf(r.rng, "Role without members", "Nobody can ever approve for it%s", map[bool]string{true: ": give it members, a rotation or a calendar.", false: ", but for its stand-in: give it members, a rotation or a calendar."}[r.Otherwise == ""])
		}
	}
	for _, r := range l.rules {
		ld.in = grammar.block("rule").what([]string{r.name})
		if r.distinct && !l.seatable(r) {
			ld.warnf(r.rng, "Too few different people", "The rule is distinct, and its roles are not held by enough different people for each of its requirements.")
		}
		each(r.require, func(req *requirement) {
			role := l.role(req.role)
			if role == nil || len(role.Teams) > 0 || role.Calendar != "" || role.Name == roleDRI {
				return
			}
			people := len(role.People)
			if role.Rotation != nil {
				people = 1
			}
			if people > 0 && req.approvals > people {
				ld.warnf(req.rng, "More approvals than people", "It needs %d approvals, and the role %q is held by %d at a time.", req.approvals, req.role, people)
			}
		})
	}
	ld.in = "policy"
	if !l.floor && !l.covers() && !l.base.covers() {
		ld.warnf(l.rng, "Files without a rule", "Files that no rule is about need no review. Add a rule with changes = uncovered.files for the rest.")
	}
	ld.in = ""
}

// CheckName returns the name of the check for pull requests into the branch
// base: "rolecall: BASE", or the name of its check group. Of several groups
// that match, the first by name counts. Where there is a floor, its groups
// alone count, so that no repository can carry a green from a lenient branch
// to a strict one.
func (p *Policy) CheckName(base string) string {
	groups := p.layers[0].checks
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		for _, pattern := range groups[name] {
			if pattern == base || doublestar.MatchUnvalidated(pattern, base) {
				return checkPrefix + name
			}
		}
	}
	if _, taken := groups[base]; taken || strings.HasPrefix(base, "refs/heads/") {
		// A branch that only looks like a group must not share its check.
		return checkPrefix + "refs/heads/" + base
	}
	return checkPrefix + base
}

const checkPrefix = "rolecall: "

// Key is the role's name in a roster: a floor's roles are apart from a
// repository's.
func (d RoleDef) Key() string {
	if d.Floor {
		return "floor:" + d.Name
	}
	return d.Name
}

// ProjectDef is a project as the policy defines it.
type ProjectDef struct {
	Name   string
	Files  []string // globs
	DRI    string   // login; "" where nobody is named
	Notify []string // logins and "org/slug"
	Floor  bool
}

// Span is a time from From to To, To excluded.
type Span struct{ From, To time.Time }

// Roles returns the roles of all layers, the floor's first.
func (p *Policy) Roles() []RoleDef {
	var out []RoleDef
	for _, l := range p.layers {
		for _, r := range l.roles {
			out = append(out, r.RoleDef)
		}
	}
	return out
}

// Projects returns the projects of all layers, the floor's first.
func (p *Policy) Projects() []ProjectDef {
	var out []ProjectDef
	for _, l := range p.layers {
		for _, pr := range l.projects {
			out = append(out, ProjectDef{pr.name, slices.Clone(pr.files), pr.dri, slices.Clone(pr.notify), l.floor})
		}
	}
	return out
}

// Away returns when people are away, over all layers.
func (p *Policy) Away() []Absence {
	var out []Absence
	for _, l := range p.layers {
		out = append(out, l.away...)
	}
	return out
}

// Calendars returns the addresses of the feeds that the policy names, sorted:
// those that say who holds a role, and those of holidays and absences.
func (p *Policy) Calendars() []string {
	var out []string
	for _, r := range p.Roles() {
		if r.Calendar != "" {
			out = append(out, r.Calendar)
		}
		if r.Hours != nil {
			out = append(out, r.Hours.Feeds...)
		}
	}
	for _, a := range p.Away() {
		if a.Feed != "" {
			out = append(out, a.Feed)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
