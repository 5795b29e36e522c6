package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

var (
	threatRow  = regexp.MustCompile(`(?m)^\| (\d+) \| .*\| (.*) \|$`)
	threatTest = regexp.MustCompile(`TestThreat(\d\d)\w+`)
)

// docs/threats.md names every test of a threat, and none that is not there.
func TestEveryThreatHasItsTests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string][]string{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				if m := threatTest.FindStringSubmatch(fn.Name.Name); m != nil && m[0] == fn.Name.Name {
					written[m[1]] = append(written[m[1]], fn.Name.Name)
				}
			}
		}
	}
	page, err := os.ReadFile("../../docs/threats.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := threatRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) != 25 {
		t.Errorf("docs/threats.md has %d rows, want 25", len(rows))
	}
	for i, row := range rows {
		number := fmt.Sprintf("%02d", i+1)
		if row[1] != strconv.Itoa(i+1) {
			t.Errorf("row %d has the number %s", i+1, row[1])
		}
		named := threatTest.FindAllString(row[2], -1)
		slices.Sort(named)
		slices.Sort(written[number])
		if len(named) == 0 || !slices.Equal(named, written[number]) {
			t.Errorf("threat %s names the tests %v; there are %v", row[1], named, written[number])
		}
	}
}
