package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
)

// step is one thing that happens in a history. What it does depends on GitHub's
// state alone, so that it can be left out, and the rest still means something:
// where it is not possible it does nothing.
type step struct {
	what string
	do   func(*chaos)
}

// history is what happens for a seed, always the same.
func history(seed uint64) []step {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), seed: seed} //nolint:gosec // it has to be repeatable
	g.open()
	for range 10 + g.IntN(30) {
		g.step()
	}
	if seed >= wide {
		g.widen()
	}
	return g.steps
}

type generator struct {
	*rand.Rand
	seed  uint64
	steps []step
	pulls int // opened so far
	down  bool
	held  bool
}

var (
	authors   = []string{"dan", "eve", "bo"}
	reviewers = []string{"ana", "bo", "cy", "sam", "mia", "eve"}
	bases     = []string{"main", "release"}
)

// versions are what files may become; the last of each are a mistake.
var versions = map[string][]any{
	"main.go": {
		goBefore, goAfter, "package main\n\n// A remark.\nfunc main() {}\n", "package main\n\nfunc main() { broken\n", githubtest.Delete,
	},
	"instances/main.tf": {
		"resource \"google_project\" \"p\" {}\n", "resource \"google_project\" \"q\" {}\n", "# a remark\n", "resource {{\n", githubtest.Delete,
	},
	"billing/charge.go": {"package billing\n", "package billing\n\nfunc Charge() {}\n"},
	"README.md":         {"# Cloud\n\nMore.\n", "# Other\n", githubtest.Executable("# Run\n")},
	"docs/x.md":         {"x\n", "y\n"},
	policy.RepoPath:     {policyText + "\n# a remark\n", "rule {\n"},
}

// chaosPolicies are what the policy in force may become.
var chaosPolicies = []string{
	policyText,
	policyText + "\nrule \"all\" {\n  require \"manager\" {}\n}\n",
	strings.Replace(policyText, `dri   = "@bo"`, `dri   = "@cy"`, 1),
	strings.Replace(policyText, `members = ["@acme/cloud"]`, `members = ["@acme/cloud", "@eve"]`, 1),
	"rule {\n", // does not load
}

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

func (g *generator) add(what string, do func(*chaos)) { g.steps = append(g.steps, step{what, do}) }

func (g *generator) files() githubtest.Files {
	paths := make([]string, 0, len(versions))
	for p := range versions {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	out := githubtest.Files{}
	for range 1 + g.IntN(2) {
		p := pick(g, paths)
		if p == policy.RepoPath && g.IntN(3) > 0 {
			p = "main.go"
		}
		out[p] = pick(g, versions[p])
	}
	return out
}

func names(f githubtest.Files) string {
	var out []string
	for p := range f {
		out = append(out, p)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// pull adds a step that happens to a pull request.
func (g *generator) pull(what string, do func(*chaos, *githubtest.Pull)) {
	n := g.IntN(g.pulls)
	g.add(fmt.Sprintf("pull request %d: %s", n, what), func(c *chaos) {
		if n < len(c.pulls) && c.pulls[n] != nil {
			do(c, c.pulls[n])
		}
	})
}

// whileOpen is pull, for what happens only while it is open.
func (g *generator) whileOpen(what string, do func(*chaos, *githubtest.Pull)) {
	g.pull(what, func(c *chaos, p *githubtest.Pull) {
		if p.State() == "open" {
			do(c, p)
		}
	})
}

func (g *generator) open() {
	o := githubtest.PullRequest{Author: pick(g, authors), Title: "Change", Base: "main", Files: g.files(), Draft: g.IntN(8) == 0, Fork: g.IntN(8) == 0}
	if g.IntN(5) == 0 {
		o.Base = "release"
	}
	n, shares := g.pulls, -1
	if n > 0 && g.IntN(6) == 0 {
		shares = g.IntN(n)
	}
	g.pulls++
	what := fmt.Sprintf("pull request %d: %s opens it into %s with %s", n, o.Author, o.Base, names(o.Files))
	if shares >= 0 {
		what += fmt.Sprintf(", from the branch of %d", shares)
	}
	g.add(what, func(c *chaos) {
		for len(c.pulls) <= n {
			c.pulls = append(c.pulls, nil)
		}
		o := o
		// Files that are as they were, or gone already, make no change.
		o.Files = c.real(c.w.repo.Head(o.Base), o.Files)
		o.Files[fmt.Sprintf("notes/%d.md", n)] = "note\n"
		if shares >= 0 && c.pulls[shares] != nil && c.pulls[shares].State() == "open" && !c.forks[shares] {
			other := c.pulls[shares]
			o.Head, o.Files, o.Fork = other.HeadBranch(), nil, false
			o.Base = bases[1-slices.Index(bases, other.BaseBranch())]
			if c.taken(o.Head, o.Base) || c.w.repo.Ahead(c.w.repo.Head(o.Base), other.Head()) == 0 {
				return
			}
		}
		c.pulls[n] = c.w.repo.Open(o)
		if o.Fork {
			c.forks[n] = true
		}
	})
}

func (g *generator) step() {
	login, other := pick(g, reviewers), pick(g, reviewers)
	switch n := g.IntN(100); {
	case n < 7:
		if g.pulls < 5 {
			g.open()
		}
	case n < 21:
		g.whileOpen(login+" approves", func(c *chaos, p *githubtest.Pull) {
			if p.AuthorLogin() != login {
				c.reviews = append(c.reviews, review{p, login, p.Approve(login)})
			}
		})
	case n < 24:
		g.whileOpen(login+" requests changes", func(c *chaos, p *githubtest.Pull) {
			if p.AuthorLogin() != login {
				c.reviews = append(c.reviews, review{p, login, p.Review(login, "request_changes", "no")})
			}
		})
	case n < 26:
		g.whileOpen(login+" comments in a review", func(_ *chaos, p *githubtest.Pull) { p.Review(login, "comment", "hm") })
	case n < 30:
		g.pull("mia dismisses the review of "+login, func(c *chaos, p *githubtest.Pull) {
			if c.dismissible(p, login) {
				p.Dismiss(login, "mia")
			}
		})
	case n < 38:
		f, who := g.files(), pick(g, []string{"", "", login})
		g.whileOpen(fmt.Sprintf("%s pushes %s", or(who, "the author"), names(f)), func(c *chaos, p *githubtest.Pull) {
			if f := c.real(p.Head(), f); len(f) > 0 {
				p.Push(or(who, p.AuthorLogin()), f)
			}
		})
	case n < 42:
		f := g.files()
		g.whileOpen("the author pushes "+names(f)+" with force", func(c *chaos, p *githubtest.Pull) {
			f := c.real(c.w.repo.Head("main"), f)
			f[fmt.Sprintf("forced/%d.md", p.Number())] = "forced\n"
			p.ForcePush(p.AuthorLogin(), f)
		})
	case n < 46:
		g.pull("mia labels it security", func(_ *chaos, p *githubtest.Pull) { p.Label("mia", "security") })
	case n < 48:
		g.pull("mia takes the label off", func(_ *chaos, p *githubtest.Pull) {
			if slices.Contains(p.Labels(), "security") {
				p.Unlabel("mia", "security")
			}
		})
	case n < 57:
		body := pick(g, []string{
			"/help", "/recheck", "/explain", "/assign-dri @" + other + " instances", "/assign-dri @" + other, "/unassign-dri instances",
			"/request @mia", "/needs-security it deletes data", "/delegate @" + other + " instances", "/nonsense", "I like it",
		})
		g.pull(login+" comments "+body, func(c *chaos, p *githubtest.Pull) { c.comments[p] = append(c.comments[p], p.Comment(login, body)) })
	case n < 59:
		g.pull("a comment is edited", func(c *chaos, p *githubtest.Pull) {
			if list := c.comments[p]; len(list) > 0 {
				p.EditComment(list[len(list)-1], list[len(list)-1].Author(), "never mind")
			}
		})
	case n < 60:
		g.pull("a comment is deleted", func(c *chaos, p *githubtest.Pull) {
			if list := c.comments[p]; len(list) > 0 {
				p.DeleteComment(list[len(list)-1], list[len(list)-1].Author())
				c.comments[p] = list[:len(list)-1]
			}
		})
	case n < 63:
		team, joins := pick(g, []string{"cloud", "security"}), g.IntN(2) == 0
		g.add(fmt.Sprintf("%s joins %s: %t", login, team, joins), func(c *chaos) {
			if joins {
				c.w.org.Team(team).Add(login)
			} else {
				c.w.org.Team(team).Remove(login)
			}
		})
	case n < 65:
		base := pick(g, bases)
		g.whileOpen("it is retargeted to "+base, func(c *chaos, p *githubtest.Pull) {
			if !c.taken(p.HeadBranch(), base) && c.w.repo.Ahead(c.w.repo.Head(base), p.Head()) > 0 {
				p.Retarget(base)
			}
		})
	case n < 68:
		g.pull("it is closed", func(_ *chaos, p *githubtest.Pull) { p.Close() })
	case n < 71:
		g.pull("it is opened again", func(c *chaos, p *githubtest.Pull) {
			if p.State() == "closed" && !c.taken(p.HeadBranch(), p.BaseBranch()) {
				_ = p.TryReopen() // its branch may not be what it was
			}
		})
	case n < 73:
		g.whileOpen("it becomes a draft, or ready", func(_ *chaos, p *githubtest.Pull) { p.ConvertToDraft() })
		g.whileOpen("it is ready", func(_ *chaos, p *githubtest.Pull) { p.MarkReady() })
	case n < 75:
		text := pick(g, chaosPolicies)
		g.add("another policy comes into force", func(c *chaos) {
			if now, _ := c.w.repo.Read("main", policy.RepoPath); now != text {
				c.w.repo.Commit("main", "Policy", githubtest.Files{policy.RepoPath: text}, githubtest.By("mia"))
			}
		})
	case n < 76:
		g.whileOpen("it is merged", func(c *chaos, p *githubtest.Pull) {
			if ok, _ := p.Mergeable(); ok {
				_ = p.Merge("mia") // a conflict leaves it open
			}
		})
	case n < 78:
		g.whileOpen("mia asks "+login, func(_ *chaos, p *githubtest.Pull) {
			if p.AuthorLogin() != login {
				p.Request("mia", login)
			}
		})
	case n < 79:
		g.whileOpen("mia withdraws a request", func(_ *chaos, p *githubtest.Pull) {
			if asked := p.Requested(); len(asked) > 0 {
				p.Unrequest("mia", asked[0])
			}
		})
	case n < 80:
		g.add("main moves on", func(c *chaos) {
			c.moves++
			c.w.repo.Commit("main", "Else", githubtest.Files{fmt.Sprintf("else/%d.md", c.moves): "else\n"}, githubtest.By("mia"))
		})
	case n < 81:
		g.whileOpen("its base is merged into it", func(c *chaos, p *githubtest.Pull) {
			p.MergeBase(p.AuthorLogin(), githubtest.Files{fmt.Sprintf("merged/%d.md", p.Number()): p.Head() + "\n"})
		})
	case n < 84:
		d := time.Duration(1+g.IntN(600)) * time.Second
		g.add("GitHub's clock goes on by "+d.String(), func(c *chaos) { c.w.pass(d) })
	case n < 88:
		g.fault()
	case n < 91:
		g.disturb()
	case n < 95:
		g.machine()
	default:
		d := time.Duration(g.IntN(120)) * time.Millisecond
		g.add("nothing happens for "+d.String(), func(*chaos) { time.Sleep(d) })
	}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// written are the operations that faults are tried on, beside all together.
var written = []string{
	"*", "*", "graphql", "checks/create", "checks/update", "pulls/request-reviewers", "pulls/remove-requested-reviewers",
	"issues/create-comment", "reactions/create-for-issue-comment", "issues/add-assignees", "git/get-blob", "git/get-tree",
}

// fault adds something that goes wrong with calls to GitHub.
func (g *generator) fault() {
	f := githubtest.Fault{Operation: pick(g, written), Times: 1 + g.IntN(3), Skip: g.IntN(4)}
	what := ""
	switch g.IntN(8) {
	case 0, 1:
		f.Status = pick(g, []int{500, 502, 503, 504})
		what = fmt.Sprint(f.Status)
	case 2:
		f.Drop, f.Status = true, 502
		what = "cut off before it takes effect"
	case 3:
		f.Drop = true
		what = "cut off after it took effect"
	case 4:
		f.Status, f.Header = pick(g, []int{403, 429}), http.Header{"Retry-After": {"1"}}
		f.Body = `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`
		what = fmt.Sprintf("%d, come back in a second", f.Status)
	case 5:
		f.Operation, f.Status = "graphql", 200
		f.Body = `{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for installation."}]}`
		f.Header = http.Header{"Retry-After": {"1"}, "Content-Type": {"application/json"}}
		what = "limited, in a 200"
	case 6:
		f.Delay = time.Duration(20+g.IntN(200)) * time.Millisecond
		what = "late by " + f.Delay.String()
	case 7:
		f.Late = time.Duration(20+g.IntN(200)) * time.Millisecond
		what = "answered late by " + f.Late.String()
	}
	g.add(fmt.Sprintf("%d calls of %s after %d: %s", f.Times, f.Operation, f.Skip, what), func(c *chaos) { c.w.gh.Inject(f) })
}

// disturb adds something that goes wrong with deliveries.
func (g *generator) disturb() {
	if g.held {
		g.held = false
		order := g.Uint64()
		g.add("the deliveries that were kept back come in another order", func(c *chaos) { c.release(order) })
		return
	}
	switch g.IntN(4) {
	case 0:
		g.held = true
		g.add("deliveries are kept back", func(c *chaos) { c.w.gh.Hold() })
	case 1:
		g.add("deliveries come as they should", func(c *chaos) { c.w.gh.Disturb(githubtest.Disturbance{}) })
	default:
		drop, copies, late := g.IntN(40), g.IntN(40), g.IntN(60)
		salt := g.Uint64()
		g.add(fmt.Sprintf("of 100 deliveries %d are dropped, %d come twice, %d come late", drop, copies, late), func(c *chaos) {
			seen := map[string]int{}
			c.w.gh.Disturb(githubtest.Disturbance{Choose: func(d githubtest.Delivery) (out githubtest.Disturbance) {
				// By what it is and not by when it comes, so that it is the same
				// each time.
				what := fmt.Sprint(d.Event, d.Action, d.Repository)
				seen[what]++
				h := fnv.New64a()
				fmt.Fprint(h, what, seen[what])
				r := rand.New(rand.NewPCG(salt, h.Sum64())) //nolint:gosec // it has to be repeatable
				out.Drop = r.IntN(100) < drop
				if r.IntN(100) < copies {
					out.Copies = 1 + r.IntN(2)
				}
				if r.IntN(100) < late {
					out.Delay = time.Duration(r.IntN(300)) * time.Millisecond
				}
				return out
			}})
		})
	}
}

// machine adds something that happens to rolecall's own machine.
func (g *generator) machine() {
	if g.down {
		g.down = false
		g.add("rolecall is started", func(c *chaos) { c.up() })
		return
	}
	switch g.IntN(6) {
	case 0:
		g.down = true
		g.add("rolecall is killed", func(c *chaos) { c.kill() })
	case 1, 2:
		g.add("rolecall is killed and started", func(c *chaos) { c.kill(); c.up() })
	case 3:
		g.add("rolecall is stopped and started", func(c *chaos) { c.down(); c.up() })
	default:
		d := time.Duration(20+g.IntN(250)) * time.Millisecond
		g.add("somebody else locks the database for "+d.String(), func(c *chaos) { c.lock(d) })
	}
}
