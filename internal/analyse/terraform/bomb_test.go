package terraform_test

import (
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/analyse/analysetest"
	"github.com/rolecall/rolecall/internal/analyse/terraform"
)

// TestBombsAreDefused holds each of a list of nasty files of up to 1 MB to
// 100 MB of memory and to bounded time.
func TestBombsAreDefused(t *testing.T) {
	r := strings.Repeat
	fill := func(s string) string { return r(s, (1<<20-500)/len(s)) }
	block := func(inside string) string { return "resource \"google_x\" \"y\" {\n" + inside + "}\n" }
	heredoc := func(lines int, line string) string { return "r {\n a = <<-X\n" + r(line, lines) + "X\n}\n" }
	for name, src := range map[string]string{
		"brackets":                        "a = " + fill("["),
		"closed brackets":                 "a = " + r("[", 500_000) + r("]", 500_000),
		"parentheses":                     "a = " + fill("("),
		"hidden closers":                  "a = " + fill("[ /*]*/ "),
		"blocks":                          fill("a {\n"),
		"blocks in blocks":                r("a {\n", 900) + r("}\n", 900),
		"many blocks in blocks":           fill(r("a {\n", 400) + r("}\n", 400)),
		"many blocks in a resource":       block(r(r("a {\n", 300)+r("}\n", 300), 80)),
		"templates":                       "a = " + fill("\"${"),
		"directives":                      "a = \"" + fill("%{if x}") + "\"",
		"negations":                       "a = " + fill("!") + "x",
		"minus":                           "a = " + fill("- ") + "1",
		"a sum":                           "a = 1" + fill("+1"),
		"just short enough a sum":         "a = 1" + r("+1", 9_900),
		"conditionals":                    "a = 1" + fill(" ? 1 : 1"),
		"nested conditionals":             "a = " + fill("x ? "),
		"calls":                           "a = " + fill("f("),
		"indices":                         "a = " + fill("b["),
		"attributes":                      "a = b" + fill(".c"),
		"splats":                          "a = b" + fill("[*]"),
		"loops":                           "a = " + fill("[for x in "),
		"a heredoc":                       heredoc(400_000, "y\n"),
		"just short enough a heredoc":     heredoc(8_000, "y\n"),
		"an empty heredoc":                heredoc(11_300, "\n"),
		"many heredocs":                   fill(heredoc(1_000, "\n")),
		"heredocs just short enough":      r(heredoc(1_000, "\n"), 120),
		"heredocs that do not end":        "a = " + fill("<<X\n${"),
		"arguments":                       "a = f(" + fill("1,") + ")",
		"arguments again":                 fill("a = 1\n"),
		"many blocks":                     fill("a {}\n"),
		"many blocks on lines":            fill("a {\n}\n"),
		"as many parts as there may be":   r("a {\n}\n", 19_999),
		"moved":                           fill("moved {\n from = a.b\n to = a.c\n}\n"),
		"moved in parts":                  r("moved {\n from = a.b\n to = a.c\n}\n", 19_999),
		"resources":                       r("resource \"t\" \"a\" {\n}\n", 19_999),
		"an exponent":                     "a = 1e999999999\n",
		"a small exponent":                "a = 1e-999999999\n",
		"exponents":                       r("a {\nb = 1e99999999\n}\n", 19_999),
		"digits":                          "a = " + fill("9") + "\n",
		"digits in a list":                "a = [" + fill(r("9", 990)+",") + "]\n",
		"a text":                          "a = \"" + fill("x") + "\"\n",
		"a text of accents":               "a = \"" + fill("\u0301") + "\"\n",
		"a text of families":              "a = \"" + fill("\U0001F468\u200D") + "\"\n",
		"signs that are no HCL":           "a = " + fill("×"),
		"objects in objects":              "a = {" + r("b = {", 900) + r("}", 900) + "}\n",
		"public ranges in blocks":         block(r("a {\nb = \"0.0.0.0/0\"\n", 450) + r("}\n", 450)),
		"public ranges beside each other": block(r("a {\nb = [\"0.0.0.0/0\"]\n}\n", 8_000)),
		"public ranges in one list":       block("a {\nb = [" + r("\"0.0.0.0/0\",", 12_000) + "]\n}\n"),
		"public ranges in objects":        block("a {\nb = [" + r("{c = [\"0.0.0.0/0\"]},", 6_000) + "]\n}\n"),
		"public ranges in one object": block("z = {" + func() string {
			var b strings.Builder
			for i := range 6_000 {
				b.WriteString("a" + r("x", i%7) + string(rune('a'+i%26)) + r("y", i/200) + " = \"0.0.0.0/0\"\n")
			}
			return b.String()
		}() + "}\n"),
		"secrets":                block(r("p { password = \"x\" }\n", 9_000)),
		"comments to scanners":   fill("# nosec\n"),
		"comments and code":      r("# nosec\na { b = 1 }\n", 19_999),
		"comments that go on":    "# nosec" + fill("/*#"),
		"quotes":                 fill("\""),
		"a document in a text":   block("p = <<X\n{\"a\":" + r("[", 90) + r("]", 90) + "}\nX\n"),
		"documents in texts":     fill(block("p = <<X\n{\"a\":\"0.0.0.0/0\"}\nX\n")),
		"bytes that are no text": fill("\xff"),
	} {
		t.Run(name, func(t *testing.T) { defused(t, "main.tf", "a = 1\n", src) })
	}
	for name, src := range map[string]string{
		"lists":               fill("["),
		"a flat list":         "[" + fill("1,") + "1]",
		"a list of resources": "{\"resource\":[" + fill("{\"a\":{\"b\":{}}},") + "{}]}",
		"objects":             fill(`{"a":`),
		"deep":                `{"resource":{"a":{"b":` + r(`{"c":`, 90) + "1" + r("}", 93),
		"public ranges":       `{"resource":{"a":{"b":{"c":[` + r(`{"d":["0.0.0.0/0"]},`, 20_000) + `{}]}}}}`,
		"a number":            `{"a":` + fill("9") + "}",
	} {
		t.Run("JSON of "+name, func(t *testing.T) { defused(t, "main.tf.json", "{}", src) })
	}
}

func defused(t *testing.T, path, was, src string) {
	if raceEnabled {
		t.Skip("the race detector multiplies time and memory")
	}
	if len(src) > 1<<20 {
		t.Fatalf("%d bytes", len(src))
	}
	var res terraform.Result
	analysetest.Bounded(t, func() { res = compareAt(path, was, src) })
	if m := res.Cosmetic[path]; m.IsKnown() && m.Value && !strings.HasPrefix(src, "#") {
		t.Error("it is called cosmetic")
	}
}
