package adopt

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// PolicyBot makes a policy of a policy-bot policy.yml. A pull request that
// policy-bot approved is let through by the same approvals, or needs more;
// never fewer, but for what the notes name.
func PolicyBot(text []byte, o Options) (Import, error) {
	if o.Name == "" {
		o.Name = "policy.yml"
	}
	f, err := readBotFile(text)
	if err != nil {
		return Import{}, fmt.Errorf("%s: %w", o.Name, err)
	}
	b := &botImport{Options: o, allows: map[string]string{}, conditions: map[*botRule]botConditions{}}
	if err := b.chooseKeepers(f); err != nil {
		return Import{Notes: b.sorted()}, err
	}
	for _, n := range flattened(f.approval) {
		b.entry(n)
	}
	b.nothingApplies(f.approval)
	if f.disapproval != nil {
		b.disapproval(f.disapproval)
	}
	return b.write()
}

type botImport struct {
	Options
	notes
	roles      roles
	allows     map[string]string // the first way of allowing, by members
	conditions map[*botRule]botConditions
	locals     [][2]string // names and expressions
	out        []*outRule
	keepers    *role
}

// botConditions are a rule's conditions, understood once.
type botConditions struct {
	active   condition // its "if"
	approved condition // its "requires.conditions"
}

// outRule is a rule of the new policy.
type outRule struct {
	name        string
	description string
	comment     []string
	changes     string // "" for none
	when        string // "true" for none
	sticky      bool   // an approval is of its own commit alone
	need        need
}

// need is what a rule requires: a role, or several needs of which one or each
// is to be met.
type need struct {
	op       string // "role", "any", "all", "nothing"
	role     *role
	count    int
	allow    []string
	ask      string
	sticky   bool
	children []need
}

var nothing = need{op: "nothing"}

// flattened takes conjunctions with and: apart, since all entries must be met.
func flattened(list []*botNode) (out []*botNode) {
	for _, n := range list {
		if n.op == "and" {
			out = append(out, flattened(n.children)...)
		} else {
			out = append(out, n)
		}
	}
	return out
}

// leaves are the rules at or below a node, each once.
func (n *botNode) leaves() (out []*botRule) {
	if n.rule != nil {
		return []*botRule{n.rule}
	}
	for _, c := range n.children {
		for _, r := range c.leaves() {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

func (b *botImport) of(r *botRule) botConditions {
	c, ok := b.conditions[r]
	if !ok {
		c = botConditions{b.condition(r.predicates), b.condition(r.conditions)}
		if c.approved.mayNot == yes && len(r.conditions) > 0 {
			b.add(r.line, "%q is approved only under conditions that a policy cannot tell: a keeper of the policy approves in their place. Remove that once they are required checks of the branch.", r.name)
		} else if len(r.conditions) > 0 {
			b.add(r.line, "%q is approved only under conditions: where these do not hold, a keeper of the policy approves in their place.", r.name)
		}
		b.conditions[r] = c
	}
	return c
}

// maxAtoms bounds the conditions of one entry that are told apart case by case.
const maxAtoms = 5

// entry makes rules of one entry of the approval policy.
func (b *botImport) entry(n *botNode) {
	if n.rule != nil {
		b.plain(n.rule)
		return
	}
	var atoms []condition
	unsure := 0
	for _, r := range n.leaves() {
		if b.of(r).active == untold {
			unsure++
		}
		for _, c := range []condition{b.of(r).active, b.of(r).approved} {
			if c != certain && c != never && c != untold && !slices.Contains(atoms, c) {
				atoms = append(atoms, c)
			}
		}
	}
	if len(atoms) > maxAtoms || unsure > maxAtoms {
		b.add(n.line, "These alternatives depend on %d conditions, too many to be told apart: each rule below or: that may apply must be approved, instead of one of them.", len(atoms)+unsure)
		for _, r := range n.leaves() {
			b.plain(r)
		}
		return
	}
	b.cases(n, atoms)
}

// plain makes a rule of a rule that must be approved where it applies.
func (b *botImport) plain(r *botRule) {
	c := b.of(r)
	need := b.approvals(r)
	out := &outRule{name: r.name, description: r.description, when: c.active.may}
	if files, rest := b.predicates(r.predicates); files != "" {
		out.changes, out.when = files, rest.may
	}
	if out.when != no && need.op != "nothing" {
		whole := *out
		whole.need = need
		b.emit(&whole)
	}
	if c.approved.mayNot != no && out.when != no {
		out.name, out.description = r.name+": conditions", "Stands in for conditions of approval: "+keys(r.conditions)+"."
		out.when = allOf([]string{out.when, c.approved.mayNot})
		out.need = b.keepersNeed()
		b.emit(out)
	}
	if need.op == "nothing" && c.approved.mayNot == no {
		b.add(r.line, "%q requires nothing, and so no rule stands for it.", r.name)
	}
}

// keepersNeed is an approval by the policy's keepers, where something has no
// equal.
func (b *botImport) keepersNeed() need {
	return need{op: "role", role: b.keepers, count: 1, ask: "one"}
}

func keys(list []botPredicate) string {
	var out []string
	for _, p := range list {
		out = append(out, printable(p.key))
	}
	return strings.Join(out, ", ")
}

// approvals is the approvals that a rule requires, conditions aside.
func (b *botImport) approvals(r *botRule) need {
	if r.count <= 0 {
		return nothing
	}
	b.options(r)
	people, teams, unnamed := b.actors(r.actors)
	var members []string
	for _, m := range people {
		if strings.HasSuffix(m, "[bot]") {
			b.add(r.line, "%q may be approved by %s, and an approval by a bot does not count: left out.", r.name, m)
			continue
		}
		members = append(members, m)
	}
	members = append(members, teams...)
	var allow []string
	if r.options.AllowAuthor || r.options.AllowContributor {
		allow = append(allow, "author")
	}
	if r.options.AllowNonAuthorContributor || r.options.AllowContributor {
		allow = append(allow, "contributor")
	}
	n := need{op: "role", count: min(r.count, maxApprovals), allow: allow, ask: ask(r.options), sticky: r.options.InvalidateOnPush}
	if r.count > maxApprovals {
		b.add(r.line, "%q requires %d approvals, and a policy at most %d.", r.name, r.count, maxApprovals)
	}
	if r.actors.empty() {
		b.add(r.line, "%q names nobody who may approve it, so that nobody could.", r.name)
	}
	n.role = b.roleOf(members, strings.Join(allow, " and "), r.name)
	n.role.standIn = len(members) == 0 && !r.actors.empty()
	if len(unnamed) > 0 {
		what := strings.Join(unnamed, " and ")
		if len(members) == 0 {
			b.add(r.line, "%q may be approved by %s, whom a policy cannot name: keepers of the policy stand in until you name people or teams.", r.name, what)
			n.role.comment = []string{"Name who may approve here: " + what + "."}
		} else {
			b.add(r.line, "%q may be approved by %s as well, whom a policy cannot name: left out until you name people or teams.", r.name, what)
		}
	}
	return n
}

const maxApprovals = 50

// roleOf returns the role of members, apart where they may approve in another
// way than elsewhere.
func (b *botImport) roleOf(members []string, allow, hint string) *role {
	key := strings.ToLower(strings.Join(sortedUnique(members), " "))
	first, ok := b.allows[key]
	if !ok {
		b.allows[key] = allow
		first = allow
	}
	variant := ""
	if first != allow {
		variant = cmpOr(allow, "others") + " may approve"
	}
	return b.roles.of(members, variant, hint)
}

func ask(o botOptions) string {
	if !o.RequestReview.Enabled {
		return "none"
	}
	switch o.RequestReview.Mode {
	case "all-users":
		return "all"
	case "teams":
		return "team"
	}
	return "one"
}

// options notes what of a rule's options has no equal.
func (b *botImport) options(r *botRule) {
	if r.options.AllowAuthor || r.options.AllowContributor {
		b.add(r.line, "%q lets the author approve, which GitHub does not let them do in a review: only reviews count here.", r.name)
	}
	if !r.options.IgnoreCommitsBy.empty() {
		b.add(r.line, "%q has ignore_commits_by, which has no equal: everybody who committed is a contributor.", r.name)
	}
	m := r.options.Methods
	if m == nil {
		return
	}
	if len(m.CommentPatterns)+len(m.BodyPatterns) > 0 || len(m.Comments) > 0 || m.GithubReview != nil && !*m.GithubReview {
		b.add(r.line, "%q is approved by comments or the description, and here by an approving review alone.", r.name)
	}
	if len(m.GithubReviewCommentPatterns) > 0 {
		b.add(r.line, "%q counts reviews with certain words alone. Words are not read here: every approving review by the same people counts.", r.name)
	}
}

// emit adds a rule, with a name that no other rule has.
func (b *botImport) emit(r *outRule) {
	r.name = ruleName(r.name)
	base := r.name
	for n := 2; slices.ContainsFunc(b.out, func(o *outRule) bool { return o.name == r.name }); n++ {
		r.name = fmt.Sprintf("%s, %d", base, n)
	}
	r.sticky = r.need.never()
	b.out = append(b.out, r)
}

// ruleName makes a name that the language takes.
func ruleName(s string) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(printable(s), "\"", "'")), " ")
	if len(s) > 85 {
		s = strings.ToValidUTF8(s[:82], "") + "…"
	}
	if s == "" || s == "policy" {
		return s + " rule"
	}
	return s
}

func (n need) never() bool {
	return n.sticky || slices.ContainsFunc(n.children, need.never)
}

// nothingApplies makes a rule for pull requests that no rule applies to, which
// policy-bot does not approve.
func (b *botImport) nothingApplies(list []*botNode) {
	none := yes
	for _, n := range list {
		for _, r := range n.leaves() {
			none = allOf([]string{none, b.of(r).active.mayNot})
		}
	}
	if none == no || len(list) == 0 {
		return
	}
	if none == yes {
		b.add(0, "Whether any rule applies to a pull request cannot be told, and one that none applied to was never approved: a keeper of the policy approves every one, by the rule \"no rule applies\".")
	}
	b.emit(&outRule{
		name: "no rule applies", description: "A pull request that no rule applies to was never approved; the policy's keepers approve it now.",
		when: none, need: b.keepersNeed(),
	})
}

// disapproval makes rules of who and what can block.
func (b *botImport) disapproval(d *botDisapproval) {
	people, teams, unnamed := b.actors(d.actors)
	members := append(people, teams...)
	if len(unnamed) > 0 {
		b.add(d.line, "Disapproval by %s has no equal: only those block by requesting changes who hold a role that is required.", strings.Join(unnamed, " and "))
	}
	if len(members) > 0 && !b.alwaysAsked(members) {
		for _, r := range b.out {
			r.need.each(func(n need) { members = append(members, n.role.members...) })
		}
		members = distinctFold(members)
		b.emit(&outRule{
			name: "disapproval", description: "Whoever may disapprove blocks by requesting changes.", when: yes,
			comment: []string{"Only who holds a required role can block by requesting changes, so all who may approve or disapprove hold this one; any approval by one of them meets it. A pull request that needed no approval needs one by it: with a when, or without this rule, it does not."},
			need:    need{op: "role", role: b.roles.of(members, "", "everybody named"), count: 1, allow: []string{"author", "contributor"}, ask: "none"},
		})
		b.add(d.line, "Disapproval is changes requested in a review, by a holder of the role %q; it ends with that person's approval or its dismissal.", b.out[len(b.out)-1].need.role.name)
	}
	var may []string
	for _, p := range d.predicates {
		may = append(may, b.predicate(p).may)
	}
	if when := anyOf(may); when != no {
		b.emit(&outRule{
			name: "disapproved", description: "Stands for the conditions that disapprove a pull request: " + keys(d.predicates) + ".",
			when: when, need: b.keepersNeed(),
		})
		b.add(d.line, "A pull request that the conditions disapprove was blocked; the policy's keepers can let it through.")
	}
}

// alwaysAsked reports whether all members hold a role that every pull request
// requires.
func (b *botImport) alwaysAsked(members []string) bool {
	for _, r := range b.out {
		if r.changes != "" || r.when != yes || r.need.op != "role" {
			continue
		}
		if !slices.ContainsFunc(members, func(m string) bool {
			return !slices.ContainsFunc(r.need.role.members, func(have string) bool { return strings.EqualFold(have, m) })
		}) {
			return true
		}
	}
	return false
}

func distinctFold(list []string) (out []string) {
	for _, s := range list {
		if !slices.ContainsFunc(out, func(have string) bool { return strings.EqualFold(have, s) }) {
			out = append(out, s)
		}
	}
	return out
}

// each calls do for every role that is needed.
func (n need) each(do func(need)) {
	if n.op == "role" {
		do(n)
	}
	for _, c := range n.children {
		c.each(do)
	}
}

// chooseKeepers finds who keeps the policy: who is named for it, or whom the
// file asks for a change of itself, or else whom it asks first.
func (b *botImport) chooseKeepers(f *botFile) error {
	if len(b.Keepers) > 0 {
		b.keepers = b.roles.of(b.Keepers, "", "")
		return nil
	}
	var first, always *role
	for _, n := range f.approval {
		for _, r := range n.leaves() {
			if r.count <= 0 {
				continue
			}
			members := b.approvals(r).role
			if len(members.members) == 0 {
				continue
			}
			for _, p := range r.predicates {
				var paths botPaths
				if p.key != "changed_files" || p.body.Decode(&paths) != nil {
					continue
				}
				for _, re := range paths.Paths {
					if m, err := regexp.Compile(re); err == nil && strings.Contains(re, "policy") && m.MatchString(".policy.yml") {
						b.keepers = members
						return nil
					}
				}
			}
			if first == nil {
				first = members
			}
			if always == nil && len(r.predicates) == 0 {
				always = members
			}
		}
	}
	if always == nil {
		always = first
	}
	if always == nil {
		return fmt.Errorf("%s names nobody who could keep the policy\nhint: say who with --keeper @org/team", b.Name)
	}
	b.keepers = always
	b.add(0, "No rule was about the policy itself, so its keeper is the role %q: choose who keeps it.", always.title)
	return nil
}

func (b *botImport) write() (Import, error) {
	var w writer
	w.comment("Who reviews what, as policy-bot's " + b.Name + " had it. Approving reviews count; comments do not. An approval stands while the files that a rule is about stay as they are, where policy-bot's stood for good; sticky = \"never\" is its invalidate_on_push. Nobody is asked for a review where policy-bot asked nobody: without ask = \"none\", rolecall asks by name.")
	found := b.sorted()
	w.head(found, b.keepers, b.usedRoles())
	if len(b.locals) > 0 {
		w.line("locals {")
		for _, l := range b.locals {
			w.line("%s = %s", l[0], broken(l[1]))
		}
		w.line("}\n")
	}
	for _, r := range b.out {
		b.rule(&w, r)
	}
	if len(b.out) == 0 {
		w.comment("policy-bot approved every pull request.")
	}
	text := strings.ReplaceAll(w.b.String(), keeperMark, quote(b.keepers.name))
	w.b.Reset()
	w.b.WriteString(text)
	return w.finish(b.Name, found)
}

// usedRoles are the roles that anything mentions.
func (b *botImport) usedRoles() (out []*role) {
	var text strings.Builder
	used := map[*role]bool{b.keepers: true}
	for _, l := range b.locals {
		text.WriteString(l[1])
	}
	for _, r := range b.out {
		text.WriteString(r.changes + r.when)
		r.need.each(func(n need) { used[n.role] = true })
	}
	for _, r := range b.roles.list {
		if used[r] || strings.Contains(text.String(), "author_in("+quote(r.name)+")") {
			out = append(out, r)
		}
	}
	return out
}

func (b *botImport) rule(w *writer, r *outRule) {
	for _, c := range r.comment {
		w.comment(c)
	}
	w.line("rule %s {", quote(r.name))
	if d := strings.Join(strings.Fields(r.description), " "); d != "" {
		w.line("description = %s", quote(strings.ToValidUTF8(d[:min(len(d), 480)], "")))
	}
	if r.changes != "" {
		w.line("changes = %s", r.changes)
	}
	if r.when != yes {
		w.line("when = %s", broken(r.when))
	}
	if r.sticky {
		w.line("sticky = \"never\"")
	}
	b.need(w, r.need, true)
	w.line("}\n")
}

// broken writes a long condition one part a line.
func broken(e string) string {
	if len(e) <= 90 {
		return e
	}
	op := " || "
	if !strings.Contains(outside(e), "||") {
		op = " && "
	}
	var parts []string
	from := 0
	for i := range bare(e) {
		if i >= from && strings.HasPrefix(e[i:], op) {
			parts = append(parts, e[from:i])
			from = i + len(op)
		}
	}
	parts = append(parts, e[from:])
	if len(parts) == 1 {
		return e
	}
	return "(\n" + strings.Join(parts, "\n"+strings.TrimLeft(op, " ")) + "\n)"
}

func (b *botImport) need(w *writer, n need, top bool) {
	switch {
	case n.op == "role":
		b.require(w, n)
	case n.op == "all" && top:
		for _, c := range n.children {
			b.need(w, c, false)
		}
	default:
		w.line("%s {", n.op)
		for _, c := range n.children {
			b.need(w, c, false)
		}
		w.line("}")
	}
}

func (b *botImport) require(w *writer, n need) {
	var args []string
	if n.count > 1 {
		args = append(args, fmt.Sprintf("approvals = %d", n.count))
	}
	if n.ask != "one" {
		args = append(args, "ask = "+quote(n.ask))
	}
	if len(n.allow) > 0 {
		args = append(args, "allow = ["+quoteAll(n.allow)+"]")
	}
	switch len(args) {
	case 0:
		w.line("require %s {}", quote(n.role.name))
	case 1:
		w.line("require %s { %s }", quote(n.role.name), args[0])
	default:
		w.line("require %s {\n%s\n}", quote(n.role.name), strings.Join(args, "\n"))
	}
}
