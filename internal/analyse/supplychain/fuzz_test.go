package supplychain_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/analyse/analysetest"
	"github.com/rolecall/rolecall/internal/analyse/supplychain"
	"github.com/rolecall/rolecall/policy/fact"
)

func compare(p string, was, is []byte) supplychain.Result {
	f := fact.File{Path: p, Status: fact.Modified}
	switch {
	case was == nil:
		f.Status = fact.Added
	case is == nil:
		f.Status = fact.Removed
	}
	return supplychain.Analyse([]fact.File{f}, fact.Contents{
		Base: fact.Side{Files: map[string]fact.Maybe[[]byte]{p: fact.Known(was)}},
		Head: fact.Side{Files: map[string]fact.Maybe[[]byte]{p: fact.Known(is)}},
	})
}

// mirrors fails unless the way back finds the opposite of each dependency.
func mirrors(t interface {
	Helper()
	Fatalf(string, ...any)
}, p string, was, is []byte) {
	t.Helper()
	back := map[string]string{"add": "remove", "remove": "add", fact.Upgrade: fact.Downgrade, fact.Downgrade: fact.Upgrade, "change": "change"}
	there, here := compare(p, was, is), compare(p, is, was)
	turned := slices.Clone(here.Dependencies.Items)
	for i := range turned {
		d := &turned[i]
		d.From, d.To, d.Action = d.To, d.From, back[d.Action]
	}
	order := cmpopts.SortSlices(func(x, y fact.Dependency) bool {
		return slices.Compare([]string{x.Name, x.Detail, x.From, x.To, x.Action}, []string{y.Name, y.Detail, y.From, y.To, y.Action}) < 0
	})
	// Whether a requirement counts as direct is told of its later version.
	direct := cmpopts.IgnoreFields(fact.Dependency{}, "Direct")
	if diff := cmp.Diff(there.Dependencies.Items, turned, order, direct); diff != "" {
		t.Fatalf("%s: there and back differ:\n%s\n--- was\n%s\n--- is\n%s", p, diff, was, is)
	}
}

// corpus gives the two versions of every file of the labelled corpus whose
// path is of interest.
func corpus(t testing.TB, is func(p string) bool) (was, now [][]byte) {
	t.Helper()
	cases, err := filepath.Glob("../../../testdata/changes/supplychain/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, c := range cases {
		src, err := os.ReadFile(c)
		if err != nil {
			t.Fatal(err)
		}
		before := map[string][]byte{}
		for _, file := range txtar.Parse(src).Files {
			if p, ok := strings.CutPrefix(file.Name, "before/"); ok {
				before[p] = file.Data
			} else if p, ok := strings.CutPrefix(file.Name, "after/"); ok && is(p) {
				was, now = append(was, before[p]), append(now, file.Data)
			}
		}
	}
	return was, now
}

func named(names ...string) func(string) bool {
	return func(p string) bool { return slices.Contains(names, filepath.Base(p)) }
}

func TestDependenciesOfTheWayBackMirror(t *testing.T) {
	for p, is := range map[string]func(string) bool{
		"go.mod": named("go.mod"), "go.work": named("go.work"), "go.sum": named("go.sum"), "vendor/modules.txt": named("modules.txt"),
		".github/workflows/ci.yml": supplychain.WorkflowFile, "x/action.yml": supplychain.ActionFile, "Dockerfile": supplychain.Dockerfile,
		"package.json": named("package.json"), "package-lock.json": named("package-lock.json"),
	} {
		was, now := corpus(t, is)
		if len(now) == 0 {
			t.Errorf("the corpus has nothing for %s", p)
		}
		for i := range now {
			for j := range now {
				// Any two versions are a change.
				mirrors(t, p, now[i], now[j])
				mirrors(t, p, was[i], now[j])
			}
		}
	}
}

func TestRequirementsMirrorAndAddUp(t *testing.T) {
	module := rapid.SampledFrom([]string{"example.com/a", "example.com/b", "example.com/c", "example.com/d"})
	version := rapid.SampledFrom([]string{"v1.0.0", "v1.2.0", "v1.10.0", "v0.0.0-20200101000000-abcdefabcdef", "v1.2.0-rc.1"})
	file := rapid.Custom(func(t *rapid.T) map[string]string {
		return rapid.MapOf(module, version).Draw(t, "requirements")
	})
	text := func(require map[string]string) []byte {
		b := "module example.com/m\n"
		for m, v := range require {
			b += "require " + m + " " + v + "\n"
		}
		return []byte(b)
	}
	rapid.Check(t, func(t *rapid.T) {
		was, is := file.Draw(t, "was"), file.Draw(t, "is")
		mirrors(t, "go.mod", text(was), text(is))
		// The findings turn the one into the other.
		for _, d := range compare("go.mod", text(was), text(is)).Dependencies.Items {
			if was[d.Name] != d.From {
				t.Fatalf("%+v, but it was %q", d, was[d.Name])
			}
			if d.To == "" {
				delete(was, d.Name)
			} else {
				was[d.Name] = d.To
			}
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("findings leave out: %s", diff)
		}
	})
}

func fuzz(f *testing.F, p string, is func(string) bool) {
	was, now := corpus(f, is)
	for i := range now {
		f.Add(was[i], now[i])
	}
	f.Fuzz(func(t *testing.T, was, is []byte) {
		if was == nil || is == nil {
			return
		}
		mirrors(t, p, was, is)
		same := compare(p, was, was)
		if n := len(same.Dependencies.Items); n > 0 {
			t.Errorf("two equal files differ in %d dependencies", n)
		}
		for _, w := range same.Workflows.Items {
			if w.Cosmetic.IsKnown() && !w.Cosmetic.Value || len(w.Triggers)+len(w.Permissions)+len(w.Secrets)+len(w.Injections)+len(w.Unpinned) > 0 {
				t.Errorf("two equal workflows differ: %+v", w)
			}
		}
	})
}

func FuzzModule(f *testing.F)     { fuzz(f, "go.mod", named("go.mod")) }
func FuzzWorkspace(f *testing.F)  { fuzz(f, "go.work", named("go.work")) }
func FuzzSums(f *testing.F)       { fuzz(f, "go.sum", named("go.sum")) }
func FuzzVendorList(f *testing.F) { fuzz(f, "vendor/modules.txt", named("modules.txt")) }
func FuzzWorkflow(f *testing.F)   { fuzz(f, ".github/workflows/ci.yml", supplychain.WorkflowFile) }
func FuzzAction(f *testing.F)     { fuzz(f, "action.yml", supplychain.ActionFile) }
func FuzzDockerfile(f *testing.F) { fuzz(f, "Dockerfile", supplychain.Dockerfile) }
func FuzzManifest(f *testing.F)   { fuzz(f, "package.json", named("package.json")) }
func FuzzLock(f *testing.F)       { fuzz(f, "package-lock.json", named("package-lock.json")) }

// TestHostileFilesAreBounded holds each of a list of nasty files of up to
// 1 MB, against nothing and against another of its kind, to bounded time and
// memory, and to a finding or a reason.
func TestHostileFilesAreBounded(t *testing.T) {
	r := strings.Repeat
	fill := func(s string) string { return r(s, (1<<20-1000)/len(s)) }
	flow := "on: push\njobs:\n  a:\n    steps:\n"
	bomb := "a: &a0 [x]\n"
	for i := range 60 {
		n := string(rune('0' + i%10))
		bomb += "b" + r("x", i) + ": &a" + r("y", i) + n + "z [" + r("*a0,", 50) + "]\n"
	}
	for name, c := range map[string][3]string{
		"nested YAML sequences": {".github/workflows/a.yml", fill("[")},
		"nested YAML blocks": {".github/workflows/a.yml", "a:\n" + func() string {
			s := ""
			for i := range 1400 {
				s += r(" ", i%700) + "- \n"
			}
			return s
		}()},
		"YAML aliases":      {".github/workflows/a.yml", flow + bomb},
		"YAML steps":        {".github/workflows/a.yml", flow + fill("    - uses: a/b@v1\n")},
		"YAML keys":         {".github/workflows/a.yml", fill("? a\n")},
		"YAML keys in flow": {".github/workflows/a.yml", "{" + fill("a: b, ") + "}"},
		"YAML jobs": {".github/workflows/a.yml", "on: push\njobs:\n" + func() string {
			var b strings.Builder
			for i := range 30_000 {
				b.WriteString("  j" + time.Duration(i).String() + ": {permissions: write-all}\n")
			}
			return b.String()
		}()},
		"expressions":               {".github/workflows/a.yml", flow + "    - run: \"" + fill("${{secrets.A}}") + "\"\n"},
		"open expressions":          {".github/workflows/a.yml", flow + "    - run: \"" + fill("${{") + "\"\n"},
		"secrets in one expression": {".github/workflows/a.yml", flow + "    - run: \"${{" + fill("secrets ") + "}}\"\n"},
		"secrets and blanks":        {".github/workflows/a.yml", flow + "    - run: \"${{ secrets" + fill(" ") + "}}\"\n"},
		"a Dockerfile of stages":    {"Dockerfile", fill("FROM a:1 AS b\n")},
		"a Dockerfile of images": {"Dockerfile", func() string {
			var b strings.Builder
			for i := range 40_000 {
				b.WriteString("FROM a:" + time.Duration(i).String() + "\n")
			}
			return b.String()
		}()},
		"a continued instruction":  {"Dockerfile", fill("a\\\n")},
		"here-documents":           {"Dockerfile", "RUN " + fill("<<A ") + "\n" + fill("A\n")},
		"a go.mod of requirements": {"go.mod", "module m\n" + fill("require example.com/a v1.0.0\n")},
		"a go.mod of open blocks":  {"go.mod", fill("require (\n")},
		"sums": {"go.sum", func() string {
			var b strings.Builder
			for i := range 30_000 {
				b.WriteString("a v" + time.Duration(i).String() + " h1:a=\n")
			}
			return b.String()
		}()},
		"replacements of replacements": {"go.mod", numbered("module m\n", "replace a.b/n%d v1.0.0 => a.b/c%d v1.0.0\n"), numbered("module m\n", "replace a.b/o%d v1.0.0 => a.b/d%d v1.0.0\n")},
		"replacements that stay":       {"go.mod", numbered("module m\n", "replace a.b/n%d v1.0.0 => a.b/c%d v1.0.0\n"), numbered("module m\n", "replace a.b/n%d v1.0.0 => a.b/d%d v1.0.0\n")},
		"exclusions":                   {"go.mod", numbered("module m\n", "exclude a.b/n%d v1.0.%d\n"), numbered("module m\n", "exclude a.b/n%d v1.1.%d\n")},
		"tools":                        {"go.mod", "module m\n" + numbered("", "tool a.b/n%d/x%d\n"), "module m\n" + numbered("", "tool a.b/n%d/y%d\n")},
		"sums that differ":             {"go.sum", numbered("", "a.b/n%d v1.0.%d h1:a=\n"), numbered("", "a.b/n%d v1.0.%d h1:b=\n")},
		"versions of one module":       {"go.sum", numbered("", "a.b/c v1.%d.%d h1:a=\n"), numbered("", "a.b/c v2.%d.%d h1:b=\n")},
		"arguments":                    {"Dockerfile", fill("ARG a\n"), fill("ARG b\n")},
		"stages":                       {"Dockerfile", numbered("", "FROM a%d AS b%d\n"), numbered("", "FROM c%d AS d%d\n")},
		"mounts":                       {"Dockerfile", "FROM a\nRUN --mount=" + numbered("", "from=a%d:%d,"), "FROM a\nRUN --mount=" + numbered("", "from=b%d:%d,")},
		"versions of one image":        {"Dockerfile", numbered("", "FROM a:%d.%d\n"), numbered("", "FROM a:v%d.%d\n")},
		"open indices of secrets":      {".github/workflows/a.yml", flow + "    - run: \"${{" + fill("secrets[") + "}}\"\n"},
		"quoted indices of secrets":    {".github/workflows/a.yml", flow + "    - run: \"${{" + fill("secrets['a") + "}}\"\n"},
		"contexts in one expression":   {".github/workflows/a.yml", flow + "    - run: \"${{" + fill("github ") + "}}\"\n"},
		"open indices of contexts":     {".github/workflows/a.yml", flow + "    - run: \"${{" + fill("github[") + "}}\"\n"},
		"a context and blanks":         {".github/workflows/a.yml", flow + "    - run: \"${{" + fill("github  .  ") + "}}\"\n"},
		"sequences":                    {".github/workflows/a.yml", flow + "    - a\nx:\n" + fill("- b\n"), flow + "    - a\nx:\n" + fill("- c\n")},
		"flow sequences":               {".github/workflows/a.yml", flow + "    - a\nx: [" + fill("b,") + "]\n", flow + "    - a\nx: [" + fill("c,") + "]\n"},
		"comments":                     {".github/workflows/a.yml", flow + "    - a\n" + fill("#\n"), flow + "    - a\n" + fill("# \n")},
		"vendored modules":             {"vendor/modules.txt", numbered("", "# a.b/n%d v1.%d\n"), numbered("", "# a.b/n%d v2.%d\n")},
		"packages":                     {"package.json", "{\"dependencies\":{" + numbered("", "\"n%d\":\"%d\",") + "\"z\":\"1\"}}", "{\"dependencies\":{" + numbered("", "\"n%d\":\"v%d\",") + "\"z\":\"1\"}}"},
		"locked packages":              {"package-lock.json", "{\"packages\":{" + numbered("", "\"node_modules/n%d\":{\"version\":\"%d\"},") + "\"z\":{}}}", "{\"packages\":{" + numbered("", "\"node_modules/n%d\":{\"version\":\"v%d\"},") + "\"z\":{}}}"},
		"nested JSON":                  {"package.json", fill("[")},
		"nested JSON in a lock file":   {"package-lock.json", fill(`{"dependencies":`)},
	} {
		t.Run(name, func(t *testing.T) {
			if raceEnabled {
				t.Skip("the race detector multiplies time and memory")
			}
			var res supplychain.Result
			analysetest.Bounded(t, func() { res = compare(c[0], []byte(c[2]), []byte(c[1])) })
			if len(res.Dependencies.Items)+len(res.Dependencies.Gaps)+len(res.Workflows.Items)+len(res.Workflows.Gaps) == 0 &&
				!slices.Contains([]string{"a continued instruction", "here-documents", "arguments", "comments"}, name) {
				t.Error("neither a finding nor a gap")
			}
		})
	}
}

// numbered fills 1 MB with lines of which no two are the same.
func numbered(start, format string) string {
	var b strings.Builder
	b.WriteString(start)
	for i := 0; b.Len() < 1<<20-200; i++ {
		fmt.Fprintf(&b, format, i, i)
	}
	return b.String()
}
