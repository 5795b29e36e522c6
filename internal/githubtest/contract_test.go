package githubtest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/internal/githubtest"
	contract "github.com/rolecall/rolecall/testdata/github"
)

// clients are go-github's clients for one fake: as the App, as its
// installation, and as a person.
type clients struct {
	app, inst, person *github.Client
}

func connect(t *testing.T, gh *githubtest.Server, org, login string) clients {
	t.Helper()
	app := gh.App()
	base := strings.TrimSuffix(gh.URL(), "/")
	at, err := ghinstallation.NewAppsTransport(http.DefaultTransport, app.ID(), app.PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	at.BaseURL = base
	it := ghinstallation.NewFromAppsTransport(at, app.Installation(org).ID())
	it.BaseURL = base
	client := func(h *http.Client) *github.Client {
		c := github.NewClient(h)
		c.BaseURL, _ = c.BaseURL.Parse(gh.URL())
		return c
	}
	return clients{
		app: client(&http.Client{Transport: at}), inst: client(&http.Client{Transport: it}),
		person: client(nil).WithAuthToken(gh.User(login).Token()),
	}
}

func must[T any](t *testing.T) func(T, *github.Response, error) T {
	return func(v T, _ *github.Response, err error) T {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		return v
	}
}

func done(t *testing.T) func(*github.Response, error) {
	return func(_ *github.Response, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
}

// TestEveryOperationAnswersByTheContract calls each operation once through
// go-github: its request and answer are held to GitHub's contract by the fake,
// and its answer parses.
func TestEveryOperationAnswersByTheContract(t *testing.T) {
	ctx := context.Background()
	gh := githubtest.New(t, githubtest.Options{})
	receiver := receive(t, gh)
	gh.App().Permit("issues", "write")
	gh.App().Permit("contents", "write")
	gh.App().Permit("administration", "read")
	org := gh.Org("acme")
	org.Owner("olga")
	all := org.Team("everyone", "ana", "bo")
	cloud := org.Team("cloud", "ana").Under(all)
	repo := org.Repo("cloud")
	cloud.Grant(repo, "push")
	base := repo.Commit("main", "Start", githubtest.Files{"main.go": "package main\n", "docs/a.md": "a\n", "link": githubtest.Symlink("main.go")}, githubtest.By("ana"))
	pr := repo.Open(githubtest.PullRequest{Author: "bo", Title: "Change", Head: "feature", Files: githubtest.Files{"main.go": "package main\n\nfunc main() {}\n", "docs/b.md": "b\n"}})
	repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "ci", App: gh.App().ID()}).RequireReviews(1, true, true)
	repo.Protect("main", githubtest.RequiredCheck{Context: "ci"})
	c := connect(t, gh, "acme", "ana")
	n, head := pr.Number(), pr.Head()

	app := must[*github.App](t)(c.app.Apps.Get(ctx, ""))
	if app.GetSlug() != "rolecall" {
		t.Errorf("the App is called %q", app.GetSlug())
	}
	must[[]*github.Installation](t)(c.app.Apps.ListInstallations(ctx, nil))
	id := gh.App().Installation("acme").ID()
	must[*github.Installation](t)(c.app.Apps.GetInstallation(ctx, id))
	must[*github.Installation](t)(c.app.Apps.FindRepositoryInstallation(ctx, "acme", "cloud"))
	must[*github.Installation](t)(c.app.Apps.FindOrganizationInstallation(ctx, "acme"))
	must[*github.InstallationToken](t)(c.app.Apps.CreateInstallationToken(ctx, id, &github.InstallationTokenOptions{
		Repositories: []string{"cloud"}, Permissions: &github.InstallationPermissions{Checks: github.String("read")}}))
	must[*github.HookConfig](t)(c.app.Apps.GetHookConfig(ctx))
	gh.Flush()
	deliveries := must[[]*github.HookDelivery](t)(c.app.Apps.ListHookDeliveries(ctx, nil))
	must[*github.HookDelivery](t)(c.app.Apps.GetHookDelivery(ctx, deliveries[0].GetID()))
	if _, _, err := c.app.Apps.RedeliverHookDelivery(ctx, deliveries[0].GetID()); err != nil && !strings.Contains(err.Error(), "job scheduled") {
		t.Error(err)
	}
	must[*github.AppConfig](t)(c.app.Apps.CompleteAppManifest(ctx, "code"))
	must[*github.ListRepositories](t)(c.inst.Apps.ListRepos(ctx, nil))
	must[*github.RateLimits](t)(c.inst.RateLimit.Get(ctx))
	must[*github.APIMeta](t)(c.inst.Meta.Get(ctx))

	must[*github.User](t)(c.person.Users.Get(ctx, ""))
	must[*github.User](t)(c.inst.Users.Get(ctx, "bo"))
	must[[]*github.Team](t)(c.person.Teams.ListUserTeams(ctx, nil))
	must[*github.Organization](t)(c.inst.Organizations.Get(ctx, "acme"))
	if member := must[bool](t)(c.inst.Organizations.IsMember(ctx, "acme", "bo")); !member {
		t.Error("bo is not a member")
	}
	must[[]*github.Team](t)(c.inst.Teams.ListTeams(ctx, "acme", nil))
	must[*github.Team](t)(c.inst.Teams.GetTeamBySlug(ctx, "acme", "cloud"))
	must[[]*github.User](t)(c.inst.Teams.ListTeamMembersBySlug(ctx, "acme", "everyone", nil))
	must[*github.Membership](t)(c.inst.Teams.GetTeamMembershipBySlug(ctx, "acme", "cloud", "ana"))
	must[*github.Repository](t)(c.inst.Teams.IsTeamRepoBySlug(ctx, "acme", "cloud", "acme", "cloud"))

	must[*github.Repository](t)(c.inst.Repositories.Get(ctx, "acme", "cloud"))
	must[[]*github.User](t)(c.inst.Repositories.ListCollaborators(ctx, "acme", "cloud", nil))
	must[bool](t)(c.inst.Repositories.IsCollaborator(ctx, "acme", "cloud", "ana"))
	if p := must[*github.RepositoryPermissionLevel](t)(c.inst.Repositories.GetPermissionLevel(ctx, "acme", "cloud", "ana")); p.GetPermission() != "write" {
		t.Errorf("ana's permission is %q", p.GetPermission())
	}
	must[[]*github.Team](t)(c.inst.Repositories.ListTeams(ctx, "acme", "cloud", nil))
	rules := must[[]*github.RepositoryRule](t)(c.inst.Repositories.GetRulesForBranch(ctx, "acme", "cloud", "main"))
	if len(rules) != 2 {
		t.Errorf("%d rules", len(rules))
	}
	sets := must[[]*github.Ruleset](t)(c.inst.Repositories.GetAllRulesets(ctx, "acme", "cloud", true))
	must[*github.Ruleset](t)(c.inst.Repositories.GetRuleset(ctx, "acme", "cloud", sets[0].GetID(), true))
	get(t, c.inst, "repos/acme/cloud/activity")
	must[*github.Branch](t)(c.inst.Repositories.GetBranch(ctx, "acme", "cloud", "main", 1))
	must[*github.Protection](t)(c.inst.Repositories.GetBranchProtection(ctx, "acme", "cloud", "main"))

	file, dir, _, err := c.inst.Repositories.GetContents(ctx, "acme", "cloud", "docs", nil)
	if err != nil || file != nil || len(dir) != 1 {
		t.Errorf("docs: %v %v %v", file, dir, err)
	}
	file, _, _, err = c.inst.Repositories.GetContents(ctx, "acme", "cloud", "main.go", &github.RepositoryContentGetOptions{Ref: base})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := file.GetContent(); err != nil || text != "package main\n" {
		t.Errorf("main.go is %q, %v", text, err)
	}
	must[*github.RepositoryContentResponse](t)(c.person.Repositories.CreateFile(ctx, "acme", "cloud", "new.txt", &github.RepositoryContentFileOptions{
		Message: github.String("New"), Content: []byte("new"), Branch: github.String("feature")}))
	must[*github.Blob](t)(c.inst.Git.GetBlob(ctx, "acme", "cloud", file.GetSHA()))
	must[*github.Tree](t)(c.inst.Git.GetTree(ctx, "acme", "cloud", "main", true))
	must[*github.Reference](t)(c.inst.Git.GetRef(ctx, "acme", "cloud", "heads/main"))
	must[*github.Reference](t)(c.person.Git.CreateRef(ctx, "acme", "cloud", &github.Reference{Ref: github.String("refs/heads/other"), Object: &github.GitObject{SHA: &head}}))
	cmp := must[*github.CommitsComparison](t)(c.inst.Repositories.CompareCommits(ctx, "acme", "cloud", "main", head, nil))
	if cmp.GetMergeBaseCommit().GetSHA() != base || len(cmp.Files) != 2 {
		t.Errorf("compare: merge base %s, %d files", cmp.GetMergeBaseCommit().GetSHA(), len(cmp.Files))
	}
	must[[]*github.RepositoryCommit](t)(c.inst.Repositories.ListCommits(ctx, "acme", "cloud", nil))
	must[*github.RepositoryCommit](t)(c.inst.Repositories.GetCommit(ctx, "acme", "cloud", head, nil))
	must[[]*github.PullRequest](t)(c.inst.PullRequests.ListPullRequestsWithCommit(ctx, "acme", "cloud", head, nil))

	must[*github.PullRequest](t)(c.person.PullRequests.Create(ctx, "acme", "cloud", &github.NewPullRequest{
		Title: github.String("Other"), Head: github.String("other"), Base: github.String("main"), Body: github.String("b")}))
	must[[]*github.PullRequest](t)(c.inst.PullRequests.List(ctx, "acme", "cloud", nil))
	pull := must[*github.PullRequest](t)(c.inst.PullRequests.Get(ctx, "acme", "cloud", n))
	if pull.GetChangedFiles() != 3 {
		t.Errorf("%d changed files", pull.GetChangedFiles())
	}
	must[*github.PullRequest](t)(c.person.PullRequests.Edit(ctx, "acme", "cloud", n, &github.PullRequest{Title: github.String("Changed")}))
	must[[]*github.CommitFile](t)(c.inst.PullRequests.ListFiles(ctx, "acme", "cloud", n, nil))
	must[[]*github.RepositoryCommit](t)(c.inst.PullRequests.ListCommits(ctx, "acme", "cloud", n, nil))
	must[*github.PullRequest](t)(c.inst.PullRequests.RequestReviewers(ctx, "acme", "cloud", n, github.ReviewersRequest{Reviewers: []string{"olga"}, TeamReviewers: []string{"cloud"}}))
	must[*github.Reviewers](t)(c.inst.PullRequests.ListReviewers(ctx, "acme", "cloud", n, nil))
	done(t)(c.inst.PullRequests.RemoveReviewers(ctx, "acme", "cloud", n, github.ReviewersRequest{Reviewers: []string{"olga"}}))
	review := must[*github.PullRequestReview](t)(c.person.PullRequests.CreateReview(ctx, "acme", "cloud", n, &github.PullRequestReviewRequest{Event: github.String("APPROVE")}))
	must[[]*github.PullRequestReview](t)(c.inst.PullRequests.ListReviews(ctx, "acme", "cloud", n, nil))
	must[*github.PullRequestReview](t)(c.person.PullRequests.DismissReview(ctx, "acme", "cloud", n, review.GetID(), &github.PullRequestReviewDismissalRequest{Message: github.String("no")}))

	head = pr.Head()
	run := must[*github.CheckRun](t)(c.inst.Checks.CreateCheckRun(ctx, "acme", "cloud", github.CreateCheckRunOptions{
		Name: "rolecall: main", HeadSHA: head, Status: github.String("in_progress"), ExternalID: github.String("1"),
		Output:  &github.CheckRunOutput{Title: github.String("t"), Summary: github.String("s"), Text: github.String("x")},
		Actions: []*github.CheckRunAction{{Label: "Re-check", Description: "Look again", Identifier: "recheck"}},
	}))
	must[*github.CheckRun](t)(c.inst.Checks.UpdateCheckRun(ctx, "acme", "cloud", run.GetID(), github.UpdateCheckRunOptions{
		Name: "rolecall: main", Status: github.String("completed"), Conclusion: github.String("success")}))
	must[*github.CheckRun](t)(c.inst.Checks.GetCheckRun(ctx, "acme", "cloud", run.GetID()))
	must[*github.CheckSuite](t)(c.inst.Checks.GetCheckSuite(ctx, "acme", "cloud", run.GetCheckSuite().GetID()))
	must[*github.ListCheckRunsResults](t)(c.inst.Checks.ListCheckRunsForRef(ctx, "acme", "cloud", head, nil))
	must[*github.RepoStatus](t)(c.inst.Repositories.CreateStatus(ctx, "acme", "cloud", head, &github.RepoStatus{State: github.String("success"), Context: github.String("c")}))
	must[*github.CombinedStatus](t)(c.inst.Repositories.GetCombinedStatus(ctx, "acme", "cloud", head, nil))

	must[*github.Issue](t)(c.inst.Issues.Create(ctx, "acme", "cloud", &github.IssueRequest{Title: github.String("Issue")}))
	must[[]*github.Issue](t)(c.inst.Issues.ListByRepo(ctx, "acme", "cloud", nil))
	must[*github.Issue](t)(c.inst.Issues.Get(ctx, "acme", "cloud", n))
	must[*github.Issue](t)(c.inst.Issues.Edit(ctx, "acme", "cloud", n, &github.IssueRequest{Body: github.String("body")}))
	comment := must[*github.IssueComment](t)(c.inst.Issues.CreateComment(ctx, "acme", "cloud", n, &github.IssueComment{Body: github.String("hello")}))
	must[[]*github.IssueComment](t)(c.inst.Issues.ListComments(ctx, "acme", "cloud", n, nil))
	must[*github.IssueComment](t)(c.inst.Issues.GetComment(ctx, "acme", "cloud", comment.GetID()))
	must[*github.IssueComment](t)(c.inst.Issues.EditComment(ctx, "acme", "cloud", comment.GetID(), &github.IssueComment{Body: github.String("edited")}))
	must[*github.Reaction](t)(c.inst.Reactions.CreateIssueCommentReaction(ctx, "acme", "cloud", comment.GetID(), "+1"))
	must[[]*github.Label](t)(c.inst.Issues.AddLabelsToIssue(ctx, "acme", "cloud", n, []string{"security"}))
	must[[]*github.Label](t)(c.inst.Issues.ListLabelsByIssue(ctx, "acme", "cloud", n, nil))
	must[*github.Issue](t)(c.inst.Issues.AddAssignees(ctx, "acme", "cloud", n, []string{"ana"}))
	repo.Push("release", base, "ana")
	pr.Retarget("release", "bo")
	must[[]*github.Timeline](t)(c.inst.Issues.ListIssueTimeline(ctx, "acme", "cloud", n, nil))
	done(t)(c.inst.Issues.RemoveLabelForIssue(ctx, "acme", "cloud", n, "security"))
	must[*github.Issue](t)(c.inst.Issues.RemoveAssignees(ctx, "acme", "cloud", n, []string{"ana"}))
	done(t)(c.inst.Issues.DeleteComment(ctx, "acme", "cloud", comment.GetID()))

	gh.Flush()
	if receiver.unsigned() > 0 {
		t.Errorf("%d deliveries were not signed", receiver.unsigned())
	}
	called := gh.CallCount()
	for _, id := range contractOperations(t) {
		if called[id] == 0 {
			t.Errorf("%s was not called", id)
		}
	}
}

func contractOperations(t *testing.T) []string {
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(contract.REST, &doc); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, item := range doc.Paths {
		for _, raw := range item {
			var op struct{ OperationID string }
			if json.Unmarshal(raw, &op); op.OperationID != "" {
				out = append(out, op.OperationID)
			}
		}
	}
	slices.Sort(out)
	return out
}

// get calls what go-github has no method for.
func get(t *testing.T, c *github.Client, path string) {
	t.Helper()
	r, err := c.NewRequest("GET", path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(context.Background(), r, nil); err != nil {
		t.Error(err)
	}
}
