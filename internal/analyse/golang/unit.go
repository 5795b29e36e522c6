package golang

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// sum stands for a part of a file: equal sums, equal meaning.
type sum [sha256.Size]byte

// unit is what is kept of one version of a Go file.
type unit struct {
	path, dir string
	pkg       string
	test      bool
	generated bool
	bidi      bool   // the text holds controls of writing direction
	builds    string // what decides whether the file is built at all
	starts    bool   // something runs when the package is initialised
	whole     sum
	functions []item
	objects   []object
	unread    string // why objects are not known; "" when they are
	uses      map[useKey]int
}

// item is a function or method by its name.
type item struct {
	name string
	sum  sum
}

// parse reads one version of a Go file; the error says why it could not be.
func parse(p string, src []byte) (u *unit, err error) {
	if why := bound(src); why != "" {
		return nil, fmt.Errorf("%s", why)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("it does not parse as Go: %s", brief(err))
	}
	u = &unit{path: p, dir: dir(p), pkg: file.Name.Name, test: Test(p), generated: ast.IsGenerated(file), bidi: hasBidi(src)}
	orders := directives(fset, file, src)
	u.builds = buildsWhen(p, orders)

	r := reading{unit: u, orders: orders}
	r.imports(file)
	r.declarations(file)
	return u, nil
}

func dir(p string) string {
	if d := path.Dir(p); d != "." {
		return d
	}
	return ""
}

// brief keeps an error of a parser to one line that no input can stretch.
func brief(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	if len(s) > 120 {
		s = s[:120] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}

func hasBidi(src []byte) bool {
	for i := bytes.IndexByte(src, 0xE2); i >= 0 && i+2 < len(src); {
		if b, c := src[i+1], src[i+2]; b == 0x80 && (c >= 0xAA && c <= 0xAE || c == 0x8E || c == 0x8F) || b == 0x81 && c >= 0xA6 && c <= 0xA9 {
			return true
		}
		next := bytes.IndexByte(src[i+1:], 0xE2)
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return bytes.Contains(src, []byte{0xD8, 0x9C})
}

// buildsWhen is what decides whether the go command takes a file: its build
// constraints as written, and what its name says.
func buildsWhen(p string, orders []directive) string {
	b := new(strings.Builder)
	base := strings.TrimSuffix(path.Base(p), ".go")
	if base != "" && (base[0] == '_' || base[0] == '.') {
		b.WriteString("never ")
	}
	// "linux" alone is a name; "x_linux", "x_amd64" and "x_linux_test" are
	// constraints. Any word counts: which ones are systems grows with Go.
	words := strings.Split(base, "_")
	for _, w := range words[max(1, len(words)-3):] {
		if systems[w] {
			b.WriteString(w + " ")
		}
	}
	if Test(p) {
		b.WriteString("test ")
	}
	for _, o := range orders {
		if o.decl == header && (strings.HasPrefix(o.text, "//go:build") || strings.Contains(o.text, "+build")) {
			fmt.Fprintf(b, "\n%d %s", o.place, o.text)
		}
	}
	return b.String()
}

// systems are the names of operating systems and architectures that the go
// command knows, or has set apart, in file names.
// Source: https://pkg.go.dev/cmd/go#hdr-Build_constraints and go/build's list.
var systems = setOf(`aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos
	386 amd64 amd64p32 arm arm64 arm64be armbe loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc ppc64 ppc64le riscv riscv64
	s390 s390x sparc sparc64 wasm unix`)

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// reading is the state of taking one parsed file apart.
type reading struct {
	*unit
	orders []directive
	w      writer
	// salt holds the imports of which the file does not show what name they
	// have, so that every declaration may depend on them.
	salt []byte
	uses uses
	// The room for spelling out what others see: spent and allowed over all,
	// and the buffer's end for one object.
	spent, budget, limit int
	refs                 []string // of one object
}

// imports writes the file's head, imports in the order in which gofmt would
// sort them, and learns their names.
func (r *reading) imports(file *ast.File) {
	r.w = writer{imports: map[string]string{}, uses: &r.uses, buf: make([]byte, 0, int(file.FileEnd-file.FileStart))}
	r.w.text(file.Name.Name)
	r.w.text(r.builds)
	var specs []string
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.IMPORT {
			continue
		}
		for _, s := range g.Specs {
			spec := s.(*ast.ImportSpec)
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				imported = spec.Path.Value
			}
			local := ""
			if spec.Name != nil {
				local = spec.Name.Name
			}
			meaning := imported
			if imported == "C" {
				meaning += "\x00" + preamble(g.Doc) + preamble(spec.Doc)
				r.uses.add(useCgo, "")
			}
			if guarded(imported) {
				r.uses.add(imported, "")
			}
			specs = append(specs, local+" "+meaning)
			switch local {
			case "_":
			case ".":
				r.salt = append(r.salt, imported...)
				if guarded(imported) {
					r.uses.add(imported, ".")
				}
			case "":
				r.w.imports[baseName(imported)] = meaning
			default:
				r.w.imports[local] = meaning
			}
		}
	}
	slices.Sort(specs)
	specs = slices.Compact(specs)
	r.w.count(len(specs))
	for _, s := range specs {
		r.w.text(s)
	}
}

// preamble is a comment before import "C": it is C.
func preamble(g *ast.CommentGroup) string {
	var b strings.Builder
	if g != nil {
		for _, c := range g.List {
			b.WriteString(c.Text)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// baseName guesses the name of the package at an import path.
func baseName(imported string) string {
	base := path.Base(imported)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		if up := path.Dir(imported); up != "." {
			base = path.Base(up)
		}
	}
	base, _, _ = strings.Cut(base, ".")
	base = strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(base, "-go"), "-golang"), "go-")
	return strings.ReplaceAll(base, "-", "")
}

// mark is where a declaration's spelling stands in the buffer, and what it
// depends on beside it.
type mark struct {
	from, to int
	seen     []string
	decl     ast.Decl
	index    int
}

func (r *reading) declarations(file *ast.File) {
	r.uses.consts = map[string]bool{}
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, s := range g.Specs {
				for _, n := range s.(*ast.ValueSpec).Names {
					r.uses.consts[n.Name] = true
				}
			}
		}
	}
	var marks []mark
	mentioned := map[string]bool{}
	for i, d := range file.Decls {
		m := mark{from: len(r.w.buf), decl: d, index: i}
		r.w.seen = nil
		switch d := d.(type) {
		case *ast.FuncDecl:
			r.w.funcDecl(d)
			r.starts = r.starts || d.Recv == nil && d.Name.Name == "init"
		case *ast.GenDecl:
			if d.Tok == token.IMPORT {
				continue
			}
			r.w.genDecl(d)
			r.starts = r.starts || d.Tok == token.VAR
		default:
			r.w.op(bad)
		}
		m.to, m.seen = len(r.w.buf), r.w.seen
		for _, s := range m.seen {
			mentioned[s] = true
		}
		marks = append(marks, m)
	}
	for local, meaning := range r.w.imports {
		// The names of the standard library's packages are those guessed.
		if first, _, _ := strings.Cut(meaning, "/"); !mentioned[local] && strings.Contains(first, ".") {
			r.salt = append(append(r.salt, 0), meaning...)
		}
	}
	if len(r.salt) > 0 {
		// Map order must not show.
		parts := strings.Split(string(r.salt), "\x00")
		slices.Sort(parts)
		r.salt = []byte(strings.Join(parts, "\x00"))
	}
	end := len(r.w.buf)
	for _, o := range r.orders {
		r.order(o, true)
	}
	r.whole = sha256.Sum256(r.w.buf)

	for _, m := range marks {
		if f, ok := m.decl.(*ast.FuncDecl); ok {
			r.w.buf = append(r.w.buf[:end], r.w.buf[m.from:m.to]...)
			r.functions = append(r.functions, item{functionName(f), r.close(end, m)})
		}
	}
	if !r.test && r.pkg != "main" {
		r.api(file, end)
	}
	for _, o := range r.orders {
		if strings.HasPrefix(o.text, "//go:linkname") {
			r.uses.add(useLinkname, o.text)
		}
	}
	r.unit.uses = r.uses.counts
}

// close ends a spelling that starts at from with what it depends on outside
// itself, and sums it up.
func (r *reading) close(from int, m mark) sum {
	r.context(m.seen)
	r.w.text(r.builds)
	first, _ := slices.BinarySearchFunc(r.orders, m.index, func(o directive, index int) int { return o.decl - index })
	for _, o := range r.orders[first:] {
		if o.decl != m.index {
			break
		}
		r.order(o, false)
	}
	return sha256.Sum256(r.w.buf[from:])
}

func (r *reading) context(seen []string) {
	slices.Sort(seen)
	for _, s := range seen {
		r.w.text(s)
		r.w.text(r.w.imports[s])
	}
	r.w.buf = append(r.w.buf, r.salt...)
}

func (r *reading) order(o directive, placed bool) {
	r.w.text(o.text)
	if placed {
		r.w.count(o.decl)
		r.w.text(o.imported)
	}
	r.w.count(o.before)
	r.w.op(o.place)
}

// functionName is "Func" or "Type.Method".
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	return receiver(f) + "." + f.Name.Name
}

// receiver is the name of a method's type.
func receiver(f *ast.FuncDecl) string { return typeName(f.Recv.List[0].Type) }
