package github

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/policy/fact"
)

// maxMembers and maxOpenPulls bound lists, in pages of 100.
const (
	maxMembers   = 50
	maxOpenPulls = 100
)

// TeamMembers lists a team, "org/slug", by login: its own active
// members and those of its child teams. Pending members are not among them. A
// team that is hidden from the App is [NotFound].
// https://docs.github.com/rest/teams/members#list-team-members
func (c *Client) TeamMembers(ctx context.Context, team string) ([]fact.Member, error) {
	org, slug, ok := strings.Cut(team, "/")
	if !ok {
		return nil, &Error{Op: "team members", Kind: Invalid, Message: fmt.Sprintf("%q is no team", team)}
	}
	members := []fact.Member{}
	err := c.pages(ctx, "team members", maxMembers, func(ctx context.Context, o github.ListOptions) (*github.Response, error) {
		users, resp, err := c.rest.Teams.ListTeamMembersBySlug(ctx, org, slug, &github.TeamListTeamMembersOptions{ListOptions: o})
		for _, u := range users {
			if u.GetLogin() != "" {
				members = append(members, fact.Member{Login: fact.Login(u.GetLogin()), ID: u.GetID()})
			}
		}
		return resp, err
	})
	slices.SortFunc(members, func(a, b fact.Member) int { return strings.Compare(a.Login, b.Login) })
	return members, err
}

// IsMember reports whether somebody is a member of an organisation, concealed
// or not. Of an account that is no organisation nobody is.
// https://docs.github.com/rest/orgs/members#check-organization-membership-for-a-user
func (c *Client) IsMember(ctx context.Context, org, login string) (bool, error) {
	member := false
	err := c.do(ctx, "is member", true, func(ctx context.Context) (resp *github.Response, err error) {
		member, resp, err = c.rest.Organizations.IsMember(ctx, org, login)
		return resp, err
	})
	return member, err
}

// Permission is what somebody may do in a repository, by whatever way: "admin",
// "write", "read" or "none"; to maintain is "write", and to triage "read".
// https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
func (c *Client) Permission(ctx context.Context, owner, repo, login string) (level string, err error) {
	err = c.do(ctx, "permission", true, func(ctx context.Context) (*github.Response, error) {
		p, resp, err := c.rest.Repositories.GetPermissionLevel(ctx, owner, repo, login)
		level = p.GetPermission()
		return resp, err
	})
	return level, err
}

// OpenPulls lists the open pull requests of a repository, newest first.
func (c *Client) OpenPulls(ctx context.Context, owner, repo string) ([]fact.Ref, error) {
	var refs []fact.Ref
	err := c.pages(ctx, "open pulls", maxOpenPulls, func(ctx context.Context, o github.ListOptions) (*github.Response, error) {
		pulls, resp, err := c.rest.PullRequests.List(ctx, owner, repo, &github.PullRequestListOptions{State: "open", ListOptions: o})
		for _, p := range pulls {
			refs = append(refs, c.ref(owner, repo, p.GetNumber()))
		}
		return resp, err
	})
	return refs, err
}

// PullsAtCommit lists the open pull requests whose head is sha.
// https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit
func (c *Client) PullsAtCommit(ctx context.Context, owner, repo, sha string) ([]fact.Ref, error) {
	var refs []fact.Ref
	err := c.pages(ctx, "pulls at commit", maxOpenPulls, func(ctx context.Context, o github.ListOptions) (*github.Response, error) {
		pulls, resp, err := c.rest.PullRequests.ListPullRequestsWithCommit(ctx, owner, repo, sha, &o)
		for _, p := range pulls {
			if p.GetState() == "open" && p.GetHead().GetSHA() == sha {
				refs = append(refs, c.ref(owner, repo, p.GetNumber()))
			}
		}
		return resp, err
	})
	return refs, err
}

// pages calls list for one page after the other.
func (c *Client) pages(ctx context.Context, op string, limit int, list func(context.Context, github.ListOptions) (*github.Response, error)) error {
	o := github.ListOptions{Page: 1, PerPage: 100}
	for range limit {
		next := 0
		err := c.do(ctx, op, true, func(ctx context.Context) (*github.Response, error) {
			resp, err := list(ctx, o)
			if err == nil {
				next = resp.NextPage
			}
			return resp, err
		})
		if err != nil {
			return err
		}
		if next == 0 {
			return nil
		}
		o.Page = next
	}
	return &Error{Op: op, Kind: TooLarge, Message: fmt.Sprintf("the list is longer than %d", 100*limit)}
}

func (c *Client) ref(owner, repo string, number int) fact.Ref {
	return fact.Ref{Installation: c.installation, Owner: owner, Repo: repo, Number: number}
}

// GroupPulls lists the pull requests that a merge group with head headSHA
// would merge into baseRef: the queue's entries up to the one whose head that
// is. Where the queue cannot be read, or has moved on, the branch that GitHub
// made for the group still names its last pull request; that is gone by only
// where GitHub told of the group, since anybody who can write can name a branch
// so. [NotFound] where neither tells.
// https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
func (c *Client) GroupPulls(ctx context.Context, owner, repo, baseRef, headSHA string, told bool) ([]fact.Ref, error) {
	baseRef = strings.TrimPrefix(baseRef, "refs/heads/")
	numbers, err := c.queued(ctx, owner, repo, baseRef, headSHA)
	if err == nil && len(numbers) == 0 && told {
		numbers, err = c.grouped(ctx, owner, repo, baseRef, headSHA)
	}
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, &Error{Op: "merge group", Kind: NotFound, Message: "no pull request is queued with that head"}
	}
	sort.Ints(numbers)
	refs := make([]fact.Ref, len(numbers))
	for i, n := range numbers {
		refs[i] = c.ref(owner, repo, n)
	}
	return refs, nil
}

// queued reads the merge queue; none where it may not be read.
func (c *Client) queued(ctx context.Context, owner, repo, branch, headSHA string) ([]int, error) {
	got, _, err := mergeQueue.ask(ctx, c, map[string]any{"owner": owner, "name": repo, "branch": branch},
		func(path string) bool { return strings.HasPrefix(path, "repository.mergeQueue") })
	if err != nil || got.Repository.MergeQueue == nil {
		return nil, err
	}
	entries, last := got.Repository.MergeQueue.Entries.Nodes, -1
	for _, e := range entries {
		if e.HeadCommit != nil && e.HeadCommit.Oid == headSHA {
			last = e.Position
		}
	}
	var numbers []int
	for _, e := range entries {
		if e.PullRequest != nil && e.Position <= last {
			numbers = append(numbers, e.PullRequest.Number)
		}
	}
	return numbers, nil
}

var mergeQueue = fixed[struct {
	Repository struct {
		MergeQueue *struct {
			Entries struct {
				Nodes []struct {
					Position    int     `json:"position"`
					HeadCommit  *object `json:"headCommit"`
					PullRequest *struct {
						Number int `json:"number"`
					} `json:"pullRequest"`
				} `json:"nodes"`
			} `json:"entries"`
		} `json:"mergeQueue"`
	} `json:"repository"`
}]("merge queue", `
	query mergeQueue($owner: String!, $name: String!, $branch: String!) {
		repository(owner: $owner, name: $name) {
			mergeQueue(branch: $branch) {
				entries(first: 100) { nodes { position headCommit { oid } pullRequest { number } } }
			}
		}
	}`)

// grouped reads the branches that GitHub made for merge groups.
func (c *Client) grouped(ctx context.Context, owner, repo, branch, headSHA string) ([]int, error) {
	got, _, err := groupBranches.ask(ctx, c, map[string]any{
		"owner": owner, "name": repo, "prefix": "refs/heads/" + queuePrefix + branch + "/",
	}, nil)
	if err != nil || got.Repository.Refs == nil {
		return nil, err
	}
	var numbers []int
	for _, r := range got.Repository.Refs.Nodes {
		if n, ok := GroupPull(r.Name); ok && r.Target != nil && r.Target.Oid == headSHA {
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}

var groupBranches = fixed[struct {
	Repository struct {
		Refs *struct {
			Nodes []struct {
				Name   string  `json:"name"`
				Target *object `json:"target"`
			} `json:"nodes"`
		} `json:"refs"`
	} `json:"repository"`
}]("merge group branches", `
	query groupBranches($owner: String!, $name: String!, $prefix: String!) {
		repository(owner: $owner, name: $name) {
			refs(refPrefix: $prefix, first: 100) { nodes { name target { oid } } }
		}
	}`)

// queuePrefix is where GitHub makes the branches of merge groups.
const queuePrefix = "gh-readonly-queue/"

var groupBranch = regexp.MustCompile(`(?:^|/)pr-(\d{1,9})-[0-9a-f]{40,64}$`)

// GroupPull reads the number of the pull request from the name of a merge
// group's branch, "gh-readonly-queue/main/pr-12-SHA" or its last part.
func GroupPull(branch string) (number int, ok bool) {
	m := groupBranch.FindStringSubmatch(branch)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil && n > 0
}

func (c *Client) scope(owner, repo string) scope {
	return scope{c.installation, strings.ToLower(owner), strings.ToLower(repo)}
}

// PullsSince lists the pull requests of a repository, open or not, that
// changed since a time, the latest change first.
func (c *Client) PullsSince(ctx context.Context, owner, repo string, since time.Time) ([]fact.Ref, error) {
	var refs []fact.Ref
	err := c.pages(ctx, "pulls since", maxOpenPulls, func(ctx context.Context, o github.ListOptions) (*github.Response, error) {
		pulls, resp, err := c.rest.PullRequests.List(ctx, owner, repo, &github.PullRequestListOptions{
			State: "all", Sort: "updated", Direction: "desc", ListOptions: o,
		})
		for _, p := range pulls {
			if p.GetUpdatedAt().Before(since) {
				resp.NextPage = 0
				break
			}
			refs = append(refs, c.ref(owner, repo, p.GetNumber()))
		}
		return resp, err
	})
	return refs, err
}
