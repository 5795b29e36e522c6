package policy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/policy"
)

// TestAPatchKeepsEverythingElse has git itself apply what /assign-dri … lasting
// answers with.
func TestAPatchKeepsEverythingElse(t *testing.T) {
	head := people + "role \"dri\" {}\n"
	tail := "\n\n\nrule   \"odd\"   {\n\twhen = true   # kept\n  require \"manager\" {}\n}"
	for _, tt := range []struct{ name, before, after string }{
		{
			"a DRI is replaced, and comments and columns stay",
			"project \"api\" { # the API\n  files  = [\"api/**\"] // all of it\n  dri    = \"@ana\" # for now\n  notify = []\n}",
			"project \"api\" { # the API\n  files  = [\"api/**\"] // all of it\n  dri    = \"@zoe\" # for now\n  notify = []\n}",
		},
		{
			"a DRI is added in line with the files",
			"project \"api\" {\n  files  = [\n    \"api/**\",\n  ]   # all\n  notify = []\n}",
			"project \"api\" {\n  files  = [\n    \"api/**\",\n  ]   # all\n  dri    = \"@zoe\"\n  notify = []\n}",
		},
		{
			"a block of one line gets lines",
			"project \"api\" { files = [\"api/**\"] }",
			"project \"api\" {\n  files = [\"api/**\"]\n  dri   = \"@zoe\"\n}",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after := head+tt.before+tail, head+tt.after+tail
			p := load(t, before)
			pull := change(p, file("x", "b"))
			say(&pull, "member", command("mia", "/assign-dri @zoe api lasting", 1))
			d := p.Evaluate(pull)
			v := d.Commands[0]
			if !v.Accepted || codes(v.Reasons) != "patch_ready" {
				t.Fatalf("accepted %v, %s %+v", v.Accepted, codes(v.Reasons), v.Reasons)
			}
			dir := t.TempDir()
			path := filepath.Join(dir, policy.RepoPath)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
			git := exec.Command("git", "apply", "-")
			git.Dir, git.Stdin = dir, strings.NewReader(v.Patch)
			git.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
			if out, err := git.CombinedOutput(); err != nil {
				t.Fatalf("git apply: %v\n%s\n%s", err, out, v.Patch)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != after {
				t.Errorf("after:\n%s\nwant:\n%s", got, after)
			}
			load(t, string(got))
		})
	}
}

func TestWhoIsAnsweredWithAPatch(t *testing.T) {
	p := load(t, projects)
	for _, tt := range []struct{ by, say, want string }{
		{"mia", "/assign-dri @bo api lasting", "patch_ready"},
		{"ana", "/assign-dri @bo api lasting", "patch_ready"},
		{"bo", "/assign-dri new lasting", "patch_ready"}, // nobody's yet
		{"mia", "/assign-dri @ana api lasting", "patch_same"},
		{"eve", "/assign-dri @eve api lasting", "command_needs_role"},
		{"mia", "/assign-dri @bo apo lasting", "command_no_project"},
		{"mia", "/assign-dri @bo lasting", "command_unclear"},
		{"mia", "/assign-dri @acme/cloud api lasting", "command_for_nobody"},
	} {
		pull := change(p, file("x", "b"))
		say(&pull, "member", command(tt.by, tt.say, 1))
		d := p.Evaluate(pull)
		v := d.Commands[0]
		if got := codes(v.Reasons); got != tt.want || v.Accepted != strings.HasPrefix(got, "patch_") {
			t.Errorf("%s by %s: %v %s, want %s", tt.say, tt.by, v.Accepted, got, tt.want)
		}
		if len(d.Projects) != 0 {
			t.Errorf("%s changed something here: %+v", tt.say, d.Projects)
		}
	}
	pull := change(p, file("x", "b"))
	own, _ := policy.Load(nil, &policy.Source{Name: "server.hcl", Bytes: []byte(projects)})
	say(&pull, "member", command("mia", "/assign-dri @bo api lasting", 1))
	if v := own.Evaluate(pull).Commands[0]; codes(v.Reasons) != "patch_impossible" {
		t.Errorf("a policy that is no file here: %s", codes(v.Reasons))
	}
}
