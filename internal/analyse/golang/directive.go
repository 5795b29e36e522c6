package golang

import (
	"cmp"
	"go/ast"
	"go/token"
	"slices"
	"sort"
	"strings"
)

// A directive is a comment that a compiler, a generator or a checker obeys,
// with all that tells where it stands: moving one can change what it does.
type directive struct {
	text string
	// decl is the index of the declaration that it precedes, trails or is
	// in: header for one before the package clause, within imports the
	// imported path says where.
	decl     int
	imported string
	// before counts the names and literals of the declaration that come
	// before it.
	before int
	place  byte
}

const header = -1

// The bits of directive.place.
const (
	opensLine   = 1 << iota // nothing but space before it on its line
	firstColumn             // of //line, which elsewhere is plain
	attached                // nothing, not even an empty line, before what follows
	trailing                // after the end of its declaration
)

// obeyed reports whether a comment is more than words.
func obeyed(text string) bool {
	if strings.HasPrefix(text, "/*") {
		return strings.HasPrefix(text, "/*line ") || commands(text)
	}
	body := strings.TrimPrefix(text, "//")
	// Go's own: //line, //export, //extern, and mksyscall's //sys.
	for _, own := range []string{"line ", "export ", "extern ", "sys ", "sys\t", "sysnb ", "sysnb\t"} {
		if strings.HasPrefix(body, own) {
			return true
		}
	}
	body = strings.TrimLeft(body, " \t")
	// Markers of generators, and the old build constraints: // +word, // @word.
	if len(body) > 1 && (body[0] == '+' || body[0] == '@') && word(body[1]) {
		return true
	}
	// The form of all newer ones: //word:word.
	if i := strings.IndexByte(body, ':'); i > 0 && i+1 < len(body) && lower(body[i+1]) {
		tool := true
		for j := range i {
			tool = tool && (lower(body[j]) || body[j] == '-' || body[j] == '_')
		}
		if tool {
			return true
		}
	}
	return commands(body)
}

func lower(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// suppressions are the words by which checkers are told to look away, in
// lower case, by their first letter.
var suppressions = byFirst("nolint", "nosec", "nosemgrep", "nosonar", "codeql[", "lgtm[", "lint:ignore", "lint:file-ignore",
	"gosec:disable", "gitleaks:allow", "trunk-ignore", "checkov:skip", "tfsec:ignore", "trivy:ignore", "kics-scan",
	"code generated", "do not edit")

func byFirst(words ...string) (table [256][]string) {
	for _, w := range words {
		table[w[0]] = append(table[w[0]], w)
		table[w[0]-'a'+'A'] = append(table[w[0]-'a'+'A'], w)
	}
	return table
}

// commands reports whether a comment's words are meant for a checker, or mark
// the file as generated. It errs towards yes.
func commands(body string) bool {
	for i := range len(body) {
		for _, s := range suppressions[body[i]] {
			if i+len(s) <= len(body) && strings.EqualFold(body[i:i+len(s)], s) {
				return true
			}
		}
	}
	return false
}

// directives returns those of a file in their order. It takes time linear in
// the file but for sorting.
func directives(fset *token.FileSet, file *ast.File, src []byte) []directive {
	var found []directive
	var at places
	tf := fset.File(file.FileStart)
	for _, group := range file.Comments {
		first := len(found)
		for _, c := range group.List {
			text := c.Text
			if !obeyed(text) && !at.example(file, c) {
				continue
			}
			if strings.HasPrefix(text, "//") {
				text = strings.TrimRight(text, " \t\r")
			}
			d := directive{text: text}
			offset := tf.Offset(c.Pos())
			if at.opensLine(tf, src, c.Pos()) {
				d.place |= opensLine
			}
			if strings.HasPrefix(text, "//line ") && (offset == 0 || src[offset-1] == '\n') {
				d.place |= firstColumn
			}
			at.locate(&d, file, c)
			found = append(found, d)
		}
		if len(found) > first && joined(src[tf.Offset(group.End()):]) {
			for i := range found[first:] {
				found[first+i].place |= attached
			}
		}
	}
	// gofmt moves directives to the end of their group, and sorts imports.
	slices.SortStableFunc(found, func(a, b directive) int {
		return cmp.Or(cmp.Compare(a.decl, b.decl), cmp.Compare(a.imported, b.imported), cmp.Compare(a.before, b.before))
	})
	return found
}

// joined reports whether no empty line follows.
func joined(rest []byte) bool {
	lines := 0
	for _, c := range rest {
		switch c {
		case '\n':
			if lines++; lines == 2 {
				return false
			}
		case ' ', '\t', '\r':
		default:
			return true
		}
	}
	return true
}

// places remembers what the place of one comment tells about the next one.
type places struct {
	line  int // the line that first is about
	first int // offset of the first byte on it that is no space
	decl  ast.Decl
	names []token.Pos // of decl's names and literals, in order
}

func (at *places) opensLine(tf *token.File, src []byte, pos token.Pos) bool {
	line := tf.PositionFor(pos, false).Line
	if line != at.line {
		at.line = line
		at.first = tf.Offset(tf.LineStart(line))
		for at.first < len(src) && (src[at.first] == ' ' || src[at.first] == '\t' || src[at.first] == '\r') {
			at.first++
		}
	}
	return tf.Offset(pos) == at.first
}

// before counts the names and literals of decl that stand before pos.
func (at *places) before(decl ast.Decl, pos token.Pos) int {
	if at.decl != decl {
		at.decl, at.names = decl, at.names[:0]
		ast.Inspect(decl, func(n ast.Node) bool {
			switch n := n.(type) {
			case nil:
			case *ast.Comment, *ast.CommentGroup:
				return false
			case *ast.Ident:
				at.names = append(at.names, n.Pos())
			case *ast.BasicLit:
				at.names = append(at.names, n.Pos())
			}
			return true
		})
		slices.Sort(at.names)
	}
	n, _ := slices.BinarySearch(at.names, pos)
	return n
}

// locate says where in the file's declarations a comment stands.
func (at *places) locate(d *directive, file *ast.File, c *ast.Comment) {
	if c.Pos() < file.Name.Pos() {
		d.decl = header
		if c.Pos() > file.Package {
			d.before = 1
		}
		return
	}
	d.decl = sort.Search(len(file.Decls), func(i int) bool { return file.Decls[i].End() > c.Pos() })
	inside := d.decl < len(file.Decls) && file.Decls[d.decl].Pos() < c.Pos()
	if !inside && d.place&opensLine == 0 && d.decl > 0 {
		d.decl--
		d.place |= trailing
		inside = true
	}
	if !inside {
		return
	}
	decl := file.Decls[d.decl]
	g, ok := decl.(*ast.GenDecl)
	if !ok || g.Tok != token.IMPORT {
		d.before = at.before(decl, c.Pos())
		return
	}
	// The import on whose line it stands, or else the one after it.
	i := sort.Search(len(g.Specs), func(i int) bool { return g.Specs[i].End() > c.Pos() })
	if d.place&opensLine == 0 && i > 0 {
		i--
	}
	d.imported = "\x00" // after them all
	if i < len(g.Specs) {
		d.imported = g.Specs[i].(*ast.ImportSpec).Path.Value
	}
}

// example reports whether the comment stands in an example function, whose
// last comment can be the output that its run is held to.
func (at *places) example(file *ast.File, c *ast.Comment) bool {
	i := sort.Search(len(file.Decls), func(i int) bool { return file.Decls[i].End() > c.Pos() })
	if i == len(file.Decls) {
		return false
	}
	f, ok := file.Decls[i].(*ast.FuncDecl)
	return ok && f.Body != nil && f.Body.Pos() < c.Pos() && strings.HasPrefix(f.Name.Name, "Example")
}
