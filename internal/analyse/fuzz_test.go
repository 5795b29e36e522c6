package analyse_test

import (
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/policy/fact"
)

// FuzzPath holds that no path panics, and that no spelling of a guarded name
// that any system could read as that name stays out of its list.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"main.tf", "a/b.go", ".github/workflows/a.yml", "x/Dockerfile", "a\\b", "a\u202eb", "./a", "a/../b", "é.tofu", "a.tfvars.json"} {
		f.Add(p, uint8(0))
		f.Add(p, uint8(255))
	}
	f.Fuzz(func(t *testing.T, p string, how uint8) {
		files := []fact.File{{Path: p, Status: fact.Added}, {Path: "x", PreviousPath: p, Status: fact.Renamed}}
		found := analyse.Analyse(files, fact.Contents{})
		if len(found.Files) != 2 || found.Files[0].Path != p {
			t.Fatalf("findings of files are %+v", found.Files)
		}
		analyse.Wants(files, everything, fact.Contents{})
		for _, guarded := range []string{"main.tf", "a.tofu", "vars.tfvars", "terragrunt.hcl", "main.go"} {
			spelt := disguise(guarded, how)
			if dir := path.Dir(p); dir != "." && how&1 == 0 {
				spelt = dir + "/" + spelt
			}
			found := analyse.Analyse([]fact.File{{Path: spelt, Status: fact.Added}}, fact.Contents{})
			files := found.Terraform.Files
			if strings.HasSuffix(guarded, ".go") {
				files = found.Go.Files
			}
			if !slices.Contains(files, spelt) {
				t.Errorf("%q is in no list", spelt)
			}
		}
		if !utf8.ValidString(p) && p != "" && len(found.Terraform.Resources.Gaps) == 0 {
			t.Errorf("%q is no text, and no gap", p)
		}
	})
}

// FuzzLink holds that no link panics or leads out of the repository, and that
// one that is not read through is in doubt.
func FuzzLink(f *testing.F) {
	for _, to := range []string{"../a.tf", "a.tf", "./x/../a.tf", "/etc/a.tf", "../../a.tf", "", ".", "..", "a\\b", "a\x00b", "m/main.tf", "../m/main.tf", "..//a.tf"} {
		f.Add(to, to)
	}
	f.Fuzz(func(t *testing.T, to, next string) {
		mode := fact.Known(fact.Entry{Mode: "120000", Blob: "x"})
		files := []fact.File{{Path: "m/main.tf", Status: fact.Modified, Base: mode, Head: mode}}
		side := fact.Side{
			Files: map[string]fact.Maybe[[]byte]{"a.tf": fact.Known([]byte("a = 1\n")), "m/b.tf": fact.Unknown[[]byte]("it is a symbolic link")},
			Links: map[string]fact.Maybe[string]{"m/main.tf": fact.Known(to), "m/b.tf": fact.Known(next)},
		}
		c := fact.Contents{Base: side, Head: side, Rounds: 1}
		for _, w := range analyse.Wants(files, everything, c) {
			if strings.HasPrefix(w.Path, "/") || w.Path == ".." || strings.HasPrefix(w.Path, "../") {
				t.Errorf("%q makes it want %q", to, w.Path)
			}
		}
		found := analyse.Analyse(files, c)
		if read := slices.Contains(found.Terraform.Files, "a.tf"); read == (len(found.Terraform.Resources.Gaps) > 0) && !strings.Contains(to, "b.tf") {
			t.Errorf("%q: read through: %v, gaps: %v", to, read, found.Terraform.Resources.Gaps)
		}
	})
}

// disguise spells a name in another way, by the bits of how.
func disguise(name string, how uint8) string {
	if how&2 != 0 {
		name = strings.ToUpper(name)
	}
	if how&4 != 0 {
		name += " "
	}
	if how&8 != 0 {
		name += "."
	}
	if how&16 != 0 {
		name = strings.ReplaceAll(name, "f", "ｆ")
	}
	if how&32 != 0 {
		name = strings.Replace(name, ".", "\u200b.", 1)
	}
	if how&64 != 0 {
		name = "./" + name
	}
	if how&128 != 0 {
		name = strings.ReplaceAll(name, "s", "ſ")
	}
	return name
}

func TestWhatMayBeALinkIsAskedFor(t *testing.T) {
	unread := fact.Unknown[fact.Entry]("not asked for")
	patch := fact.Known("@@ -0,0 +1 @@\n+../evil\n\\ No newline at end of file\n")
	for _, tc := range []struct {
		name string
		file fact.File
		want bool
	}{
		{"a new line without an end", fact.File{Path: "infra", Status: fact.Added, Additions: 1, Patch: patch, Base: unread, Head: unread}, true},
		{"one that is gone", fact.File{Path: "infra", Status: fact.Removed, Deletions: 1, Patch: patch, Base: unread, Head: unread}, true},
		{"a line without a patch", fact.File{Path: "infra", Status: fact.Added, Additions: 1, Patch: fact.Unknown[string]("none"), Base: unread, Head: unread}, true},
		{"moved as it is", fact.File{Path: "infra", PreviousPath: "x", Status: fact.Renamed, Patch: fact.Unknown[string]("none"), Base: unread, Head: unread}, true},
		{"a line with its end", fact.File{Path: "infra", Status: fact.Added, Additions: 1, Patch: fact.Known("@@ -0,0 +1 @@\n+a\n"), Base: unread, Head: unread}, false},
		{"two lines", fact.File{Path: "infra", Status: fact.Added, Additions: 2, Patch: patch, Base: unread, Head: unread}, false},
		{"a known mode", fact.File{Path: "infra", Status: fact.Added, Additions: 1, Patch: patch, Base: unread, Head: fact.Known(fact.Entry{Mode: "100644"})}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, names := range [][]string{{"go.files"}, {"terraform.files"}, {"dependencies"}} {
				if got := len(analyse.Wants([]fact.File{tc.file}, names, fact.Contents{})) > 0; got != tc.want {
					t.Errorf("wanted for %q: %v, want %v", names, got, tc.want)
				}
			}
			if got := analyse.Wants([]fact.File{tc.file}, []string{"files.path", "pull.title"}, fact.Contents{}); len(got) > 0 {
				t.Errorf("wanted %v for names that need nothing", got)
			}
		})
	}
}
