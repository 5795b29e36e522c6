package reference_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/adopt"
	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/policy"
)

// Every policy of the guide loads without a word, is laid out as fmt does, and
// passes its tests, which bring each of its rules into force and leave it
// waiting.
func TestTheGuidesPolicies(t *testing.T) {
	files, err := filepath.Glob("../../docs/guide/*/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		source := sourceOf(t, file)
		if text, _ := policy.Format(source); !bytes.Equal(text, source.Bytes) {
			t.Errorf("%s is not laid out: run rolecall fmt", file)
		}
		if strings.HasSuffix(file, policy.TestSuffix) {
			continue
		}
		n++
		t.Run(strings.TrimPrefix(file, "../../docs/guide/"), func(t *testing.T) {
			floor, own := source, (*policy.Source)(nil)
			if !policy.IsFloor(source) {
				floor, own = nil, source
			}
			p, diags := policy.Load(floor, own)
			if len(diags) > 0 {
				t.Fatalf("%+v", diags)
			}
			suite, diags := policytest.Load(sourceOf(t, strings.TrimSuffix(file, ".hcl")+policy.TestSuffix), p)
			if len(diags) > 0 {
				t.Fatalf("%+v", diags)
			}
			coverage := policytest.NewCoverage(p)
			for _, test := range suite.Tests {
				r := suite.Run(test)
				coverage.Add(r.Decision)
				for _, f := range r.Failures {
					t.Errorf("%s: %+v", test.Name, f)
				}
			}
			if left := coverage.NeverInForce(); len(left) > 0 {
				t.Errorf("no test brings these rules into force: %q", left)
			}
			if left := coverage.NeverWaiting(); len(left) > 0 {
				t.Errorf("no test leaves these rules waiting: %q", left)
			}
		})
	}
	if n < 11 {
		t.Errorf("the guide has %d policies", n)
	}
}

func sourceOf(t *testing.T, file string) *policy.Source {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return &policy.Source{Name: filepath.Base(file), Bytes: text}
}

// What the guide's page shows stands in the policies, and its links lead to
// them.
func TestTheGuidesPageShowsItsPolicies(t *testing.T) {
	page, err := os.ReadFile("../../docs/guide.md")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	files, err := filepath.Glob("../../docs/guide/*/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		all.Write(sourceOf(t, file).Bytes)
		dir := "guide/" + strings.TrimPrefix(file, "../../docs/guide/")
		if !strings.Contains(string(page), "]("+dir+")") {
			t.Errorf("the page does not lead to %s", dir)
		}
	}
	examples := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) < 10 {
		t.Errorf("the page shows %d examples", len(examples))
	}
	for _, m := range examples {
		if !strings.Contains(all.String(), m[1]) {
			t.Errorf("no policy of the guide has\n%s", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\]\((guide[^)]*|policy\.md)\)`).FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat("../../docs/" + m[1]); err != nil {
			t.Error(err)
		}
	}
}

// The imported policy of the guide is what the import makes of its CODEOWNERS.
func TestTheGuidesImportIsTheImport(t *testing.T) {
	dir := "../../docs/guide/from-codeowners/"
	imported, err := adopt.Codeowners(sourceOf(t, dir+"CODEOWNERS").Bytes, adopt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(dir+"imported.hcl", imported.Policy, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have := sourceOf(t, dir+"imported.hcl").Bytes; !bytes.Equal(have, imported.Policy) {
		t.Errorf("imported.hcl is not up to date; run go test ./internal/reference -update\n%s", imported.Policy)
	}
}
