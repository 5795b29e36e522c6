package gather

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/rolecall/rolecall/internal/command"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Records is what rolecall remembers beyond GitHub. Losing it loses speed,
// never a decision.
type Records interface {
	// ReviewCommits maps a review to the commit that its delivery named.
	ReviewCommits(ctx context.Context, ref fact.Ref) (map[int64]string, error)
	// Pushes are those to the head that deliveries told of, the latest first.
	Pushes(ctx context.Context, ref fact.Ref) ([]store.Push, error)
	// BranchPushes are those to a branch, whether or not a pull request was open
	// from it, the latest first.
	BranchPushes(ctx context.Context, ref fact.Ref, branch string) ([]store.Push, error)
	// SeePush keeps one that no delivery told of.
	SeePush(ctx context.Context, ref fact.Ref, branch string, p store.Push) error
	// Labelled are the labels that deliveries told were set.
	Labelled(ctx context.Context, ref fact.Ref) ([]fact.LabelEvent, error)
	// Unrequestable are the logins and teams ("org/slug") whose review GitHub
	// would lately not let be requested in ref's repository.
	Unrequestable(ctx context.Context, ref fact.Ref) ([]string, error)
	// Team returns a team's members where they are still known to be right,
	// and the version to hand to PutTeam.
	Team(ctx context.Context, installation int64, team string) (members []fact.Member, version int64, ok bool, err error)
	PutTeam(ctx context.Context, installation int64, team string, members []fact.Member, version int64) error
	// People is what is known of those who can be asked for reviews, and
	// Knowledge who knows the files.
	People(ctx context.Context, ref fact.Ref) (store.People, error)
	Knowledge(ctx context.Context, ref fact.Ref, files []fact.File) (map[string]store.Knowledge, error)
	KnowPeople(ctx context.Context, owner string, logins []string) error
	// Calendar is the last good copy of a feed. Who uses it is told when it
	// changes.
	Calendar(ctx context.Context, url string) (store.Calendar, error)
	UseCalendar(ctx context.Context, url string, u store.CalendarUser) error
	// Want has work done in the background, again and again.
	Want(ctx context.Context, chores ...store.Chore) error
	// Debts lists the broken glasses that are on record of a repository.
	Debts(ctx context.Context, owner, repo string) ([]store.Debt, error)
	PolicySeen(ctx context.Context, owner, repo string) (bool, error)
	SetPolicySeen(ctx context.Context, owner, repo string) error
}

// Want is a path whose content an analysis needs at the merge base and at the
// head; with Dir, a directory's list of files and their contents.
type Want struct {
	Path string
	Dir  bool
}

// Options are what a Gatherer is told once.
type Options struct {
	// DefaultPolicy applies to repositories that have none; nil for none.
	DefaultPolicy *policy.Source
	// Draft is what stands in for policies on GitHub, for a simulation.
	Draft Draft
	// Wants says which contents the analyses behind a policy's names need
	// beyond those that were read; nil for none. It is asked until it wants
	// nothing more.
	Wants func(files []fact.File, needs policy.Needs, read fact.Contents) []Want
	// Now is the clock; time.Now where nil.
	Now    func() time.Time
	Logger *slog.Logger // slog.Default() where nil
}

// Draft is policies that are not on GitHub yet; nil for those that are.
type Draft struct{ Own, Floor *policy.Source }

// Gatherer reads pull requests. It is safe for concurrent use.
type Gatherer struct {
	app     *github.App
	records Records
	options Options
	sources *sources
}

// New returns a Gatherer that reads through app.
func New(app *github.App, records Records, o Options) *Gatherer {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Wants == nil {
		o.Wants = func([]fact.File, policy.Needs, fact.Contents) []Want { return nil }
	}
	return &Gatherer{app: app, records: records, options: o, sources: newSources()}
}

// Hint is where an event says that the pull request stands. It saves a round
// trip when it is right, and costs a call when it is not.
type Hint struct {
	BaseSHA, HeadSHA string
}

// Gathered is everything that a decision needs.
type Gathered struct {
	// Pull is complete but for Findings, which come from Contents.
	Pull     fact.Pull
	Contents fact.Contents
	// Policy is nil where it does not load, and where Missing or Gone.
	Policy      *policy.Policy
	Diagnostics []policy.Diagnostic
	Sources     []policy.SourceRef
	// Floor and Own are the policies byte for byte, the organisation's and the
	// repository's or the default; nil where there is none or it was not read.
	Floor, Own *policy.Source
	// Proposal is what the pull request would make of the policy; nil where it
	// changes none of its files.
	Proposal *policy.Proposal
	// Proposed is what the Proposal was read from; nil where that is.
	Proposed *Proposed
	// Missing: there is no policy and never was one; nothing is to be done.
	Missing bool
	// Gone: there was a policy, and now it is absent or cannot be read.
	// Diagnostics says which and why.
	Gone bool
}

// checkPrefix begins the name of every check of rolecall's.
const checkPrefix = "rolecall"

// Check returns rolecall's latest check run of that name at a commit, as GitHub
// has it now; ok is false where there is none.
func (g *Gatherer) Check(ctx context.Context, ref fact.Ref, sha, name string) (run fact.CheckRun, ok bool, err error) {
	return g.app.Client(ref.Installation).LatestCheckRun(ctx, ref.Owner, ref.Repo, sha, name)
}

// Pull gathers the facts of one pull request. Its errors are GitHub's, found
// as [github.Error], or the records'; a gathering can always be repeated.
func (g *Gatherer) Pull(ctx context.Context, ref fact.Ref, hint Hint) (Gathered, error) {
	client := g.app.Client(ref.Installation)
	early := g.compareEarly(ctx, client, ref, hint)
	defer early.stop()
	got, err := client.Pull(ctx, ref, github.PullOptions{Policy: policy.RepoPath, Floor: policy.FloorPath, Checks: checkPrefix})
	if err != nil {
		return Gathered{}, err
	}
	r := &reading{g: g, client: client, ref: ref, facts: got, out: Gathered{Pull: got.Pull}}
	r.out.Pull.Now = g.options.Now().UTC()
	if err := r.remembered(ctx); err != nil {
		return Gathered{}, err
	}
	if err := r.policy(ctx); err != nil {
		return Gathered{}, err
	}
	if r.out.Missing {
		return r.out, nil
	}
	if err := r.files(ctx, early); err != nil {
		return Gathered{}, err
	}
	if r.out.Policy == nil { // the pull request may be the one that mends it
		err := r.proposal(ctx, r.touched())
		return r.out, err
	}
	if err := r.details(ctx); err != nil {
		return Gathered{}, err
	}
	return r.out, nil
}

// reading is one pull request being gathered.
type reading struct {
	g      *Gatherer
	client *github.Client
	ref    fact.Ref
	facts  github.PullFacts
	pushes []store.Push
	floor  *policy.Source // in force
	out    Gathered
}

// remembered adds what the store knows, and finds the commands. The store is
// asked after GitHub, so that a review that GitHub has is likely to have its
// delivery there.
func (r *reading) remembered(ctx context.Context) error {
	p := &r.out.Pull
	commits, err := r.g.records.ReviewCommits(ctx, r.ref)
	if err != nil {
		return err
	}
	for i := range p.Reviews {
		p.Reviews[i].Delivered = commits[p.Reviews[i].ID]
	}
	if r.pushes, err = r.g.records.Pushes(ctx, r.ref); err != nil {
		return err
	}
	for i := range r.pushes {
		r.rename(&r.pushes[i])
	}
	labels, err := r.g.records.Labelled(ctx, r.ref)
	if err != nil {
		return err
	}
	p.LabelEvents = renamed(p.LabelEvents, labels)
	for _, c := range p.Comments {
		p.Commands = append(p.Commands, command.Parse(c)...)
	}
	return r.glass(ctx)
}

// details reads, in one round, all that the first one showed to be needed.
func (r *reading) details(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	run := func(f func(context.Context) error) {
		wg.Go(func() {
			if err := f(ctx); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				cancel()
			}
		})
	}
	var people fact.Roster
	var permissions map[string]string
	clean := map[string]bool{}
	changed := r.touched() // before objects writes to the files
	files := slices.Clone(r.out.Pull.Files)
	run(r.objects)
	run(func(ctx context.Context) error { return r.proposal(ctx, changed) })
	run(func(ctx context.Context) (err error) {
		people, err = r.roster(ctx, files)
		return err
	})
	run(func(ctx context.Context) (err error) {
		clean, err = r.cleanMerges(ctx)
		return err
	})
	var squashed []fact.Person
	run(func(ctx context.Context) (err error) {
		squashed, err = r.squashed(ctx, changedPaths(files))
		return err
	})
	run(func(ctx context.Context) (err error) {
		permissions, err = r.permissions(ctx)
		return err
	})
	pushes := r.pushes
	run(func(ctx context.Context) error {
		found, err := r.untold(ctx)
		pushes = slices.Concat(found, pushes)
		slices.SortStableFunc(pushes, func(a, b store.Push) int { return b.At.Compare(a.At) })
		return err
	})
	wg.Wait()
	if len(errs) > 0 {
		return first(errs)
	}
	r.out.Pull.Roster, r.out.Pull.Permissions = people, permissions
	for i, c := range r.out.Pull.Commits {
		r.out.Pull.Commits[i].CleanMerge = clean[c.SHA]
	}
	r.out.Pull.Pusher = pusher(&r.out.Pull, pushes)
	r.out.Pull.Pushers = pushers(&r.out.Pull, pushes, squashed...)
	return nil
}

// first is the error that made the others: not the ones of being cancelled
// because of it.
func first(errs []error) error {
	for _, err := range errs {
		if !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errs[0]
}

// roster finds who holds the policy's roles, and who of them knows the files.
func (r *reading) roster(ctx context.Context, files []fact.File) (fact.Roster, error) {
	p := &r.out.Pull
	teams, err := r.teams(ctx, r.out.Policy.Needs().Teams)
	if err != nil {
		return fact.Roster{}, err
	}
	in := roster.Input{Teams: teams, Now: p.Now, Busy: r.facts.Busy}
	for _, v := range p.Reviews {
		in.Times = append(in.Times, v.At)
	}
	for _, c := range p.Commands {
		in.Times = append(in.Times, c.At)
	}
	if in.NoAccess, err = r.g.records.Unrequestable(ctx, r.ref); err != nil {
		return fact.Roster{}, err
	}
	if err := r.people(ctx, files, &in); err != nil {
		return fact.Roster{}, err
	}
	out := roster.Resolve(r.out.Policy, in)
	if p.Strangers, err = r.strangers(ctx, out); err != nil {
		return fact.Roster{}, err
	}
	return out, r.want(ctx, out)
}

// teams reads the members of teams that are not remembered, at the same time.
func (r *reading) teams(ctx context.Context, names []string) (map[string]fact.Maybe[[]string], error) {
	out := make(map[string]fact.Maybe[[]string], len(names))
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	for _, name := range names {
		wg.Go(func() {
			members, err := r.team(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, fmt.Errorf("team %s: %w", name, err))
			}
			out[name] = members
		})
	}
	wg.Wait()
	if len(failed) > 0 {
		return nil, first(failed)
	}
	return out, nil
}

func (r *reading) team(ctx context.Context, name string) (fact.Maybe[[]string], error) {
	members, version, ok, err := r.g.records.Team(ctx, r.ref.Installation, name)
	if err != nil {
		return fact.Maybe[[]string]{}, err
	}
	if ok && !slices.ContainsFunc(members, func(m fact.Member) bool { return r.another(m) || r.renamed(m) }) {
		return fact.Known(fact.Logins(members)), nil
	}
	members, err = r.client.TeamMembers(ctx, name)
	if why := github.Refusal(err); why != "" {
		return fact.Unknown[[]string](why), nil
	}
	if err != nil {
		return fact.Maybe[[]string]{}, err
	}
	if err := r.g.records.PutTeam(ctx, r.ref.Installation, name, members, version); err != nil {
		return fact.Maybe[[]string]{}, err
	}
	return fact.Known(fact.Logins(slices.DeleteFunc(members, r.another))), nil
}
