package supplychain

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/rolecall/rolecall/policy/fact"
)

// The bounds of a workflow: nesting, and nodes counted with every expansion
// of an alias.
const (
	maxDepth = 100
	maxNodes = 200_000
)

// flow is what one version of a workflow or an action says.
type flow struct {
	root     *yaml.Node
	action   bool // defines an action
	triggers map[string]bool
	jobs     map[string]grants // by job; of an action, none
	secrets  map[string]int
	injected map[string]int // what outsiders write, in scripts
	refs     []string       // uses and container images, as written
}

// grants maps a permission's scope to its level; "*" stands for all scopes
// at once, and for the default that repository settings decide.
type grants map[string]int

// The levels of a permission. What is granted when nothing says so depends on
// settings that are not in the repository, and can be everything.
const (
	none = iota
	readLevel
	writeLevel
	defaultLevel
)

var errNodes = errors.New("it has, or expands to, more than 200,000 values")

// readFlow takes one version apart. Nil bytes make an empty flow.
func readFlow(src []byte, isAction bool) (*flow, error) {
	f := &flow{triggers: map[string]bool{}, jobs: map[string]grants{}, secrets: map[string]int{}, injected: map[string]int{}}
	if src == nil {
		return f, nil
	}
	// Every value but the first stands behind a comma or on a line of its own,
	// so that this many need not be read to know that they are too many.
	if bytes.Count(src, []byte{','})+bytes.Count(src, []byte{'\n'}) > maxNodes {
		return nil, errNodes
	}
	var doc yaml.Node
	err := yaml.Load(src, &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, fmt.Errorf("it does not parse as YAML: %s", brief(err))
	}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		f.root = doc.Content[0]
	}
	if f.root == nil || f.root.Kind != yaml.MappingNode {
		return nil, errors.New("it is no YAML mapping")
	}
	w := walk{flow: f, nodes: maxNodes}
	w.node(f.root)
	if w.err != nil {
		return nil, w.err
	}
	if isAction {
		f.action = value(f.root, "runs") != nil
		return f, nil
	}
	f.readTriggers()
	return f, f.readGrants()
}

// walk visits every value, aliases followed, within its bounds.
type walk struct {
	flow  *flow
	keys  []string // on the way from the root; "" in a sequence
	nodes int
	err   error
}

func (w *walk) node(n *yaml.Node) {
	if w.err != nil {
		return
	}
	if w.nodes--; w.nodes < 0 || len(w.keys) > 2*maxDepth {
		w.err = errNodes
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		if n.Alias != nil {
			w.under("*", n.Alias)
		}
	case yaml.MappingNode:
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			switch {
			case k.Kind != yaml.ScalarNode || k.Value == "<<":
				w.err = errors.New("it has merged or computed keys")
			case seen[k.Value]:
				w.err = errors.New("it has one key twice")
			}
			if w.err != nil {
				return
			}
			seen[k.Value] = true
			w.under(k.Value, n.Content[i+1])
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			w.under("", c)
		}
	case yaml.ScalarNode:
		w.scalar(n.Value)
	}
}

func (w *walk) under(key string, n *yaml.Node) {
	if key == "*" { // an alias is no level of its own, but still nests
		if w.nodes -= 10; w.nodes < 0 {
			w.err = errNodes
			return
		}
		w.node(n)
		return
	}
	w.keys = append(w.keys, key)
	w.node(n)
	w.keys = w.keys[:len(w.keys)-1]
}

// scalar notes what the value at the present keys refers to.
func (w *walk) scalar(v string) {
	f, last := w.flow, w.keys[len(w.keys)-1]
	switch {
	case last == "uses": // wherever it stands: one too many is safe
		f.refs = append(f.refs, v)
	case w.at("jobs", "?", "container"), w.at("jobs", "?", "container", "image"), w.at("jobs", "?", "services", "?", "image"):
		if v != "" {
			f.refs = append(f.refs, "docker://"+strings.TrimPrefix(v, "docker://"))
		}
	case w.at("runs", "image") && strings.HasPrefix(v, "docker://"):
		f.refs = append(f.refs, v)
	case last == "secrets" && v == "inherit":
		f.secrets["inherit"]++
	}
	for _, expr := range expressions(v, last == "if") {
		for _, s := range secretsIn(expr) {
			f.secrets[s]++
		}
		if last == "run" || last == "script" { // wherever it stands, as above
			for _, s := range outside(expr) {
				f.injected[s]++
			}
		}
	}
}

// at reports whether the present keys are these; "?" stands for any one.
func (w *walk) at(keys ...string) bool {
	return slices.EqualFunc(w.keys, keys, func(k, pattern string) bool { return pattern == "?" || k == pattern })
}

// expressions returns what stands in ${{ }}, and the whole of a condition.
func expressions(text string, condition bool) []string {
	var all []string
	if condition {
		all = append(all, text)
	}
	for {
		_, rest, ok := strings.Cut(text, "${{")
		if !ok {
			return all
		}
		expr, after, closed := strings.Cut(rest, "}}")
		if !condition {
			all = append(all, expr)
		}
		if !closed {
			return all
		}
		text = after
	}
}

// secretsIn returns the names of secrets that an expression reads, in
// capitals, as GitHub compares them; "*" where the name is computed or all of
// them are taken.
// Source: https://docs.github.com/actions/reference/workflows-and-actions/contexts#secrets-context
func secretsIn(expr string) []string {
	var found []string
	for _, rest := range mentions(strings.ToUpper(expr), "SECRETS") {
		name := "*"
		if keys := keysAt(rest); len(keys) > 0 {
			name = keys[0]
		}
		found = append(found, name)
	}
	return found
}

// value returns a mapping's value, aliases followed; nil where it has none.
func value(n *yaml.Node, key string) *yaml.Node {
	n = resolved(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return resolved(n.Content[i+1])
		}
	}
	return nil
}

func resolved(n *yaml.Node) *yaml.Node {
	for range maxDepth {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

func (f *flow) readTriggers() {
	on := value(f.root, "on")
	if on == nil {
		return
	}
	switch on.Kind {
	case yaml.ScalarNode:
		f.triggers[on.Value] = true
	case yaml.SequenceNode:
		for _, c := range on.Content {
			if c = resolved(c); c != nil {
				f.triggers[c.Value] = true
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(on.Content); i += 2 {
			f.triggers[on.Content[i].Value] = true
		}
	}
}

// readGrants reads what each job's token may do: the job's own permissions,
// else the workflow's, else the default.
// Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions
func (f *flow) readGrants() error {
	top, err := grantsOf(value(f.root, "permissions"))
	if err != nil {
		return err
	}
	if top == nil {
		top = grants{"*": defaultLevel}
	}
	jobs := value(f.root, "jobs")
	if jobs == nil || jobs.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(jobs.Content); i += 2 {
		own, err := grantsOf(value(jobs.Content[i+1], "permissions"))
		if err != nil {
			return err
		}
		if own == nil {
			own = top
		}
		f.jobs[jobs.Content[i].Value] = own
	}
	return nil
}

func grantsOf(n *yaml.Node) (grants, error) {
	if n == nil {
		return nil, nil
	}
	g := grants{}
	switch n.Kind {
	case yaml.ScalarNode:
		switch n.Value {
		case "read-all":
			g["*"] = readLevel
		case "write-all":
			g["*"] = writeLevel
		case "":
			return nil, nil
		default:
			return nil, fmt.Errorf("it has permissions that are no mapping, read-all or write-all")
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			level := resolved(n.Content[i+1])
			if level == nil {
				continue
			}
			switch level.Value {
			case "none":
			case "read":
				g[n.Content[i].Value] = readLevel
			case "write":
				g[n.Content[i].Value] = writeLevel
			default:
				return nil, fmt.Errorf("it has a permission that is not read, write or none")
			}
		}
	default:
		return nil, fmt.Errorf("it has permissions that are no mapping, read-all or write-all")
	}
	return g, nil
}

// granted lists what jobs may do now and could not before. A new job is held
// against nothing for writing, and against all other jobs for reading.
func granted(was, is *flow) []string {
	everybody := grants{}
	for _, g := range was.jobs {
		for scope, level := range g {
			everybody[scope] = max(everybody[scope], level)
		}
	}
	found := map[string]bool{}
	for job, g := range is.jobs {
		before, known := was.jobs[job]
		if !known {
			before = everybody
		}
		for scope, level := range g {
			had := max(before[scope], before["*"])
			if !known && level >= writeLevel {
				had = none
			}
			switch {
			case level != defaultLevel && before["*"] == defaultLevel:
				had = before[scope] // the default may have been nothing
			case level == defaultLevel && before["*"] == writeLevel:
				had = defaultLevel // the default is no more than all
			}
			if level > had {
				found[grantText(scope, level)] = true
			}
		}
	}
	return sortedKeys(found)
}

func grantText(scope string, level int) string {
	word := map[int]string{readLevel: "read", writeLevel: "write"}[level]
	switch {
	case level == defaultLevel:
		return "default"
	case scope == "*":
		return word + "-all"
	}
	return scope + ": " + word
}

// sameFlow reports whether two trees say the same. Anchors, aliases and the
// difference of plain and quoted are compared as written: readers of YAML
// differ there.
func sameFlow(x, y *yaml.Node) bool {
	if x == nil || y == nil {
		return x == y
	}
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if x.Kind != y.Kind || x.Tag != y.Tag || x.Value != y.Value || x.Anchor != y.Anchor ||
		(x.Style&quoted == 0) != (y.Style&quoted == 0) || len(x.Content) != len(y.Content) {
		return false
	}
	for i := range x.Content {
		if !sameFlow(x.Content[i], y.Content[i]) {
			return false
		}
	}
	return true
}

// privileged reports whether the workflow runs with the base's rights on
// behalf of those who have none.
func (f *flow) privileged() bool {
	return f.triggers["pull_request_target"] || f.triggers["workflow_run"]
}

func (a *analysis) workflow(e edit) error {
	isAction := !WorkflowFile(e.path)
	found := fact.Workflow{Path: e.path, Action: fact.Update, Paths: e.paths}
	switch {
	case e.base == nil && e.head == nil:
		return errors.New("neither of its versions is there")
	case e.base == nil:
		found.Action = fact.Create
	case e.head == nil:
		found.Action = fact.Delete
	}
	was, err := readFlow(e.base, isAction)
	is := was
	if err == nil {
		is, err = readFlow(e.head, isAction)
	}
	if err != nil {
		found.Privileged = fact.Unknown[bool](err.Error())
		found.Cosmetic = fact.Unknown[bool](err.Error())
		a.result.Workflows.Items = append(a.result.Workflows.Items, found)
		return err
	}
	if isAction && !was.action && !is.action {
		return nil // a file of that name that defines none
	}
	found.Triggers = newKeys(was.triggers, is.triggers)
	found.Permissions = granted(was, is)
	found.Secrets = newCounts(was.secrets, is.secrets)
	found.Injections = newCounts(was.injected, is.injected)
	found.Privileged = fact.Known(is.privileged())
	found.Cosmetic = fact.Known(e.base != nil && e.head != nil && sameFlow(was.root, is.root))
	all, unpinned, dynamic := compareRefs(was.refs, is.refs)
	found.Unpinned = unpinned
	a.result.Workflows.Items = append(a.result.Workflows.Items, found)
	if len(e.paths) == 1 {
		a.result.Cosmetic[e.path] = found.Cosmetic
	}
	a.found(e, all)
	if len(dynamic) > 0 {
		a.result.Dependencies.Gaps = append(a.result.Dependencies.Gaps, fact.Gap{Paths: e.paths, Reason: "it computes the name of an action or image: " + strings.Join(dynamic, ", ")})
	}
	return nil
}

func newKeys(was, is map[string]bool) []string {
	found := map[string]bool{}
	for k := range is {
		if !was[k] {
			found[k] = true
		}
	}
	return sortedKeys(found)
}

func newCounts(was, is map[string]int) []string {
	found := map[string]bool{}
	for k, n := range is {
		if n > was[k] {
			found[k] = true
		}
	}
	return sortedKeys(found)
}

func sortedKeys(set map[string]bool) []string {
	var keys []string
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
