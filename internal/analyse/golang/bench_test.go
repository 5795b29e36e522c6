package golang_test

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/analyse/analysetest"
	"github.com/rolecall/rolecall/internal/analyse/golang"
)

// pairs are two versions of each source: one literal or name differs.
func pairs(b *testing.B) (was, is [][]byte, size int64) {
	for _, src := range sources(b) {
		tokens := lexemes(src)
		i := len(tokens) - 1
		for !tokens[i].tok.IsLiteral() {
			i--
		}
		other := slices.Clone(src)
		at := strings.LastIndex(string(src), tokens[i].text)
		other = append(other[:at+1:at+1], append([]byte("x"), src[at+1:]...)...)
		if _, err := parser.ParseFile(token.NewFileSet(), "", other, 0); err != nil {
			continue
		}
		was, is = append(was, src), append(is, other)
		size += int64(len(src) + len(other))
	}
	return was, is, size
}

// BenchmarkCompare against BenchmarkParseAlone tells what the comparison
// costs beyond parsing both versions once.
func BenchmarkCompare(b *testing.B) {
	was, is, size := pairs(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for i := range was {
			compare(was[i], is[i])
		}
	}
	b.ReportMetric(float64(len(was)), "files/op")
}

func BenchmarkParseAlone(b *testing.B) {
	was, is, size := pairs(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for i := range was {
			for _, src := range [][]byte{was[i], is[i]} {
				if _, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ParseComments|parser.SkipObjectResolution); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.ReportMetric(float64(len(was)), "files/op")
}

// TestHostileFilesAreBounded holds each of a list of nasty files of up to
// 1 MB to bounded time and memory, and to a finding or a reason.
func TestHostileFilesAreBounded(t *testing.T) {
	r := strings.Repeat
	fill := func(s string) string { return r(s, (1<<20-100)/len(s)) }
	for name, src := range map[string]string{
		"parentheses":                    "package p\nvar x = " + fill("("),
		"unary operators":                "package p\nvar x = " + fill("!"),
		"a long sum":                     "package p\nvar x = 1" + fill("+1"),
		"just short enough a sum":        "package p\nvar x = 1" + r("+1", 9_900),
		"just short enough unary":        "package p\nvar x = " + r("!", 19_000) + "y",
		"else if":                        "package p\nfunc f() { if x {}" + fill(" else if x {}") + "}",
		"brackets just within the bound": "package p\nvar x = " + fill(r("(", 990)+"1"+r(")", 990)+"\nvar x = ") + "1",
		"channels on lines":              "package p\nvar x " + fill("chan\n"),
		"else if with statements":        "package p\nfunc f() { if x; y {}" + fill(" else if x; y {}") + "}",
		"a comment that seems to close":  "package p\n/*/ ` */\nvar x = " + fill("!"),
		"a string that seems to go on":   "package p\nvar y = \"\\\nvar x = " + fill("!"),
		"blocks":                         "package p\nfunc f() {" + fill("{") + "}",
		"function types":                 "package p\nvar x " + fill("func()"),
		"channels":                       "package p\nvar x " + fill("chan "),
		"labels":                         "package p\nfunc f() { " + fill("a:") + "}",
		"statements":                     "package p\nfunc f() {\n" + fill("a\n") + "}\n",
		"arguments":                      "package p\nvar x = f(" + fill("a,") + ")\n",
		"comments":                       "package p\n" + fill("//\n"),
		"directives":                     "package p\nfunc f() {\n" + fill("//go:x\n") + "}\n",
		"directives on one line":         "package p\nfunc f() {" + fill("/*line a:1*/") + "}\n",
		"directives and one long line":   "package p\n" + r("//go:x\n", 70_000) + "var x = \"" + r("a", 500_000) + "\"\n",
		"directives and names":           "package p\nfunc f() {\n" + fill("a //nolint\n") + "}\n",
		"functions with directives":      "package p\n" + fill("//go:x\nfunc f() {}\n"),
		"functions":                      "package p\n" + fill("func F() {}\n"),
		"imports":                        "package p\n" + fill("import \"a.b/c\"\n"),
		"constants that repeat a sum":    "package p\nconst (\nA = iota + " + r("(a),", 9_000) + "\n" + r("B\n", 200_000) + ")\n",
		"constants that repeat a call":   "package p\nconst (\nA = f(" + r("a,", 200_000) + ")\n" + r("B\n", 200_000) + ")\n",
		"names of one type":              "package p\nfunc F(" + r("a, ", 100_000) + "a struct{" + r("b int;", 50_000) + "}) {}\n",
		"fields of one type":             "package p\ntype T struct {\n" + r("A, ", 100_000) + "A struct{" + r("b int;", 50_000) + "}}\n",
		"variables of one call":          "package p\nvar " + r("A, ", 100_000) + "A = f(" + r("b,", 200_000) + ")\n",
		"types that mention each other":  "package p\n" + fill("type aA = aA\nfunc (a aA) B(a aA) {}\n"),
		"bytes that are no text":         fill("\xff"),
		"zeros":                          fill("\x00"),
		"an open string":                 "package p\nvar x = \"" + fill("a"),
		"an open comment":                "package p\n/*" + fill("*"),
		"too large":                      r("a", 1<<20+1),
	} {
		t.Run(name, func(t *testing.T) {
			if raceEnabled {
				t.Skip("the race detector multiplies time and memory")
			}
			var res golang.Result
			analysetest.Bounded(t, func() { res = compare([]byte("package p\n"), []byte(src)) })
			if m := res.Cosmetic["p/a.go"]; m.IsKnown() && m.Value && name != "comments" {
				t.Errorf("cosmetic")
			}
		})
	}
}
