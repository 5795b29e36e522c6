package policy

// block is one kind of block: the grammar as data, against which policies are
// read and from which the reference is made.
type block struct {
	name   string
	label  string // what its label is, in capitals; "" for a block without one
	doc    string
	args   []argument
	open   bool // takes any argument
	blocks []*block
}

// argument is one argument of a block.
type argument struct {
	name   string
	shape  string // for people: "list of roles"
	def    string // the default, as it would be written; "" for none
	needed bool
	values []string // all that it may be, where they are few
	doc    string
}

var (
	blockRequire = &block{name: "require", label: "ROLE", doc: "whose approval is needed", args: []argument{
		{name: "approvals", shape: "number", def: "1", doc: "how many different people of the role must approve"},
		{name: "ask", shape: "text", def: `"one"`, values: []string{"one", "team", "all", "none"}, doc: "whom rolecall asks: one person by name, the team, everybody, nobody"},
		{name: "within", shape: "duration", doc: "working time of the role after which its people are reminded, as in \"8h\"; after twice as long one more is asked, after three times whoever is on call"},
		{name: "allow", shape: "list", def: "[]", values: []string{"author", "contributor"}, doc: "who may approve although they wrote part of the change"},
	}}
	blockAny = &block{name: "any", doc: "one of the requirements inside is enough"}
	blockAll = &block{name: "all", doc: "each of the requirements inside is needed"}

	grammar = &block{blocks: []*block{
		{name: "policy", doc: "the policy as a whole; there is one", args: []argument{
			{name: "keepers", shape: "list of roles", needed: true, doc: "who must approve a change of this file and its tests"},
			{name: "mode", shape: "text", def: `"enforce"`, values: []string{"enforce", "observe"}, doc: "observe decides and explains, and never blocks"},
			{name: "checks", shape: "map of lists of branch patterns", def: "{}", doc: "base branches that share a check, by the check's name"},
			{name: "floor", shape: "true or false", def: "false", doc: "every repository of the organisation must meet this policy beside its own; in the organisation's file only"},
			{name: "away", shape: "map of times by person or team", def: "{}", doc: "who is not asked from when to when: { \"@ana\" = \"2026-08-03..2026-08-21\" }, or while an event of a calendar lasts: { \"@acme/madrid\" = \"https://…\" }; several in a list"},
		}},
		{name: "locals", open: true, doc: "values that expressions use as local.NAME"},
		{name: "role", label: "NAME", doc: "people who review: members, a rotation or a calendar says who", args: []argument{
			{name: "title", shape: "text", doc: "the role's name for people"},
			{name: "members", shape: "list of people and teams", doc: "\"@login\" or \"@org/team\""},
			{name: "calendar", shape: "https URL", doc: "an iCalendar feed whose events name who holds the role"},
			{name: "hours", shape: "working hours", doc: "when its holders are asked: { timezone, days, from, to }, and holidays = [\"2026-12-24..2027-01-01\", \"https://…\"] where there are any: days, and calendars of them"},
			{name: "people", shape: "map of people by name", doc: "who is meant in a calendar: { \"ana@acme.com\" = \"@ana\" }, by address or by the name in an event's title"},
			{name: "otherwise", shape: "role", doc: "who stands in when nobody in the role may approve a change"},
		}, blocks: []*block{
			{name: "rotation", doc: "one person after the other holds the role", args: []argument{
				{name: "start", shape: "time", needed: true, doc: "when the first turn starts, RFC 3339"},
				{name: "length", shape: "duration", needed: true, doc: "of one turn, as in \"168h\""},
				{name: "order", shape: "list of people", needed: true, doc: "whose turn it is, in this order"},
			}},
		}},
		{name: "project", label: "NAME", doc: "files with one directly responsible person (DRI)", args: []argument{
			{name: "files", shape: "list of patterns", needed: true, doc: "the project's files"},
			{name: "dri", shape: "person", doc: "\"@login\"; without it /assign-dri names one for each pull request"},
			{name: "notify", shape: "list of people and teams", def: "[]", doc: "who hears of a pull request once it is ready to merge"},
		}},
		{name: "rule", label: "NAME", doc: "when these changes are made, under these circumstances, require these roles", args: []argument{
			{name: "description", shape: "text", doc: "why the rule exists, shown in the check"},
			{name: "changes", shape: "list", doc: "what it is about; the rule is in force when this is not empty, and an approval covers these files. Left out: the whole pull request"},
			{name: "when", shape: "condition", doc: "under which circumstances. Left out: always"},
			{name: "distinct", shape: "true or false", def: "false", doc: "no one person may meet two of its requirements"},
			{name: "sticky", shape: "text", def: `"scope"`, values: []string{"scope", "patch", "never"}, doc: "how long an approval stands: while the files in scope are the same, while their patches are, for its own commit only"},
			{name: "advice", shape: "true or false", def: "false", doc: "shown, and never blocks"},
		}, blocks: []*block{blockRequire, blockAny, blockAll}},
		{name: "commands", doc: "who may use a command in comments, where that differs from the default", args: commandArguments()},
	}}
)

func init() {
	blockAny.blocks = []*block{blockRequire, blockAny, blockAll}
	blockAll.blocks = []*block{blockRequire, blockAny, blockAll}
}

// commandNames are the commands whose use a policy can restrict.
var commandNames = []string{"assign-dri", "unassign-dri", "delegate", "request", "needs-security", "break-glass", "recheck", "explain", "help"}

func commandArguments() []argument {
	var args []argument
	for _, name := range commandNames {
		args = append(args, argument{name: name, shape: "list of roles", doc: "who may use /" + name})
	}
	return args
}

func (b *block) argument(name string) *argument {
	for i := range b.args {
		if b.args[i].name == name {
			return &b.args[i]
		}
	}
	return nil
}

func (b *block) block(name string) *block {
	for _, inner := range b.blocks {
		if inner.name == name {
			return inner
		}
	}
	return nil
}

// words are all that may stand in the block.
func (b *block) words() (args, blocks []string) {
	for _, a := range b.args {
		args = append(args, a.name)
	}
	for _, inner := range b.blocks {
		blocks = append(blocks, inner.name)
	}
	return args, blocks
}

// what names a block for people: rule "go".
func (b *block) what(labels []string) string {
	if len(labels) == 0 {
		return b.name
	}
	return b.name + ` "` + shorten(labels[0], 60) + `"`
}
