package policy_test

import (
	"strings"
	"testing"

	"github.com/rolecall/rolecall/policy"
)

// Everything in the language says what it is: the reference and the editors
// show nothing else.
func TestTheSchemaSaysWhatEverythingIs(t *testing.T) {
	s := policy.NewSchema()
	said := func(what, doc string) {
		if doc == "" || strings.TrimSpace(doc) != doc {
			t.Errorf("%s has the doc %q", what, doc)
		}
	}
	var walk func(name string, seen map[string]bool)
	walk = func(name string, seen map[string]bool) {
		if seen[name] {
			return
		}
		seen[name] = true
		b, ok := s.Block(name)
		if !ok {
			t.Errorf("block %s is not found", name)
			return
		}
		said(name, b.Doc)
		for _, a := range b.Args {
			said(name+"."+a.Name, a.Doc)
			said("the shape of "+name+"."+a.Name, a.Shape)
		}
		for _, inner := range b.Blocks {
			walk(inner, seen)
		}
	}
	seen := map[string]bool{}
	for _, b := range s.Blocks {
		walk(b.Name, seen)
	}
	for _, name := range []string{"policy", "role", "rotation", "rule", "require", "any", "all", "commands"} {
		if !seen[name] {
			t.Errorf("the schema lacks the block %s", name)
		}
	}
	for _, n := range s.Names {
		said(n.Path, n.Doc)
		said("the type of "+n.Path, n.Type)
		if (n.Kind == "") != (n.Element == nil) {
			t.Errorf("%s has the kind %q and %d attributes", n.Path, n.Kind, len(n.Element))
		}
		for _, a := range n.Element {
			said(n.Path+": "+a.Name, a.Doc)
			said("the type of "+n.Path+": "+a.Name, a.Type)
		}
	}
	for _, f := range s.Functions {
		said(f.Name, f.Doc)
		if !strings.HasPrefix(f.Use, f.Name+"(") {
			t.Errorf("%s is called as %q", f.Name, f.Use)
		}
	}
	if _, ok := s.Block("nothing"); ok {
		t.Error("there is a block that is not in the language")
	}
}
