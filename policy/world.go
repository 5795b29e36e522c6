package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/rolecall/rolecall/policy/fact"
)

// world is one layer's names and their values for one pull request. It is
// built for one evaluation and is not safe for concurrent use.
type world struct {
	layer *layer
	pull  *fact.Pull
	trees *trees
	given given

	context   *hcl.EvalContext // its variables are made when first asked for
	lists     map[string][]*origin
	picks     map[string][]pick
	founds    map[string]found
	sizes     map[string]estimate
	estimates map[*scalar]estimate
	// invariants are the answers to conditions in loops that do not depend
	// on the element.
	invariants map[*scalar]verdictWhy
	slow       bool  // evaluate what is compiled, for tests that compare the two
	spent      int64 // steps so far
	files      []*changedFile
	byPath     []*changedFile // by index of trees.paths: both names of a rename
	sorted     []namedFile    // all names of all files, once asked for
	odd        []*changedFile // whose names fold to others
	uncovered  map[string]bool
	projects   []touchedProject
	labels     []seenLabel // asked for by the rule that is being evaluated
	until      time.Time   // when time alone may change an answer that was given; zero: never
	// localLabels are the labels that a local asked for when it got its value.
	localLabels map[string][]seenLabel
}

// given is what a world takes from the evaluation rather than from the facts.
type given struct {
	// labels are the labels in force, as pull.labels shows them.
	labels []string
	// label says how a label stands where only holders of the role by (of
	// this layer; "" where the policy names none) decide on it.
	label func(name, by string) labelStanding
	// dri returns the logins of a project's DRIs that count here; nil: those
	// that the policy names.
	dri func(project string) []string
}

// labelStanding is how one label stands by the timeline.
type labelStanding struct {
	// inForce is true where anybody set the label and nobody who may has
	// removed it since.
	inForce bool
	// sure is true where inForce is, and the label was set by somebody who
	// may decide on it and still stands on GitHub. Only then can the label
	// take a requirement away (!label(x, by)); one that is in force but not
	// sure is unknown to expressions, and so only ever brings review in.
	sure bool
	// by is the login of who set it, "" where that is not known.
	by string
}

type seenLabel struct {
	name, role string
	labelStanding
	quiet bool // seen in pull.labels, where nobody asked for it by name
}

// touchedProject is a project of the layer with the changed files it holds.
type touchedProject struct {
	project *project
	// paths are the changed paths in the project, both names of a rename
	// where either is in it; sorted.
	paths []string
	// unknown says why the project may be touched beyond that; "" when all
	// files are known.
	unknown string
}

// changedFile is a file of the pull request, ready to be matched.
type changedFile struct {
	fact    *fact.File
	index   int // in the pull request; -1 for a path that only a finding names
	paths   []string
	folded  []string
	element *origin
}

// namedFile is a file by one of its names.
type namedFile struct {
	path string
	rank int // of the path among all, so that paths are not compared again
	file *changedFile
}

// origin is one element of a list of findings, or a gap in one. Values that
// come from it are marked with it, so that what a rule selects can be led
// back to files.
type origin struct {
	kind     string // of the list
	summary  string
	paths    []string // nil: all files
	gap      string   // why there is a gap; "" for an element
	file     *changedFile
	resource *fact.Resource
	build    func() map[string]cty.Value
	value    cty.Value // once built; marked with the origin
}

// doubt marks an unknown value with why it cannot be told.
type doubt string

// newWorld returns the world of l for pull.
func newWorld(l *layer, pull *fact.Pull, t *trees, g given) *world {
	w := &world{
		layer: l, pull: pull, trees: t, given: g,
		lists: map[string][]*origin{}, picks: map[string][]pick{}, founds: map[string]found{},
		sizes:     map[string]estimate{},
		estimates: map[*scalar]estimate{}, invariants: map[*scalar]verdictWhy{},
	}
	w.context = &hcl.EvalContext{Variables: map[string]cty.Value{}}
	w.readFiles()
	return w
}

func (w *world) functions() map[string]function.Function {
	all := w.hostFunctions()
	for name, f := range sharedFunctions {
		all[name] = f
	}
	return all
}

func (w *world) readFiles() {
	files := make([]changedFile, len(w.pull.Files))
	elements := make([]origin, len(w.pull.Files))
	w.files = make([]*changedFile, len(w.pull.Files))
	w.byPath = make([]*changedFile, len(w.trees.paths))
	paths := make([]string, 0, len(w.pull.Files)+8)
	for i := range w.pull.Files {
		f := &files[i]
		f.fact, f.index, f.element = &w.pull.Files[i], i, &elements[i]
		from := len(paths)
		paths = append(paths, f.fact.Paths()...)
		f.paths = paths[from:len(paths):len(paths)]
		f.folded = f.paths
		for j, p := range f.paths {
			if folded := fact.FoldPath(p); folded != p {
				if &f.folded[0] == &f.paths[0] {
					f.folded = slices.Clone(f.paths)
				}
				f.folded[j] = folded
			}
			w.byPath[w.trees.index[p]] = f
		}
		w.fileElement(f)
		w.files[i] = f
	}
}

func (w *world) fileElement(f *changedFile) {
	o := f.element
	o.kind, o.file, o.paths, o.summary = "files", f, f.paths, f.fact.Path
	if len(f.paths) > 1 {
		o.summary = f.fact.PreviousPath + " → " + f.fact.Path
	}
}

// fileAt is the file of a changed path; nil where the path is none.
func (w *world) fileAt(path string) *changedFile {
	if i, ok := w.trees.index[path]; ok {
		return w.byPath[i]
	}
	return nil
}

// sortedPaths returns paths in order, each once.
func (w *world) sortedPaths(paths []string) []string {
	if len(paths) > 32 {
		rank := w.trees.index // so that paths are not compared for each rule
		slots := make([]string, len(rank))
		var others []string
		n := 0
		for _, p := range paths {
			if i, ok := rank[p]; !ok {
				others = append(others, p)
			} else if slots[i] == "" {
				slots[i] = p
				n++
			}
		}
		if len(others) == 0 {
			out := make([]string, 0, n)
			for _, p := range slots {
				if p != "" {
					out = append(out, p)
				}
			}
			return out
		}
	}
	out := slices.Clone(paths)
	slices.Sort(out)
	return slices.Compact(out)
}

// usesUncovered reports whether r can see uncovered.files, itself or through
// a local.
func (w *world) usesUncovered(r *rule) bool { return r.mentionsName("uncovered.files") }

// setUncovered says which changed paths no other rule covers.
func (w *world) setUncovered(paths []string) {
	w.uncovered = make(map[string]bool, len(paths))
	for _, p := range paths {
		w.uncovered[p] = true
	}
	for name := range w.context.Variables {
		if name == "uncovered.files" || strings.HasPrefix(name, "local.") {
			delete(w.context.Variables, name)
		}
	}
	delete(w.lists, "uncovered.files")
	delete(w.picks, "uncovered.files")
	delete(w.founds, "uncovered.files")
	clear(w.invariants)
}

// mentionsNow reports whether a rule of the layer asks what time it is, so
// that time alone may change the decision, at the next full hour.
func (w *world) mentionsNow() bool {
	_, found := slices.BinarySearch(w.layer.mentions, "now")
	return found
}

// touched returns the projects that the change touches, in the policy's order.
func (w *world) touched() []touchedProject {
	if w.projects != nil {
		return w.projects
	}
	w.projects = []touchedProject{}
	unknown := ""
	if gaps := w.gaps(fact.AboutFiles); len(gaps) > 0 {
		unknown = gaps[0].Reason
	}
	for _, p := range w.layer.projects {
		var paths []string
		for _, f := range w.files {
			for i := range f.paths {
				if p.set.match(f.paths[i], f.folded[i]) != unmatched {
					paths = append(paths, f.paths...)
					break
				}
			}
		}
		if len(paths) > 0 {
			w.projects = append(w.projects, touchedProject{p, w.sortedPaths(paths), unknown})
		}
	}
	return w.projects
}
