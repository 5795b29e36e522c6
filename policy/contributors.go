package policy

import (
	"cmp"
	"slices"

	"github.com/rolecall/rolecall/policy/fact"
)

// contributors is who wrote the change, and so cannot vouch for it: its
// author, and the people of every commit on every parent path.
type contributors struct {
	author  string
	pusher  string
	pushers []string            // the others who pushed part of it
	commits map[string][]string // login → commits that are theirs
	bots    map[string]bool
	nobody  []nobody
	// strangers are not of the organisation: they have no part in the change,
	// and none in its review.
	strangers []string
	// unknown says why there may be more; "" where all are known.
	unknown string
}

// nobody is a commit's person without an account.
type nobody struct {
	person fact.Person
	commit string
}

func contributorsOf(pull *fact.Pull) *contributors {
	c := &contributors{
		author:  fact.Login(pull.Author.Login),
		commits: map[string][]string{},
		bots:    map[string]bool{},
		unknown: gapAbout(pull, fact.AboutCommits), strangers: pull.Strangers,
	}
	note := func(p fact.Person) string {
		login := fact.Login(p.Login)
		if p.Bot && login != "" {
			c.bots[login] = true
		}
		return login
	}
	note(pull.Author)
	for _, commit := range pull.Commits {
		if commit.CleanMerge {
			continue
		}
		for _, p := range commit.People {
			login := note(p)
			if login == "" {
				c.nobody = append(c.nobody, nobody{p, commit.SHA})
				continue
			}
			if !slices.Contains(c.commits[login], commit.SHA) {
				c.commits[login] = append(c.commits[login], commit.SHA)
			}
		}
	}
	c.pusher = note(pull.Pusher)
	for _, p := range pull.Pushers {
		c.pushers = append(c.pushers, note(p))
	}
	return c
}

// bars returns why login's approval cannot count where allow says whose may;
// ok is false when it can.
func (c *contributors) bars(login string, bot bool, allow []string) (why Reason, ok bool) {
	switch {
	case login == "":
		return Reason{Code: NoAccount}, true
	case bot || c.bots[login]:
		return Reason{Code: IsBot, Person: login}, true
	case slices.Contains(c.strangers, login):
		return Reason{Code: IsStranger, Person: login}, true
	case login == c.author:
		return Reason{Code: IsAuthor, Person: login}, !slices.Contains(allow, "author")
	case slices.Contains(allow, "contributor"):
		return Reason{}, false
	case len(c.commits[login]) > 0:
		shas := c.commits[login]
		return Reason{Code: IsContributor, Person: login, Commit: shas[len(shas)-1], Count: len(shas)}, true
	case login == c.pusher:
		return Reason{Code: IsPusher, Person: login}, true
	case slices.Contains(c.pushers, login):
		return Reason{Code: HasPushed, Person: login}, true
	case c.unknown != "":
		return Reason{Code: ContributorsUnknown, Detail: c.unknown}, true
	}
	return Reason{}, false
}

// wrote reports whether login may have written part of the change, so that no
// command of theirs, or for them, may loosen anything.
func (c *contributors) wrote(login string) bool {
	_, barred := c.bars(login, false, nil)
	return barred
}

// exclusions lists everybody who is barred by default, the author first.
func (c *contributors) exclusions() []Exclusion {
	logins := []string{}
	for login := range c.commits {
		logins = append(logins, login)
	}
	logins = append(logins, c.author, c.pusher)
	logins = append(logins, c.pushers...)
	logins = append(logins, c.strangers...)
	slices.Sort(logins)
	logins = slices.Compact(logins)
	out := []Exclusion{}
	for _, login := range logins {
		if login == "" {
			continue
		}
		e := Exclusion{Person: fact.Person{Login: login, Bot: c.bots[login]}}
		if c.bots[login] {
			e.Reasons = append(e.Reasons, Reason{Code: IsBot, Person: login})
		}
		if slices.Contains(c.strangers, login) {
			e.Reasons = append(e.Reasons, Reason{Code: IsStranger, Person: login})
		}
		if login == c.author {
			e.Reasons = append(e.Reasons, Reason{Code: IsAuthor, Person: login})
		}
		if shas := c.commits[login]; len(shas) > 0 {
			e.Reasons = append(e.Reasons, Reason{Code: IsContributor, Person: login, Commit: shas[len(shas)-1], Count: len(shas)})
		}
		// A reason of its own only where there is no other: who pushed is known
		// from a delivery alone, and a database that was lost must not make
		// the same check read differently.
		if login == c.pusher && len(e.Reasons) == 0 {
			e.Reasons = append(e.Reasons, Reason{Code: IsPusher, Person: login})
		} else if slices.Contains(c.pushers, login) && len(e.Reasons) == 0 {
			e.Reasons = append(e.Reasons, Reason{Code: HasPushed, Person: login})
		}
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b Exclusion) int {
		return cmp.Compare(boolInt(b.Person.Login == c.author), boolInt(a.Person.Login == c.author))
	})
	return append(out, c.unnamed()...)
}

// unnamed lists the commits' people without an account, each once.
func (c *contributors) unnamed() []Exclusion {
	out := []Exclusion{}
	at := map[fact.Person]int{}
	for _, n := range c.nobody {
		i, ok := at[n.person]
		if !ok {
			i = len(out)
			at[n.person] = i
			out = append(out, Exclusion{Person: n.person, Reasons: []Reason{{
				Code: NoAccount, Detail: n.person.Name,
			}}})
		}
		out[i].Reasons[0].Commit = n.commit
		out[i].Reasons[0].Count++
	}
	slices.SortFunc(out, func(a, b Exclusion) int {
		return cmp.Or(cmp.Compare(a.Person.Name, b.Person.Name), cmp.Compare(a.Person.Email, b.Person.Email))
	})
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// gapAbout returns why part of the pull request's facts may be missing; ""
// when all of it was read.
func gapAbout(pull *fact.Pull, part string) string {
	for _, g := range pull.Gaps {
		if g.About == part || g.About == "" && (part == fact.AboutFiles || len(g.Paths) == 0) {
			return g.Reason
		}
	}
	return ""
}
