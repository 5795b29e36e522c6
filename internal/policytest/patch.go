package policytest

import (
	"fmt"
	"strings"

	"github.com/hexops/gotextdiff"
	"github.com/hexops/gotextdiff/myers"
	"github.com/hexops/gotextdiff/span"

	"github.com/rolecall/rolecall/policy/fact"
)

// maxLines is how many lines the two texts of a file may differ in at most
// for a patch to be made: its cost grows with their square.
const maxLines = 1_000

// patch is the change of a file line by line. Where it is long, all lines that
// differ at all count.
func patch(before, after *string) (p fact.Maybe[string], additions, deletions int) {
	old, new := lines(before), lines(after)
	first := 0
	for first < len(old) && first < len(new) && old[first] == new[first] {
		first++
	}
	last := 0
	for last < len(old)-first && last < len(new)-first && old[len(old)-1-last] == new[len(new)-1-last] {
		last++
	}
	additions, deletions = len(new)-first-last, len(old)-first-last
	if additions+deletions > maxLines {
		return fact.Unknown[string]("the change is too long for a test's patch"), additions, deletions
	}
	a, b := strings.Join(old, ""), strings.Join(new, "")
	unified := gotextdiff.ToUnified("a", "b", a, myers.ComputeEdits(span.URIFromPath("file"), a, b))
	additions, deletions = 0, 0
	for _, h := range unified.Hunks {
		for _, l := range h.Lines {
			switch l.Kind {
			case gotextdiff.Insert:
				additions++
			case gotextdiff.Delete:
				deletions++
			}
		}
	}
	_, hunks, _ := strings.Cut(fmt.Sprint(unified), "\n+++ b\n")
	return fact.Known(hunks), additions, deletions
}

func lines(text *string) []string {
	if text == nil || *text == "" {
		return nil
	}
	return strings.SplitAfter(strings.TrimSuffix(*text, "\n")+"\n", "\n")[:strings.Count(strings.TrimSuffix(*text, "\n"), "\n")+1]
}
