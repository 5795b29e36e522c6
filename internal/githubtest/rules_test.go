package githubtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/internal/githubtest"
)

func mustTime(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// status is the HTTP status of an error of go-github's, 0 for none.
func status(err error) int {
	var refused *github.ErrorResponse
	var limited *github.RateLimitError
	var abuse *github.AbuseRateLimitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &refused):
		return refused.Response.StatusCode
	case errors.As(err, &limited):
		return limited.Response.StatusCode
	case errors.As(err, &abuse):
		return abuse.Response.StatusCode
	}
	return -1
}

// place is an organisation with a repository and an open pull request of
// dan's.
type place struct {
	gh     *githubtest.Server
	org    *githubtest.Org
	repo   *githubtest.Repo
	pr     *githubtest.Pull
	c      clients
	events *receiver
}

func newPlace(t *testing.T, o githubtest.Options) place {
	t.Helper()
	gh := githubtest.New(t, o)
	p := place{gh: gh, org: gh.Org("acme")}
	p.org.Member("ana", "bo", "dan")
	p.repo = p.org.Repo("cloud")
	p.repo.Collaborator("ana", "push").Collaborator("bo", "push").Collaborator("dan", "push")
	p.repo.Commit("main", "Start", githubtest.Files{"main.go": "package main\n"}, githubtest.By("ana"))
	p.pr = p.repo.Open(githubtest.PullRequest{Author: "dan", Title: "Change", Head: "feature", Files: githubtest.Files{"b.go": "package b\n"}})
	p.c = connect(t, gh, "acme", "ana")
	p.events = receive(t, gh)
	return p
}

func TestWhatBecomesOfAPullRequestIsTold(t *testing.T) {
	for name, act := range map[string]struct {
		do   func(place)
		want string
	}{
		"a push":                   {func(p place) { p.pr.Push("dan", githubtest.Files{"c": "c"}) }, "check_suite.requested pull_request.synchronize push."},
		"a force-push":             {func(p place) { p.pr.ForcePush("dan", githubtest.Files{"c": "c"}) }, "check_suite.requested pull_request.synchronize push."},
		"a review":                 {func(p place) { p.pr.Review("ana", "approve", "") }, "pull_request_review.submitted"},
		"a dismissal":              {func(p place) { p.pr.Approve("ana"); p.pr.Dismiss("ana", "bo") }, "pull_request_review.dismissed pull_request_review.submitted"},
		"a label":                  {func(p place) { p.pr.Label("ana", "security") }, "pull_request.labeled"},
		"a label taken off":        {func(p place) { p.pr.Label("ana", "x"); p.pr.Unlabel("ana", "x") }, "pull_request.labeled pull_request.unlabeled"},
		"a comment and its end":    {func(p place) { p.pr.DeleteComment(p.pr.Comment("ana", "hello"), "bo") }, "issue_comment.created issue_comment.deleted"},
		"an edited comment":        {func(p place) { p.pr.EditComment(p.pr.Comment("ana", "hello"), "bo", "x") }, "issue_comment.created issue_comment.edited"},
		"a comment on an issue":    {func(p place) { p.repo.Issue("ana", "t", "b").Comment("bo", "hi") }, "issue_comment.created"},
		"a request and its end":    {func(p place) { p.pr.Request("dan", "ana"); p.pr.Unrequest("dan", "ana") }, "pull_request.review_request_removed pull_request.review_requested"},
		"an assignment":            {func(p place) { p.pr.Assign("dan", "ana"); p.pr.Unassign("dan", "ana") }, "pull_request.assigned pull_request.unassigned"},
		"a retarget":               {func(p place) { p.repo.Push("release", p.repo.Head("main"), "ana"); p.pr.Retarget("release") }, "check_suite.requested pull_request.edited push."},
		"an edit":                  {func(p place) { p.pr.Edit("New", "New") }, "pull_request.edited"},
		"a draft and its end":      {func(p place) { p.pr.ConvertToDraft(); p.pr.MarkReady() }, "pull_request.converted_to_draft pull_request.ready_for_review"},
		"closing and reopening":    {func(p place) { p.pr.Close(); p.pr.Reopen() }, "pull_request.closed pull_request.reopened"},
		"a merge":                  {func(p place) { p.pr.MustMerge("ana") }, "check_suite.requested pull_request.closed push."},
		"a push that brings it in": {func(p place) { p.repo.Push("main", p.pr.Head(), "ana") }, "check_suite.requested pull_request.closed push."},
		"an update of the branch": {func(p place) {
			p.repo.Commit("main", "More", githubtest.Files{"m": "m"}, githubtest.By("ana"))
			p.pr.UpdateBranch("bo")
		}, "check_suite.requested check_suite.requested pull_request.synchronize push. push."},
		"a merge group": {func(p place) { p.pr.Enqueue(); p.repo.BuildGroup("main", 1).Destroy("invalidated") },
			"merge_group.checks_requested merge_group.destroyed pull_request.enqueued"},
		"a merged group": {func(p place) { p.pr.Enqueue(); p.repo.BuildGroup("main", 1).Merge() }, "check_suite.requested merge_group.checks_requested merge_group.destroyed pull_request.closed pull_request.enqueued push."},
		"auto-merge and its end": {func(p place) {
			p.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "build"})
			if err := p.pr.EnableAutoMerge("ana"); err != nil {
				panic(err)
			}
			p.pr.DisableAutoMerge("ana")
		}, "pull_request.auto_merge_disabled pull_request.auto_merge_enabled"},
		"leaving the queue":     {func(p place) { p.pr.Enqueue(); p.pr.Dequeue() }, "pull_request.dequeued pull_request.enqueued"},
		"another App's check":   {func(p place) { p.pr.PostCheck(p.gh.OtherApp("ci"), "build", "success") }, "check_run.completed check_run.created"},
		"a deleted branch":      {func(p place) { p.repo.DeleteBranch("feature", "dan") }, "pull_request.closed push."},
		"a new team":            {func(p place) { p.org.Team("new", "ana").Remove("ana").Delete() }, "membership.added membership.removed team.created team.deleted"},
		"a team's repositories": {func(p place) { p.org.Team("new").Grant(p.repo, "push").Revoke(p.repo) }, "team.added_to_repository team.created team.removed_from_repository"},
		"people of an organisation": {func(p place) { p.org.Invite("eve"); p.org.Member("eve"); p.org.Remove("eve") },
			"organization.member_added organization.member_invited organization.member_removed"},
		"an installation suspended": {func(p place) { i := p.gh.App().Installation("acme"); i.Suspend(); i.Unsuspend(); i.Delete() },
			"installation.deleted installation.suspend installation.unsuspend"},
		"an installation narrowed": {func(p place) {
			i := p.gh.App().Installation("acme")
			p.org.Repo("other")
			i.Select(p.repo)
			i.Select()
		}, "installation_repositories.added installation_repositories.removed"},
		"new permissions": {func(p place) { p.gh.App().Permit("issues", "read") }, "installation.new_permissions_accepted"},
		"a ping":          {func(p place) { p.gh.App().Ping() }, "ping."},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, githubtest.Options{})
			act.do(p)
			p.gh.Flush()
			got := p.events.events()
			slices.Sort(got)
			if strings.Join(got, " ") != act.want {
				t.Errorf("told %v, want %s", got, act.want)
			}
			if p.events.unsigned() > 0 {
				t.Error("a delivery was not signed")
			}
		})
	}
}

func TestOnlyWhatTheAppMaySeeIsToldToIt(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	p.gh.App().Subscribe("push")
	p.pr.Label("ana", "x")
	p.pr.Push("dan", githubtest.Files{"c": "c"})
	p.gh.App().Permit("contents", "")
	p.pr.Push("dan", githubtest.Files{"c": "d"})
	p.gh.Flush()
	got := p.events.events()
	slices.Sort(got)
	// Suites come by the permission to write checks, new permissions to every App.
	if want := []string{"check_suite.requested", "check_suite.requested", "installation.new_permissions_accepted", "push."}; !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func TestReviewersAreRefusedAsGitHubRefusesThem(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	ctx := context.Background()
	p.gh.User("stranger")
	p.org.Team("secret", "ana").Secret()
	p.org.Team("stranded", "ana")
	for name, req := range map[string]github.ReviewersRequest{
		"the author fails the whole call":        {Reviewers: []string{"ana", "dan"}},
		"a person without access fails it":       {Reviewers: []string{"ana", "stranger"}},
		"nobody of that name fails it":           {Reviewers: []string{"ana", "nobody"}},
		"a team without access fails it":         {Reviewers: []string{"ana"}, TeamReviewers: []string{"stranded"}},
		"a team that does not exist fails it":    {Reviewers: []string{"ana"}, TeamReviewers: []string{"nowhere"}},
		"a secret team without access fails too": {TeamReviewers: []string{"secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := p.c.inst.PullRequests.RequestReviewers(ctx, "acme", "cloud", p.pr.Number(), req)
			if status(err) != 422 || len(p.pr.Requested()) != 0 {
				t.Errorf("status %d, requested %v", status(err), p.pr.Requested())
			}
		})
	}
	many := []string{}
	for i := range 16 {
		login := fmt.Sprintf("r%d", i)
		p.repo.Collaborator(login, "pull")
		many = append(many, login)
	}
	p.gh.Flush()
	p.events.events()
	if _, _, err := p.c.inst.PullRequests.RequestReviewers(ctx, "acme", "cloud", p.pr.Number(), github.ReviewersRequest{Reviewers: many}); status(err) != 422 {
		t.Errorf("16 reviewers: status %d", status(err))
	}
	if _, _, err := p.c.inst.PullRequests.RequestReviewers(ctx, "acme", "cloud", p.pr.Number(), github.ReviewersRequest{Reviewers: many[:15]}); err != nil {
		t.Error(err)
	}
	p.gh.Flush()
	if n := len(p.events.events()); n != 15 {
		t.Errorf("%d events for 15 requests", n)
	}
	p.pr.Approve("r3")
	if got := p.pr.Requested(); len(got) != 14 || slices.Contains(got, "r3") {
		t.Errorf("after r3's review %v are asked", got)
	}
}

func TestATeamThatReviewedIsNoLongerAsked(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	parent := p.org.Team("all").Grant(p.repo, "push")
	p.org.Team("cloud", "bo").Under(parent)
	p.pr.Request("dan", "acme/all")
	p.pr.Review("ana", "comment", "hm")
	if got := p.pr.Requested(); len(got) != 1 {
		t.Errorf("after an outsider's review %v are asked", got)
	}
	p.pr.Review("bo", "comment", "hm")
	if got := p.pr.Requested(); len(got) != 0 {
		t.Errorf("after a child team's review %v are asked", got)
	}
}

func TestCheckRunsKeepGitHubsRules(t *testing.T) {
	p := newPlace(t, githubtest.Options{NoValidation: true})
	ctx := context.Background()
	create := func(o github.CreateCheckRunOptions) (*github.CheckRun, error) {
		o.Name, o.HeadSHA = "rolecall: main", or(o.HeadSHA, p.pr.Head())
		run, _, err := p.c.inst.Checks.CreateCheckRun(ctx, "acme", "cloud", o)
		return run, err
	}
	long := strings.Repeat("é", 65_536)
	var annotations []*github.CheckRunAnnotation
	for range 51 {
		annotations = append(annotations, &github.CheckRunAnnotation{Path: github.String("a"), StartLine: github.Int(1), EndLine: github.Int(1), AnnotationLevel: github.String("notice"), Message: github.String("m")})
	}
	action := func(label, description, identifier string) *github.CheckRunAction {
		return &github.CheckRunAction{Label: label, Description: description, Identifier: identifier}
	}
	fine := action("l", "d", "i")
	for name, o := range map[string]github.CreateCheckRunOptions{
		"a summary that is too long":     {Output: &github.CheckRunOutput{Title: github.String("t"), Summary: &long}},
		"a text that is too long":        {Output: &github.CheckRunOutput{Title: github.String("t"), Summary: github.String("s"), Text: &long}},
		"51 annotations":                 {Output: &github.CheckRunOutput{Title: github.String("t"), Summary: github.String("s"), Annotations: annotations}},
		"four buttons":                   {Actions: []*github.CheckRunAction{fine, fine, fine, fine}},
		"a label that is too long":       {Actions: []*github.CheckRunAction{action(long[:42], "d", "i")}},
		"a description that is too long": {Actions: []*github.CheckRunAction{action("l", long[:82], "i")}},
		"an identifier that is too long": {Actions: []*github.CheckRunAction{action("l", "d", long[:42])}},
		"completed with no conclusion":   {Status: github.String("completed")},
		"an unknown conclusion":          {Conclusion: github.String("fine")},
		"a commit that is not there":     {HeadSHA: strings.Repeat("0", 40)},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if _, err := create(o); status(err) != 422 {
				t.Errorf("status %d", status(err))
			}
		})
	}
	exact := strings.Repeat("é", 65_535)
	run, err := create(github.CreateCheckRunOptions{Conclusion: github.String("success"), Output: &github.CheckRunOutput{
		Title: github.String("t"), Summary: &exact, Annotations: annotations[:50]}})
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := p.c.inst.Checks.UpdateCheckRun(ctx, "acme", "cloud", run.GetID(), github.UpdateCheckRunOptions{Name: "rolecall: main", Status: github.String("in_progress")})
	if err != nil || again.GetStatus() != "completed" || again.GetConclusion() != "success" {
		t.Errorf("a completed run was taken back to %s %s, %v", again.GetStatus(), again.GetConclusion(), err)
	}
	next, err := create(github.CreateCheckRunOptions{Status: github.String("in_progress")})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.pr.Check("rolecall: main"); got.ID != next.GetID() || got.Status != "in_progress" {
		t.Errorf("the latest run is %+v", got)
	}
	if n := len(p.repo.ChecksAt(p.pr.Head())); n != 2 {
		t.Errorf("%d runs stand on the head", n)
	}
	p.pr.PostCheck(p.gh.OtherApp("ci"), "rolecall: main", "success")
	forged := p.pr.Checks()
	if len(forged) != 2 || forged[1].App != "ci" {
		t.Errorf("checks %+v", forged)
	}
	if _, _, err := p.c.inst.Checks.UpdateCheckRun(ctx, "acme", "cloud", forged[1].ID, github.UpdateCheckRunOptions{Name: "x"}); status(err) != 403 {
		t.Errorf("another App's run: status %d", status(err))
	}
}

func TestRequiredChecksKeepAPullRequestFromMerging(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	ci := p.gh.OtherApp("ci")
	p.repo.Require([]string{"~DEFAULT_BRANCH"}, githubtest.RequiredCheck{Context: "build", App: ci.ID()})
	if err := p.pr.Merge("ana"); err == nil {
		t.Fatal("merged without its check")
	}
	p.pr.PostCheck(p.gh.OtherApp("evil"), "build", "success")
	if ok, _ := p.pr.Mergeable(); ok {
		t.Error("another App's check counts")
	}
	p.pr.PostCheck(ci, "build", "failure")
	if ok, _ := p.pr.Mergeable(); ok {
		t.Error("a failure counts")
	}
	p.pr.PostCheck(ci, "build", "neutral")
	if err := p.pr.Merge("ana"); err != nil {
		t.Error(err)
	}
	if p.pr.State() != "merged" {
		t.Errorf("state %s", p.pr.State())
	}
}

func TestTokensAreWorthWhatTheyWereGrantedAndForAnHour(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	p := newPlace(t, githubtest.Options{Now: clock})
	ctx := context.Background()
	token := p.gh.TokenFor("acme")
	as := func(token string) *github.Client {
		c := github.NewClient(nil).WithAuthToken(token)
		c.BaseURL, _ = c.BaseURL.Parse(p.gh.URL())
		return c
	}
	c := as(token)
	if _, _, err := c.PullRequests.Get(ctx, "acme", "cloud", 1); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Repositories.CreateFile(ctx, "acme", "cloud", "x", &github.RepositoryContentFileOptions{Message: github.String("m"), Content: []byte("x")}); status(err) != 403 {
		t.Errorf("writing contents: status %d", status(err))
	}
	if _, _, err := c.Issues.Create(ctx, "acme", "cloud", &github.IssueRequest{Title: github.String("t")}); status(err) != 403 {
		t.Errorf("writing issues: status %d", status(err))
	}
	issue := p.repo.Issue("ana", "t", "b")
	if _, _, err := c.Issues.CreateComment(ctx, "acme", "cloud", issue.Number(), &github.IssueComment{Body: github.String("b")}); status(err) != 403 {
		t.Errorf("commenting on a plain issue: status %d", status(err))
	}
	other := p.gh.Org("other").Repo("hidden")
	if _, _, err := c.Repositories.Get(ctx, "other", other.Name()); status(err) != 404 {
		t.Errorf("another installation's repository: status %d", status(err))
	}
	p.gh.App().Permit("members", "")
	if _, _, err := c.Teams.ListTeams(ctx, "acme", nil); status(err) != 403 {
		t.Errorf("members after the permission was taken back: status %d", status(err))
	}
	mu.Lock()
	now = now.Add(time.Hour)
	mu.Unlock()
	if _, _, err := c.PullRequests.Get(ctx, "acme", "cloud", 1); status(err) != 401 {
		t.Errorf("an expired token: status %d", status(err))
	}
	if _, _, err := as("ghs_nonsense").PullRequests.Get(ctx, "acme", "cloud", 1); status(err) != 401 {
		t.Errorf("an unknown token: status %d", status(err))
	}
	forged, err := ghinstallation.NewAppsTransport(http.DefaultTransport, p.gh.App().ID(), p.gh.OtherApp("evil").PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	evil := github.NewClient(&http.Client{Transport: forged})
	evil.BaseURL, _ = evil.BaseURL.Parse(p.gh.URL())
	if _, _, err := evil.Apps.Get(ctx, ""); status(err) != 401 {
		t.Errorf("a JWT by another key: status %d", status(err))
	}
}

func TestANarrowedTokenReachesOnlyWhatItNames(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	ctx := context.Background()
	p.org.Repo("other")
	app := p.c.app
	id := p.gh.App().Installation("acme").ID()
	if _, _, err := app.Apps.CreateInstallationToken(ctx, id, &github.InstallationTokenOptions{Permissions: &github.InstallationPermissions{Contents: github.String("write")}}); status(err) != 422 {
		t.Errorf("more than was granted: status %d", status(err))
	}
	if _, _, err := app.Apps.CreateInstallationToken(ctx, id, &github.InstallationTokenOptions{Repositories: []string{"nowhere"}}); status(err) != 422 {
		t.Errorf("a repository that is not there: status %d", status(err))
	}
	made := must[*github.InstallationToken](t)(app.Apps.CreateInstallationToken(ctx, id, &github.InstallationTokenOptions{
		Repositories: []string{"cloud"}, Permissions: &github.InstallationPermissions{PullRequests: github.String("read")}}))
	c := github.NewClient(nil).WithAuthToken(made.GetToken())
	c.BaseURL, _ = c.BaseURL.Parse(p.gh.URL())
	if _, _, err := c.PullRequests.Get(ctx, "acme", "cloud", 1); err != nil {
		t.Error(err)
	}
	if _, _, err := c.Repositories.Get(ctx, "acme", "other"); status(err) != 404 {
		t.Errorf("another repository: status %d", status(err))
	}
	if _, _, err := c.Issues.CreateComment(ctx, "acme", "cloud", 1, &github.IssueComment{Body: github.String("b")}); status(err) != 403 {
		t.Errorf("writing by a reading token: status %d", status(err))
	}
}

func TestListsStopWhereGitHubStops(t *testing.T) {
	p := newPlace(t, githubtest.Options{NoValidation: true})
	ctx := context.Background()
	files := githubtest.Files{}
	for i := range 3050 {
		files[fmt.Sprintf("d/%04d.txt", i)] = fmt.Sprintf("file %d\n", i)
	}
	commits := []githubtest.Commit{}
	for i := range 260 {
		commits = append(commits, githubtest.Commit{Message: fmt.Sprint(i), Files: githubtest.Files{"n": fmt.Sprint(i)}})
	}
	big := p.repo.Open(githubtest.PullRequest{Author: "dan", Title: "Big", Files: files, Commits: commits})
	count := func(list func(o *github.ListOptions) (int, *github.Response, error)) (n, pages int) {
		o := &github.ListOptions{PerPage: 100}
		for {
			got, resp, err := list(o)
			if err != nil {
				t.Fatal(err)
			}
			n, pages = n+got, pages+1
			if resp.NextPage == 0 {
				return n, pages
			}
			o.Page = resp.NextPage
		}
	}
	n, pages := count(func(o *github.ListOptions) (int, *github.Response, error) {
		l, r, err := p.c.inst.PullRequests.ListFiles(ctx, "acme", "cloud", big.Number(), o)
		return len(l), r, err
	})
	if n != 3000 || pages != 30 {
		t.Errorf("%d files on %d pages", n, pages)
	}
	n, _ = count(func(o *github.ListOptions) (int, *github.Response, error) {
		l, r, err := p.c.inst.PullRequests.ListCommits(ctx, "acme", "cloud", big.Number(), o)
		return len(l), r, err
	})
	if n != 250 {
		t.Errorf("%d commits", n)
	}
	pull := must[*github.PullRequest](t)(p.c.inst.PullRequests.Get(ctx, "acme", "cloud", big.Number()))
	if pull.GetChangedFiles() != 3051 || pull.GetCommits() != 261 {
		t.Errorf("%d changed files, %d commits", pull.GetChangedFiles(), pull.GetCommits())
	}
	perPage, total := 0, 0
	n, _ = count(func(o *github.ListOptions) (int, *github.Response, error) {
		c, r, err := p.c.inst.Repositories.CompareCommits(ctx, "acme", "cloud", "main", big.Head(), o)
		perPage += len(c.Files)
		total = c.GetTotalCommits()
		return len(c.Commits), r, err
	})
	if perPage != 300 || n != 261 || total != 261 {
		t.Errorf("compare: %d files, %d of %d commits", perPage, n, total)
	}
}

func TestContentsOverAMegabyteComeWithoutContent(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	ctx := context.Background()
	p.repo.Commit("main", "Big", githubtest.Files{
		"big": strings.Repeat("x", 1<<20+1), "binary": "a\x00b", "link": githubtest.Symlink("main.go"), "dangling": githubtest.Symlink("nowhere"),
		"sub": githubtest.Submodule(p.pr.Head()),
	}, githubtest.By("ana"))
	for path, want := range map[string][2]string{
		"big": {"file", ""}, "main.go": {"file", "package main\n"}, "link": {"file", "package main\n"}, "dangling": {"symlink", ""}, "sub": {"submodule", ""},
	} {
		file, _, _, err := p.c.inst.Repositories.GetContents(ctx, "acme", "cloud", path, nil)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		if file.GetEncoding() == "base64" {
			text, _ = file.GetContent()
		}
		if file.GetType() != want[0] || text != want[1] {
			t.Errorf("%s is a %s with %q", path, file.GetType(), text)
		}
	}
	if _, _, _, err := p.c.inst.Repositories.GetContents(ctx, "acme", "cloud", "nowhere", nil); status(err) != 404 {
		t.Errorf("a missing file: status %d", status(err))
	}
}

func TestRateLimitsBiteAsGitHubsDo(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	p := newPlace(t, githubtest.Options{Now: clock})
	ctx := context.Background()
	raw := func() *http.Response {
		r, _ := http.NewRequest(http.MethodGet, p.gh.URL()+"repos/acme/cloud", nil)
		r.Header.Set("Authorization", "Bearer "+p.gh.TokenFor("acme"))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	p.gh.SetLimits(githubtest.Limits{Hourly: 2})
	raw()
	if r := raw(); r.StatusCode != http.StatusOK || r.Header.Get("X-Ratelimit-Remaining") != "0" {
		t.Errorf("the last call in the budget: %d, %s left", r.StatusCode, r.Header.Get("X-Ratelimit-Remaining"))
	}
	if r := raw(); r.StatusCode != http.StatusForbidden || r.Header.Get("X-Ratelimit-Reset") != fmt.Sprint(now.Add(time.Hour).Unix()) {
		t.Errorf("beyond the budget: %d, reset %s", r.StatusCode, r.Header.Get("X-Ratelimit-Reset"))
	}
	mu.Lock()
	now = now.Add(time.Hour)
	mu.Unlock()
	if r := raw(); r.StatusCode != http.StatusOK {
		t.Errorf("an hour later: %d", r.StatusCode)
	}
	p.gh.SetLimits(githubtest.Limits{Points: 3, Status: 429})
	raw()
	raw()
	raw()
	if r := raw(); r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") != "61" {
		t.Errorf("beyond the points: %d, retry after %s", r.StatusCode, r.Header.Get("Retry-After"))
	}
	p.gh.SetLimits(githubtest.Limits{Writes: 1})
	must[*github.IssueComment](t)(p.c.inst.Issues.CreateComment(ctx, "acme", "cloud", 1, &github.IssueComment{Body: github.String("b")}))
	_, _, err := p.c.inst.Issues.CreateComment(ctx, "acme", "cloud", 1, &github.IssueComment{Body: github.String("b")})
	var abuse *github.AbuseRateLimitError
	if !errors.As(err, &abuse) {
		t.Errorf("too many writes: %v", err)
	}
}

func TestETagsAreTiedToTheToken(t *testing.T) {
	p := newPlace(t, githubtest.Options{Limits: githubtest.Limits{Hourly: 100}})
	ask := func(token, tag string) *http.Response {
		r, _ := http.NewRequest(http.MethodGet, p.gh.URL()+"repos/acme/cloud/pulls/1", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("If-None-Match", tag)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	first := ask(p.gh.TokenFor("acme"), "")
	tag, left := first.Header.Get("ETag"), first.Header.Get("X-Ratelimit-Remaining")
	if r := ask(p.gh.TokenFor("acme"), tag); r.StatusCode != http.StatusNotModified {
		t.Errorf("the same token: %d", r.StatusCode)
	}
	if r := ask(p.gh.User("ana").Token(), tag); r.StatusCode != http.StatusOK {
		t.Errorf("another token: %d", r.StatusCode)
	}
	p.pr.Label("ana", "x")
	if r := ask(p.gh.TokenFor("acme"), tag); r.StatusCode != http.StatusOK || r.Header.Get("X-Ratelimit-Remaining") == left {
		t.Errorf("after a change: %d", r.StatusCode)
	}
}

func TestDeliveriesAreLostDoubledHeldAndSentAgain(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	ctx := context.Background()
	p.gh.Disturb(githubtest.Disturbance{Drop: true})
	p.pr.Label("ana", "lost")
	p.gh.Flush()
	if got := p.events.events(); len(got) != 0 {
		t.Errorf("%v came through", got)
	}
	p.gh.Disturb(githubtest.Disturbance{Copies: 1})
	p.pr.Label("ana", "doubled")
	p.gh.Flush()
	if p.events.mu.Lock(); len(p.events.got) != 2 || p.events.got[0].guid != p.events.got[1].guid {
		t.Errorf("%d deliveries", len(p.events.got))
	}
	p.events.got = nil
	p.events.mu.Unlock()
	p.gh.Disturb(githubtest.Disturbance{})
	p.gh.Hold()
	p.pr.Label("ana", "one")
	p.pr.Close()
	p.gh.Release(func(d []githubtest.Delivery) []githubtest.Delivery { return d[1:] })
	p.gh.Flush()
	if got := p.events.events(); !slices.Equal(got, []string{"pull_request.closed"}) {
		t.Errorf("released %v", got)
	}
	p.events.answer(500)
	p.pr.Reopen()
	p.gh.Flush()
	p.events.events()
	p.events.answer(0)
	failed := must[[]*github.HookDelivery](t)(p.c.app.Apps.ListHookDeliveries(ctx, nil))
	failed = slices.DeleteFunc(failed, func(d *github.HookDelivery) bool { return d.GetStatus() == "OK" })
	if len(failed) != 3 || failed[0].GetStatusCode() != 500 || failed[0].GetAction() != "reopened" {
		t.Fatalf("failed deliveries: %v", failed)
	}
	for _, d := range failed {
		p.c.app.Apps.RedeliverHookDelivery(ctx, d.GetID())
	}
	p.gh.Flush()
	got := p.events.events()
	slices.Sort(got)
	if want := []string{"pull_request.labeled", "pull_request.labeled", "pull_request.reopened"}; !slices.Equal(got, want) {
		t.Errorf("redelivered %v", got)
	}
	guids := map[string]int{}
	for _, d := range p.gh.Deliveries() {
		guids[d.GUID]++
	}
	if guids[failed[0].GetGUID()] != 2 {
		t.Errorf("a redelivery has another GUID: %v", guids)
	}
}

func TestAReceiverThatTakesTooLongHasFailed(t *testing.T) {
	p := newPlace(t, githubtest.Options{DeliveryTimeout: 20 * time.Millisecond})
	stop := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(stop)
	p.gh.App().DeliverTo(slow.URL)
	p.pr.Label("ana", "x")
	p.gh.Flush()
	d := p.gh.Deliveries()
	if last := d[len(d)-1]; last.Status != "timed out" || last.StatusCode != 0 {
		t.Errorf("the delivery is %q, %d", last.Status, last.StatusCode)
	}
}

func TestFaultsHappenAsTold(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	ctx := context.Background()
	p.gh.Fail("pulls/get", 502, 2)
	for range 2 {
		if _, _, err := p.c.inst.PullRequests.Get(ctx, "acme", "cloud", 1); status(err) != 502 {
			t.Errorf("status %d", status(err))
		}
	}
	before := p.pr.Head()
	p.gh.After("pulls/get", func() { p.pr.Push("dan", githubtest.Files{"x": "x"}) })
	got := must[*github.PullRequest](t)(p.c.inst.PullRequests.Get(ctx, "acme", "cloud", 1))
	if got.GetHead().GetSHA() != before || p.pr.Head() == before {
		t.Error("the push did not come between")
	}
	p.gh.Inject(githubtest.Fault{Operation: "issues/create-comment", Drop: true})
	if _, _, err := p.c.inst.Issues.CreateComment(ctx, "acme", "cloud", 1, &github.IssueComment{Body: github.String("kept")}); err == nil {
		t.Error("the connection was not cut")
	}
	if len(p.pr.Comments()) != 1 {
		t.Error("the call took no effect")
	}
	p.gh.ResetCalls()
	p.gh.Inject(githubtest.Fault{Operation: "*", Delay: 30 * time.Millisecond, Times: -1})
	started := time.Now()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { p.c.inst.PullRequests.Get(ctx, "acme", "cloud", 1) })
	}
	wg.Wait()
	p.c.inst.PullRequests.Get(ctx, "acme", "cloud", 1)
	if time.Since(started) < 60*time.Millisecond {
		t.Error("no delay")
	}
	calls := p.gh.Calls()
	if len(calls) != 5 || githubtest.RoundTrips(calls) != 2 {
		t.Errorf("%d calls in %d round trips", len(calls), githubtest.RoundTrips(calls))
	}
	for _, c := range p.gh.CallsOf("pulls/get") {
		if c.Caller == "" || strings.Contains(fmt.Sprint(c), "ghs_") {
			t.Errorf("the log says %+v", c)
		}
	}
}

// testLog is a testing.TB that keeps what it is told.
type testLog struct {
	mu      sync.Mutex
	said    []string
	cleanup []func()
}

func (l *testLog) Helper() {}
func (l *testLog) Errorf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, fmt.Sprintf(format, args...))
}
func (l *testLog) Fatalf(format string, args ...any) { l.Errorf(format, args...); panic("fatal") }
func (l *testLog) Cleanup(f func())                  { l.cleanup = append(l.cleanup, f) }
func (l *testLog) end() string {
	for _, f := range slices.Backward(l.cleanup) {
		f()
	}
	return strings.Join(l.said, "\n")
}

func TestWhatATestMustNotDoFailsIt(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(gh *githubtest.Server, post func(method, path, body string))
		want string
	}{
		"nothing wrong": {func(gh *githubtest.Server, post func(string, string, string)) {
			post("GET", "repos/acme/cloud", "")
		}, ""},
		"an unknown route": {func(gh *githubtest.Server, post func(string, string, string)) {
			post("GET", "repos/acme/cloud/nonsense", "")
		}, "unknown route"},
		"an unused fault": {func(gh *githubtest.Server, post func(string, string, string)) {
			gh.Fail("pulls/get", 500, 1)
		}, "was used 0 of 1 times"},
		"a misuse between two calls": {func(gh *githubtest.Server, post func(string, string, string)) {
			gh.Before("repos/get", func() { gh.Org("acme").Repo("cloud").Push("main", "nowhere", "ana") })
			r, _ := http.NewRequest(http.MethodGet, gh.URL()+"repos/acme/cloud", nil)
			if resp, err := http.DefaultClient.Do(r); err == nil {
				resp.Body.Close()
			}
		}, "has no commit nowhere"},
		"a request that breaks the contract": {func(gh *githubtest.Server, post func(string, string, string)) {
			post("POST", "repos/acme/cloud/issues/1/comments", `{"body": 7}`)
		}, "breaks GitHub's contract for issues/create-comment"},
		"a check run with an unknown conclusion": {func(gh *githubtest.Server, post func(string, string, string)) {
			post("POST", "repos/acme/cloud/check-runs", `{"name":"x","head_sha":"`+gh.Org("acme").Repo("cloud").Head("main")+`","status":"completed","conclusion":"fine"}`)
		}, "breaks GitHub's contract for checks/create"},
	} {
		t.Run(name, func(t *testing.T) {
			log := &testLog{}
			gh := githubtest.New(log, githubtest.Options{})
			gh.Org("acme").Repo("cloud")
			c.do(gh, func(method, path, body string) {
				r, _ := http.NewRequest(method, gh.URL()+path, bytes.NewReader([]byte(body)))
				r.Header.Set("Authorization", "Bearer "+gh.TokenFor("acme"))
				if resp, err := http.DefaultClient.Do(r); err != nil {
					t.Error(err)
				} else {
					resp.Body.Close()
				}
			})
			said := log.end()
			if c.want == "" && said != "" || !strings.Contains(said, c.want) {
				t.Errorf("the test was told %q", said)
			}
		})
	}
}

func TestASeedMakesAWorld(t *testing.T) {
	g := newGit(t)
	from := g.commit(map[string]string{"main.go": "package main\n"})
	to := g.commit(map[string]string{"main.go": "package main // changed\n"})
	text, _ := json.Marshal(map[string]any{
		"users": []any{map[string]any{"login": "ana", "busy": true, "emails": []string{"ana@work.test"}}},
		"orgs": []any{map[string]any{
			"login": "acme", "owners": []string{"olga"}, "members": []string{"dan"},
			"teams": []any{
				map[string]any{"name": "all", "repos": map[string]string{"cloud": "push"}},
				map[string]any{"name": "cloud", "members": []string{"ana"}, "parent": "all", "invited": []string{"eve"}},
			},
			"repos": []any{map[string]any{
				"name": "cloud", "import": map[string]string{"dir": g.dir, "base": from, "head": to}, "require": []string{"rolecall: main"},
				"pulls": []any{
					map[string]any{"author": "dan", "title": "Imported", "head": "imported", "labels": []string{"security"}, "reviews": []any{map[string]string{"by": "ana", "event": "approve"}}},
					map[string]any{"author": "dan", "title": "Made", "files": map[string]string{"x": "y"}, "comments": []any{map[string]string{"by": "ana", "body": "/help"}}},
				},
			}},
		}},
	})
	gh := githubtest.New(t, githubtest.Options{})
	if err := gh.Seed(text); err != nil {
		t.Fatal(err)
	}
	repo := gh.Org("acme").Repo("cloud")
	one, two := repo.Pull(1), repo.Pull(2)
	if one.Head() != to || one.Title() != "Imported" || two.Title() != "Made" || len(two.Comments()) != 1 {
		t.Errorf("%v %v", one, two)
	}
	var out bytes.Buffer
	gh.Summary(&out)
	if !strings.Contains(out.String(), gh.User("ana").Token()) || !strings.Contains(out.String(), "acme/cloud, 2 open pull requests") {
		t.Errorf("summary:\n%s", out.String())
	}
	for name, bad := range map[string]string{
		"an unknown field":         `{"orgz": []}`,
		"a permission of no name":  `{"orgs":[{"login":"a","teams":[{"name":"t","repos":{"r":"own"}}]}]}`,
		"a review by the author":   `{"orgs":[{"login":"a","repos":[{"name":"r","pulls":[{"author":"x","title":"t","files":{"a":"b"},"reviews":[{"by":"x","event":"approve"}]}]}]}]}`,
		"an import from nowhere":   `{"orgs":[{"login":"a","repos":[{"name":"r","import":{"dir":"/nowhere","base":"a","head":"b"}}]}]}`,
		"what is not JSON":         `{`,
		"a pull request of naught": `{"orgs":[{"login":"a","repos":[{"name":"r2","pulls":[{"title":"t"}]}]}]}`,
	} {
		if err := gh.Seed([]byte(bad)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestForcePushesMoveReviewsWhereToldTo(t *testing.T) {
	for _, moves := range []bool{false, true} {
		p := newPlace(t, githubtest.Options{MoveReviewsOnForcePush: moves})
		review := p.pr.Approve("ana")
		at := p.pr.Head()
		p.pr.ForcePush("dan", githubtest.Files{"evil": "x"})
		if moved := review.Commit() != at; moved != moves {
			t.Errorf("moved %v, want %v", moved, moves)
		}
	}
}

func TestAForkIsAnotherRepositoryThatCanGo(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	ctx := context.Background()
	pr := p.repo.Open(githubtest.PullRequest{Author: "eve", Title: "From afar", Head: "patch", Fork: true, Files: githubtest.Files{"f": "f"}})
	got := must[*github.PullRequest](t)(p.c.inst.PullRequests.Get(ctx, "acme", "cloud", pr.Number()))
	if got.GetHead().GetRepo().GetFullName() != "eve/cloud" || got.GetAuthorAssociation() != "NONE" {
		t.Errorf("head in %s by a %s", got.GetHead().GetRepo().GetFullName(), got.GetAuthorAssociation())
	}
	pr.Push("eve", githubtest.Files{"f": "g"})
	p.repo.Fork("eve").Delete()
	got = must[*github.PullRequest](t)(p.c.inst.PullRequests.Get(ctx, "acme", "cloud", pr.Number()))
	if got.GetHead().Repo != nil || got.GetHead().GetSHA() != pr.Head() {
		t.Errorf("head %v", got.GetHead())
	}
	files := must[[]*github.CommitFile](t)(p.c.inst.PullRequests.ListFiles(ctx, "acme", "cloud", pr.Number(), nil))
	if len(files) != 1 {
		t.Errorf("%d files", len(files))
	}
}

func TestAnEnterpriseServerLivesBelowAPrefix(t *testing.T) {
	p := newPlace(t, githubtest.Options{Prefix: "/api/v3"})
	if !strings.HasSuffix(p.gh.URL(), "/api/v3/") || !strings.HasSuffix(p.gh.GraphQLURL(), "/api/graphql") {
		t.Errorf("%s %s", p.gh.URL(), p.gh.GraphQLURL())
	}
	must[*github.PullRequest](t)(p.c.inst.PullRequests.Get(context.Background(), "acme", "cloud", 1))
}

func TestAutoMergeKeepsGitHubsRules(t *testing.T) {
	build := func(p place) {
		p.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "build"})
	}
	for name, c := range map[string]struct {
		do    func(place)
		state string
		armed string
	}{
		"nothing merges while the check is not there": {func(place) {}, "open", "ana"},
		"nothing merges while the check is red":       {func(p place) { p.pr.PostCheck(p.gh.OtherApp("ci"), "build", "failure") }, "open", "ana"},
		"it merges with the check's green":            {func(p place) { p.pr.PostCheck(p.gh.OtherApp("ci"), "build", "success") }, "merged", "ana"},
		"the green of an older head is none": {func(p place) {
			old := p.pr.Head()
			p.pr.Push("dan", githubtest.Files{"c": "c"})
			if err := post(p, old, "build"); err != nil {
				panic(err)
			}
		}, "open", "ana"},
		"a push by who can write leaves it armed": {func(p place) { p.pr.Push("bo", githubtest.Files{"c": "c"}) }, "open", "ana"},
		"a push by who cannot write ends it":      {func(p place) { p.pr.Push("reader", githubtest.Files{"c": "c"}) }, "open", ""},
		"another base by who can write leaves it": {func(p place) { p.repo.Push("next", p.repo.Head("main"), "ana"); lock(p); p.pr.Retarget("next", "bo") }, "open", "ana"},
		"another base by who cannot write ends it": {func(p place) {
			p.repo.Push("next", p.repo.Head("main"), "ana")
			lock(p)
			p.pr.Retarget("next", "reader")
		}, "open", ""},
		"closing ends it":              {func(p place) { p.pr.Close() }, "closed", ""},
		"it waits while it is a draft": {func(p place) { p.pr.ConvertToDraft(); p.pr.PostCheck(p.gh.OtherApp("ci"), "build", "success") }, "open", "ana"},
		"it merges when the draft is ended": {func(p place) {
			p.pr.ConvertToDraft()
			p.pr.PostCheck(p.gh.OtherApp("ci"), "build", "success")
			p.pr.MarkReady()
		}, "merged", "ana"},
		"who armed it must still be allowed to write": {func(p place) {
			p.repo.Collaborator("ana", "pull")
			p.pr.PostCheck(p.gh.OtherApp("ci"), "build", "success")
		}, "open", "ana"},
		"taken back, it merges nothing":         {func(p place) { p.pr.DisableAutoMerge("bo"); p.pr.PostCheck(p.gh.OtherApp("ci"), "build", "success") }, "open", ""},
		"a branch without rules merges at once": {func(p place) { p.repo.Push("next", p.repo.Head("main"), "ana"); p.pr.Retarget("next", "bo") }, "merged", "ana"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, githubtest.Options{})
			build(p)
			p.repo.Collaborator("reader", "pull")
			if err := p.pr.EnableAutoMerge("reader"); err == nil {
				t.Error("armed by somebody who cannot write")
			}
			if err := p.pr.EnableAutoMerge("ana"); err != nil {
				t.Fatal(err)
			}
			c.do(p)
			if got := p.pr.State(); got != c.state {
				t.Errorf("it is %s, want %s", got, c.state)
			}
			if got := p.pr.AutoMergeBy(); got != c.armed {
				t.Errorf("armed by %q, want %q", got, c.armed)
			}
		})
	}
	p := newPlace(t, githubtest.Options{})
	if err := p.pr.EnableAutoMerge("ana"); err == nil {
		t.Error("armed although nothing is left to wait for")
	}
}

// lock makes the branch next need what main needs.
func lock(p place) {
	p.repo.Require([]string{"next"}, githubtest.RequiredCheck{Context: "build"})
}

// post makes a green check run of the App under test on any commit.
func post(p place, sha, name string) error {
	_, _, err := p.c.inst.Checks.CreateCheckRun(context.Background(), "acme", "cloud", github.CreateCheckRunOptions{
		Name: name, HeadSHA: sha, Conclusion: github.String("success"),
	})
	return err
}
