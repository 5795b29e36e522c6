package replay_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/policy"
)

func load(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, diags := policy.Load(nil, &policy.Source{Name: "test", Bytes: []byte(text)})
	if p == nil {
		t.Fatal(diags)
	}
	return p
}

// history is a repository of n changes, every third of Go code and every tenth
// a merge.
func history(t testing.TB, n int) (w *workshop, titles []string) {
	w = newWorkshop(t)
	w.commit("root")
	for i := range n {
		title := fmt.Sprintf("change %d", i)
		file := "f"
		if i%3 == 0 {
			file = "f.go"
		}
		if i%10 == 0 {
			w.git("checkout", "-q", "-b", fmt.Sprint("topic", i))
		}
		w.write(file, fmt.Sprintf("package a // %d\n", i))
		w.commit(title)
		if i%10 == 0 {
			w.git("checkout", "-q", "main")
			w.git("merge", "-q", "--no-ff", "-m", "merge", fmt.Sprint("topic", i))
		}
		titles = append(titles, title)
	}
	slices.Reverse(titles)
	return w, titles
}

func backtest(t testing.TB, w *workshop, each func(replay.Decided) error, texts ...string) error {
	t.Helper()
	repo := w.open()
	b := replay.Backtest{Repository: repo, People: unread, Branch: "main", Workers: 3}
	for _, text := range texts {
		b.Policies = append(b.Policies, load(t, text))
	}
	tip, err := repo.Resolve(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	b.Tip = tip
	list := func(yield func(replay.Change) error) error { return repo.History(t.Context(), tip, "", yield) }
	return b.Run(t.Context(), list, each)
}

func TestABacktestHandsOnEveryChangeInTheOrderOfHistory(t *testing.T) {
	t.Parallel()
	w, want := history(t, 30)
	var got []string
	sum := replay.NewTallier()
	if err := backtest(t, w, func(d replay.Decided) error {
		got = append(got, d.Title)
		sum.Add(d)
		return nil
	}, rules, rules+`
rule "text" {
  changes = glob("f")
  require "manager" {}
}`); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	all := sum.Tally()
	if all.Changes != 30 || all.Asked != 10 || all.Unknown != 0 || len(all.Different) != 20 {
		t.Errorf("%+v", all)
	}
	if diff := cmp.Diff([]replay.Load{{Name: "cloud", Changes: 10}, {Name: "security", Changes: 10}}, all.Roles); diff != "" {
		t.Error(diff)
	}
	for _, d := range all.Different {
		if len(d.Less) != 0 || len(d.More) != 1 || d.More[0].Role != "manager" || d.More[0].Rule != "text" || len(d.More[0].Reasons) == 0 {
			t.Errorf("%+v", d)
		}
	}
}

func TestABacktestStopsWhenItsReaderDoes(t *testing.T) {
	t.Parallel()
	w, _ := history(t, 12)
	enough := errors.New("enough")
	n := 0
	err := backtest(t, w, func(replay.Decided) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	}, rules)
	if !errors.Is(err, enough) || n != 3 {
		t.Errorf("%v after %d", err, n)
	}
}
