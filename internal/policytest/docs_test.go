package policytest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/policy"
)

// TestTheExampleInTheDocumentationPasses runs what docs/policy-tests.md shows
// against the embedded policy.
func TestTheExampleInTheDocumentationPasses(t *testing.T) {
	doc, err := os.ReadFile("../../docs/policy-tests.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindSubmatch(doc)
	if example == nil {
		t.Fatal("there is no example")
	}
	p, _ := policy.Load(nil, &policy.Source{Name: "cloud.hcl", Bytes: policy.Cloud()})
	s, diags := policytest.Load(&policy.Source{Name: "docs/policy-tests.md", Bytes: example[1]}, p)
	if s == nil {
		t.Fatal(diags)
	}
	for _, one := range s.Tests {
		for _, f := range s.Run(one).Failures {
			t.Errorf("%s: %s: want %s, got %s", one.Name, f.What, f.Want, f.Got)
		}
	}
	formatted, _ := policy.Format(&policy.Source{Name: "example", Bytes: example[1]})
	if string(formatted) != string(example[1]) {
		t.Errorf("it is not in canonical layout; want\n%s", formatted)
	}
}

// TestTheDocumentationNamesEveryArgument takes the arguments from what is
// offered in the place of a misspelling.
func TestTheDocumentationNamesEveryArgument(t *testing.T) {
	doc, err := os.ReadFile("../../docs/policy-tests.md")
	if err != nil {
		t.Fatal(err)
	}
	names := policytest.Arguments()
	if len(names) < 40 {
		t.Fatalf("only %d arguments: %q", len(names), names)
	}
	for _, name := range names {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("the documentation does not name `%s`", name)
		}
	}
}
