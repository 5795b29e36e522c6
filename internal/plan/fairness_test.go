package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// A year of an organisation: people who each work on a few areas of the code,
// of whom some hold the role, go on holiday, and take a day or so for a
// review.
const (
	simulatedPulls = 10_000
	reviewers      = 20
	developers     = 40 // reviewers included
	areas          = 30
	perDay         = 40
)

// choosing picks one of those who may review; the presence of each is known.
type choosing func(n int, may []string, people map[string]fact.Presence) string

// outcome is what a way of choosing comes to.
type outcome struct {
	total  float64 // Gini of how often each was asked in all
	weekly float64 // the same of one week, on average over the weeks
	hits   float64 // share of pull requests whose reviewer knows them at least half as well as the one who knows them best
	open   int     // the most open reviews that anybody ever had
}

func simulate(seed uint64, choose choosing) outcome {
	r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a simulation
	name := func(i int) string { return fmt.Sprintf("p%02d", i) }
	lines := map[string][]int{}
	for i := range developers {
		lines[name(i)] = make([]int, areas)
		for range 3 {
			lines[name(i)][r.IntN(areas)] = 20 + r.IntN(400)
		}
	}
	reviewed := map[string][]int{}
	for i := range reviewers {
		reviewed[name(i)] = make([]int, areas)
	}
	type request struct {
		who  string
		done float64 // day
	}
	var open []request
	away := map[string]float64{} // until that day
	all, recent := map[string]int{}, map[string][]float64{}
	var weeks []map[string]int
	hits, known, worst := 0, 0, 0
	for n := range simulatedPulls {
		day := float64(n) / perDay
		open = slices.DeleteFunc(open, func(q request) bool { return q.done <= day })
		author := name(r.IntN(developers))
		area := r.IntN(areas)
		if r.IntN(4) > 0 { // mostly in one's own areas
			for i := range areas {
				if at := (area + i) % areas; lines[author][at] > 0 {
					area = at
					break
				}
			}
		}
		lines[author][area] += 1 + r.IntN(60)
		if who := name(r.IntN(reviewers)); r.IntN(200) == 0 {
			away[who] = day + 1 + float64(r.IntN(14))
		}
		people := map[string]fact.Presence{}
		var may []string
		best := 0
		for i := range reviewers {
			who := name(i)
			if who == author || away[who] > day {
				continue
			}
			may = append(may, who)
			p := fact.Presence{Changed: lines[who][area], Reviewed: reviewed[who][area]}
			for _, q := range open {
				if q.who == who {
					p.Open++
				}
			}
			recent[who] = slices.DeleteFunc(recent[who], func(at float64) bool { return at < day-30 })
			p.Recent = len(recent[who])
			people[who] = p
			best = max(best, p.Familiar())
			worst = max(worst, p.Open)
		}
		who := choose(n, may, people)
		if best > 0 {
			known++
			if 2*people[who].Familiar() >= best {
				hits++
			}
		}
		reviewed[who][area] += 1 + r.IntN(60)
		open = append(open, request{who, day + r.ExpFloat64()*1.2})
		all[who]++
		recent[who] = append(recent[who], day)
		if week := n / (7 * perDay); week == len(weeks) {
			weeks = append(weeks, map[string]int{})
		}
		weeks[len(weeks)-1][who]++
	}
	counts := func(m map[string]int) []int {
		var out []int
		for i := range reviewers {
			out = append(out, m[name(i)])
		}
		return out
	}
	o := outcome{total: gini(counts(all)), hits: float64(hits) / float64(known), open: worst}
	for _, w := range weeks {
		o.weekly += gini(counts(w)) / float64(len(weeks))
	}
	return o
}

// gini is 0 where all have as much, and nears 1 where one has all.
// https://en.wikipedia.org/wiki/Gini_coefficient
func gini(counts []int) float64 {
	counts = slices.Sorted(slices.Values(counts))
	sum, weighted := 0, 0
	for i, n := range counts {
		sum += n
		weighted += (i + 1) * n
	}
	if sum == 0 {
		return 0
	}
	n := float64(len(counts))
	return 2*float64(weighted)/(n*float64(sum)) - (n+1)/n
}

// ours is what rolecall does.
func ours(n int, may []string, people map[string]fact.Presence) string {
	p := pull(checks(run(1, "in_progress", "", "d1")), func(p *fact.Pull) {
		p.Number, p.Roster.People = n+1, people
	})
	made := plan.Make(decision(policy.Waiting, rule(role("cloud", may...))), p, plan.Options{Digest: digest, Self: self})
	for _, a := range made.Actions {
		if a.Kind == plan.Request {
			return a.Logins[0]
		}
	}
	panic("nobody is asked")
}

// TestWorkIsSharedFairlyAmongThoseWhoKnowIt compares rolecall's choice with
// the ways that code-review tools commonly have, over 10,000 pull requests.
func TestWorkIsSharedFairlyAmongThoseWhoKnowIt(t *testing.T) {
	const seed = 1
	r := rand.New(rand.NewPCG(2, seed)) //nolint:gosec // a simulation
	turn := 0
	ways := map[string]outcome{
		"rolecall": simulate(seed, ours),
		"random":   simulate(seed, func(_ int, may []string, _ map[string]fact.Presence) string { return may[r.IntN(len(may))] }),
		"round robin": simulate(seed, func(_ int, may []string, _ map[string]fact.Presence) string {
			for {
				turn++
				if who := fmt.Sprintf("p%02d", turn%reviewers); slices.Contains(may, who) {
					return who
				}
			}
		}),
		"who knows it best": simulate(seed, func(_ int, may []string, people map[string]fact.Presence) string {
			return slices.MaxFunc(may, func(a, b string) int { return people[a].Familiar() - people[b].Familiar() })
		}),
	}
	for _, name := range []string{"rolecall", "random", "round robin", "who knows it best"} {
		o := ways[name]
		t.Logf("%-18s Gini %.3f in all, %.3f by the week; knows the files %4.1f%%; at most %d open", name, o.total, o.weekly, 100*o.hits, o.open)
	}
	got, random, robin, best := ways["rolecall"], ways["random"], ways["round robin"], ways["who knows it best"]
	if got.weekly > random.weekly*0.9 || got.total > random.total*0.9 {
		t.Errorf("the work is shared no better than by chance: Gini %.3f and %.3f by the week, by chance %.3f and %.3f", got.total, got.weekly, random.total, random.weekly)
	}
	if got.total > best.total/3 || got.weekly > best.weekly/2 {
		t.Errorf("who knows the files has to do all the work: Gini %.3f and %.3f, by knowledge alone %.3f and %.3f", got.total, got.weekly, best.total, best.weekly)
	}
	if got.hits < 2*random.hits || got.hits < 2*robin.hits {
		t.Errorf("those who are asked know the files in %.2f of all, by chance in %.2f, by turns in %.2f", got.hits, random.hits, robin.hits)
	}
	if got.open > random.open {
		t.Errorf("somebody had %d open reviews, by chance %d", got.open, random.open)
	}
}

// BenchmarkChoose is one choice among 500 people.
func BenchmarkChoose(b *testing.B) {
	for _, n := range []int{5, 50, 500} {
		b.Run(fmt.Sprintf("%d people", n), func(b *testing.B) {
			people := map[string]fact.Presence{}
			var may []string
			for i := range n {
				login := fmt.Sprintf("p%03d", i)
				may = append(may, login)
				people[login] = fact.Presence{Open: i % 7, Recent: i % 13, Changed: i % 50, Reviewed: i % 90, Busy: i%9 == 0}
			}
			d := decision(policy.Waiting, rule(role("cloud", may...)))
			p := pull(checks(run(1, "in_progress", "", "d1")), func(p *fact.Pull) {
				p.Roster.People = people
				p.CreatedAt = now.Add(-time.Hour)
			})
			b.ReportAllocs()
			for b.Loop() {
				if got := plan.Make(d, p, plan.Options{Digest: digest, Self: self}); len(got.Actions) != 1 {
					b.Fatalf("%v", summary(got))
				}
			}
		})
	}
}
