package replay_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/policy/fact"
)

// seen is what tests compare of a file.
type seen struct{ Status, Old, OldMode, NewMode string }

func files(p fact.Pull) map[string]seen {
	out := make(map[string]seen)
	for _, f := range p.Files {
		out[f.Path] = seen{f.Status, f.PreviousPath, f.Base.Value.Mode, f.Head.Value.Mode}
	}
	return out
}

func pullOf(t *testing.T, r *replay.Reader, base, head string) fact.Pull {
	t.Helper()
	p, err := r.Pull(replay.Change{Base: base, Head: head, Branch: "main"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const text = "one\ntwo\nthree\nfour\nfive\n"

func TestFilesAreWhatGitHoldsUnderTheNamesThatGitHubGives(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(w *workshop)
		want   map[string]seen
	}{
		"a new file has no base": {
			func(w *workshop) { w.write("new.go", "package a\n") },
			map[string]seen{"new.go": {fact.Added, "", "", "100644"}},
		},
		"a deleted file has no head": {
			func(w *workshop) { w.git("rm", "-q", "file.txt") },
			map[string]seen{"file.txt": {fact.Removed, "", "100644", ""}},
		},
		"a renamed file keeps its old name": {
			func(w *workshop) {
				w.git("mv", "file.txt", "moved.txt")
				w.write("moved.txt", text+"six\n")
			},
			map[string]seen{"moved.txt": {fact.Renamed, "file.txt", "100644", "100644"}},
		},
		"a change of mode alone is a change": {
			func(w *workshop) {
				if err := os.Chmod(filepath.Join(w.dir, "file.txt"), 0o755); err != nil {
					w.t.Fatal(err)
				}
			},
			map[string]seen{"file.txt": {fact.Modified, "", "100644", "100755"}},
		},
		"a file that becomes a link changes its type": {
			func(w *workshop) {
				w.git("rm", "-q", "file.txt")
				if err := os.Symlink("other", filepath.Join(w.dir, "file.txt")); err != nil {
					w.t.Fatal(err)
				}
			},
			map[string]seen{"file.txt": {fact.Changed, "", "100644", "120000"}},
		},
		"a submodule is seen by its mode": {
			func(w *workshop) {
				w.git("update-index", "--add", "--cacheinfo", "160000,0123456789012345678901234567890123456789,sub")
				w.git("commit", "-q", "-m", "sub")
				w.git("config", "core.worktree", w.dir)
				if err := os.Mkdir(filepath.Join(w.dir, "sub"), 0o755); err != nil {
					w.t.Fatal(err)
				}
			},
			map[string]seen{"sub": {fact.Added, "", "", "160000"}},
		},
		"odd paths come through as they are": {
			func(w *workshop) {
				for _, p := range []string{"a\nb.go", "\"q\".tf", "tab\there", "-x", ":(top)y", "end", "ü/ö.go", ":100644 1", "\xff"} {
					w.write(p, "x\n"+p)
				}
			},
			map[string]seen{
				"a\nb.go": {fact.Added, "", "", "100644"}, "\"q\".tf": {fact.Added, "", "", "100644"}, "tab\there": {fact.Added, "", "", "100644"},
				"-x": {fact.Added, "", "", "100644"}, ":(top)y": {fact.Added, "", "", "100644"}, "end": {fact.Added, "", "", "100644"},
				"ü/ö.go": {fact.Added, "", "", "100644"}, ":100644 1": {fact.Added, "", "", "100644"}, "\xff": {fact.Added, "", "", "100644"},
			},
		},
		"nothing changes": {func(w *workshop) {}, map[string]seen{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			w.write("file.txt", text)
			base := w.commit("one")
			c.change(w)
			head := w.commit("two")
			r := w.reader()
			for range 2 { // the processes serve one change after the other
				if diff := cmp.Diff(c.want, files(pullOf(t, r, base, head))); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestLinesAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.write("a", text)
	w.write("bin", "a\x00b")
	base := w.commit("one")
	w.git("mv", "a", "b\tc")
	w.write("b\tc", text+"six\nseven\n")
	w.write("bin", "a\x00c")
	head := w.commit("two")
	for _, f := range pullOf(t, w.reader(), base, head).Files {
		want := [2]int{2, 0}
		if f.Path == "bin" {
			want = [2]int{}
		}
		if got := [2]int{f.Additions, f.Deletions}; got != want {
			t.Errorf("%s: %v, want %v", f.Path, got, want)
		}
	}
}

func TestAChangeIsComparedWithWhereItLeftItsBase(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.write("f", "1")
	fork := w.commit("one")
	w.git("checkout", "-q", "-b", "topic")
	w.write("topic", "1")
	w.commit("topic")
	w.git("checkout", "-q", "main")
	w.write("base", "1")
	base := w.commit("base")
	w.git("checkout", "-q", "topic")
	w.git("checkout", "-q", "-b", "side", fork)
	w.write("side", "1")
	w.commit("side")
	w.git("checkout", "-q", "topic")
	w.git("merge", "-q", "--no-ff", "-m", "join", "side")
	head := w.git("rev-parse", "HEAD")

	p := pullOf(t, w.reader(), base, head)
	if p.MergeBase != fork {
		t.Errorf("merge base %s, want %s", p.MergeBase, fork)
	}
	if diff := cmp.Diff([]string{"side", "topic"}, slices.Sorted(keys(files(p)))); diff != "" {
		t.Error(diff)
	}
	if len(p.Commits) != 3 || p.Commits[2].SHA != head || p.Title != "join" {
		t.Errorf("commits %v, title %q", p.Commits, p.Title)
	}
	if p := pullOf(t, w.reader(), head, fork); len(p.Files) != 0 || p.MergeBase != fork {
		t.Errorf("what the base has already: %+v", p.Files)
	}
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestHistoriesWithoutACommonCommitAreAnError(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.write("f", "1")
	base := w.commit("one")
	w.git("checkout", "-q", "--orphan", "other")
	head := w.commit("two")
	if _, err := w.reader().Pull(replay.Change{Base: base, Head: head}); err == nil {
		t.Error("no error")
	}
}

func TestPeopleAreWhoTheirAddressesSay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		who, message string
		want         []fact.Person
	}{
		"an address with the account's number":       {"A <12+Ana-X@users.noreply.github.com>", "x", []fact.Person{{Login: "ana-x"}}},
		"an address of the old form":                 {"A <ana@users.noreply.github.com>", "x", []fact.Person{{Login: "ana"}}},
		"a bot":                                      {"b <9+dependabot[bot]@users.noreply.github.com>", "x", []fact.Person{{Login: "dependabot", Bot: true}}},
		"any other address is no account":            {"Bo B <bo@example.test>", "x", []fact.Person{{Name: "Bo B", Email: "bo@example.test"}}},
		"an address that only looks like GitHub's":   {"B <bo@users.noreply.github.com.example.test>", "x", []fact.Person{{Name: "B", Email: "bo@users.noreply.github.com.example.test"}}},
		"the address of GitHub itself is no account": {"GitHub <noreply@github.com>", "x", []fact.Person{{Name: "GitHub", Email: "noreply@github.com"}}},
		"co-authors, however written": {
			"A <1+ana@users.noreply.github.com>", "x\n\nCO-AUTHORED-BY: Bo <2+bo@users.noreply.github.com>\nCo-authored-by:Cy<cy@example.test>\n",
			[]fact.Person{{Login: "ana"}, {Login: "bo"}, {Name: "Cy", Email: "cy@example.test"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			base := w.commit("one")
			w.who = c.who
			head := w.commit(c.message)
			p := pullOf(t, w.reader(), base, head)
			if diff := cmp.Diff(c.want, p.Commits[0].People); diff != "" {
				t.Error(diff)
			}
			if p.Author != c.want[0] {
				t.Errorf("author %+v", p.Author)
			}
		})
	}
}

func TestAMergeOfTheBaseIsCleanUnlessSomebodyAddedToIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		main, topic, extra string // what each writes to "f", and what the merge adds
		want               bool
	}{
		"both sides leave each other alone": {"", "", "", true},
		"the merge adds a line":             {"", "", "evil", false},
		"both changed one file":             {"main" + text, text + "topic", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			w.write("f", text)
			w.commit("one")
			w.git("checkout", "-q", "-b", "topic")
			w.write("topic", "1")
			if c.topic != "" {
				w.write("f", c.topic)
			}
			w.commit("topic")
			w.git("checkout", "-q", "main")
			w.write("base", "1")
			if c.main != "" {
				w.write("f", c.main)
			}
			base := w.commit("base")
			w.git("checkout", "-q", "topic")
			w.who = "Bo <2+bo@users.noreply.github.com>"
			w.git("merge", "-q", "--no-ff", "-m", "update", "main")
			if c.extra != "" {
				w.write("base", c.extra)
				w.git("add", "-A")
				w.git("commit", "-q", "--amend", "--no-edit")
			}
			p := pullOf(t, w.reader(), base, w.git("rev-parse", "HEAD"))
			last := p.Commits[len(p.Commits)-1]
			if len(last.Parents) != 2 || last.CleanMerge != c.want {
				t.Errorf("%+v, want clean %t", last, c.want)
			}
		})
	}
}

func TestContentsSayWhatIsAbsentAndWhatIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.write("a/b/c.go", "package b\n")
	w.write("a/b/empty", "")
	w.write("big", string(make([]byte, 1<<20+1)))
	if err := os.Symlink("c.go", filepath.Join(w.dir, "a/b/link")); err != nil {
		t.Fatal(err)
	}
	base := w.commit("one")
	w.write("a/b/d.go", "package b\n")
	head := w.commit("two")
	r := w.reader()
	p := pullOf(t, r, base, head)
	var got fact.Contents
	err := r.Read(p, []analyse.Want{{Path: "a/b/d.go"}, {Path: "big"}, {Path: "a/b", Dir: true}, {Path: "gone", Dir: true}, {Path: "", Dir: true}, {Path: "a"}}, &got)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, m fact.Maybe[[]byte], known, file bool) {
		if m.IsKnown() != known || known && (m.Value != nil) != file {
			t.Errorf("%s: %v", name, m)
		}
	}
	check("a file that is not there yet", got.Base.File("a/b/d.go"), true, false)
	check("a file", got.Head.File("a/b/d.go"), true, true)
	check("an empty file", got.Head.File("a/b/empty"), true, true)
	check("a link", got.Head.File("a/b/link"), false, false)
	if to := got.Head.Links["a/b/link"]; to.Value != "c.go" {
		t.Errorf("the link leads to %v", to)
	}
	check("a file over the bound", got.Head.File("big"), false, false)
	check("a directory in place of a file", got.Head.File("a"), true, false)
	check("what was not asked for", got.Head.File("other"), false, false)
	if diff := cmp.Diff([]string{"c.go", "d.go", "empty", "link"}, got.Head.Dirs["a/b"].Value); diff != "" {
		t.Error(diff)
	}
	if d := got.Head.Dirs["gone"]; !d.IsKnown() || d.Value != nil {
		t.Errorf("a directory that is not there: %v", d)
	}
	if diff := cmp.Diff([]string{"big"}, got.Head.Dirs[""].Value); diff != "" {
		t.Error(diff)
	}
}

func TestAStrangePathIsAGap(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	base := w.commit("one")
	w.write("odd", "1")
	head := w.commit("two")
	r, err := w.open().Reader(t.Context(), replay.Options{Strange: func(p string) string {
		if p == "odd" {
			return "it is odd"
		}
		return ""
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := []fact.Gap{{About: fact.AboutFiles, Paths: []string{"odd"}, Reason: "it is odd"}}
	if diff := cmp.Diff(want, pullOf(t, r, base, head).Gaps); diff != "" {
		t.Error(diff)
	}
}
