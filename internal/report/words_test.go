package report_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
)

// codes reads every code that package policy declares from its source.
func codes(t testing.TB) []policy.Code {
	files, err := filepath.Glob("../../policy/code_*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no file of codes: %v", err)
	}
	var out []policy.Code
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.ValueSpec); ok {
				if id, ok := s.Type.(*ast.Ident); ok && id.Name == "Code" {
					value, err := strconv.Unquote(s.Values[0].(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, policy.Code(value))
				}
			}
			return true
		})
	}
	return out
}

func TestEveryCodeHasWords(t *testing.T) {
	all := codes(t)
	if len(all) < 50 {
		t.Fatalf("only %d codes were found", len(all))
	}
	for _, code := range all {
		got := report.Words(policy.Reason{
			Code: code, Person: "ana", Role: "cloud", Rule: "go", Project: "p", Label: "l", Commit: "0123456789", Paths: []string{"a.go"},
			At: time.Unix(0, 0), Count: 1, Of: 2, Detail: "d",
		})
		if got == "" || strings.Contains(got, "no words") || strings.HasSuffix(got, ".") {
			t.Errorf("%s has the words %q", code, got)
		}
	}
}

func TestNoReasonLetsTextFromOutsideBecomeMarkup(t *testing.T) {
	all := codes(t)
	rapid.Check(t, func(t *rapid.T) {
		evil := rapid.SampledFrom([]string{
			"@acme/cloud", "[x](https://evil.example)", "<img src=x onerror=y>", "`", "``` @ana", "a|b", "a\nb", "\u202ecod.exe", "https://evil.example", "# x", "&lt;", "\x00\x1b[31m",
		})
		text := func(name string) string {
			return strings.Join(rapid.SliceOfN(evil, 1, 4).Draw(t, name), "")
		}
		words := report.Words(policy.Reason{
			Code: rapid.SampledFrom(all).Draw(t, "code"), Person: text("person"), Role: text("role"), Rule: text("rule"), Project: text("project"),
			Label: text("label"), Commit: text("commit"), Paths: []string{text("path")}, Count: 1, Of: 2, Detail: text("detail"),
		})
		if strings.ContainsAny(words, "\n\x00\x1b\u202e|") {
			t.Fatalf("control characters in %q", words)
		}
		if outside := withoutCode(words); strings.ContainsAny(outside, "@<[") || strings.Contains(outside, "://") {
			t.Fatalf("markup outside code in %q", words)
		}
	})
}

// withoutCode takes the code spans out of Markdown, as CommonMark reads them.
func withoutCode(s string) string {
	var out strings.Builder
	for {
		i := strings.IndexByte(s, '`')
		if i < 0 {
			return out.String() + s
		}
		out.WriteString(s[:i])
		fence := s[i : i+len(s[i:])-len(strings.TrimLeft(s[i:], "`"))]
		rest := s[i+len(fence):]
		end := closing(rest, fence)
		if end < 0 {
			out.WriteString(fence)
			s = rest
			continue
		}
		s = rest[end+len(fence):]
	}
}

// closing finds the run of backticks of just the fence's length.
func closing(s, fence string) int {
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		n := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if n == len(fence) {
			return i
		}
		i += n
	}
	return -1
}
