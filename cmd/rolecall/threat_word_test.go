package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy/fact"
)

// More Markdown in which a command is only text, and a command that is taken
// back.
func TestThreat09CommandsThatMarkdownHides(t *testing.T) {
	for name, body := range variants(map[string]string{
		"a fence of tildes":       "~~~\n/assign-dri @cy\n~~~",
		"a fence that never ends": "```\n/assign-dri @cy",
		"a fence within a longer": "````\n```\n/assign-dri @cy\n```\n````",
		"a fence of Windows":      "```\r\n/assign-dri @cy\r\n```\r\n",
		"a fence in a quote":      "> ```\n> /assign-dri @cy\n> ```",
		"a fence in a list":       "1. x\n\n   ```\n   /assign-dri @cy\n   ```",
		"a list":                  "- /assign-dri @cy",
		"a lazy quote":            "> he said\n/assign-dri @cy",
		"an endless comment":      "<!-- x\n/assign-dri @cy",
		"pre":                     "<pre>\n/assign-dri @cy\n</pre>",
		"style":                   "<style>\n/assign-dri @cy\n</style>",
		"an instruction":          "<?x\n/assign-dri @cy\n?>",
		"character data":          "<![CDATA[\n/assign-dri @cy\n]]>",
		"an attribute":            "<a title=\"\n/assign-dri @cy\n\">x</a>",
		"a formula":               "$$\n/assign-dri @cy\n$$",
		"code over lines":         "see `\n/assign-dri @cy\n` there",
		"a table":                 "| a |\n|---|\n| /assign-dri @cy |",
		"a heading":               "/assign-dri @cy\n===",
		"a backslash":             "\\/assign-dri @cy",
		"an entity":               "&#47;assign-dri @cy",
		"a full-width slash":      "\uff0fassign-dri @cy",
		"a zero-width space":      "\u200b/assign-dri @cy",
		"a tab":                   "\t/assign-dri @cy",
	}) {
		t.Run(name, attack{
			policy: lostPolicy,
			play: func(w *world, trick bool) *githubtest.Pull {
				pr := w.open("dan", githubtest.Files{"lost/a.txt": "1\n"})
				w.settle()
				if trick {
					pr.Comment("mia", body)
					pr.Comment("eve", "She wrote /assign-dri @cy") // so that each is found by its words
				} else {
					pr.Comment("mia", "/assign-dri @cy")
				}
				pr.Approve("cy")
				return pr
			},
			naive:  commandAnywhere,
			caught: shown{"action_required", "DRI of lost"}, control: passes,
		}.run)
	}
	var said bool
	t.Run("a comment that was deleted", attack{
		policy: lostPolicy,
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"lost/a.txt": "1\n"})
			w.settle()
			c := pr.Comment("mia", "/assign-dri @cy")
			w.settle()
			said = slices.Contains(pr.Assignees(), "cy")
			if trick {
				pr.DeleteComment(c, "mia")
				w.settle()
			}
			pr.Approve("cy")
			return pr
		},
		// Whatever was carried out once goes on counting.
		naive:  func(w *world, pr *githubtest.Pull, p fact.Pull) bool { return said && approvedByAnother(w, pr, p) },
		caught: shown{"action_required", "DRI of lost"}, control: passes,
	}.run)
}

// More comments of Go that some tool obeys.
func TestThreat13CommentsThatToolsObey(t *testing.T) {
	const before = "// Package p is here.\npackage p\n\nimport _ \"embed\"\n\n// V is a value.\nvar V string\n\n// F does nothing.\nfunc F() {}\n"
	above := func(line string) string {
		return strings.Replace(before, "// F does nothing.", line+"\n// F does nothing.", 1)
	}
	behind := func(comment string) string {
		return strings.Replace(before, "func F() {}", "func F() {} "+comment, 1)
	}
	for name, after := range variants(map[string]string{
		"a marker that grants rights": above("// +kubebuilder:rbac:groups=*,resources=*,verbs=*"), "one that makes code": above("// +k8s:deepcopy-gen=false"),
		"gosec": behind("// #nosec G101"), "gosec without a space": behind("//#nosec"), "gosec by name": above("//gosec:disable G101"),
		"a linter with a space": behind("// nolint:gosec"), "staticcheck": above("//lint:ignore SA1000 x"), "revive": above("//revive:disable"),
		"semgrep": behind("// nosemgrep"), "CodeQL": behind("// codeql[go/sql-injection]"), "LGTM": behind("// lgtm[go/sql-injection]"), "gitleaks": behind("// gitleaks:allow"),
		"an export": above("//export F"), "the linker": above("//go:cgo_ldflag \"-x\""), "a debug setting": "//go:debug http2client=0\n" + before,
		"a build tag with spaces": "// +build  never\n\n" + before, "a line in a block": above("/*line other.go:1*/"), "swagger": above("// swagger:route GET /x"),
		"a preamble in a block": strings.Replace(before, "import _ \"embed\"", "import _ \"embed\"\n\n/*\n#include \"evil.h\"\n*/\nimport \"C\"", 1),
	}) {
		t.Run(name, attack{
			policy: cosmeticPolicy,
			play: func(w *world, trick bool) *githubtest.Pull {
				w.repo.Commit("main", "A package", githubtest.Files{"p/p.go": before, "p/secret.txt": "s\n"})
				text := strings.Replace(before, "// F does nothing.", "// F does nothing at all.", 1)
				if trick {
					text = after
				}
				return w.open("dan", githubtest.Files{"p/p.go": text})
			},
			naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
				now, _ := w.repo.Read(pr.Head(), "p/p.go")
				return withoutComments(withoutBlocks(now)) == withoutComments(before)
			},
			caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: shown{"success", "No rule"},
			says: []string{"p/p.go"},
		}.run)
	}
	t.Run("what an example is held to", attack{
		policy: cosmeticPolicy,
		play: func(w *world, trick bool) *githubtest.Pull {
			const example = "package p\n\nfunc ExampleF() {\n\tF()\n\t// Output: 1\n}\n"
			w.repo.Commit("main", "A package", githubtest.Files{"p/p_test.go": example, "p/p.go": "package p\n\n// F is.\nfunc F() {}\n"})
			if trick {
				return w.open("dan", githubtest.Files{"p/p_test.go": strings.Replace(example, "\t// Output: 1\n", "", 1)})
			}
			return w.open("dan", githubtest.Files{"p/p.go": "package p\n\n// F is here.\nfunc F() {}\n"})
		},
		naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
			was, _ := w.repo.Read(pr.Base(), "p/p_test.go")
			now, _ := w.repo.Read(pr.Head(), "p/p_test.go")
			return withoutComments(was) == withoutComments(now)
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: shown{"success", "No rule"},
	}.run)
}

// withoutBlocks drops the comments between /* and */.
func withoutBlocks(text string) string {
	for {
		head, rest, ok := strings.Cut(text, "/*")
		if !ok {
			return text
		}
		_, tail, _ := strings.Cut(rest, "*/")
		text = head + tail
	}
}

// What was broken for one change is used for another, or its reason is taken
// back.
func TestThreat23AGlassIsForWhatItWasBrokenFor(t *testing.T) {
	for name, then := range variants(map[string]func(w *world, pr *githubtest.Pull){
		"a push after it": func(_ *world, pr *githubtest.Pull) { pr.Push("dan", terraformFix("evil")) },
		"its comment edited": func(_ *world, pr *githubtest.Pull) {
			pr.EditComment(pr.Comments()[0], "bo", "/break-glass for something else")
		},
		"its comment deleted": func(_ *world, pr *githubtest.Pull) { pr.DeleteComment(pr.Comments()[0], "bo") },
	}) {
		var broken bool
		t.Run(name, attack{
			policy: glassPolicy(),
			play: func(w *world, trick bool) *githubtest.Pull {
				pr := w.open("dan", terraformFix("fix"))
				w.settle()
				w.pass(time.Minute)
				pr.Comment("bo", "/break-glass a fire")
				w.settle()
				broken = slices.Contains(pr.Labels(), fact.GlassLabel)
				w.pass(time.Minute)
				if trick {
					then(w, pr)
				}
				return pr
			},
			// A glass that is broken is broken.
			naive:  func(*world, *githubtest.Pull, fact.Pull) bool { return broken },
			caught: shown{"in_progress", "Waiting for"}, control: shown{"success", "GLASS BROKEN BY"},
		}.run)
	}
}
