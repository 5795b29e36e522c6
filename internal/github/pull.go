package github

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// PullOptions says what to read beside the pull request itself.
type PullOptions struct {
	// Policy is the path of the policy on the default branch; "" for none.
	Policy string
	// Floor is the path of the organisation's policy on the default branch of
	// its repository ".github"; "" for none.
	Floor string
	// Checks is the prefix of the names whose check runs and statuses at the
	// head are reported, "rolecall"; "" for none.
	Checks string
}

// PullFacts is what one query, paged to its end, tells of a pull request.
type PullFacts struct {
	// Pull lacks Now, MergeBase, Files, Snapshots, Findings, Roster, Commands
	// and Pusher, its reviews lack Delivered. Its base is the branch as it
	// stands now while the pull request is open.
	Pull fact.Pull
	// ChangedFiles is how many files GitHub says the pull request changes.
	ChangedFiles int
	Policy       PolicyFile
	Floor        PolicyFile
	// Accounts holds, of the people who said something here, the numbers of
	// their accounts by login. All are of one moment; bots are left out.
	Accounts map[string]int64
	// Busy holds, of the people asked for review, whom GitHub shows as busy.
	Busy map[string]bool
}

// PolicyFile is a policy's text as it stands on a default branch.
type PolicyFile struct {
	// Found is true where something stands at the path, readable or not.
	Found bool
	Blob  string
	Bytes []byte
	// Problem says why it could not be read, or why it could not be told
	// whether it is there; "" where that is known. Fits after "because".
	Problem string
}

// restarts is how often a pull request is read from the start again because
// it changed between two pages.
const restarts = 3

// maxPages bounds the pages of one pull request: 20,000 comments.
const maxPages = 200

// Pull reads a pull request whole, in one call where nothing of it is longer
// than 100 entries. What it returns was true at one moment.
func (c *Client) Pull(ctx context.Context, ref fact.Ref, o PullOptions) (PullFacts, error) {
	for range restarts {
		r := &pullReader{client: c, ref: ref, options: o}
		moved, err := r.read(ctx)
		if err != nil {
			return PullFacts{}, err
		}
		if !moved {
			return r.facts, r.readPolicies(ctx)
		}
	}
	return PullFacts{}, &Error{Op: "pull", Kind: Transient, Message: "the pull request kept changing while it was read"}
}

// pullReader gathers one pull request's pages.
type pullReader struct {
	client  *Client
	ref     fact.Ref
	options PullOptions

	stamp    string
	policy   *gitObject
	floor    *gitObject
	missing  map[string]Kind
	facts    PullFacts
	commits  int
	contexts []fact.CheckRun
	head     bool // the checks at the head were read
}

// read pages through the pull request. It reports true where the pull request
// changed between two pages.
func (r *pullReader) read(ctx context.Context) (moved bool, err error) {
	at := start()
	for page := 0; at.more(); page++ {
		if page == maxPages {
			r.gap("", "it has more comments, reviews, events or commits than rolecall reads")
			break
		}
		got, missing, err := pull.ask(ctx, r.client, r.variables(at), optionalInPull)
		if err != nil {
			return false, err
		}
		pr := got.Repository.PullRequest
		if pr == nil {
			return false, &Error{Op: "pull", Kind: NotFound, Message: "there is no such pull request"}
		}
		stamp := stamp(pr.HeadRefOid, pr.UpdatedAt, pr.BaseRefName, pr.State)
		if at.first {
			r.stamp, r.missing = stamp, missing
			r.policy = got.Repository.Policy
			if got.Floor != nil {
				r.floor = got.Floor.Policy
			}
			if b := got.Repository.DefaultBranchRef; b != nil {
				r.facts.Pull.DefaultBranch = b.Name
				r.facts.Pull.Public = !got.Repository.IsPrivate
			}
			r.start(pr)
		} else if stamp != r.stamp {
			return true, nil
		}
		r.add(pr, &at)
		at.first = false
	}
	if n := len(r.facts.Pull.Commits); n < r.commits {
		r.gap(fact.AboutCommits, fmt.Sprintf("GitHub lists %d of its %d commits", n, r.commits))
	}
	if !r.head && r.options.Checks != "" {
		if moved, err = r.readHead(ctx); moved || err != nil {
			return moved, err
		}
	}
	r.facts.Pull.Checks = append(r.facts.Pull.Checks, r.contexts...)
	return false, nil
}

// readHead pages through the checks at the head by its SHA.
func (r *pullReader) readHead(ctx context.Context) (moved bool, err error) {
	at := cursors{first: true, contexts: cursor{more: true}}
	for page := 0; at.contexts.more && page < maxPages; page++ {
		got, _, err := checksAtHead.ask(ctx, r.client, map[string]any{
			"owner": r.ref.Owner, "name": r.ref.Repo, "number": r.ref.Number, "head": r.facts.Pull.Head.SHA,
			"app": r.client.app.id, "first": at.first, "contexts": at.contexts.at,
		}, optionalInPull)
		if err != nil {
			return false, err
		}
		if pr := got.Repository.PullRequest; pr == nil || stamp(pr.HeadRefOid, pr.UpdatedAt, pr.BaseRefName, pr.State) != r.stamp {
			return true, nil
		}
		at.contexts.more = false
		if h := got.Repository.Head; h != nil {
			r.addChecks(*h, &at)
		}
		at.first = false
	}
	return false, nil
}

// stamp is what changes whenever a pull request does.
func stamp(head string, updated time.Time, base, state string) string {
	return fmt.Sprint(head, updated, base, state)
}

// optionalInPull tells which parts of the answer may be refused: what the
// installation may not see of it costs a request or a check's origin, and a
// policy that is refused is a finding of its own.
func optionalInPull(path string) bool {
	switch {
	case path == "floor", strings.HasPrefix(path, "floor."), strings.HasPrefix(path, "repository.policy"):
		return true
	case strings.HasSuffix(path, ".requestedReviewer"), strings.Contains(path, ".requestedReviewer."):
		return true
	case strings.Contains(path, ".statusCheckRollup"), strings.Contains(path, ".checkSuites"):
		return true
	}
	return false
}

func (r *pullReader) variables(at cursors) map[string]any {
	return map[string]any{
		"owner":           r.ref.Owner,
		"name":            r.ref.Repo,
		"number":          r.ref.Number,
		"policy":          "HEAD:" + r.options.Policy,
		"floor":           "HEAD:" + r.options.Floor,
		"floorRepository": ".github",
		"app":             r.client.app.id,
		"first":           at.first,
		"withPolicy":      at.first && r.options.Policy != "",
		"withFloor":       at.first && r.options.Floor != "",
		"withTimeline":    at.timeline.more,
		"withReviews":     at.reviews.more,
		"withComments":    at.comments.more,
		"withCommits":     at.commits.more,
		"withChecks":      at.contexts.more && r.options.Checks != "",
		"timeline":        at.timeline.at,
		"reviews":         at.reviews.at,
		"comments":        at.comments.at,
		"commits":         at.commits.at,
		"contexts":        at.contexts.at,
	}
}

// gap notes what could not be read of one part of the pull request.
func (r *pullReader) gap(about, reason string) {
	r.facts.Pull.Gaps = append(r.facts.Pull.Gaps, fact.Gap{About: about, Reason: reason})
}

// start takes what the first page alone has.
func (r *pullReader) start(pr *pullRequestNode) {
	p := &r.facts.Pull
	p.Ref = r.ref
	p.NodeID, p.URL = pr.ID, pr.URL
	p.Title, p.Body = pr.Title, pr.Body
	p.Author = pr.Author.person()
	p.State = strings.ToLower(pr.State)
	p.Draft = pr.IsDraft
	p.Fork = pr.IsCrossRepository || pr.HeadRepository == nil
	p.CreatedAt, p.UpdatedAt = pr.CreatedAt.UTC(), pr.UpdatedAt.UTC()
	if pr.MergedAt != nil {
		p.MergedAt = pr.MergedAt.UTC()
	}
	p.Base = fact.Branch{Ref: pr.BaseRefName, SHA: pr.BaseRefOid}
	// What a merge would change is told by the branch as it is now: a change
	// that the branch has taken in since, and that the pull request reverts,
	// shows against no older commit.
	if p.State == "open" && pr.BaseRef != nil && pr.BaseRef.Target != nil {
		p.Base.SHA = pr.BaseRef.Target.Oid
	}
	p.Head = fact.Branch{Ref: pr.HeadRefName, SHA: pr.HeadRefOid}
	r.facts.ChangedFiles = pr.ChangedFiles
	if pr.Labels != nil {
		for _, l := range pr.Labels.Nodes {
			p.Labels = append(p.Labels, l.Name)
		}
	}
	for _, a := range pr.Assignees.Nodes {
		p.Assignees = append(p.Assignees, fact.Login(a.Login))
	}
	if pr.ReviewRequests != nil {
		for _, n := range pr.ReviewRequests.Nodes {
			login, team := n.RequestedReviewer.names()
			if login == "" && team == "" {
				continue
			}
			p.Requests = append(p.Requests, fact.Request{Login: login, Team: team})
			if s := n.RequestedReviewer.Status; s != nil && s.IndicatesLimitedAvailability {
				if r.facts.Busy == nil {
					r.facts.Busy = make(map[string]bool)
				}
				r.facts.Busy[login] = true
			}
		}
	}
}

// add takes one page of each connection and moves its cursor.
func (r *pullReader) add(pr *pullRequestNode, at *cursors) {
	p := &r.facts.Pull
	if at.timeline.more {
		at.timeline.more = false
		if pr.TimelineItems != nil {
			for _, it := range pr.TimelineItems.Nodes {
				it.addTo(p)
			}
			at.timeline.next(pr.TimelineItems.PageInfo)
		}
	}
	if at.reviews.more {
		at.reviews.more = false
		if pr.Reviews != nil {
			for _, n := range pr.Reviews.Nodes {
				p.Reviews = append(p.Reviews, n.review())
				r.account(n.Author)
			}
			at.reviews.next(pr.Reviews.PageInfo)
		}
	}
	if at.comments.more {
		for _, n := range pr.Comments.Nodes {
			p.Comments = append(p.Comments, n.comment())
			r.account(n.Author)
		}
		at.comments.next(pr.Comments.PageInfo)
	}
	if at.commits.more {
		r.commits = pr.Commits.TotalCount
		for _, n := range pr.Commits.Nodes {
			if n.Commit.Parents.TotalCount > len(n.Commit.Parents.Nodes) || n.Commit.Authors.TotalCount > len(n.Commit.Authors.Nodes) {
				r.gap(fact.AboutCommits, "commit "+n.Commit.Oid+" has more parents or authors than GitHub lists")
			}
			p.Commits = append(p.Commits, n.Commit.commit())
		}
		at.commits.next(pr.Commits.PageInfo)
	}
	if at.contexts.more {
		at.contexts.more = false
		for _, n := range pr.Head.Nodes {
			r.addChecks(n.Commit, at)
		}
	}
}

// account notes which account bears a login now.
func (r *pullReader) account(a *speaker) {
	if a == nil || a.DatabaseID == nil {
		return
	}
	if r.facts.Accounts == nil {
		r.facts.Accounts = make(map[string]int64)
	}
	r.facts.Accounts[fact.Login(a.Login)] = *a.DatabaseID
}

// addChecks takes the checks at the head: rolecall's own from its suites, and
// from the roll-up those that somebody else gave a name of rolecall's.
func (r *pullReader) addChecks(h headCommit, at *cursors) {
	if h.Oid != r.facts.Pull.Head.SHA {
		return // it is asked for by its SHA
	}
	r.head = true
	mine := func(name string) bool { return strings.HasPrefix(name, r.options.Checks) }
	if h.AssociatedPullRequests != nil {
		for _, n := range h.AssociatedPullRequests.Nodes {
			if n.State == "OPEN" && n.HeadRefOid == h.Oid && n.Number != r.ref.Number && n.BaseRepository != nil &&
				strings.EqualFold(n.BaseRepository.NameWithOwner, r.ref.Owner+"/"+r.ref.Repo) {
				r.facts.Pull.Siblings = append(r.facts.Pull.Siblings, fact.Sibling{Number: n.Number, Base: n.BaseRefName})
			}
		}
	}
	if h.CheckSuites != nil {
		for _, s := range h.CheckSuites.Nodes {
			if s.CheckRuns == nil {
				continue
			}
			for _, n := range s.CheckRuns.Nodes {
				if mine(n.Name) {
					run := n.checkRun(h.Oid, true)
					// A suite with a run that is complete is itself, or has
					// others in progress, unless it was asked for again.
					// https://docs.github.com/en/rest/checks/suites#rerequest-a-check-suite
					run.Rerun = s.Status == "QUEUED" && run.Status == "completed"
					r.facts.Pull.Checks = append(r.facts.Pull.Checks, run)
				}
			}
		}
	}
	if h.StatusCheckRollup == nil {
		return
	}
	for _, n := range h.StatusCheckRollup.Contexts.Nodes {
		switch n.Typename {
		case "CheckRun":
			app := n.CheckSuite.App
			ours := app != nil && app.DatabaseID != nil && *app.DatabaseID == r.client.app.id
			if mine(n.Name) && !ours {
				r.contexts = append(r.contexts, n.checkRun(h.Oid, false))
			}
		case "StatusContext":
			if mine(n.Context) {
				r.contexts = append(r.contexts, fact.CheckRun{
					Name: n.Context, SHA: h.Oid, Status: "completed", Conclusion: strings.ToLower(n.State),
				})
			}
		}
	}
	at.contexts.next(h.StatusCheckRollup.Contexts.PageInfo)
}

// readPolicies turns what stands at the policies' paths into their texts.
func (r *pullReader) readPolicies(ctx context.Context) error {
	var err error
	if r.options.Policy != "" {
		r.facts.Policy, err = r.policyFile(ctx, r.policy, r.ref.Repo, r.refused("repository.policy"))
	}
	if err == nil && r.options.Floor != "" {
		r.facts.Floor, err = r.policyFile(ctx, r.floor, ".github", r.refused("floor"))
	}
	return err
}

// refused is why GitHub would not answer below path; "" where it did, or
// where it says that there is nothing.
func (r *pullReader) refused(path string) string {
	for at, kind := range r.missing {
		if (at == path || strings.HasPrefix(at, path+".")) && kind != NotFound {
			return "GitHub does not let rolecall read it (" + string(kind) + ")"
		}
	}
	return ""
}

func (r *pullReader) policyFile(ctx context.Context, o *gitObject, repo, refused string) (PolicyFile, error) {
	switch {
	case refused != "":
		return PolicyFile{Problem: refused}, nil
	case o == nil:
		return PolicyFile{}, nil
	case o.Typename != "Blob":
		return PolicyFile{Found: true, Problem: "it is no file"}, nil
	}
	got, err := r.client.text(ctx, r.ref.Owner, repo, o.Oid, o.blobFields)
	if err != nil {
		return PolicyFile{}, err
	}
	return PolicyFile{Found: true, Blob: o.Oid, Bytes: got.Value, Problem: got.Unknown}, nil
}
