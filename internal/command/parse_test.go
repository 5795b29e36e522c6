package command_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/command"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		body string
		want []string // "name arg|arg" or "name !" for a problem
	}{
		{"a command alone is found", "/assign-dri @ana", []string{"assign-dri @ana"}},
		{"a command among text stands on its own line", "Please.\n/assign-dri @ana instances\nThanks!", []string{"assign-dri @ana|instances"}},
		{"Windows line ends are line ends", "/recheck\r\n/help\r\n", []string{"recheck", "help"}},
		{"up to three spaces before it change nothing", "  /recheck", []string{"recheck"}},
		{"case of the name does not matter", "/Assign-DRI @Ana", []string{"assign-dri @Ana"}},
		{"a reason is one text", "/needs-security touches the VPN keys", []string{"needs-security touches the VPN keys"}},
		{"a login with underscores is not emphasis", "/assign-dri @a_b_c", []string{"assign-dri @a_b_c"}},
		{"a missing reason is a problem", "/break-glass", []string{"break-glass !"}},
		{"too many arguments are a problem", "/recheck now please", []string{"recheck !"}},
		{"a zero-width character is a problem", "/assign-dri @an\u200ba", []string{"assign-dri !"}},
		{"a bidi control is a problem", "/assign-dri @\u202eana", []string{"assign-dri !"}},
		{"a space that looks like one is a problem", "/assign-dri\u00a0@ana", []string{"assign-dri !"}},
		{"a zero-width character after the name is a problem", "/recheck\u200b", []string{"recheck !"}},
		{"a separator of lines that is none in Markdown is a problem", "/recheck\u2028/help", []string{"recheck !"}},
		{"an old Macintosh line end is a problem", "/recheck\r/help", []string{"recheck !"}},
		{"formatting of an argument is a problem", "/assign-dri **@ana**", []string{"assign-dri !"}},
		{"code as an argument is a problem", "/assign-dri `@ana`", []string{"assign-dri !"}},
		{"formatting in a reason is part of it", "/needs-security `keys` are *read*", []string{"needs-security `keys` are *read*"}},
		{"a delegation may name the project and its end", "/delegate @bo instances until 2026-03-01", []string{"delegate @bo|instances|until|2026-03-01"}},
		{"a line that is too long is a problem", "/needs-security " + strings.Repeat("x", 2000), []string{"needs-security !"}},
		{"ten commands are read", strings.Repeat("/recheck\n", 12), slices.Repeat([]string{"recheck"}, 10)},
		{"an unknown word is no command", "/usr/bin is full\n/assign @ana", nil},
		{"text before it on the line makes it text", "please /recheck", nil},
		{"a quote makes it text", "> /recheck", nil},
		{"a lazy line of a quote makes it text", "> yes\n/recheck", nil},
		{"a fence makes it text", "```\n/recheck\n```", nil},
		{"an open fence makes it text", "~~~\n/recheck", nil},
		{"indented code makes it text", "    /recheck", nil},
		{"a code span over lines makes it text", "`\n/recheck\n`", nil},
		{"a list makes it text", "- /recheck", nil},
		{"a heading makes it text", "# /recheck", nil},
		{"an HTML comment makes it text", "<!--\n/recheck\n-->", nil},
		{"an HTML comment inside a paragraph makes it text", "a <!--\n/recheck\n--> b", nil},
		{"a folded part inside a paragraph makes it text", "so <details>\n/recheck", nil},
		{"a folded part inside a paragraph makes what follows text", "so <details>\n\n/recheck", nil},
		{"a folded part inside a list makes what follows text", "- <details>\n\n/recheck", nil},
		{"text before HTML is read", "/help\n\n<b>\n\n/recheck", []string{"help"}},
		{"emphasis over lines makes it text", "*a\n/recheck*", nil},
		{"struck out over lines it is text", "~~a\n/recheck~~", nil},
		{"the target of a link is text", "[a]:\n/recheck", nil},
		{"the head of a table is text", "/needs-security | x\n--- | ---\n", nil},
		{"the row of a table is text", "a | b\n--- | ---\n/needs-security | x\n", nil},
		{"a footnote is text", "[^1]\n\n[^1]: so\n\n    /recheck", nil},
		{"an underlined heading is text", "/recheck\n===", nil},
		{"a backslash makes it text", "\\/recheck", nil},
		{"a folded part makes it text", "<details>\n\n/recheck\n\n</details>", nil},
		{"a link over lines makes it text", "[a\n/recheck\nb](https://example.com)", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, c := range command.Parse(fact.Comment{ID: 1, Author: fact.Person{Login: "mia"}, Body: test.body}) {
				s := c.Name
				if c.Problem != "" {
					s += " !"
				} else if len(c.Args) > 0 {
					s += " " + strings.Join(c.Args, "|")
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			if len(got) > 0 && !command.Mentions(test.body) {
				t.Error("Mentions says that there is no command")
			}
		})
	}
}

func TestACommandKnowsWhereItStandsAndWhoGaveIt(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	got := command.Parse(fact.Comment{ID: 7, Author: fact.Person{Login: "mia"}, At: at, Edited: true, Body: "Dear all,\n\n/assign-dri @ana"})
	want := []fact.Command{{
		Name: "assign-dri", Args: []string{"@ana"}, Text: "/assign-dri @ana", Line: 3,
		By: fact.Person{Login: "mia"}, At: at, Comment: 7, Edited: true,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
}

func TestBotsAndRolecallItselfGiveNoCommands(t *testing.T) {
	for _, c := range []fact.Comment{
		{Author: fact.Person{Login: "dependabot", Bot: true}, Body: "/recheck"},
		{Author: fact.Person{Login: "rolecall", Bot: true}, Own: true, Body: "/recheck"},
	} {
		if got := command.Parse(c); got != nil {
			t.Errorf("Parse(%+v) = %v, want none", c, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("/assign-dri @ana\n> /recheck\n```\n/help")
	f.Add("<!-- /help\n-->\n/needs-security x\u2028/help")
	f.Fuzz(func(t *testing.T, body string) {
		got := command.Parse(fact.Comment{Author: fact.Person{Login: "mia"}, Body: body})
		if len(got) > 0 && !command.Mentions(body) {
			t.Errorf("Mentions missed %q", body)
		}
		if len(got) > 10 {
			t.Errorf("%d commands", len(got))
		}
		for _, c := range got {
			if strings.ContainsAny(strings.Join(c.Args, ""), "\u200b\u202e\u2028\u00a0\r\n") {
				t.Errorf("arguments %q", c.Args)
			}
			if !strings.HasPrefix(c.Text, "/") || strings.ContainsAny(c.Text, "\n\r") {
				t.Errorf("%q is not a command's line", c.Text)
			}
		}
	})
}

func TestGrammarIsWhole(t *testing.T) {
	for _, s := range command.Specs() {
		if s.Help == "" || s.Who == "" || !strings.HasSuffix(s.Help, ".") {
			t.Errorf("/%s lacks words: %+v", s.Name, s)
		}
		if !s.Text && s.Max < s.Min {
			t.Errorf("/%s takes at least %d and at most %d arguments", s.Name, s.Min, s.Max)
		}
		if (s.Usage == "") != (s.Max == 0 && !s.Text) {
			t.Errorf("/%s has the usage %q", s.Name, s.Usage)
		}
	}
}

// TestHostileMarkdownIsReadQuickly holds the time that GitHub's largest
// comments take.
func TestHostileMarkdownIsReadQuickly(t *testing.T) {
	for name, unit := range map[string]string{
		"quotes": "> ", "lists": "- ", "brackets": "[", "images": "![", "emphasis": "*a _", "code": "`a``", "links": "[a](", "tags": "<a ",
		"entities": "&a;", "definitions": "[a]: b\n", "commands": "/recheck x\n", "comments": "<!-- ", "tables": "|a|-\n", "footnotes": "[^a]: ",
		"strikes": "~a~~", "stars": "**a *b ", "numbers": "1. ", "mixed": "1) > * ", "autolinks": "<a@b.c", "escapes": "\\[\\`", "mail": "<m@",
		"rules": "- - -\n", "nested links": "[![", "setext": "a\n=\n", "quotes of lines": "> > > a\n", "closed": "]", "tabs": ">\t-\t",
		"deep lines":   strings.Repeat("> ", 99) + "a\n",
		"growing code": growing("`"), "growing quotes": growing(">") + "\n", "growing lists": growing(" ") + "- \n",
		"as many links as are read": strings.Repeat("[a](", 999) + strings.Repeat("x\n", 20000),
	} {
		body := "/recheck\n\n" + strings.Repeat(unit, max(1, 65000/len(unit)))
		start := time.Now()
		command.Parse(fact.Comment{Author: fact.Person{Login: "mia"}, Body: body})
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		} else if testing.Verbose() {
			t.Logf("%s: %v", name, took)
		}
	}
}

// growing is 1, 2, 3, … times s, with letters in between.
func growing(s string) string {
	var b strings.Builder
	for i := 1; b.Len() < 60000; i++ {
		b.WriteString(strings.Repeat(s, i))
		b.WriteString("a ")
	}
	return b.String()
}
