package golang

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/analyse/recent"
	"github.com/rolecall/rolecall/policy/fact"
)

// Result is what a change does to Go code.
type Result struct {
	Go fact.Go // Files and Cosmetic are left to the caller
	// Cosmetic and Generated hold, for each file by its Path, what is known of
	// it alone; an absent path is unknown.
	Cosmetic, Generated map[string]fact.Maybe[bool]
}

// maxTotal bounds the Go code that one change has parsed, in bytes.
const maxTotal = 64 << 20

// Memory keeps what was read of files, so that a version that comes again, in
// the same change or in another one, is read once. It changes no result. The
// zero Memory is ready, and safe for concurrent use.
type Memory struct{ files recent.Cache[text, reads] }

// text is one version of a file. Its path counts: it says how it is built.
type text struct {
	path string
	sum  sum
}

// reads is what was read of one; nothing changes it once it is made.
type reads struct {
	unit *unit
	why  string
}

// maxKept is how many bytes of source each half of a memory stands for; its
// own size is of that order.
const maxKept = 4 << 20

// analysis is the state of comparing one change.
type analysis struct {
	contents fact.Contents
	memory   *Memory
	result   Result
	packages map[packageKey]*pack
	parsed   int
	changed  map[string]bool // paths
}

// Analyse compares the two versions of the Go files of a change. Every one of
// files is one by either of its paths.
func Analyse(files []fact.File, c fact.Contents) Result { return new(Memory).Analyse(files, c) }

// Analyse does the same, and reads what it remembers no second time.
func (m *Memory) Analyse(files []fact.File, c fact.Contents) Result {
	a := analysis{
		contents: c,
		memory:   m,
		packages: map[packageKey]*pack{},
		changed:  map[string]bool{},
		result:   Result{Cosmetic: map[string]fact.Maybe[bool]{}, Generated: map[string]fact.Maybe[bool]{}},
	}
	if len(files) == 0 {
		return a.result
	}
	for _, f := range files {
		for _, p := range f.Paths() {
			a.changed[p] = true
		}
	}
	g := &a.result.Go
	g.TestsOnly = fact.Known(true)
	for _, f := range files {
		a.result.Cosmetic[f.Path] = a.file(f)
		for _, p := range f.Paths() {
			if !Test(p) {
				g.TestsOnly = fact.Known(false)
			}
		}
	}
	a.findings()
	return a.result
}

// version is one side of a file.
type version struct {
	bytes  []byte
	absent bool
	why    string // neither bytes nor absence are known
}

func read(side fact.Side, p string, absent bool) version {
	m := side.File(p)
	switch {
	case m.IsKnown():
		return version{bytes: m.Value, absent: m.Value == nil}
	case absent:
		return version{absent: true}
	}
	return version{why: m.Unknown}
}

// file compares the two versions of one file, notes what it finds, and tells
// whether the change is cosmetic.
func (a *analysis) file(f fact.File) fact.Maybe[bool] {
	from := f.Path
	if f.PreviousPath != "" && f.Status != fact.Copied {
		from = f.PreviousPath
	}
	base := read(a.contents.Base, from, f.Status == fact.Added || f.Status == fact.Copied)
	head := read(a.contents.Head, f.Path, f.Status == fact.Removed)
	if Source(from) || Source(f.Path) {
		return a.source(f, from, base, head)
	}
	if Neighbour(from) || Neighbour(f.Path) {
		g := &a.result.Go
		gap := fact.Gap{Paths: f.Paths(), Reason: "it is not Go, and is built into whatever package its directory holds"}
		g.Packages.Gaps = append(g.Packages.Gaps, gap)
		g.Functions.Gaps = append(g.Functions.Gaps, gap)
		g.Uses.Gaps = append(g.Uses.Gaps, gap)
	}
	switch {
	case base.why != "":
		return fact.Unknown[bool](base.why)
	case head.why != "":
		return fact.Unknown[bool](head.why)
	case base.absent || head.absent || from != f.Path:
		return fact.Known(false)
	case bytes.Equal(base.bytes, head.bytes):
		return fact.Known(true)
	}
	return sameModule(f.Path, base.bytes, head.bytes)
}

// source does it for Go source.
func (a *analysis) source(f fact.File, from string, base, head version) fact.Maybe[bool] {
	was, wasWhy := a.unit(from, base)
	is, isWhy := a.unit(f.Path, head)
	for _, why := range []string{wasWhy, isWhy} {
		if why != "" {
			a.gap(f, why)
			break
		}
	}
	if was != nil {
		p := a.pack(was)
		p.base = append(p.base, was)
		p.touch(f, was.test)
	}
	if is != nil {
		p := a.pack(is)
		p.head = append(p.head, is)
		p.touch(f, is.test)
	}
	a.result.Generated[f.Path] = generated(was, is, wasWhy, isWhy)
	switch {
	case base.absent || head.absent:
		return fact.Known(false)
	case wasWhy != "":
		return fact.Unknown[bool](wasWhy)
	case isWhy != "":
		return fact.Unknown[bool](isWhy)
	case was == nil || is == nil:
		return fact.Known(false) // it was, or becomes, no Go
	}
	return cosmetic(was, is, bytes.Equal(base.bytes, head.bytes))
}

// cosmetic tells whether two versions of a file mean the same.
func cosmetic(was, is *unit, identical bool) fact.Maybe[bool] {
	if was.path != is.path {
		// Another name in the same directory changes the order in which its
		// package's files are initialised.
		same := was.dir == is.dir && was.builds == is.builds && !was.starts && !is.starts
		return fact.Known(same && was.whole == is.whole && (identical || !is.bidi))
	}
	if identical {
		return fact.Known(true)
	}
	if strings.Contains("/"+is.path, "/testdata/") {
		return fact.Known(false) // some test reads it as text
	}
	// Text that can show in another order than it is read is never harmless.
	return fact.Known(was.whole == is.whole && !is.bidi)
}

// generated tells whether a file is generated. A marker that only one of two
// versions carries proves nothing: a change could bring it to escape review.
func generated(was, is *unit, wasWhy, isWhy string) fact.Maybe[bool] {
	switch {
	case wasWhy != "":
		return fact.Unknown[bool](wasWhy)
	case isWhy != "":
		return fact.Unknown[bool](isWhy)
	case was == nil && is == nil:
		return fact.Known(false)
	case was == nil:
		return fact.Known(is.generated)
	case is == nil:
		return fact.Known(was.generated)
	case was.generated != is.generated:
		return fact.Unknown[bool]("only one of its versions carries the marker of generated code")
	}
	return fact.Known(is.generated)
}

// unit parses one version; nil where there is none, or where it is not Go
// source by its name. The reason says why it could not be parsed.
func (a *analysis) unit(p string, v version) (u *unit, why string) {
	switch {
	case v.absent || !Source(p):
		return nil, ""
	case v.why != "":
		return nil, v.why
	case a.parsed+len(v.bytes) > maxTotal:
		return nil, "the change holds more than 64 MB of Go"
	}
	a.parsed += len(v.bytes)
	key := text{p, sha256.Sum256(v.bytes)}
	got, known := a.memory.files.Get(key)
	if !known {
		got.unit, got.why = readUnit(p, v.bytes)
		a.memory.files.Put(key, got, len(v.bytes)+len(p), maxKept)
	}
	return got.unit, got.why
}

func readUnit(p string, src []byte) (u *unit, why string) {
	defer func() {
		if r := recover(); r != nil {
			u, why = nil, fmt.Sprintf("reading it failed: %.100v", r)
		}
	}()
	u, err := parse(p, src)
	if err != nil {
		return nil, err.Error()
	}
	return u, ""
}

// gap notes a source file that could not be compared.
func (a *analysis) gap(f fact.File, why string) {
	g := &a.result.Go
	gap := fact.Gap{Paths: f.Paths(), Reason: why}
	g.Packages.Gaps = append(g.Packages.Gaps, gap)
	g.Functions.Gaps = append(g.Functions.Gaps, gap)
	g.Uses.Gaps = append(g.Uses.Gaps, gap)
	if slices.ContainsFunc(f.Paths(), func(p string) bool { return Source(p) && !Test(p) }) {
		g.Exported.Gaps = append(g.Exported.Gaps, gap)
	}
}

// packageKey names a package; the external tests of a package count to it.
type packageKey struct{ dir, name string }

// pack is what changes of one package.
type pack struct {
	packageKey
	base, head []*unit  // of changed files
	paths      []string // of changed files, both names of a rename
	sources    []string // of those that are not tests
}

func (a *analysis) pack(u *unit) *pack {
	key := packageKey{u.dir, u.pkg}
	if u.test {
		key.name = strings.TrimSuffix(u.pkg, "_test")
	}
	p := a.packages[key]
	if p == nil {
		p = &pack{packageKey: key}
		a.packages[key] = p
	}
	return p
}

func (p *pack) touch(f fact.File, test bool) {
	p.paths = append(p.paths, f.Paths()...)
	if !test {
		p.sources = append(p.sources, f.Paths()...)
	}
}
