package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// remember keeps what the look tells of people: who is asked once the plan is
// done, and of a pull request that was merged who worked on which files. It
// costs no call: all of it is in the facts.
func (l *Line) remember(ctx context.Context, pull fact.Pull, p plan.Plan, refused []string) error {
	var asked []store.Asked
	if pull.State == "open" {
		for _, who := range p.Asked {
			if slices.Contains(refused, who) {
				continue
			}
			a := store.Asked{Who: who, At: requestedAt(pull, who)}
			for _, c := range p.Choices {
				if c.Who() == who {
					a.Choice = &c
				}
			}
			asked = append(asked, a)
		}
	}
	if err := l.Records.SetAsked(ctx, pull.Ref, pull.Now, asked); err != nil {
		return err
	}
	if pull.State != "merged" {
		return nil
	}
	return l.Records.Learn(ctx, pull.Ref, learned(pull))
}

// requestedAt is when somebody was asked last, as GitHub has it; now where
// they are only asked by this plan.
func requestedAt(pull fact.Pull, who string) time.Time {
	at := pull.Now
	for _, e := range pull.RequestEvents {
		if e.Added && e.Login+e.Team == who {
			at = e.At
		}
	}
	return at
}

func learned(pull fact.Pull) store.Merged {
	m := store.Merged{Number: pull.Number, At: pull.Now, Lines: map[string]int{}}
	if !pull.Author.Bot {
		m.Author = pull.Author.Login
	}
	for _, f := range pull.Files {
		m.Lines[f.Path] = f.Additions + f.Deletions
	}
	for _, r := range pull.Reviews {
		if a := r.Author; !a.Bot && a.Login != m.Author && !slices.Contains(m.Reviewers, a.Login) {
			m.Reviewers = append(m.Reviewers, a.Login)
		}
	}
	return m
}
