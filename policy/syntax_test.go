package policy_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/policy"
)

func canonical(t interface{ Fatalf(string, ...any) }, text string) string {
	out, diags := policy.Format(&policy.Source{Name: "p.hcl", Bytes: []byte(text)})
	if policy.HasErrors(diags) {
		t.Fatalf("%q does not parse: %+v", text, diags)
	}
	return string(out)
}

func TestFormatKeepsCommentsAndAlignsWhatBelongsTogether(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"indentation and equals signs": {"policy {\nkeepers=[\"a\"] # who\n   mode = \"observe\"\n}\n", "policy {\n  keepers = [\"a\"] # who\n  mode    = \"observe\"\n}\n"},
		"blank lines around the whole": {"\n\n# top\npolicy {}\n\n\n", "# top\npolicy {}\n"},
		"line ends of Windows":         {"policy {\r\n}\r\n", "policy {\n}\n"},
		"a mark of byte order":         {"\xef\xbb\xbfpolicy {}\n", "policy {}\n"},
		"no line end at the end":       {"policy {}", "policy {}\n"},
		"nothing":                      {"\n\n", ""},
		"a heredoc at the end":         {"x = <<EOT\ny\nEOT\n\n", "x = <<EOT\ny\nEOT\n"},
		"a heredoc keeps its inside":   {"test \"a\" {\n x = <<EOT\n   y\n\nEOT\n}\n", "test \"a\" {\n  x = <<EOT\n   y\n\nEOT\n}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := canonical(t, c.in); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	if out, diags := policy.Format(&policy.Source{Name: "p.hcl", Bytes: []byte("policy {")}); out != nil || !policy.HasErrors(diags) {
		t.Errorf("what does not parse was formatted: %q", out)
	}
	if cloud := string(policy.Cloud()); canonical(t, cloud) != cloud {
		t.Error("the embedded policy is not in canonical layout")
	}
}

// words are a file's tokens without what a layout may change.
func words(text string) []string {
	tokens, _ := hclsyntax.LexConfig([]byte(text), "p.hcl", hcl.InitialPos)
	var out []string
	for _, t := range tokens {
		word := strings.TrimSpace(string(t.Bytes))
		if t.Type != hclsyntax.TokenNewline && word != "" {
			out = append(out, word)
		}
	}
	return out
}

func TestFormatIsIdempotentAndChangesNoWord(t *testing.T) {
	pieces := []string{
		"policy {\n", "}\n", "rule \"a\"{\n", "  changes=[for f in files:f if f.path==\"x\"]\n", "when = label( \"security\" ,by)\n", "# c\n", "// d\n", "/* e\n   f */\n",
		"\n", "\n\n", "   ", "\t", "a = 1 # g\n", "abc=2\n", "require \"x\" {}\n", "require \"x\"{approvals=2}\n", "b = {\n c=1\n  dd = 2 }\n", "l = [\n1,\n  2,]\n",
		"x = a ? b : -c\n", "y = !a&&b\n", "z = (\n a\n && b\n)\n", "h = <<EOT\n  i ${ j }\nEOT\n", "s = \"${ a }b\"\n", "\r\n",
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 14).Draw(t, "pieces"), "")
		once, diags := policy.Format(&policy.Source{Name: "p.hcl", Bytes: []byte(text)})
		if policy.HasErrors(diags) {
			t.Skip("does not parse")
		}
		twice := canonical(t, string(once))
		if twice != string(once) {
			t.Errorf("formatting again changes\n%q\nto\n%q", once, twice)
		}
		if a, b := words(text), words(string(once)); strings.Join(a, "\x00") != strings.Join(b, "\x00") {
			t.Errorf("words changed:\n%q\n%q", a, b)
		}
	})
}

func FuzzFormat(f *testing.F) {
	f.Add(string(policy.Cloud()))
	f.Add(string(policy.CloudTests()))
	f.Add("a = <<E\n x\nE\nb = { c = 1, d = 2 } # e\n")
	f.Fuzz(func(t *testing.T, text string) {
		once, diags := policy.Format(&policy.Source{Name: "p.hcl", Bytes: []byte(text)})
		if policy.HasErrors(diags) {
			return
		}
		if twice := canonical(t, string(once)); twice != string(once) {
			t.Errorf("formatting again changes\n%q\nto\n%q", once, twice)
		}
	})
}
