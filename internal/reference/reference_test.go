package reference_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/command"
	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/internal/reference"
	"github.com/rolecall/rolecall/policy"
)

var update = flag.Bool("update", false, "write docs/policy.md anew")

const file = "../../docs/policy.md"

// docs/policy.md is what the schema makes of it, so that neither drifts.
func TestTheReferenceIsWhatTheSchemaSays(t *testing.T) {
	var b bytes.Buffer
	if err := reference.Write(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), b.String()); diff != "" {
		t.Errorf("docs/policy.md is not up to date; run go test ./internal/reference -update\n%s", diff)
	}
}

// Nothing in the language is missing from the reference.
func TestTheReferenceIsComplete(t *testing.T) {
	text := read(t)
	mentions := func(what string) {
		if !strings.Contains(text, "`"+what) {
			t.Errorf("the reference does not mention `%s`", what)
		}
	}
	s := policy.NewSchema()
	for _, b := range s.Blocks {
		if !strings.Contains(text, "\n### "+b.Name+"\n") {
			t.Errorf("the reference has no section on %s", b.Name)
		}
		for _, a := range b.Args {
			mentions(a.Name + "`")
		}
		for _, inner := range b.Blocks {
			mentions(inner)
		}
	}
	for _, n := range s.Names {
		mentions(n.Path + "`")
		for _, a := range n.Element {
			mentions(a.Name + "`")
		}
	}
	for _, f := range s.Functions {
		mentions(f.Name + "(")
	}
	for _, c := range command.Specs() {
		mentions("/" + c.Name)
	}
}

// Every policy in the reference loads, and its tests are tests.
func TestTheExamplesLoad(t *testing.T) {
	head := "policy {\n  keepers = [\"manager\"]\n}\nrole \"manager\" {\n  members = [\"@mia\"]\n}\n"
	for _, r := range []string{"cloud-engineer", "security-engineer", "on-call-engineer"} {
		head += "role \"" + r + "\" {\n  members = [\"@" + r + "\"]\n}\n"
	}
	n := 0
	for _, m := range regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllStringSubmatch(read(t), -1) {
		example := m[1]
		n++
		if strings.Contains(example, "test \"") {
			p, _ := policy.Load(nil, &policy.Source{Bytes: []byte(head + "rule \"tf\" {\n  changes = terraform.files\n  require \"cloud-engineer\" {}\n  require \"security-engineer\" {}\n}\n")})
			suite, diags := policytest.Load(&policy.Source{Bytes: []byte(example)}, p)
			if suite == nil {
				t.Errorf("%+v\n%s", diags, example)
				continue
			}
			for _, one := range suite.Tests {
				if r := suite.Run(one); len(r.Failures) > 0 {
					t.Errorf("%s: %+v", one.Name, r.Failures)
				}
			}
			continue
		}
		if !strings.Contains(example, "policy {") {
			example = head + example
		}
		if p, diags := policy.Load(nil, &policy.Source{Bytes: []byte(example)}); p == nil {
			t.Errorf("%+v\n%s", diags, example)
		}
	}
	if n < 3 {
		t.Errorf("only %d examples were found", n)
	}
}

// Every link inside the page leads somewhere.
func TestTheLinksLeadSomewhere(t *testing.T) {
	text := read(t)
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		anchor := strings.ToLower(m[1])
		anchor = regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(anchor, "")
		anchors["#"+strings.ReplaceAll(anchor, " ", "-")] = true
	}
	for _, m := range regexp.MustCompile(`\]\(([^)]*)\)`).FindAllStringSubmatch(text, -1) {
		if strings.HasPrefix(m[1], "#") {
			if !anchors[m[1]] {
				t.Errorf("there is no %s", m[1])
			}
		} else if _, err := os.Stat("../../docs/" + m[1]); err != nil {
			t.Error(err)
		}
	}
}

func read(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
