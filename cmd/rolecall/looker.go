package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// looker turns the queue's targets into looks at pull requests.
type looker struct {
	app     *github.App
	store   *store.Store
	queue   *queue.Queue
	line    *pipeline.Line
	metrics *metrics
	now     func() time.Time // the clock of decisions
}

// hopeless is how often in a row a look fails, over some minutes, before what
// GitHub has not is no longer looked for: its answers may be behind its events.
const hopeless = 8

// look is the queue's handler.
func (l *looker) look(ctx context.Context, t queue.Target) (queue.Next, error) {
	ctx = github.WithClass(logging(ctx, t), classes[t.Urgency])
	next, err := l.take(ctx, t)
	if err == nil || t.Failures < hopeless || !github.Absent(err) {
		return next, err
	}
	// Its check, if it has one, stays as it is. A delivery of it, one that its
	// repository can be reached, or the sweep has it looked at again.
	l.line.Log.WarnContext(ctx, "it is gone, or out of reach, and not looked for any longer", "error", err)
	if t.Kind != queue.Pull {
		return queue.Next{}, nil
	}
	return queue.Next{}, l.store.Gone(ctx, t.Ref)
}

// take does what a target calls for.
func (l *looker) take(ctx context.Context, t queue.Target) (queue.Next, error) {
	switch t.Kind {
	case queue.Pull:
		return l.pull(ctx, t)
	case queue.Group:
		return queue.Next{}, l.group(ctx, t)
	case queue.Commit:
		refs, err := l.app.Client(t.Ref.Installation).PullsAtCommit(ctx, t.Ref.Owner, t.Ref.Repo, t.HeadSHA)
		return queue.Next{}, l.spread(ctx, t, refs, err)
	case queue.Repository:
		refs, err := l.repository(ctx, t)
		return queue.Next{}, l.spread(ctx, t, refs, err)
	case queue.Organization:
		refs, err := l.store.KnownPulls(ctx, t.Ref.Installation, t.Org)
		return queue.Next{}, l.spread(ctx, t, refs, err)
	}
	return queue.Next{}, fmt.Errorf("look: unknown kind of target %q", t.Kind)
}

// classes is whose share of GitHub's budget a look uses.
var classes = map[queue.Urgency]github.Class{
	queue.Urgent: github.Urgent, queue.Ordinary: github.Ordinary, queue.Late: github.Late, queue.Background: github.Background,
}

func (l *looker) pull(ctx context.Context, t queue.Target) (queue.Next, error) {
	over, err := l.app.Client(t.Ref.Installation).Admit(ctx)
	if err != nil {
		return queue.Next{}, err
	}
	defer over()
	out, err := l.line.Pull(ctx, t.Ref, gather.Hint{BaseSHA: t.BaseSHA, HeadSHA: t.HeadSHA})
	if err != nil {
		return queue.Next{}, err
	}
	if out.Decision != nil && !t.ReceivedAt.IsZero() {
		l.metrics.Checked(time.Since(t.ReceivedAt))
	}
	next := queue.Next{}
	if !out.Next.IsZero() { // the queue goes by the time of day
		next.At = time.Now().Add(out.Next.Sub(l.now()))
	}
	return next, l.spread(ctx, t, out.Also, nil)
}

// repository lists the pull requests that matter: the open ones, and those
// whose glass was broken, since a database that was lost knows nothing of the
// reviews that they owe.
func (l *looker) repository(ctx context.Context, t queue.Target) ([]fact.Ref, error) {
	client := l.app.Client(t.Ref.Installation)
	refs, err := client.OpenPulls(ctx, t.Ref.Owner, t.Ref.Repo)
	if err != nil {
		return nil, err
	}
	broken, err := client.Labelled(ctx, t.Ref.Owner, t.Ref.Repo, fact.GlassLabel)
	if err != nil {
		return nil, err
	}
	for _, b := range broken {
		if b.State == "merged" {
			refs = append(refs, b.Ref)
		}
	}
	return refs, nil
}

// groupLag is how far GitHub's lists may be behind what it tells of a merge
// group. One that is in no list any more was given up, and waits for nothing.
const groupLag = 30 * time.Second

// group answers a merge group by the pull requests that it holds.
func (l *looker) group(ctx context.Context, t queue.Target) error {
	client := l.app.Client(t.Ref.Installation)
	// GitHub's own event tells of the group's base. Whoever else asks goes by
	// the name of a branch, which anybody who can write can choose.
	told := t.BaseSHA != ""
	refs, err := client.GroupPulls(ctx, t.Ref.Owner, t.Ref.Repo, t.BaseRef, t.HeadSHA, told)
	if !told && missing(err) {
		refs, err := client.PullsAtCommit(ctx, t.Ref.Owner, t.Ref.Repo, t.HeadSHA)
		return l.spread(ctx, t, refs, err)
	}
	if missing(err) && time.Since(t.ReceivedAt) > groupLag {
		l.line.Log.InfoContext(ctx, "a merge group is gone", "head", t.HeadSHA, "base", t.BaseRef)
		return nil
	}
	if err != nil {
		return fmt.Errorf("pull requests of the merge group at %s: %w", t.HeadSHA, err)
	}
	return l.line.Group(ctx, pipeline.Group{
		Installation: t.Ref.Installation, Owner: t.Ref.Owner, Repo: t.Ref.Repo,
		SHA: t.HeadSHA, BaseRef: t.BaseRef, Pulls: refs,
	})
}

// spread enqueues one look for each pull request.
func (l *looker) spread(ctx context.Context, t queue.Target, refs []fact.Ref, err error) error {
	if err != nil {
		return fmt.Errorf("pull requests of %s: %w", t.Kind, err)
	}
	urgency := t.Urgency
	if t.Kind == queue.Pull && urgency == queue.Urgent {
		urgency = queue.Ordinary // nobody waits for these
	}
	targets := make([]queue.Target, 0, len(refs))
	for _, ref := range refs {
		ref.Installation = t.Ref.Installation
		targets = append(targets, queue.Target{
			Kind: queue.Pull, Ref: ref, Urgency: urgency, Why: t.Why, Delivery: t.Delivery, ReceivedAt: t.ReceivedAt,
		})
	}
	if len(targets) == 0 {
		return nil
	}
	return l.queue.Add(ctx, targets...)
}
