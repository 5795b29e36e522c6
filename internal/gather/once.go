package gather

import (
	"context"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// Once is the records of a tool that looks once and keeps nothing: what GitHub
// does not tell by itself is not known. The commit of a review is the one that
// GitHub shows, and who pushed is known as far as GitHub tells when asked.
type Once struct{}

var _ Records = Once{}

// ReviewCommits implements [Records].
func (Once) ReviewCommits(context.Context, fact.Ref) (map[int64]string, error) { return nil, nil }

// Pushes implements [Records].
func (Once) Pushes(context.Context, fact.Ref) ([]store.Push, error) { return nil, nil }

// BranchPushes implements [Records].
func (Once) BranchPushes(context.Context, fact.Ref, string) ([]store.Push, error) { return nil, nil }

// SeePush implements [Records].
func (Once) SeePush(context.Context, fact.Ref, string, store.Push) error { return nil }

// Labelled implements [Records].
func (Once) Labelled(context.Context, fact.Ref) ([]fact.LabelEvent, error) { return nil, nil }

// Unrequestable implements [Records].
func (Once) Unrequestable(context.Context, fact.Ref) ([]string, error) { return nil, nil }

// Team implements [Records].
func (Once) Team(context.Context, int64, string) ([]fact.Member, int64, bool, error) {
	return nil, 0, false, nil
}

// PutTeam implements [Records].
func (Once) PutTeam(context.Context, int64, string, []fact.Member, int64) error { return nil }

// PolicySeen implements [Records].
func (Once) PolicySeen(context.Context, string, string) (bool, error) { return false, nil }

// SetPolicySeen implements [Records].
func (Once) SetPolicySeen(context.Context, string, string) error { return nil }

// People implements [Records].
func (Once) People(context.Context, fact.Ref) (store.People, error) { return store.People{}, nil }

// Knowledge implements [Records].
func (Once) Knowledge(context.Context, fact.Ref, []fact.File) (map[string]store.Knowledge, error) {
	return nil, nil
}

// KnowPeople implements [Records].
func (Once) KnowPeople(context.Context, string, []string) error { return nil }

// Calendar implements [Records].
func (Once) Calendar(context.Context, string) (store.Calendar, error) { return store.Calendar{}, nil }

// UseCalendar implements [Records].
func (Once) UseCalendar(context.Context, string, store.CalendarUser) error { return nil }

// Want implements [Records].
func (Once) Want(context.Context, ...store.Chore) error { return nil }

// Debts implements [Records].
func (Once) Debts(context.Context, string, string) ([]store.Debt, error) { return nil, nil }
