package githubtest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"github.com/google/go-github/v60/github"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// gitRepo is a real repository in a folder, for comparing with the real thing.
type gitRepo struct {
	t   testing.TB
	dir string
}

func newGit(t testing.TB) *gitRepo {
	t.Helper()
	dir, err := os.MkdirTemp("", "githubtest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	g := &gitRepo{t, dir}
	g.run("init", "-q", "-b", "main")
	return g
}

func (g *gitRepo) run(args ...string) string {
	g.t.Helper()
	out, err := g.try(args...)
	if err != nil {
		g.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return out
}

func (g *gitRepo) try(args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-C", g.dir}, args...)...)
	cmd.Env = append(os.Environ(),
		"GIT_AUTHOR_NAME=ana", "GIT_AUTHOR_EMAIL=ana@example.test", "GIT_AUTHOR_DATE=2026-01-02T03:04:05+0000",
		"GIT_COMMITTER_NAME=ana", "GIT_COMMITTER_EMAIL=ana@example.test", "GIT_COMMITTER_DATE=2026-01-02T03:04:05+0000",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (g *gitRepo) write(path, text string) {
	g.t.Helper()
	full := filepath.Join(g.dir, path)
	os.MkdirAll(filepath.Dir(full), 0o755)
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		g.t.Fatal(err)
	}
}

// commit replaces all files and commits.
func (g *gitRepo) commit(files map[string]string) string {
	g.t.Helper()
	entries, _ := os.ReadDir(g.dir)
	for _, e := range entries {
		if e.Name() != ".git" {
			os.RemoveAll(filepath.Join(g.dir, e.Name()))
		}
	}
	for path, text := range files {
		g.write(path, text)
	}
	g.run("add", "-A")
	g.run("commit", "-q", "--allow-empty", "-m", "Change")
	return g.run("rev-parse", "HEAD")
}

func TestCommitsHaveTheSHAsThatGitGivesThem(t *testing.T) {
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.Org("acme").Repo("cloud")
	g := newGit(t)
	files := map[string]string{"a.txt": "a\n", "dir/b.txt": "b\n", "dir.txt": "sorts before the folder\n", "dir/sub/c": "", "dir-x": "x"}
	g.commit(files)
	os.Symlink("a.txt", filepath.Join(g.dir, "link"))
	g.write("run.sh", "#!/bin/sh\n")
	os.Chmod(filepath.Join(g.dir, "run.sh"), 0o755)
	g.run("add", "-A")
	g.run("commit", "-q", "-m", "Modes")
	want := g.run("rev-parse", "HEAD")

	set := githubtest.Files{}
	for path, text := range files {
		set[path] = text
	}
	at := mustTime(t, "2026-01-02T03:04:05Z")
	first := repo.Object("", githubtest.Commit{Message: "Change\n", Files: set, Author: "ana", At: at})
	second := repo.Object(first, githubtest.Commit{Message: "Modes\n", Author: "ana", At: at, Files: githubtest.Files{
		"link": githubtest.Symlink("a.txt"), "run.sh": githubtest.Executable("#!/bin/sh\n"),
	}})
	if got := tree(t, gh, repo, second); got != g.run("rev-parse", "HEAD^{tree}") {
		t.Errorf("tree %s, git has %s", got, g.run("rev-parse", "HEAD^{tree}"))
	}
	if second != want {
		t.Errorf("commit %s, git has %s", second, want)
	}
}

func tree(t *testing.T, gh *githubtest.Server, repo *githubtest.Repo, sha string) string {
	t.Helper()
	c := connect(t, gh, "acme", "ana")
	commit := must[*github.RepositoryCommit](t)(c.inst.Repositories.GetCommit(context.Background(), "acme", repo.Name(), sha, nil))
	return commit.GetCommit().GetTree().GetSHA()
}

// TestComparisonsAgreeWithGit draws two trees and holds the fake's list of
// changes, renames included, to git's own, and its patches to the contents.
func TestComparisonsAgreeWithGit(t *testing.T) {
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.Org("acme").Repo("cloud")
	c := connect(t, gh, "acme", "ana")
	g := newGit(t)
	ctx := context.Background()
	rapid.Check(t, func(r *rapid.T) {
		path := rapid.SampledFrom([]string{"a", "b", "c/d", "c/e", "f/g/h", "f/i"})
		letter := rapid.StringOfN(rapid.RuneFrom([]rune("abcdefgh")), 3, 12, -1)
		text := rapid.Custom(func(r *rapid.T) string {
			return strings.Join(rapid.SliceOfN(letter, 1, 30).Draw(r, "lines"), "\n") + rapid.SampledFrom([]string{"\n", ""}).Draw(r, "end")
		})
		before := rapid.MapOfN(path, text, 1, 4).Draw(r, "before")
		after := map[string]string{}
		for p, was := range before {
			switch rapid.IntRange(0, 3).Draw(r, "fate") {
			case 0: // stays
				after[p] = was
			case 1: // is edited
				after[p] = strings.Replace(was, "a", "zz", 1)
			case 2: // moves, perhaps with an edit
				after["moved/"+strings.ReplaceAll(p, "/", "-")] = was + rapid.SampledFrom([]string{"", "one more line\n"}).Draw(r, "edit")
			}
		}
		if rapid.Bool().Draw(r, "add") {
			after["new"] = text.Draw(r, "new")
		}
		from, to := g.commit(before), g.commit(after)
		base, head, err := repo.Import(g.dir, from, to)
		if err != nil {
			r.Fatal(err)
		}
		cmp, _, err := c.inst.Repositories.CompareCommits(ctx, "acme", "cloud", base, head, nil)
		if err != nil {
			r.Fatal(err)
		}
		var got []string
		for _, f := range cmp.Files {
			line := string(strings.ToUpper(f.GetStatus())[0]) + " " + f.GetFilename()
			switch f.GetStatus() {
			case "removed":
				line = "D " + f.GetFilename()
			case "renamed":
				line = "R " + f.GetPreviousFilename() + " " + f.GetFilename()
			}
			got = append(got, line)
			old := before[or(f.GetPreviousFilename(), f.GetFilename())]
			if f.Patch != nil && apply(r, old, f.GetPatch()) != after[f.GetFilename()] {
				r.Fatalf("the patch of %s does not lead to what it became:\n%s", f.GetFilename(), f.GetPatch())
			}
			if f.Patch == nil && old != after[f.GetFilename()] {
				r.Fatalf("%s has no patch", f.GetFilename())
			}
		}
		var want []string
		for _, line := range strings.Split(g.run("diff", "-M", "--name-status", from, to), "\n") {
			if fields := strings.Split(line, "\t"); len(fields) > 1 {
				want = append(want, strings.Join(append([]string{fields[0][:1]}, fields[1:]...), " "))
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			r.Fatalf("the fake says %v, git says %v", got, want)
		}
	})
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func apply(r *rapid.T, old, patch string) string {
	files, _, err := gitdiff.Parse(strings.NewReader("diff --git a/x b/x\n--- a/x\n+++ b/x\n" + patch + "\n"))
	if err != nil {
		r.Fatalf("parse the patch: %v\n%s", err, patch)
	}
	var out bytes.Buffer
	if err := gitdiff.Apply(&out, strings.NewReader(old), files[0]); err != nil {
		r.Fatalf("apply the patch: %v\n%s", err, patch)
	}
	return out.String()
}

// TestMergesAgreeWithGit draws two changes of one tree and holds the merge to
// git merge-tree's: the same tree, or a conflict for both.
func TestMergesAgreeWithGit(t *testing.T) {
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.Org("acme").Repo("cloud")
	g := newGit(t)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		lines := make([]string, 12)
		for i := range lines {
			lines[i] = fmt.Sprintf("line %d\n", i)
		}
		side := func(name string) map[string]string {
			out := slices.Clone(lines)
			for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, 11), 0, 2, rapid.ID).Draw(r, name) {
				out[i] = rapid.SampledFrom([]string{"", "X\n", "Y\n", "more\n" + lines[i]}).Draw(r, name+" line")
			}
			return map[string]string{"f": strings.Join(out, ""), "only-" + rapid.SampledFrom([]string{"a", "b"}).Draw(r, name+" file"): name}
		}
		base := g.commit(map[string]string{"f": strings.Join(lines, "")})
		ours := g.commit(side("ours"))
		g.run("checkout", "-q", base)
		theirs := g.commit(side("theirs"))
		g.run("checkout", "-q", "main")
		want, err := g.try("merge-tree", "--write-tree", ours, theirs)
		conflict := err != nil

		if _, _, err := repo.Import(g.dir, ours, theirs); err != nil {
			r.Fatal(err)
		}
		n++
		from, into := fmt.Sprintf("from-%d", n), fmt.Sprintf("into-%d", n)
		repo.Push(from, ours, "ana")
		repo.Push(into, theirs, "ana")
		pr := repo.Open(githubtest.PullRequest{Author: "ana", Head: from, Base: into})
		if ours == base || theirs == base {
			return
		}
		merged := pr.Merge("ana")
		if (merged != nil) != conflict {
			r.Fatalf("the fake says %v, git says %v: %s", merged, err, want)
		}
		if merged == nil {
			if got := tree(t, gh, repo, repo.Head(into)); got != want {
				r.Fatalf("tree %s, git has %s", got, want)
			}
		}
	})
}

func TestMergeBasesAgreeWithGit(t *testing.T) {
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.Org("acme").Repo("cloud")
	c := connect(t, gh, "acme", "ana")
	g := newGit(t)
	root := g.commit(map[string]string{"f": "1"})
	left := g.commit(map[string]string{"f": "1", "l": "1"})
	g.run("checkout", "-q", "-b", "side", root)
	right := g.commit(map[string]string{"f": "1", "r": "1"})
	g.run("merge", "-q", "--no-edit", left)
	merged := g.run("rev-parse", "HEAD")
	g.run("checkout", "-q", "main")
	further := g.commit(map[string]string{"f": "1", "l": "2"})
	for name, pair := range map[string][2]string{
		"of two branches": {left, right}, "of an ancestor and its child": {root, further}, "after a merge of the base": {further, merged},
		"of one commit with itself": {left, left},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := repo.Import(g.dir, pair[0], pair[1]); err != nil {
				t.Fatal(err)
			}
			cmp := must[*github.CommitsComparison](t)(c.inst.Repositories.CompareCommits(context.Background(), "acme", "cloud", pair[0], pair[1], nil))
			if got, want := cmp.GetMergeBaseCommit().GetSHA(), g.run("merge-base", pair[0], pair[1]); got != want {
				t.Errorf("merge base %s, git has %s", got, want)
			}
			if got, want := fmt.Sprint(cmp.GetTotalCommits()), g.run("rev-list", "--count", pair[0]+".."+pair[1]); got != want {
				t.Errorf("%s commits, git has %s", got, want)
			}
		})
	}
}

func TestAnImportOfWhatIsNotThereFails(t *testing.T) {
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.Org("acme").Repo("cloud")
	g := newGit(t)
	g.commit(map[string]string{"f": "1"})
	if _, _, err := repo.Import(g.dir, "main", "nowhere"); err == nil {
		t.Error("no error for a branch that does not exist")
	}
	if _, _, err := repo.Import(filepath.Join(g.dir, "gone"), "main", "main"); err == nil {
		t.Error("no error for a folder that does not exist")
	}
}
