package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

type backtestCmd struct {
	Repo    string   `placeholder:"DIR" default:"." help:"The git repository (${default})." type:"path"`
	Policy  string   `placeholder:"FILE" help:"The policy; left out: .github/rolecall.hcl as it stands at --head." type:"path"`
	Against string   `placeholder:"FILE" help:"Another policy: show which changes the two decide differently." type:"path"`
	Head    string   `placeholder:"REV" default:"HEAD" help:"The branch whose history is replayed (${default})."`
	Since   string   `placeholder:"DATE" help:"Leave out what is older, as git reads dates." xor:"over"`
	Pulls   bool     `help:"Replay the pull requests of refs/pull/*/head." xor:"over"`
	Branch  string   `placeholder:"NAME" help:"The name of the branch; left out: what origin/HEAD says, or main."`
	Team    []string `placeholder:"ORG/TEAM=LOGINS" sep:"none" help:"Who is in a team, with commas between them; may be given several times."`
	Format  string   `enum:"terminal,json,html" default:"terminal" help:"One of ${enum}; html is one page that needs nothing else."`
}

// Run replays policies over the history and prints what they would have asked.
func (c *backtestCmd) Run(ctx context.Context, s streams) error {
	repo, err := replay.Open(ctx, c.Repo)
	if err != nil {
		return fmt.Errorf("repository %s: %w", relative(c.Repo), err)
	}
	tip, err := repo.Resolve(ctx, c.Head)
	if err != nil {
		return fmt.Errorf("--head: %w", err)
	}
	if c.Since != "" {
		if err := repo.Since(ctx, c.Since); err != nil {
			return fmt.Errorf("--since: %w", err)
		}
	}
	policies, err := c.policies(ctx, s, repo, tip)
	if err != nil {
		return err
	}
	teams, err := c.teams()
	if err != nil {
		return err
	}
	b := replay.Backtest{
		Repository: repo, Options: readerOptions, Policies: policies, People: holdersWith(teams),
		Branch: cmp.Or(c.Branch, repo.DefaultBranch(ctx), "main"), Tip: tip, Workers: runtime.GOMAXPROCS(0),
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // little is kept of a change: memory is cheaper than collecting it
	}
	sum := replay.NewTallier(slices.Collect(maps.Keys(teams))...)
	bar := newProgress(s)
	list := func(yield func(replay.Change) error) error { return repo.History(ctx, tip, c.Since, yield) }
	if c.Pulls {
		list = func(yield func(replay.Change) error) error { return repo.Pulls(ctx, tip, yield) }
	}
	err = b.Run(ctx, list, func(d replay.Decided) error {
		sum.Add(d)
		bar.step()
		return nil
	})
	bar.done()
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(sum.Tally())
	case "html":
		page := replay.Page{Repository: repo.Name(), Policy: relative(cmp.Or(c.Policy, policy.RepoPath)), Tally: sum.Tally()}
		if c.Against != "" {
			page.Against = relative(c.Against)
		}
		return page.Write(s.out)
	}
	return c.show(s, sum.Tally())
}

// teams reads who is in the teams of --team.
func (c *backtestCmd) teams() (map[string][]string, error) {
	teams := make(map[string][]string)
	for _, t := range c.Team {
		name, list, ok := strings.Cut(t, "=")
		name = strings.ToLower(strings.TrimPrefix(name, "@"))
		if !ok || strings.Count(name, "/") != 1 {
			return nil, fmt.Errorf("--team %q is not of the form ORG/TEAM=LOGIN,LOGIN", t)
		}
		teams[name] = []string{}
		for login := range strings.SplitSeq(list, ",") {
			if login = fact.Login(strings.TrimPrefix(strings.TrimSpace(login), "@")); login != "" {
				teams[name] = append(teams[name], login)
			}
		}
	}
	return teams, nil
}

func (c *backtestCmd) policies(ctx context.Context, s streams, repo *replay.Repository, tip string) ([]*policy.Policy, error) {
	var sources []*policy.Source
	if c.Policy == "" {
		reader, err := repo.Reader(ctx, readerOptions)
		if err != nil {
			return nil, err
		}
		own, err := reader.Policy(tip)
		reader.Close()
		if err != nil {
			return nil, err
		}
		if own == nil {
			return nil, errors.New("there is no " + policy.RepoPath + " at --head\nhint: name a policy with --policy FILE; rolecall init writes one")
		}
		sources = append(sources, own)
	}
	for _, file := range []string{c.Policy, c.Against} {
		if file == "" {
			continue
		}
		source, err := readPolicy(file)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	var out []*policy.Policy
	for _, source := range sources {
		p, err := loadPolicy(s, nil, source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source.Name, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// maxShown is how many changes a list on a terminal names.
const maxShown = 20

func (c *backtestCmd) show(s streams, t replay.Tally) error {
	switch {
	case t.Changes == 0 && c.Pulls:
		fmt.Fprintln(s.out, "There is no pull request to replay.\nhint: git fetch origin '+refs/pull/*/head:refs/pull/*/head' brings those of GitHub")
		return nil
	case t.Changes == 0:
		fmt.Fprintln(s.out, "There is no change to replay: a branch's first commit is none.")
		return nil
	}
	fmt.Fprintf(s.out, "%s, of which %d would have needed a review and %d could not wholly be told.\n", plural(t.Changes, "change"), t.Asked, t.Unknown)
	loads := func(title string, list []replay.Load) {
		if len(list) == 0 {
			return
		}
		fmt.Fprintf(s.out, "\n%s\n", title)
		for _, l := range list {
			fmt.Fprintf(s.out, "%7d  %3d %%  %s", l.Changes, (100*l.Changes+t.Changes/2)/max(t.Changes, 1), oneLine(l.Name))
			if l.Unknown > 0 {
				fmt.Fprintf(s.out, " (%d of them in doubt)", l.Unknown)
			}
			fmt.Fprintln(s.out)
		}
	}
	loads("Changes that each rule would have met", t.Rules)
	loads("Changes that each role would have been asked for", t.Roles)
	c.showPeople(s, t.People)
	loads("Why changes could not be told", t.Causes)
	notes := func(title string, list []replay.Note) {
		for i, n := range list {
			if i == 0 {
				fmt.Fprintf(s.out, "\n%s\n", title)
			}
			if i == maxShown {
				fmt.Fprintf(s.out, "  … and %d more: --format json lists all\n", len(list)-i)
				break
			}
			fmt.Fprintf(s.out, "  %s: %s\n", strings.TrimSpace(n.Change+" "+oneLine(n.Title)), oneLine(n.Because[0]))
		}
	}
	notes("Changes that could not be read", t.Unread)
	notes("Changes that could not wholly be told", t.Doubtful)
	if c.Against == "" {
		return nil
	}
	verb := "are"
	if len(t.Different) == 1 {
		verb = "is"
	}
	fmt.Fprintf(s.out, "\n%s %s decided differently\n", plural(len(t.Different), "change"), verb)
	for i, d := range t.Different {
		if i == maxShown {
			fmt.Fprintf(s.out, "  … and %d more: --format json lists all\n", len(t.Different)-i)
			break
		}
		fmt.Fprintf(s.out, "  %s %s\n", d.Change, oneLine(d.Title))
		for _, side := range []struct {
			file  string
			wants []replay.Want
		}{{cmp.Or(c.Policy, policy.RepoPath), d.Less}, {c.Against, d.More}} {
			for _, w := range side.wants {
				why := ""
				if len(w.Reasons) > 0 {
					why = ": " + report.Plain(report.Words(w.Reasons[0]), false)
				}
				fmt.Fprintf(s.out, "    only %s asks %s, by the rule %s%s\n", relative(side.file), oneLine(w.Role), oneLine(w.Rule), oneLine(why))
			}
		}
		if d.Status != d.Against && len(d.Less)+len(d.More) == 0 {
			fmt.Fprintf(s.out, "    %s by the one, %s by the other\n", d.Status, d.Against)
		}
	}
	return nil
}

func plural(n int, noun string) string {
	switch stem, y := strings.CutSuffix(noun, "y"); {
	case n == 1:
	case y:
		noun = stem + "ies"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// showPeople says how the load falls on people, where the policy or the
// history names them.
func (c *backtestCmd) showPeople(s streams, all []replay.Share) {
	for i, p := range all {
		if i == 0 {
			fmt.Fprintf(s.out, "\nHow that falls on people\n%9s %11s %11s %9s\n", "reviews", "could give", "only they", "opened")
		}
		if i == maxShown {
			fmt.Fprintf(s.out, "  … and %d more: --format json lists all\n", len(all)-i)
			break
		}
		fmt.Fprintf(s.out, "%9.1f %11d %11d %9d  %s\n", p.Share, p.May, p.Only, p.Opened, oneLine(p.Who))
	}
}

// oneLine shows text from outside without what could drive the terminal.
func oneLine(s string) string { return report.Visible(s) }

// progress shows on a terminal how far a long work has come.
type progress struct {
	s     streams
	on    bool
	n     int
	begun time.Time
	last  time.Time
}

func newProgress(s streams) *progress {
	f, ok := s.err.(interface{ Fd() uintptr })
	return &progress{s: s, on: ok && term.IsTerminal(int(f.Fd())), begun: time.Now()}
}

func (p *progress) step() {
	p.n++
	if now := time.Now(); p.on && now.Sub(p.last) > 100*time.Millisecond {
		p.last = now
		fmt.Fprintf(p.s.err, "\r%d changes, %.0f a second", p.n, float64(p.n)/now.Sub(p.begun).Seconds())
	}
}

func (p *progress) done() {
	if p.on {
		fmt.Fprint(p.s.err, "\r\x1b[K")
	}
}
