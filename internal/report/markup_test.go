package report_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// gfm reads Markdown as GitHub does.
var gfm = goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote)).Parser()

// ours is the HTML that this package writes itself.
var ours = regexp.MustCompile(`^</?(details|summary)>$`)

// mention is what GitHub would make a mention, or a reference to an issue, of.
var mention = regexp.MustCompile(`@[A-Za-z0-9]|(^|\s)[A-Za-z0-9-]+/[A-Za-z0-9-]+#\d`)

// live returns what in the Markdown is not plain text, code, or a structure of
// ours: a link, an image, a tag, a mention.
func live(markdown string) (found []string) {
	source := []byte(markdown)
	root := gfm.Parse(text.NewReader(source))
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan, *ast.FencedCodeBlock:
			return ast.WalkSkipChildren, nil
		case *ast.Link, *ast.AutoLink, *ast.Image, *ast.CodeBlock:
			found = append(found, n.Kind().String())
		case *ast.RawHTML:
			for i := range n.Segments.Len() {
				segment := n.Segments.At(i)
				if tag := segment.Value(source); !ours.Match(tag) {
					found = append(found, string(tag))
				}
			}
		case *ast.HTMLBlock:
			for i := range n.Lines().Len() {
				segment := n.Lines().At(i)
				if line := strings.TrimSpace(string(segment.Value(source))); line != "</details>" && line != "<details><summary>Every reason</summary>" {
					found = append(found, line)
				}
			}
		case *ast.Text:
			if s := string(n.Segment.Value(source)); mention.MatchString(s) {
				found = append(found, s)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, r := range markdown {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)) {
			found = append(found, string(r))
		}
	}
	return found
}

func TestLiveMarkupIsSeen(t *testing.T) {
	for _, s := range []string{"@ana", "[x](y)", "<b>", "<!-- x -->", "https://x.example", "www.x.example", "a \u202e b", "![x](y)", "<details open>", "a\n\n<img src=x>", "acme/cloud#1"} {
		if live(s) == nil {
			t.Errorf("%q counts as plain", s)
		}
	}
	if got := live("`@ana` and **bold** #12\n\n- x\n\n| a | b |\n|---|---|\n| `@x` | y |\n"); got != nil {
		t.Errorf("plain text counts as live: %q", got)
	}
}

// evil are pieces from which text from outside is made.
var evil = []string{
	"@acme/cloud", "@ana", "[x](https://evil.example)", "![x](y)", "<img src=x onerror=y>", "</details>", "<!--", "-->", "`", "``", "```", "~~~", "|", "\\", "\\|",
	"\n", "\r\n", "\n\n", "\u2028", "\u202e", "\u200b", "https://evil.example", "www.evil.example", "# x", "> ", "- ", "* ", "1. ", "&lt;", "&#64;ana", "\x00", "\x1b[31m",
	"$x$", ":smile:", "[^1]", "[^1]: y", "[x]: y", "a", " ", "    ", "\t", "é", "\xff", "GH-1", "acme/cloud#1", "ana@example.com", "---", "===",
}

func hostile(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(evil), 0, 6).Draw(t, "text"), "")
}

// hostileDecision has text from outside wherever there can be any.
func hostileDecision(t *rapid.T, codes []policy.Code) policy.Decision {
	s := func() string { return hostile(t) }
	status := rapid.SampledFrom([]policy.Status{policy.Met, policy.Waiting, policy.Refused, policy.Stuck, policy.Broken, policy.Idle, "new"})
	reason := func() policy.Reason {
		return policy.Reason{
			Code: rapid.SampledFrom(codes).Draw(t, "code"), Person: s(), Role: s(), Rule: s(), Project: s(), Label: s(), Commit: s(), Paths: []string{s(), s()},
			Count: rapid.IntRange(0, 3).Draw(t, "count"), Of: 2, Detail: s(),
		}
	}
	requirement := func() policy.Requirement {
		return policy.Requirement{
			Kind: policy.KindRole, Status: status.Draw(t, "status"), Reasons: []policy.Reason{reason()}, Role: s(), Title: s(), Project: s(), StandIn: s(), Need: 2,
			Counted: []policy.Approval{{By: s(), Commit: s(), Via: s()}}, May: []string{s(), s()}, Teams: []string{s()}, Blockers: []string{s()}[:rapid.IntRange(0, 1).Draw(t, "blockers")],
		}
	}
	group := policy.Requirement{Kind: rapid.SampledFrom([]string{policy.KindAny, policy.KindAll}).Draw(t, "kind"), Status: status.Draw(t, "status"), Children: []policy.Requirement{requirement(), requirement()}}
	return policy.Decision{
		Base: s(), Head: s(), Check: s(), Status: status.Draw(t, "status"), Observe: rapid.Bool().Draw(t, "observe"),
		Policy: []policy.SourceRef{{Name: s(), Blob: s()}},
		Rules: []policy.RuleResult{
			{Name: s(), Description: s(), InForce: true, Advice: rapid.Bool().Draw(t, "advice"), Status: status.Draw(t, "status"), Reasons: []policy.Reason{reason()},
				Elements: []policy.Element{{Summary: s(), Paths: []string{s()}, Unknown: s()}}, Require: []policy.Requirement{requirement(), group}},
			{Name: s(), Reasons: []policy.Reason{reason()}},
		},
		Reviews:  []policy.ReviewVerdict{{By: s(), State: s(), Commit: s(), Counts: []policy.RuleRole{{Rule: s(), Role: s(), Project: s()}}, Reasons: []policy.Reason{reason()}}},
		Excluded: []policy.Exclusion{{Person: fact.Person{Login: s()}, Reasons: []policy.Reason{reason()}}, {Person: fact.Person{Name: s(), Email: s()}, Reasons: []policy.Reason{reason()}}},
		Projects: []policy.ProjectResult{{Name: s(), DRI: []string{s()}, By: s(), Paths: []string{s()}}},
		Commands: []policy.CommandVerdict{{Command: fact.Command{Name: s(), Text: s(), By: fact.Person{Login: s()}}, Reasons: []policy.Reason{reason()}}},
		Labels:   []policy.LabelInForce{{Label: s(), Kept: true, By: s()}},
		Notes:    []policy.Reason{reason()},
		Diagnostics: []policy.Diagnostic{
			{Severity: s(), Source: s(), Line: 1, Column: 2, EndLine: 1, Summary: s(), Detail: s(), Snippet: s()},
			{Severity: "error", Source: policy.RepoPath, Line: 1, Summary: s(), Detail: s(), Snippet: s()},
		},
		Proposal: &policy.Proposal{
			Paths: []string{s()}, Diagnostics: []policy.Diagnostic{{Severity: "error", Source: s(), Line: 1, Summary: s(), Detail: s(), Snippet: s()}},
			Tests: 2, Failed: []policy.TestFailure{{Source: s(), Line: 1, Name: s(), Message: s()}},
			Impact: &policy.Impact{Replayed: 1, Skipped: []policy.Skipped{{Reason: s(), Count: 1}}, Different: []policy.Difference{{
				Number: 3, Title: s(), Before: policy.Status(s()), After: policy.Met,
				Gained: []policy.Asked{{Called: s(), Rule: s(), Reasons: []policy.Reason{{Code: policy.ChangesUnknown, Detail: s(), Paths: []string{s()}}}}},
				Lost:   []policy.Asked{{Called: s(), Rule: s()}},
			}}},
		},
	}
}

func TestNothingFromOutsideComesAlive(t *testing.T) {
	all := codes(t)
	rapid.Check(t, func(t *rapid.T) {
		d := hostileDecision(t, all)
		o := report.Options{Asked: []string{hostile(t)}, Forged: []string{hostile(t)}, Shares: []int{9}}
		out := report.Check(d, o)
		verdicts := append(d.Commands, policy.CommandVerdict{Command: fact.Command{Name: "help"}, Accepted: true}, policy.CommandVerdict{Command: fact.Command{Name: "explain"}, Accepted: true})
		for part, s := range map[string]string{
			"summary": out.Summary, "text": out.Text, "reply": report.Reply(d, verdicts, []report.Command{{Usage: "/request @user|ROLE", Help: "Asks.", Who: "anyone"}}),
		} {
			if found := live(s); found != nil {
				t.Fatalf("%s: %q comes alive in\n%s", part, found, s)
			}
		}
		for _, s := range []string{out.Title, out.Annotations[0].Title, out.Annotations[0].Message} {
			if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
				t.Fatalf("control characters in %q", s)
			}
		}
		var b bytes.Buffer
		if err := report.Terminal(&b, d, o, true, false); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(b.String(), func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }) {
			t.Fatalf("the terminal gets control characters: %q", b.String())
		}
	})
}

// TestRowsKeepTheirCells holds that no text from outside ends a table's cell.
func TestRowsKeepTheirCells(t *testing.T) {
	all := codes(t)
	rapid.Check(t, func(t *rapid.T) {
		d := hostileDecision(t, all)
		if d.Status == policy.Broken {
			d.Status = policy.Waiting // else there is no table
		}
		d.Proposal = &policy.Proposal{Paths: []string{policy.RepoPath}, Impact: d.Proposal.Impact} // what the rest quotes is no table
		source := []byte(report.Check(d, report.Options{}).Summary)
		_ = ast.Walk(gfm.Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if entering && (n.Kind().String() == "TableRow" || n.Kind().String() == "TableHeader") && n.ChildCount() != 5 {
				t.Fatalf("a row of %d cells in\n%s", n.ChildCount(), source)
			}
			return ast.WalkContinue, nil
		})
		for line := range strings.Lines(string(source)) {
			if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 6 {
				t.Fatalf("the row %q", line)
			}
		}
	})
}

func FuzzPlainIsForTerminals(f *testing.F) {
	for _, s := range evil {
		f.Add(s)
	}
	f.Add("| a | `b` |\n|---|---|\n| c |\n```\n@x\n```\n> - **y** `` ` ``")
	f.Fuzz(func(t *testing.T, s string) {
		if got := report.Plain(s, false); strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }) {
			t.Errorf("%q gives %q", s, got)
		}
		report.Plain(s, true)
	})
}

func TestPlain(t *testing.T) {
	const in = "### A `b`\n\n| | Who |\n|---|---|\n| ✅ | `@ana` |\n| ⛔ | `` a`b `` and *more* |\n\n> **Note** `x`\n- one\n  - two\n````\n``` @x\n````\n"
	const want = "A b\n\n    Who\n✅  @ana\n⛔  a`b and more\n\n│ Note x\n• one\n  • two\n  ``` @x\n"
	if got := report.Plain(in, false); got != want {
		t.Errorf("Plain =\n%s\nwant\n%s", got, want)
	}
	if got := report.Plain("`x`", true); !strings.Contains(got, "\x1b[") || !strings.HasSuffix(got, "\x1b[0m\n") {
		t.Errorf("in colour: %q", got)
	}
}
