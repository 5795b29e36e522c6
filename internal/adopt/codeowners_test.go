package adopt_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hmarr/codeowners"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/adopt"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

var update = flag.Bool("update", false, "write the golden files anew")

// testing.TB is what tests of rapid and of testing have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// load loads an imported policy, which must be well formed and formatted.
func load(t failer, text []byte) *policy.Policy {
	t.Helper()
	p, diags := policy.Load(nil, &policy.Source{Name: "imported", Bytes: text})
	if p == nil {
		var b strings.Builder
		_ = policy.FormatDiagnostics(&b, diags, false)
		t.Fatalf("the policy does not load:\n%s\n%s", b.String(), text)
	}
	if formatted, _ := policy.Format(&policy.Source{Bytes: text}); !bytes.Equal(formatted, text) {
		t.Fatalf("the policy is not formatted:\n%s", cmp.Diff(string(formatted), string(text)))
	}
	return p
}

// asked are the people and teams of whom one has to approve, a set for each
// rule that is in force, sorted.
func asked(p *policy.Policy, files ...fact.File) []string {
	members := map[string]string{}
	for _, r := range p.Roles() {
		all := slices.Concat(r.People, r.Teams)
		slices.Sort(all)
		members[r.Name] = strings.Join(all, " ")
	}
	var out []string
	for _, r := range p.Evaluate(fact.Pull{Files: files, Base: fact.Branch{Ref: "main"}}).Rules {
		if r.InForce && r.Name != policy.KeepersRule {
			out = append(out, members[r.Require[0].Role])
		}
	}
	slices.Sort(out)
	return out
}

// owners are the owners that the library names, in the same form.
func owners(rules codeowners.Ruleset, path string) []string {
	rule, err := rules.Match(path)
	if err != nil || rule == nil || len(rule.Owners) == 0 {
		return nil
	}
	var out []string
	for _, o := range rule.Owners {
		if o.Type != codeowners.EmailOwner {
			out = append(out, strings.ToLower(o.Value))
		}
	}
	slices.SortFunc(out, func(a, b string) int { // people first
		if strings.Contains(a, "/") != strings.Contains(b, "/") {
			return strings.Count(a, "/") - strings.Count(b, "/")
		}
		return strings.Compare(a, b)
	})
	out = slices.Compact(out)
	slices.Sort(out)
	return []string{strings.Join(out, " ")}
}

func added(path string) fact.File { return fact.File{Path: path, Status: fact.Added, Additions: 1} }

// patternPart draws what may stand between two slashes.
func patternPart(t *rapid.T) string {
	return rapid.SampledFrom([]string{
		"a", "a", "b", "ab", "x.md", "*", "*", "**", "**", "?", "a?", "*b", "a*", "*.md", `a\ b`, `\*`, `a\*b`, "a**b", "**b",
		"(a)", "@x", "-", "+", ".", "..", "", `\a`, `a\`, "?*", "*?b",
	}).Draw(t, "part")
}

func drawPattern(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.Custom(patternPart), 1, 4).Draw(t, "parts")
	s := rapid.SampledFrom([]string{"", "", "/"}).Draw(t, "start") + strings.Join(parts, "/") + rapid.SampledFrom([]string{"", "", "/"}).Draw(t, "end")
	if s == "" {
		return "*"
	}
	return s
}

func drawPath(t *rapid.T) string {
	part := rapid.SampledFrom([]string{"a", "a", "b", "ab", "aab", "x.md", "y.md", "*", "a*b", "a b", "(a)", "@x", "-", "+", ".a", "c"})
	return strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "path"), "/")
}

// understood tells the patterns that the library reads as GitHub does: several
// ** at the start match nothing there.
func understood(pattern string) bool {
	s := strings.TrimPrefix(pattern, "/")
	return !strings.HasPrefix(s, "**/**") && s != "**/" && s != ""
}

func drawCodeowners(t *rapid.T) (text string, rules codeowners.Ruleset) {
	var b strings.Builder
	for range rapid.IntRange(1, 14).Draw(t, "lines") {
		pattern := rapid.OneOf(rapid.Custom(drawPattern), rapid.Just("*"), rapid.Just("/a/"), rapid.Just("*.md")).Draw(t, "pattern")
		if !understood(pattern) {
			continue
		}
		who := rapid.SliceOfN(rapid.SampledFrom([]string{"@org/a", "@org/b", "@Org/A", "@c", "@d", "e@example.com"}), 0, 3).Draw(t, "owners")
		line := strings.TrimSpace(pattern + " " + strings.Join(who, " "))
		if _, err := codeowners.ParseFile(strings.NewReader(line)); err != nil {
			continue // of which GitHub leaves out one line, and the library the file
		}
		b.WriteString(line + "\n")
	}
	rules, err := codeowners.ParseFile(strings.NewReader(b.String()))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return b.String(), rules
}

// For every file, the policy asks whom the library names.
func TestThePolicyNamesTheOwnersThatTheLibraryNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, rules := drawCodeowners(t)
		imported, err := adopt.Codeowners([]byte(text), adopt.Options{Keepers: []string{"@keeper"}})
		if err != nil {
			if strings.Contains(err.Error(), "names no owner") {
				t.Skip(err)
			}
			t.Fatalf("%v\n%s", err, text)
		}
		p := load(t, imported.Policy)
		for range 12 {
			path := drawPath(t)
			if got, want := asked(p, added(path)), owners(rules, path); !slices.Equal(got, want) {
				t.Fatalf("%q is owned by %q, and the policy asks %q\n%s\n%s", path, want, got, text, imported.Policy)
			}
		}
	})
}

// A renamed file is owned by the owners of both its names, and one whose name
// differs only in case has at least the owners that it had.
func TestARenameHasTheOwnersOfBothNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, rules := drawCodeowners(t)
		imported, err := adopt.Codeowners([]byte(text), adopt.Options{Keepers: []string{"@keeper"}})
		if err != nil {
			t.Skip(err)
		}
		p := load(t, imported.Policy)
		from, to := drawPath(t), drawPath(t)
		got := asked(p, fact.File{Path: to, PreviousPath: from, Status: fact.Renamed})
		for _, path := range []string{from, to, strings.ToUpper(to), strings.Replace(to, "/", `\`, 1)} {
			if path != from && path != to {
				got = asked(p, added(path))
			}
			for _, want := range owners(rules, path) {
				if !slices.Contains(got, want) {
					t.Fatalf("%q → %q: %q is owned by %q, and the policy asks %q\n%s\n%s", from, to, path, want, got, text, imported.Policy)
				}
			}
		}
	})
}

// TestCodeownersFiles imports whole files as people write them, and compares
// the owners of a tree of paths.
func TestCodeownersFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/codeowners/*.CODEOWNERS")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".CODEOWNERS"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			imported, err := adopt.Codeowners(text, adopt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".CODEOWNERS")+".hcl", imported.Policy)
			p := load(t, imported.Policy)
			paths, err := os.ReadFile(strings.TrimSuffix(file, ".CODEOWNERS") + ".paths")
			if err != nil {
				t.Fatal(err)
			}
			rules := lenient(t, text)
			for _, path := range strings.Fields(string(paths)) {
				if got, want := asked(p, added(path)), owners(rules, path); !slices.Equal(got, want) {
					t.Errorf("%s is owned by %q, and the policy asks %q", path, want, got)
				}
			}
		})
	}
}

// lenient parses what the library understands, line by line as GitHub does.
func lenient(t *testing.T, text []byte) (out codeowners.Ruleset) {
	t.Helper()
	for _, line := range strings.Split(string(text), "\n") {
		if rules, err := codeowners.ParseFile(strings.NewReader(line)); err == nil {
			out = append(out, rules...)
		}
	}
	return out
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (run with -update to accept it):\n%s", file, diff)
	}
}

func TestCodeownersSaysWhatHasNoEqual(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string // in the notes, as comments in the policy too
	}{
		"an email address":             {"* @ana bo@example.com", []string{"line 1: bo@example.com is an email address"}},
		"a line without effect":        {"/a/ @ana\n* @bo", []string{`line 1: "/a/" has no effect: line 2 ("*") takes all its files.`}},
		"a negated pattern":            {"* @ana\n!/a/ @bo", []string{"line 2: \"!/a/ @bo\" was left out", "cannot be negated"}},
		"a character class":            {"* @ana\n/[ab]/ @bo", []string{"line 2", "no [ ]"}},
		"a section":                    {"[Docs][2]\n* @ana", []string{"line 1", "sections are another host's"}},
		"an owner that is none":        {"* @ana everybody", []string{`line 1: "everybody" is no owner`}},
		"a line with no owner known":   {"* @ana\n/a/ everybody", []string{"line 2", "names no owner"}},
		"a pattern that never fits":    {"* @ana\n/a//b @bo", []string{`line 2: "/a//b" matches no file`}},
		"nobody owns the policy":       {"/a/ @ana", []string{"Nobody owned .github/rolecall.hcl"}},
		"several ** at the start":      {"**/**/a @ana", []string{`line 1: "**/**/a" is read as "**/a **/a/**"`}},
		"a name that nobody can have":  {"* @ana @_ @-/x", []string{`line 1: "@_" is no owner`, `line 1: "@-/x" is no owner`}},
		"an owner of control signs":    {"* @ana \x1b[31m", []string{"is no owner"}},
		"what only GitHub understands": {"* @bo\n/a,b/~c @ana", nil},
	} {
		t.Run(name, func(t *testing.T) {
			imported, err := adopt.Codeowners([]byte(test.text), adopt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			load(t, imported.Policy)
			var said []string
			for _, n := range imported.Notes {
				said = append(said, n.String())
			}
			all := strings.Join(said, "\n")
			for _, want := range test.want {
				if !strings.Contains(all, want) {
					t.Errorf("the notes do not say %q:\n%s", want, all)
				}
			}
			if test.want == nil && all != "" {
				t.Errorf("there are notes:\n%s", all)
			}
			comments := strings.Join(strings.Fields(strings.ReplaceAll(string(imported.Policy), "\n#", " ")), " ")
			for _, n := range said {
				if !strings.ContainsRune(n, '\x1b') && !strings.Contains(comments, strings.Join(strings.Fields(n), " ")) {
					t.Errorf("the policy does not say %q:\n%s", n, imported.Policy)
				}
			}
		})
	}
	if p := load(t, must(t, "* @bo\n/a,b/~c @ana").Policy); !slices.Equal(asked(p, added("a,b/~c/d")), []string{"ana"}) {
		t.Error("a line that only GitHub understands is lost")
	}
}

func must(t *testing.T, text string) adopt.Import {
	t.Helper()
	i, err := adopt.Codeowners([]byte(text), adopt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestCodeownersWithoutOwnersIsRefused(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "[a] @b"} {
		if _, err := adopt.Codeowners([]byte(text), adopt.Options{}); err == nil || !strings.Contains(err.Error(), "names no owner") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := adopt.Codeowners([]byte("* a@example.com"), adopt.Options{}); err == nil || !strings.Contains(err.Error(), "--keeper") {
		t.Errorf("a file without anybody who could keep the policy: %v", err)
	}
}

// A name can hold nothing that breaks out of the policy's text.
func FuzzCodeowners(f *testing.F) {
	for _, s := range []string{"* @a\n", "/x/ @org/t # c\n*.md @b e@x.io", "a\\ b @c\n\\", "/${x}/ @a", "[S]\n^a @b", "** @a\n**/ @b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			t.Skip("long")
		}
		imported, err := adopt.Codeowners([]byte(text), adopt.Options{Keepers: []string{"@keeper"}})
		if err != nil {
			if !strings.Contains(err.Error(), "names no owner") {
				t.Fatalf("%v\n%s", err, imported.Policy)
			}
			return
		}
		load(t, imported.Policy)
	})
}

// Hundreds of lines load, whatever they take from one another.
func TestCodeownersOfHundredsOfLines(t *testing.T) {
	var b strings.Builder
	b.WriteString("* @org/all\n*.md @org/docs\n")
	for i := range 400 {
		fmt.Fprintf(&b, "/services/s%d/ @org/team%d\n", i, i%40)
	}
	imported := must(t, b.String())
	p := load(t, imported.Policy)
	for path, want := range map[string]string{"x": "org/all", "services/s399/a.md": "org/team39", "services/a.md": "org/docs", "services/s1": "org/all", "services/s0/x": "org/team0"} {
		if got := asked(p, added(path)); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
