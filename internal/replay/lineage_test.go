package replay_test

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/replay"
)

// tangle is a repository of n commits with up to three parents each, more than
// one of them a root, of which main is a line from the first to the last.
func tangle(t *testing.T, n int, seed uint64) (w *workshop, commits []string) {
	t.Helper()
	w = newWorkshop(t)
	r := rand.New(rand.NewPCG(seed, 0))
	var in strings.Builder
	lastOf := map[string]int{"main": -1, "topic": -1}
	for i := range n {
		branch := "main"
		if i > 0 && i < n-1 && r.IntN(3) > 0 {
			branch = "topic"
		}
		at := 1000 + 10*i - r.IntN(40) // clocks are not to be relied on
		fmt.Fprintf(&in, "commit refs/heads/all/%d\nmark :%d\ncommitter A <a@example.test> %d +0000\ndata 1\nx\n", i, i+1, at)
		parents := []int{lastOf[branch]}
		switch {
		case i == 0 || branch == "topic" && r.IntN(12) == 0:
			parents = nil
		case branch == "topic" && (parents[0] < 0 || r.IntN(3) == 0):
			parents[0] = r.IntN(i)
		}
		for i > 0 && len(parents) > 0 && len(parents) < 3 && r.IntN(3) == 0 {
			parents = append(parents, r.IntN(i))
		}
		for k, p := range parents {
			word := "merge"
			if k == 0 {
				word = "from"
			}
			fmt.Fprintf(&in, "%s :%d\n", word, p+1)
		}
		fmt.Fprintf(&in, "M 644 inline f%d\ndata 1\n%d\n\n", r.IntN(5), r.IntN(10))
		lastOf[branch] = i
	}
	cmd := exec.Command("git", "fast-import", "--quiet")
	cmd.Dir, cmd.Stdin = w.dir, strings.NewReader(in.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for i := range n {
		commits = append(commits, w.git("rev-parse", fmt.Sprintf("all/%d", i)))
	}
	return w, commits
}

// TestALineageTellsWhatGitTells compares the facts of many changes with and
// without one.
func TestALineageTellsWhatGitTells(t *testing.T) {
	t.Parallel()
	told := 0
	for seed := range uint64(2) {
		w, commits := tangle(t, 40, seed)
		repo := w.open()
		tip := commits[len(commits)-1]
		quick, err := repo.ReaderWithLineage(t.Context(), tip)
		if err != nil {
			t.Fatal(err)
		}
		defer quick.Close()
		slow := w.reader()
		for line, i := strings.Fields(w.git("rev-list", "--first-parent", tip)), 0; i < len(line); i += 5 {
			for _, head := range commits {
				if !quick.LineageTells(line[i], head) {
					continue
				}
				told++
				change := replay.Change{Base: line[i], Head: head}
				want, err := slow.Pull(change)
				if err != nil {
					t.Fatal(err)
				}
				got, err := quick.Pull(change)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("seed %d, %s to %s:\n%s", seed, head, line[i], diff)
				}
			}
		}
	}
	if told < 50 {
		t.Errorf("a lineage told %d changes", told)
	}
}

// BenchmarkBacktest replays a history of merged branches.
func BenchmarkBacktest(b *testing.B) {
	w, titles := history(b, 60)
	policies := rules
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := backtest(b, w, func(replay.Decided) error { n++; return nil }, policies); err != nil || n != len(titles) {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.N*len(titles))/b.Elapsed().Seconds(), "changes/s")
}
