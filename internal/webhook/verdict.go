package webhook

import (
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// effect is whether an event of some kind can change an outcome, and why, or
// why not.
type effect struct {
	Looks bool
	Why   string
}

func look(why string) effect { return effect{true, why} }
func skip(why string) effect { return effect{false, why} }

// effects says for every event and action that is subscribed to whether it is
// looked into. "" stands for every action that is not listed. An action that
// GitHub invents is looked into: a look too many costs two calls, one too few
// a pull request.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads
var effects = map[string]map[string]effect{
	"pull_request": {
		"":                       look("an action that is not known may change anything"),
		"opened":                 look("it needs its first check"),
		"reopened":               look("its check may be out of date"),
		"synchronize":            look("new commits: what changed, who contributed, which approvals stand"),
		"edited":                 look("a new base is another check; expressions read title and body"),
		"labeled":                look("rules depend on labels"),
		"unlabeled":              look("rules depend on labels"),
		"ready_for_review":       look("reviewers are asked from now on"),
		"converted_to_draft":     look("expressions read it, and nobody more is asked"),
		"review_requested":       look("what is asked for already need not be asked"),
		"review_request_removed": look("somebody else may have to be asked"),
		"assigned":               look("assignees mirror the DRI"),
		"unassigned":             look("assignees mirror the DRI"),
		"closed":                 look("what waits for it is tidied away"),
		"locked":                 skip("locking the conversation changes no fact"),
		"unlocked":               skip("locking the conversation changes no fact"),
		"enqueued":               skip("the merge group's own event follows"),
		"dequeued":               skip("nothing of the pull request changed"),
		"milestoned":             skip("milestones are no fact"),
		"demilestoned":           skip("milestones are no fact"),
		"auto_merge_enabled":     skip("who merges is no fact"),
		"auto_merge_disabled":    skip("who merges is no fact"),
	},
	"pull_request_review": {
		"":          look("an action that is not known may change anything"),
		"submitted": look("it may be the approval that was waited for"),
		"dismissed": look("an approval or an objection is gone"),
		"edited":    skip("a review's text is no fact, and its state cannot be edited"),
	},
	"issue_comment": {
		"":        look("an action that is not known may change anything"),
		"created": look("commands are comments"),
		"edited":  look("an edited command has no effect any more"),
		"deleted": look("a deleted command has no effect any more"),
	},
	"check_run": {
		"":                 skip("only these actions concern checks of ours"),
		"created":          look("an echo of ours may be of an older generation; another's may bear our name"),
		"completed":        look("an echo of ours may be of an older generation; another's may bear our name"),
		"rerequested":      look("somebody wants it checked again"),
		"requested_action": look("somebody pressed a button of the check"),
	},
	"check_suite": {
		"":            skip("its check runs have events of their own"),
		"requested":   skip("a push: the pull request's own event says so too"),
		"completed":   skip("its check runs have events of their own"),
		"rerequested": look("somebody wants all checks again"),
	},
	"merge_group": {
		"":                 skip("a group that is no more needs no check"),
		"checks_requested": look("the merge queue waits for a check on the group's head"),
	},
	"push": {
		"": look("a policy on its default branch may have changed"),
	},
	"membership": {
		"": look("who holds a role has changed"),
	},
	"team": {
		"": look("a team that holds a role may have come, gone, moved or changed its name"),
	},
	"organization": {
		"":               look("who holds a role may have changed"),
		"member_invited": skip("an invitation gives nobody a role"),
	},
	"installation": {
		"":                         look("what can be reached has changed"),
		"suspend":                  skip("nothing can be reached until it is over"),
		"new_permissions_accepted": look("what could not be read may be readable now"),
	},
	"installation_repositories": {
		"": look("what can be reached has changed"),
	},
	"ping": {
		"": skip("GitHub tries the address"),
	},
}

// unasked are the events that every App is sent, without subscribing to them.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation
var unasked = []string{"installation", "installation_repositories", "ping"}

// Events lists the events that an App has to subscribe to, sorted: those that
// are handled, less those that every App is sent.
func Events() []string {
	var out []string
	for event := range effects {
		if !slices.Contains(unasked, event) {
			out = append(out, event)
		}
	}
	slices.Sort(out)
	return out
}

// verdict is what a delivery calls for.
type verdict struct {
	effect
	targets []queue.Target
	// The rest is what the delivery tells beside; nil and zero: nothing.
	pull      *store.PullSeen
	review    int64 // whose commit is reviewSHA
	reviewSHA string
	// push is one to branch, of which a pull request may be opened later.
	push      *store.Push
	branch    string
	teamsOf   string // organisation whose teams are to be read again
	added     []repository
	removed   []repository
	uninstall bool
	ref       fact.Ref
	// echo is the external_id of a check of ours that changed, which is looked
	// into only when a newer, other one is to stand.
	echo       string
	generation int64
}

// own is what rolecall knows of itself.
type own struct {
	app      int64
	slug     func() string
	mentions func(string) bool
	external func(string) (int, int64, bool)
}

func (o own) sent(p *payload) bool {
	if !p.Sender.bot() {
		return false
	}
	slug := o.slug()
	return slug != "" && fact.Login(p.Sender.Login) == fact.Login(slug)
}

// judge tells what a delivery calls for. known is false for an event that is
// not handled at all. It depends on nothing but its arguments.
func judge(event string, p *payload, o own) (v verdict, known bool) {
	actions, known := effects[event]
	if !known {
		return verdict{effect: skip("an event that is not handled")}, false
	}
	e, listed := actions[p.Action]
	if !listed {
		e = actions[""]
	}
	v = verdict{effect: e, ref: p.ref(0)}
	if !e.Looks {
		return v, true
	}
	switch event {
	case "pull_request":
		judgePull(&v, p, o)
	case "pull_request_review":
		judgeReview(&v, p)
	case "issue_comment":
		judgeComment(&v, p, o)
	case "check_run":
		judgeRun(&v, p, o)
	case "check_suite":
		judgeSuite(&v, p, o)
	case "merge_group":
		v.targets = []queue.Target{{
			Urgency: queue.Urgent, // the merge queue waits
			Kind:    queue.Group, Ref: p.ref(0), HeadSHA: p.MergeGroup.HeadSHA, BaseSHA: p.MergeGroup.BaseSHA,
			BaseRef: strings.TrimPrefix(p.MergeGroup.BaseRef, "refs/heads/"),
		}}
	case "push":
		judgePush(&v, p)
	case "membership", "team", "organization":
		v.teamsOf = p.Organization.Login
		v.targets = []queue.Target{organization(p, v.teamsOf)}
	case "installation", "installation_repositories":
		judgeInstallation(&v, p)
	}
	return v, true
}

func (v *verdict) skip(why string) { v.effect, v.targets = skip(why), nil }

func (v *verdict) seePull(p *payload) {
	pr := p.PullRequest
	v.ref = p.ref(pr.Number)
	v.pull = &store.PullSeen{
		Ref: v.ref, Open: pr.State == "open", HeadSHA: pr.Head.SHA, BaseSHA: pr.Base.SHA, BaseRef: pr.Base.Ref, UpdatedAt: pr.updated(),
	}
	v.targets = []queue.Target{{Kind: queue.Pull, Ref: v.ref, HeadSHA: pr.Head.SHA, BaseSHA: pr.Base.SHA, BaseRef: pr.Base.Ref}}
}

func judgePull(v *verdict, p *payload, o own) {
	if p.PullRequest == nil {
		v.skip("no pull request is in it")
		return
	}
	v.seePull(p)
	switch p.Action {
	case "synchronize":
		// Who pushed is not in the API: the sender of this delivery is all
		// that tells.
		v.pull.Pusher = fact.Person{Login: fact.Login(p.Sender.Login), Bot: p.Sender.bot()}
		v.pull.Account, v.pull.Before = p.Sender.ID, p.Before
	case "labeled":
		v.pull.Label, v.pull.Labeller = p.Label.Name, fact.Person{Login: fact.Login(p.Sender.Login), Bot: p.Sender.bot()}
		if o.sent(p) {
			v.skip("our own doing")
		}
	case "edited":
		if c := p.Changes; c.Base == nil && c.Title == nil && c.Body == nil {
			v.skip("neither base nor title nor body was edited")
		}
	case "review_requested", "review_request_removed", "assigned", "unassigned", "unlabeled":
		if o.sent(p) {
			v.skip("our own doing")
		}
	}
}

func judgeReview(v *verdict, p *payload) {
	if p.PullRequest == nil {
		v.skip("no pull request is in it")
		return
	}
	v.seePull(p)
	v.targets[0].Urgency = queue.Urgent // it may be all that is missing
	if p.Action == "submitted" && p.Review.CommitID != "" {
		// Only the first delivery of a review can be trusted to name the
		// commit that was reviewed: GitHub has been seen to move it after a
		// force-push.
		v.review, v.reviewSHA = p.Review.ID, p.Review.CommitID
	}
}

func judgeComment(v *verdict, p *payload, o own) {
	v.ref = p.ref(p.Issue.Number)
	v.targets = []queue.Target{{Kind: queue.Pull, Ref: v.ref}}
	before := ""
	if p.Changes.Body != nil {
		before = p.Changes.Body.From
	}
	switch {
	case p.Issue.PullRequest == nil:
		v.skip("it is not on a pull request")
	case p.Comment.User.bot():
		v.skip("bots give no commands")
	case !o.mentions(p.Comment.Body) && !o.mentions(before):
		v.skip("it holds no command")
	}
}

func judgeRun(v *verdict, p *payload, o own) {
	run := p.CheckRun
	ours := run.App.ID == o.app && o.app != 0
	number, generation, parsed := 0, int64(0), false
	if ours {
		number, generation, parsed = o.external(run.ExternalID)
	}
	asked := p.Action == "rerequested" || p.Action == "requested_action"
	switch {
	case !ours && (asked || !strings.HasPrefix(run.Name, "rolecall: ")):
		v.skip("another App's check")
	case parsed && number == 0 && !asked:
		// A group's check is written once, on a commit of its own.
		v.skip("our own doing")
	case parsed && number > 0:
		v.ref = p.ref(number)
		v.targets = []queue.Target{{Kind: queue.Pull, Ref: v.ref, HeadSHA: run.HeadSHA}}
		if !asked {
			v.echo, v.generation = run.ExternalID, generation
		}
	default:
		v.targets = holders(p, run.HeadSHA, run.CheckSuite.HeadBranch, run.PullRequests)
	}
}

func judgeSuite(v *verdict, p *payload, o own) {
	if p.CheckSuite.App.ID != o.app && o.app != 0 {
		v.skip("another App's checks")
		return
	}
	v.targets = holders(p, p.CheckSuite.HeadSHA, p.CheckSuite.HeadBranch, p.CheckSuite.PullRequests)
}

// holders is what has that commit as its head: the listed pull requests into
// this repository, a merge group by its branch, or whatever GitHub will say.
func holders(p *payload, sha, head string, list []pullReference) []queue.Target {
	if base, ok := groupBase(head); ok {
		return []queue.Target{{Kind: queue.Group, Ref: p.ref(0), HeadSHA: sha, BaseRef: base}}
	}
	var targets []queue.Target
	for _, r := range list {
		if r.Base.Repo.ID == p.Repository.ID && r.Number > 0 {
			targets = append(targets, queue.Target{Kind: queue.Pull, Ref: p.ref(r.Number), HeadSHA: r.Head.SHA, BaseSHA: r.Base.SHA, BaseRef: r.Base.Ref})
		}
	}
	if targets == nil {
		targets = []queue.Target{{Kind: queue.Commit, Ref: p.ref(0), HeadSHA: sha}}
	}
	return targets
}

// groupBase is the branch that a merge group, known by the name of its own
// branch, is to be merged into.
func groupBase(head string) (base string, ok bool) {
	rest, ok := strings.CutPrefix(head, "gh-readonly-queue/")
	if !ok {
		return "", false
	}
	i := strings.LastIndex(rest, "/pr-")
	if i <= 0 {
		return "", false
	}
	return rest[:i], true
}

// mostCommits is how many commits the payload of a push lists at most.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
const mostCommits = 2048

func judgePush(v *verdict, p *payload) {
	owner, name := p.Repository.names()
	if p.Ref != "refs/heads/"+p.Repository.DefaultBranch {
		v.skip("policies are read from the default branch")
		branch, ok := strings.CutPrefix(p.Ref, "refs/heads/")
		if _, group := groupBase(branch); ok && !group && !p.Deleted && p.After != "" && p.Sender.Login != "" {
			v.branch = branch
			v.push = &store.Push{SHA: p.After, Before: p.Before, By: fact.Person{Login: fact.Login(p.Sender.Login), Bot: p.Sender.bot()}, Account: p.Sender.ID}
		}
		return
	}
	// A list that may be cut short, or that leaves out what a force-push took
	// away, may hide anything.
	hidden := p.Created || p.Deleted || p.Forced || len(p.Commits) == 0 || len(p.Commits) >= mostCommits
	touches := func(path string) bool {
		for _, c := range p.Commits {
			for _, paths := range [][]string{c.Added, c.Removed, c.Modified} {
				for _, x := range paths {
					if x == path {
						return true
					}
				}
			}
		}
		return hidden
	}
	if touches(".github/rolecall.hcl") {
		v.targets = append(v.targets, queue.Target{Kind: queue.Repository, Ref: p.ref(0)})
	}
	if strings.EqualFold(name, ".github") && touches("rolecall.hcl") {
		v.targets = append(v.targets, organization(p, owner))
	}
	if v.targets == nil {
		v.skip("it touches no policy")
	}
}

func organization(p *payload, org string) queue.Target {
	return queue.Target{Kind: queue.Organization, Ref: fact.Ref{Installation: p.Installation.ID}, Org: org}
}

func judgeInstallation(v *verdict, p *payload) {
	v.ref = fact.Ref{Installation: p.Installation.ID}
	switch p.Action {
	case "deleted":
		v.uninstall = true
		return
	case "unsuspend":
		v.targets = []queue.Target{organization(p, p.Installation.Account.Login)}
		return
	}
	v.added = append(p.Repositories, p.RepositoriesAdded...)
	v.removed = p.RepositoriesRemoved
	for _, r := range v.added {
		if owner, name := r.names(); owner != "" && name != "" {
			v.targets = append(v.targets, queue.Target{Kind: queue.Repository, Ref: fact.Ref{Installation: p.Installation.ID, Owner: owner, Repo: name}})
		}
	}
}
