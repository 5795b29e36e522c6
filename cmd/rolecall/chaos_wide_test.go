package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// wide is the first of the seeds in whose histories happens what these files
// were given later: clients that lose patience, teams that go or change their
// names, merge groups, deliveries from long ago, time that passes and changes
// decisions. A seed below it makes the history that it always made.
const wide = 1 << 41

// wider is the first of the seeds in whose histories calls may take effect when
// rolecall waits for them no longer, and the database has no room or ends every
// connection.
const wider = 1 << 42

// impatience is how long rolecall waits for GitHub in a history: longer
// than a busy machine makes it wait.
const impatience = 8 * time.Second

// widePolicy has one role that changes hands with the time alone.
const widePolicy = policyText + `
role "on-call-engineer" {
  rotation {
    start  = "2026-01-05T09:00:00Z"
    length = "1h"
    order  = ["@ana", "@cy"]
  }
}

rule "duty" {
  changes = [for f in files : f if f.path == "instances/main.tf"]
  require "on-call-engineer" {}
}
`

// widen adds what else happens to a history, at random places in it.
func (g *generator) widen() {
	base := g.steps
	g.Rand = rand.New(rand.NewPCG(g.seed, 1)) //nolint:gosec // it has to be repeatable
	for range 2 + g.IntN(8) {
		g.steps = nil
		g.late()
		at := 1 + g.IntN(len(base))
		base = slices.Insert(base, at, g.steps...)
	}
	g.steps = base
}

// late adds one of the things that only happen in wide histories.
func (g *generator) late() {
	kinds := 12
	if g.seed >= wider {
		kinds = 14
	}
	switch g.IntN(kinds) {
	case 12, 13:
		d := time.Duration(20+g.IntN(400)) * time.Millisecond
		g.add("the database takes nothing for "+d.String(), func(c *chaos) { c.refuse(d) })
	case 0, 1:
		g.timeout()
	case 2:
		team := pick(g, []string{"cloud", "security"})
		g.add("the team "+team+" is deleted", func(c *chaos) {
			if c.w.org.HasTeam(team) {
				c.w.org.Team(team).Delete()
			}
		})
	case 3:
		from, to := pick(g, []string{"cloud", "security", "others"}), pick(g, []string{"cloud", "security", "others"})
		g.add("the team "+from+" is called "+to+" from now on", func(c *chaos) {
			if c.w.org.HasTeam(from) && !c.w.org.HasTeam(to) {
				c.w.org.Team(from).Rename(to)
			}
		})
	case 4:
		team, who := pick(g, []string{"cloud", "security"}), []string{pick(g, reviewers), pick(g, reviewers)}
		g.add(fmt.Sprintf("there is a team %s, with %s", team, strings.Join(who, " and ")), func(c *chaos) { c.w.org.Team(team, who...) })
	case 5, 6, 7:
		g.group()
	case 8:
		order, n := g.Uint64(), 1+g.IntN(6)
		g.add(fmt.Sprintf("%d deliveries of the past are sent again, in any order", n), func(c *chaos) {
			list := c.w.gh.Deliveries()
			r := rand.New(rand.NewPCG(order, 0)) //nolint:gosec // it has to be repeatable
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			for _, d := range list[:min(n, len(list))] {
				c.w.gh.Redeliver(d.ID)
			}
		})
	case 9, 10:
		d := time.Duration(20+g.IntN(100)) * time.Minute
		g.add(d.String()+" pass", func(c *chaos) { c.w.pass(d) })
	case 11:
		other, d := pick(g, reviewers), time.Duration(5+g.IntN(90))*time.Minute
		login, project := pick(g, []string{"ana", "bo"}), pick(g, []string{"instances", "billing"})
		g.pull(fmt.Sprintf("%s delegates %s to %s for %s", login, project, other, d), func(c *chaos, p *githubtest.Pull) {
			until := c.w.clock().Add(d).UTC().Format(time.RFC3339)
			c.comments[p] = append(c.comments[p], p.Comment(login, "/delegate @"+other+" "+project+" until "+until))
		})
	}
}

// timeout adds calls whose answer comes later than rolecall waits for it.
func (g *generator) timeout() {
	f := githubtest.Fault{Operation: pick(g, written), Times: 1 + g.IntN(2), Skip: g.IntN(4)}
	what := ""
	if g.seed >= wider && g.IntN(3) == 0 {
		f.Delay = impatience + 200*time.Millisecond
		what = "take effect too late, and are answered too late"
	} else if g.IntN(2) == 0 {
		f.Late = impatience + 200*time.Millisecond
		what = "take effect, and are answered too late"
	} else {
		f.Delay, f.Status = impatience+200*time.Millisecond, 502
		what = "do not take effect, which is answered too late"
	}
	g.add(fmt.Sprintf("%d calls of %s after %d %s", f.Times, f.Operation, f.Skip, what), func(c *chaos) { c.w.gh.Inject(f) })
}

// waits reports whether rolecall loses its patience in a history, which takes
// long.
func waits(steps []step) bool {
	return slices.ContainsFunc(steps, func(s step) bool { return strings.HasSuffix(s.what, "answered too late") })
}

// group adds what happens to a merge queue.
func (g *generator) group() {
	switch g.IntN(4) {
	case 0, 1:
		base, n := pick(g, bases), 1+g.IntN(2)
		g.whileOpen("it is queued to be merged", func(_ *chaos, p *githubtest.Pull) { enqueue(p) })
		g.add(fmt.Sprintf("a merge group of %d into %s is built", n, base), func(c *chaos) { c.build(base, n) })
	case 2:
		g.whileOpen("it is queued, and built by itself", func(c *chaos, p *githubtest.Pull) {
			enqueue(p)
			c.build(p.BaseBranch(), 1)
		})
	case 3:
		g.add("a merge group is given up", func(c *chaos) {
			for _, group := range c.groups {
				if !group.Done() {
					group.Destroy("invalidated")
					return
				}
			}
		})
	}
}

func enqueue(p *githubtest.Pull) {
	if ok, _ := p.Mergeable(); ok && !p.InQueue() {
		p.Enqueue("mia")
	}
}

// build makes a group, in whose place an earlier one of the same pull requests
// is given up.
func (c *chaos) build(base string, n int) {
	for _, g := range c.groups {
		if !g.Done() && g.Base() == base {
			g.Destroy("invalidated")
		}
	}
	if group := c.w.repo.TryGroup(base, n); group != nil {
		c.groups = append(c.groups, group)
	}
}

// patiently tries again what may fail for no other reason than rolecall's
// impatience on a busy machine, as rolecall does every few minutes.
func (c *chaos) patiently(do func(context.Context) error) {
	var err error
	for range 20 {
		if err = do(c.w.t.Context()); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.w.t.Fatal(err)
}

// refuse has the database refuse what is written to it for a while.
func (c *chaos) refuse(d time.Duration) {
	if c.w.server == nil {
		return
	}
	c.w.refuse(d)
}

// onTime has looked at what a clock that is ahead has made due: rolecall waits
// by the time of day.
func (c *chaos) onTime() {
	w := c.w
	var due []queue.Target
	for _, p := range c.pulls {
		if p == nil {
			continue
		}
		d, ok, err := w.server.store.Decided(w.t.Context(), w.ref(p))
		if err != nil {
			w.t.Fatal(err)
		}
		if ok && !d.ValidUntil.IsZero() && !d.ValidUntil.After(w.clock()) {
			due = append(due, queue.Target{Kind: queue.Pull, Ref: w.ref(p), Why: "time"})
		}
	}
	c.lookAt(due)
}

// judgeGroups compares the check of each merge group that still waits with
// what its pull requests call for, once it was asked for again: a group is
// answered once, by what was known at that time.
func (c *chaos) judgeGroups(o *oracle) {
	w := c.w
	for _, g := range c.groups {
		base := g.Base()
		if g.Done() || slices.ContainsFunc(g.Pulls(), func(p *githubtest.Pull) bool {
			return p.State() != "open" || !p.InQueue() || p.BaseBranch() != base // one that was retargeted has left the group
		}) {
			continue
		}
		before := w.repo.ChecksAt(g.HeadSHA())
		want, status := o.group(g)
		if want == "" {
			continue // no policy, or a broken one that was never seen
		}
		if len(before) == 0 {
			w.t.Errorf("the merge group of #%d has no check", g.Pulls()[0].Number())
		}
		g.Rerequest("mia")
		c.settle()
		name := "rolecall: " + base
		if got := g.Check(name); got.Status != "completed" || got.Conclusion != want {
			w.t.Errorf("the check of the merge group of #%d is %s %s %q; its pull requests are %s, so that it is to be %s",
				g.Pulls()[0].Number(), got.Status, got.Conclusion, got.Title, status, want)
		}
	}
}

// group is the conclusion that a merge group calls for, "" for none.
func (o *oracle) group(g *githubtest.MergeGroup) (conclusion string, status policy.Status) {
	var refs []fact.Ref
	for _, p := range g.Pulls() {
		refs = append(refs, o.w.ref(p))
	}
	o.made.plan.Actions = nil
	err := o.line.Group(context.WithoutCancel(o.w.t.Context()), pipeline.Group{
		Installation: refs[0].Installation, Owner: refs[0].Owner, Repo: refs[0].Repo, SHA: g.HeadSHA(), BaseRef: g.Base(), Pulls: refs,
	})
	if err != nil {
		o.w.t.Fatalf("the oracle: %v", err)
	}
	for _, a := range o.made.plan.Actions {
		return a.Check.Conclusion, a.Check.Shown.Decision.Status
	}
	return "", ""
}
