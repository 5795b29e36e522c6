package queue

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// Kind is what a Target names.
type Kind string

const (
	// Pull is one pull request, Target.Ref.
	Pull Kind = "pull"
	// Group is a merge group, by Target.HeadSHA, that is to be merged into
	// BaseRef.
	Group Kind = "group"
	// Commit is every pull request whose head is HeadSHA.
	Commit Kind = "commit"
	// Repository is every open pull request of Ref's repository.
	Repository Kind = "repository"
	// Organization is every open pull request of Org, as far as the
	// installation reaches.
	Organization Kind = "organization"
)

// Urgency orders what waits, and says whose share of GitHub's budget it uses.
type Urgency int

const (
	// Ordinary is one pull request of which an event told.
	Ordinary Urgency = iota
	// Urgent is what may complete a pull request: somebody waits to merge.
	Urgent
	// Late is one of many that one event has looked at.
	Late
	// Background is what no event asked for.
	Background
)

// priorities are River's, 1 before 4.
var priorities = map[Urgency]int{Urgent: 1, Ordinary: 2, Late: 3, Background: 4}

// priority is that of the target: a person waits for a pull request, nobody
// for the fan-out of an organisation.
func (t Target) priority() int {
	if t.Urgency == Ordinary && (t.Kind == Repository || t.Kind == Organization) {
		return priorities[Late]
	}
	return priorities[t.Urgency]
}

// inRiver is River's priority for a look's: one that is due by time alone is
// as urgent as an event.
func inRiver(priority int) int {
	if priority == store.DueByTime {
		return priorities[Ordinary]
	}
	return priority
}

func urgency(priority int) Urgency {
	for u, p := range priorities {
		if p == priority {
			return u
		}
	}
	return Ordinary
}

// Target is something to examine, and why.
type Target struct {
	Kind Kind
	Ref  fact.Ref // Number is 0 unless Kind is Pull
	// HeadSHA, BaseSHA and BaseRef are hints for Pull, possibly stale or "".
	HeadSHA, BaseSHA, BaseRef string
	Org                       string
	Urgency                   Urgency
	Why                       string // for logs and the audit trail: "pull_request.opened"
	Delivery                  string // GUID of the delivery that asked; "" where none did
	ReceivedAt                time.Time
	// Failures is how often it failed in a row so far; the queue counts.
	Failures int
}

// key names what is examined: wishes with the same key are one job.
func (t Target) key() string {
	repo := strings.ToLower(t.Ref.Owner + "/" + t.Ref.Repo)
	switch t.Kind {
	case Pull:
		return fmt.Sprintf("pull:%s#%d", repo, t.Ref.Number)
	case Organization:
		return fmt.Sprintf("organization:%s@%d", strings.ToLower(t.Org), t.Ref.Installation)
	case Repository:
		return "repository:" + repo
	default:
		return fmt.Sprintf("%s:%s@%s", t.Kind, repo, t.HeadSHA)
	}
}

// Check reports what the target lacks to name something.
func (t Target) Check() error {
	switch {
	case !slices.Contains([]Kind{Pull, Group, Commit, Repository, Organization}, t.Kind):
		return fmt.Errorf("unknown kind of target %q", t.Kind)
	case t.Kind == Organization && t.Org == "",
		t.Kind != Organization && (t.Ref.Owner == "" || t.Ref.Repo == ""),
		(t.Kind == Pull) != (t.Ref.Number > 0),
		(t.Kind == Group || t.Kind == Commit) && t.HeadSHA == "":
		return fmt.Errorf("incomplete target %s", t.key())
	}
	return nil
}

func (t Target) look() store.Look {
	return store.Look{
		Key: t.key(), Kind: string(t.Kind), Ref: t.Ref, HeadSHA: t.HeadSHA, BaseSHA: t.BaseSHA, BaseRef: t.BaseRef,
		Org: t.Org, Why: t.Why, Delivery: t.Delivery, ReceivedAt: t.ReceivedAt, Priority: t.priority(),
	}
}

func target(l store.Look) Target {
	return Target{
		Kind: Kind(l.Kind), Ref: l.Ref, HeadSHA: l.HeadSHA, BaseSHA: l.BaseSHA, BaseRef: l.BaseRef,
		Org: l.Org, Why: l.Why, Delivery: l.Delivery, ReceivedAt: l.ReceivedAt, Urgency: urgency(l.Priority), Failures: l.Failures,
	}
}
