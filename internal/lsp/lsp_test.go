package lsp_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rolecall/rolecall/internal/lsp"
	"github.com/rolecall/rolecall/policy"
)

// While a policy is written, from its first letter to its last, there is
// always an answer, and something to offer where a statement starts.
func TestThereIsAnAnswerAtEveryPlaceOfAPolicy(t *testing.T) {
	text := string(policy.Cloud())
	for offset := 0; offset <= len(text); offset += 41 {
		lsp.Probe(text[:offset], offset) // as it is being written
		lsp.Probe(text, offset)
	}
	for _, at := range []string{"\n  changes     = go.", "\n  any {\n    ", "\n  require "} {
		if got := lsp.Probe(text, strings.Index(text, at)+len(at)); len(got) == 0 {
			t.Errorf("nothing is offered after %q", at)
		}
	}
}

func TestABytesPlaceIsFoundAgain(t *testing.T) {
	text := "aé\n𝄞b\r\n\n\tö"
	for offset := range len(text) + 1 {
		if !utf8.RuneStart(append([]byte(text), 'x')[offset]) {
			continue
		}
		if got := lsp.Places(text, offset); got != offset {
			t.Errorf("byte %d comes back as %d", offset, got)
		}
	}
}

func TestTheOrganisationsFileMayBeAFloor(t *testing.T) {
	text := "policy {\n  keepers = [\"a\"]\n  floor   = true\n}\nrole \"a\" {\n  members = [\"@a\"]\n}\nrule \"a\" {\n  require \"a\" {}\n}\n"
	if got := lsp.Check("file:///src/dot-github/rolecall.hcl", text); len(got) > 0 {
		t.Errorf("the organisation's file: %q", got)
	}
	if got := lsp.Check("file:///src/repo/.github/rolecall.hcl", text); !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "Floor outside") }) {
		t.Errorf("a repository's file: %q", got)
	}
}

func FuzzProbe(f *testing.F) {
	text := string(policy.Cloud())
	for _, at := range []int{0, 100, 700, 2000, len(text)} {
		f.Add(text, at)
	}
	f.Add("rule \"x\" { changes = [for f in [for g in local.a : g] : f.", 40)
	f.Add("locals { a = local.b\n b = local.a }\nrule \"x\" { changes = [for f in local.a : f.", 70)
	f.Add("a = \"${ [(", 9)
	f.Fuzz(func(t *testing.T, text string, offset int) {
		if offset < 0 || offset > len(text) || len(text) > 10_000 {
			t.Skip("no place")
		}
		lsp.Probe(text, offset)
	})
}
