package golang_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/analyse/golang"
	"github.com/rolecall/rolecall/policy/fact"
)

// sources are real Go files to state laws over: this package's own.
func sources(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, pattern := range []string{"*.go", "../*.go", "../supplychain/*.go", "../../../policy/fact/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if len(src) < 8_000 {
				all = append(all, src)
			}
		}
	}
	if len(all) < 10 {
		t.Fatalf("only %d sources", len(all))
	}
	return all
}

func compare(was, is []byte) golang.Result { return compareAt("p/a.go", was, is) }

func compareAt(p string, was, is []byte) golang.Result {
	f := fact.File{Path: p, Status: fact.Modified}
	list := fact.Known([]string{path.Base(p)})
	return golang.Analyse([]fact.File{f}, fact.Contents{
		Base: fact.Side{Files: map[string]fact.Maybe[[]byte]{p: fact.Known(was)}, Dirs: map[string]fact.Maybe[[]string]{"p": list}},
		Head: fact.Side{Files: map[string]fact.Maybe[[]byte]{p: fact.Known(is)}, Dirs: map[string]fact.Maybe[[]string]{"p": list}},
	})
}

func mustBeCosmetic(t interface{ Fatalf(string, ...any) }, was, is []byte, want bool) {
	r := compare(was, is)
	if m := r.Cosmetic["p/a.go"]; !m.IsKnown() || m.Value != want {
		t.Fatalf("cosmetic is %+v, want %v\n--- was\n%s\n--- is\n%s", m, want, was, is)
	}
	if want && len(r.Go.Functions.Items)+len(r.Go.Exported.Items)+len(r.Go.Exported.Gaps)+len(r.Go.Uses.Items) > 0 {
		t.Fatalf("a cosmetic change has findings: %+v", r.Go)
	}
}

type lexeme struct {
	tok  token.Token
	text string
}

// lexemes are the tokens of a source without comments.
func lexemes(src []byte) []lexeme {
	var s scanner.Scanner
	fset := token.NewFileSet()
	s.Init(fset.AddFile("", fset.Base(), len(src)), src, nil, 0)
	var all []lexeme
	for {
		_, tok, text := s.Scan()
		if tok == token.EOF {
			return all
		}
		if tok.IsOperator() && text == "" {
			text = tok.String()
		}
		all = append(all, lexeme{tok, text})
	}
}

// join writes tokens back with whatever between gives to stand between them;
// an automatic semicolon becomes a line break.
func join(all []lexeme, between func(i int) string) []byte {
	var b bytes.Buffer
	for i, l := range all {
		if l.tok == token.SEMICOLON && l.text == "\n" {
			b.WriteByte('\n')
		} else {
			b.WriteString(l.text)
		}
		b.WriteString(between(i))
	}
	return b.Bytes()
}

func space(int) string { return " " }

func TestFormattingIsCosmetic(t *testing.T) {
	all := sources(t)
	rapid.Check(t, func(t *rapid.T) {
		tokens := lexemes(rapid.SampledFrom(all).Draw(t, "source"))
		blanks := rapid.SliceOfN(rapid.SampledFrom([]string{" ", "  ", "\t", " \r", "   \t"}), len(tokens), len(tokens)).Draw(t, "blanks")
		messy := join(tokens, func(i int) string { return blanks[i] })
		tidy, err := format.Source(messy)
		if err != nil {
			t.Fatalf("the mess does not parse: %v", err)
		}
		mustBeCosmetic(t, messy, tidy, true)
		mustBeCosmetic(t, tidy, messy, true)
	})
}

func TestPlainCommentsAreCosmetic(t *testing.T) {
	all := sources(t)
	words := rapid.StringMatching(`[A-Z][a-z ,.]{0,20}`)
	rapid.Check(t, func(t *rapid.T) {
		tokens := lexemes(rapid.SampledFrom(all).Draw(t, "source"))
		n := len(tokens)
		at := map[int]string{}
		for range rapid.IntRange(1, 10).Draw(t, "comments") {
			i := rapid.IntRange(0, n-1).Draw(t, "at")
			if tokens[i].tok == token.SEMICOLON && tokens[i].text == "\n" {
				at[i] = "// " + words.Draw(t, "words") + "\n"
			} else {
				at[i] = " /* " + words.Draw(t, "words") + " */ "
			}
		}
		mustBeCosmetic(t, join(tokens, space), join(tokens, func(i int) string { return " " + at[i] }), true)
	})
}

func TestChangingAnyTokenIsNotCosmetic(t *testing.T) {
	all := sources(t)
	rapid.Check(t, func(t *rapid.T) {
		tokens := lexemes(rapid.SampledFrom(all).Draw(t, "source"))
		var changeable []int
		for i, l := range tokens {
			if l.tok.IsLiteral() {
				changeable = append(changeable, i)
			}
		}
		i := rapid.SampledFrom(changeable).Draw(t, "token")
		was := join(tokens, space)
		tokens = slices.Clone(tokens)
		switch l := &tokens[i]; l.tok {
		case token.IDENT:
			l.text += "x"
		case token.INT, token.FLOAT:
			l.text = "1" + l.text
			if strings.HasPrefix(l.text, "10x") {
				l.text = "0x1" + l.text[3:]
			}
		case token.CHAR:
			l.text = `'\u1234'`
		case token.STRING:
			l.text = l.text[:1] + "x" + l.text[1:]
		default:
			t.Skip()
		}
		is := join(tokens, space)
		if _, err := parser.ParseFile(token.NewFileSet(), "", is, 0); err != nil {
			t.Skip()
		}
		mustBeCosmetic(t, was, is, false)
	})
}

func TestEveryDirectiveIsSeenWhereverItStands(t *testing.T) {
	all := sources(t)
	rapid.Check(t, func(t *rapid.T) {
		tokens := lexemes(rapid.SampledFrom(all).Draw(t, "source"))
		var lines []int
		for i, l := range tokens {
			if l.tok == token.SEMICOLON && l.text == "\n" {
				lines = append(lines, i)
			}
		}
		order := rapid.SampledFrom([]string{"//go:build linux", "//go:embed a.txt", "//go:linkname a b", "//go:generate sh", "//line a.go:7",
			"//export F", "//nolint", "// #nosec", "// +build linux", "//lint:ignore SA1 x", "// Code generated by x. DO NOT EDIT."}).Draw(t, "directive")
		at := rapid.SampledFrom(lines).Draw(t, "line")
		other := rapid.SampledFrom(lines).Draw(t, "other line")
		with := func(at int) []byte {
			return join(tokens, func(i int) string {
				if i == at {
					return order + "\n"
				}
				return " "
			})
		}
		mustBeCosmetic(t, join(tokens, space), with(at), false)
		mustBeCosmetic(t, with(at), join(tokens, space), false)
		if at != other {
			// Moved past any token but a closing bracket.
			for _, l := range tokens[min(at, other)+1 : max(at, other)] {
				if l.tok.IsLiteral() {
					mustBeCosmetic(t, with(at), with(other), false)
					break
				}
			}
		}
	})
}

func TestFindingsOfTheWayBackMirror(t *testing.T) {
	all := sources(t)
	back := map[string]string{fact.Create: fact.Delete, fact.Delete: fact.Create, fact.Update: fact.Update}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SampledFrom(all).Draw(t, "a"), rapid.SampledFrom(all).Draw(t, "b")
		b = bytes.Replace(b, packageLine(b), packageLine(a), 1)
		there, here := compare(a, b), compare(b, a)
		if there.Cosmetic["p/a.go"] != here.Cosmetic["p/a.go"] {
			t.Fatalf("cosmetic one way only")
		}
		list := func(r golang.Result, turn bool) []string {
			var out []string
			act := func(s string) string {
				if turn {
					return back[s]
				}
				return s
			}
			for _, f := range r.Go.Functions.Items {
				out = append(out, fmt.Sprint(f.Name, act(f.Action)))
			}
			for _, e := range r.Go.Exported.Items {
				out = append(out, fmt.Sprint(e.Name, act(e.Action)))
			}
			for _, g := range r.Go.Exported.Gaps {
				out = append(out, fmt.Sprint(g))
			}
			return out
		}
		if diff := cmp.Diff(list(there, false), list(here, true)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func packageLine(src []byte) []byte {
	file, err := parser.ParseFile(token.NewFileSet(), "", src, parser.PackageClauseOnly)
	if err != nil {
		return nil
	}
	return []byte("package " + file.Name.Name + "\n")
}

// TestSplittingAFileChangesNothing moves every second declaration to another
// file with the same imports.
func TestSplittingAFileChangesNothing(t *testing.T) {
	for _, src := range sources(t) {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "", src, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(src, []byte("//go:build")) {
			continue // which only the first half would keep
		}
		var halves [2]bytes.Buffer
		for i, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); !ok || g.Tok != token.IMPORT {
				halves[i%2].Write(src[fset.Position(d.Pos()).Offset:fset.Position(d.End()).Offset])
				halves[i%2].WriteString("\n\n")
			}
		}
		for i := range halves {
			var head bytes.Buffer
			fmt.Fprintf(&head, "package %s\n", file.Name.Name)
			for _, s := range file.Imports {
				imported := strings.Trim(s.Path.Value, `"`)
				local := path.Base(strings.TrimSuffix(imported, "/v4"))
				if regexp.MustCompile(`(^|[^.\w])` + regexp.QuoteMeta(local) + `\.`).Match(halves[i].Bytes()) {
					fmt.Fprintf(&head, "import %s\n", s.Path.Value)
				}
			}
			head.Write(halves[i].Bytes())
			halves[i] = head
		}
		files := []fact.File{{Path: "p/a.go", Status: fact.Modified}, {Path: "p/b.go", Status: fact.Added}}
		known := fact.Known[[]byte]
		r := golang.Analyse(files, fact.Contents{
			Base: fact.Side{Files: map[string]fact.Maybe[[]byte]{"p/a.go": known(src), "p/b.go": known(nil)}},
			Head: fact.Side{Files: map[string]fact.Maybe[[]byte]{"p/a.go": known(halves[0].Bytes()), "p/b.go": known(halves[1].Bytes())}},
		})
		if n := len(r.Go.Functions.Items) + len(r.Go.Exported.Items) + len(r.Go.Exported.Gaps); n > 0 {
			t.Errorf("splitting a file of package %s: %d findings, want none", file.Name.Name, n)
			for _, f := range r.Go.Functions.Items {
				t.Errorf("%s %s", f.Action, f.Name)
			}
		}
	}
}
