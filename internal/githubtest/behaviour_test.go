package githubtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestEachBeliefIsListedAndEmbodied holds docs/github-behaviour.md and the code
// together: each number in one is in the other.
func TestEachBeliefIsListedAndEmbodied(t *testing.T) {
	doc, err := os.ReadFile("../../docs/github-behaviour.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllSubmatch(doc, -1) {
		if listed[string(m[1])] {
			t.Errorf("behaviour %s is listed twice", m[1])
		}
		listed[string(m[1])] = true
	}
	files, _ := filepath.Glob("*.go")
	embodied := map[string]bool{}
	for _, f := range files {
		if f == "doc.go" || regexp.MustCompile(`_test\.go$`).MatchString(f) {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`behaviour (\d+)`).FindAllSubmatch(text, -1) {
			embodied[string(m[1])] = true
			if !listed[string(m[1])] {
				t.Errorf("%s names behaviour %s, which is not listed", f, m[1])
			}
		}
	}
	for n := range listed {
		if !embodied[n] {
			t.Errorf("behaviour %s is listed and named nowhere in the code", n)
		}
	}
	if len(listed) == 0 {
		t.Error("nothing is listed")
	}
}
