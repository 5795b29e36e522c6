package queue

import (
	"fmt"
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

// priorities order what waits: a person waits for a pull request, nobody for
// the fan-out of an organisation. 1 goes first.
var priorities = map[Kind]int{Pull: 1, Group: 1, Commit: 2, Repository: 3, Organization: 4}

// Target is something to examine, and why.
type Target struct {
	Kind Kind
	Ref  fact.Ref // Number is 0 unless Kind is Pull
	// HeadSHA, BaseSHA and BaseRef are hints for Pull, possibly stale or "".
	HeadSHA, BaseSHA, BaseRef string
	Org                       string
	Why                       string // for logs and the audit trail: "pull_request.opened"
	Delivery                  string // GUID of the delivery that asked; "" where none did
	ReceivedAt                time.Time
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
	case priorities[t.Kind] == 0:
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
		Org: t.Org, Why: t.Why, Delivery: t.Delivery, ReceivedAt: t.ReceivedAt,
	}
}

func target(l store.Look) Target {
	return Target{
		Kind: Kind(l.Kind), Ref: l.Ref, HeadSHA: l.HeadSHA, BaseSHA: l.BaseSHA, BaseRef: l.BaseRef,
		Org: l.Org, Why: l.Why, Delivery: l.Delivery, ReceivedAt: l.ReceivedAt,
	}
}
