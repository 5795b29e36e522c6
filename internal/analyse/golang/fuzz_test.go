package golang_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rolecall/rolecall/internal/analyse/golang"
	"github.com/rolecall/rolecall/policy/fact"
)

// corpus gives the two versions of every file of the labelled corpus whose
// path is of interest to f.
func corpus(f *testing.F, is func(path string) bool) {
	f.Helper()
	cases, err := filepath.Glob("../../../testdata/changes/*/*.txtar")
	if err != nil || len(cases) == 0 {
		f.Fatalf("no corpus: %v", err)
	}
	for _, c := range cases {
		src, err := os.ReadFile(c)
		if err != nil {
			f.Fatal(err)
		}
		before := map[string][]byte{}
		for _, file := range txtar.Parse(src).Files {
			if p, ok := strings.CutPrefix(file.Name, "before/"); ok {
				before[p] = file.Data
			} else if p, ok := strings.CutPrefix(file.Name, "after/"); ok && is(p) {
				f.Add(before[p], file.Data)
			}
		}
	}
}

// FuzzSource holds that no bytes make the comparison panic, and that what it
// calls cosmetic has equal syntax trees by another reading of them.
func FuzzSource(f *testing.F) {
	corpus(f, golang.Source)
	f.Fuzz(func(t *testing.T, was, is []byte) {
		r, back := compare(was, is), compare(is, was)
		m, n := r.Cosmetic["p/a.go"], back.Cosmetic["p/a.go"]
		if m.IsKnown() != n.IsKnown() {
			t.Errorf("known one way only: %v, %v", m, n)
		}
		if same := compare(was, was).Cosmetic["p/a.go"]; same.IsKnown() && !same.Value && was != nil {
			t.Errorf("identical files differ")
		}
		if !m.IsKnown() || !m.Value || bytes.Equal(was, is) {
			return
		}
		x, err := parser.ParseFile(token.NewFileSet(), "", was, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("cosmetic, but it does not parse: %v", err)
		}
		y, err := parser.ParseFile(token.NewFileSet(), "", is, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("cosmetic, but it does not parse: %v", err)
		}
		if x.Name.Name != y.Name.Name || !equalTrees(reflect.ValueOf(withoutImports(x)), reflect.ValueOf(withoutImports(y))) {
			t.Errorf("cosmetic, but the trees differ")
		}
	})
}

func withoutImports(f *ast.File) []ast.Decl {
	var rest []ast.Decl
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); !ok || g.Tok != token.IMPORT {
			rest = append(rest, d)
		}
	}
	return rest
}

// equalTrees compares syntax trees by reflection: all but positions, though
// whether some are set matters, comments, and what gofmt changes.
func equalTrees(x, y reflect.Value) bool {
	x, y = bare(x), bare(y)
	if x.Kind() != y.Kind() || x.IsValid() && x.Type() != y.Type() {
		return false
	}
	switch x.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer:
		return x.IsNil() == y.IsNil() && (x.IsNil() || equalTrees(x.Elem(), y.Elem()))
	case reflect.Slice:
		xs, ys := statements(x), statements(y)
		if len(xs) != len(ys) {
			return false
		}
		for i := range xs {
			if !equalTrees(xs[i], ys[i]) {
				return false
			}
		}
		return true
	case reflect.Struct:
		if l, ok := x.Interface().(ast.BasicLit); ok {
			m := y.Interface().(ast.BasicLit)
			number := func(s string) string { return strings.TrimLeft(strings.ToLower(s), "0_") }
			return l.Kind == m.Kind && (l.Value == m.Value || l.Kind != token.STRING && l.Kind != token.CHAR && number(l.Value) == number(m.Value))
		}
		for i := range x.NumField() {
			name, fx, fy := x.Type().Field(i).Name, x.Field(i), y.Field(i)
			switch fx.Interface().(type) {
			case token.Pos:
				set := name == "Assign" || name == "Ellipsis" && x.Type() == reflect.TypeFor[ast.CallExpr]()
				if set && (fx.Int() != 0) != (fy.Int() != 0) {
					return false
				}
				continue
			case *ast.CommentGroup:
				continue
			case *ast.FieldList:
				if l, m := fx.Interface().(*ast.FieldList), fy.Interface().(*ast.FieldList); l.NumFields() == 0 && m.NumFields() == 0 {
					continue
				}
			}
			if name == "Obj" || name == "Implicit" || name == "Incomplete" || name == "Rparen" {
				continue
			}
			if !equalTrees(fx, fy) {
				return false
			}
		}
		return true
	}
	return x.Interface() == y.Interface()
}

// bare unwraps interfaces and parentheses.
func bare(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Interface {
		if v.IsNil() {
			return reflect.Value{}
		}
		v = v.Elem()
		if p, ok := v.Interface().(*ast.ParenExpr); ok {
			v = reflect.ValueOf(ast.Unparen(p))
		}
	}
	return v
}

func statements(v reflect.Value) []reflect.Value {
	var all []reflect.Value
	for i := range v.Len() {
		if _, empty := v.Index(i).Interface().(*ast.EmptyStmt); !empty {
			all = append(all, v.Index(i))
		}
	}
	return all
}

// FuzzModule does it for module files.
func FuzzModule(f *testing.F) {
	corpus(f, golang.Module)
	f.Fuzz(func(t *testing.T, was, is []byte) {
		for _, p := range []string{"go.mod", "go.work", "go.sum", "vendor/modules.txt"} {
			change := fact.File{Path: p, Status: fact.Modified}
			known := func(b []byte) fact.Side {
				return fact.Side{Files: map[string]fact.Maybe[[]byte]{p: fact.Known(append([]byte{}, b...))}}
			}
			there := golang.Analyse([]fact.File{change}, fact.Contents{Base: known(was), Head: known(is)}).Cosmetic[p]
			back := golang.Analyse([]fact.File{change}, fact.Contents{Base: known(is), Head: known(was)}).Cosmetic[p]
			if there.IsKnown() != back.IsKnown() || there.Value != back.Value {
				t.Errorf("%s: %v there and %v back", p, there, back)
			}
		}
	})
}
