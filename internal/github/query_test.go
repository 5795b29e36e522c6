package github

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	contract "github.com/rolecall/rolecall/testdata/github"
)

// A field that is read and not asked for would be empty for ever, without a
// word: a review without an author, a label that nobody took off.
func TestFixedQueriesAskForJustWhatIsReadOfTheirAnswers(t *testing.T) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: contract.GraphQL})
	if err != nil {
		t.Fatal(err)
	}
	checks := []func(*testing.T, *ast.Schema){
		asksForWhatIsRead(pull), asksForWhatIsRead(checksAtHead), asksForWhatIsRead(headOf),
		asksForWhatIsRead(history), asksForWhatIsRead(labelled), asksForWhatIsRead(mergeQueue), asksForWhatIsRead(groupBranches),
	}
	for _, check := range checks {
		check(t, schema)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	there := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(f, "_test.go") {
			there += strings.Count(string(text), "= fixed[")
		}
	}
	if there != len(checks) {
		t.Errorf("%d fixed queries are checked of %d", len(checks), there)
	}
}

func asksForWhatIsRead[T any](q query[T]) func(*testing.T, *ast.Schema) {
	return func(t *testing.T, schema *ast.Schema) {
		var text string
		if err := json.Unmarshal(q.text, &text); err != nil {
			t.Fatal(err)
		}
		doc, err := gqlparser.LoadQueryWithRules(schema, text, nil)
		if err != nil {
			t.Fatalf("%s: %v", q.op, err)
		}
		agree(t, q.op, doc.Operations[0].SelectionSet, reflect.TypeFor[T]())
	}
}

// agree compares what is selected of an object with the fields of what it is
// read into, and so on below.
func agree(t *testing.T, at string, set ast.SelectionSet, into reflect.Type) {
	t.Helper()
	asked, read := map[string]ast.SelectionSet{}, map[string]reflect.Type{}
	selected(set, asked)
	fields(into, read)
	for key, below := range asked {
		f, ok := read[key]
		if !ok {
			t.Errorf("%s.%s is asked for and not read", at, key)
			continue
		}
		for f.Kind() == reflect.Pointer || f.Kind() == reflect.Slice {
			f = f.Elem()
		}
		if len(below) > 0 {
			agree(t, at+"."+key, below, f)
		}
	}
	for key := range read {
		if _, ok := asked[key]; !ok {
			t.Errorf("%s.%s is read and not asked for", at, key)
		}
	}
}

func selected(set ast.SelectionSet, out map[string]ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			out[s.Alias] = slices.Concat(out[s.Alias], s.SelectionSet)
		case *ast.InlineFragment:
			selected(s.SelectionSet, out)
		default:
			panic(fmt.Sprintf("a query selects by a %T", s))
		}
	}
}

func fields(of reflect.Type, out map[string]reflect.Type) {
	for f := range of.Fields() {
		name, ok := f.Tag.Lookup("json")
		switch {
		case ok:
			out[name] = f.Type
		case f.Anonymous:
			fields(f.Type, out)
		default:
			panic(of.String() + "." + f.Name + " has no name in JSON")
		}
	}
}
