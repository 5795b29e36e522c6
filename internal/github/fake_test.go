package github_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy/fact"
	contract "github.com/rolecall/rolecall/testdata/github"
)

// world is a fake GitHub with an organisation, a repository and a client of
// the App under test.
type world struct {
	*githubtest.Server
	org    *githubtest.Org
	repo   *githubtest.Repo
	app    *github.App
	client *github.Client
	sent   *recorder
}

func newWorld(t *testing.T, o githubtest.Options) *world {
	t.Helper()
	s := githubtest.New(t, o)
	w := &world{Server: s, org: s.Org("acme"), sent: &recorder{}}
	w.repo = w.org.Repo("infra")
	app, err := github.NewApp(github.Config{URL: s.URL(), AppID: s.App().ID(), PrivateKey: s.App().PrivateKeyPEM(), Transport: w.sent})
	if err != nil {
		t.Fatal(err)
	}
	w.app, w.client = app, app.Client(s.App().Installation("acme").ID())
	return w
}

func (w *world) ref(p *githubtest.Pull) fact.Ref {
	return fact.Ref{Installation: w.App().Installation("acme").ID(), Owner: "acme", Repo: "infra", Number: p.Number()}
}

func (w *world) read(t *testing.T, p *githubtest.Pull) github.PullFacts {
	t.Helper()
	got, err := w.client.Pull(context.Background(), w.ref(p), all)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var all = github.PullOptions{Policy: ".github/rolecall.hcl", Floor: "rolecall.hcl", Checks: "rolecall"}

// recorder keeps the GraphQL queries that are sent.
type recorder struct {
	mu      sync.Mutex
	queries []graphQuery
}

type graphQuery struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/graphql") {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		var q graphQuery
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, err
		}
		r.mu.Lock()
		r.queries = append(r.queries, q)
		r.mu.Unlock()
	}
	return http.DefaultTransport.RoundTrip(req)
}

func TestAPullRequestIsReadWholeInOneCall(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.org.Member("ana", "bo", "dan")
	w.org.Team("cloud", "ana", "bo").Grant(w.repo, "push")
	w.org.Team("security", "sam").Grant(w.repo, "push")
	w.repo.Commit("main", "Policy", githubtest.Files{".github/rolecall.hcl": "policy {}\n"})
	w.org.Repo(".github").Commit("main", "Floor", githubtest.Files{"rolecall.hcl": "# floor\n"})
	p := w.repo.Open(githubtest.PullRequest{
		Author: "dan", Title: "Add a network", Body: "Please.",
		Files:   githubtest.Files{"net.tf": "x = 1\n"},
		Commits: []githubtest.Commit{{Message: "More", Author: "dan", Committer: "bo", CoAuthors: []string{"ana"}, Files: githubtest.Files{"b.go": "package b\n"}}},
	})
	p.Label("dan", "security", "later")
	p.Unlabel("ana", "later")
	p.Assign("dan", "ana")
	w.User("bo").Busy(true)
	p.Request("dan", "bo", "acme/security")
	first := p.Comment("ana", "/assign-dri")
	w.App().Permit("issues", "write")
	if err := w.client.React(context.Background(), "acme", "infra", first.ID(), "+1"); err != nil {
		t.Fatal(err)
	}
	edited := p.Comment("ana", "before")
	p.EditComment(edited, "dan", "/assign-dri")
	gone := p.Comment("ana", "/needs-security because")
	p.DeleteComment(gone, "dan")
	if _, err := w.client.CreateComment(context.Background(), w.ref(p), "from rolecall"); err != nil {
		t.Fatal(err)
	}
	w.repo.Commit("release", "Release", githubtest.Files{"r": "1"})
	p.Retarget("release", "dan")
	p.Retarget("main", "bo")
	old := p.Head()
	review := p.Approve("ana")
	p.ForcePush("dan", githubtest.Files{"net.tf": "x = 2\n"})
	id, err := w.client.CreateCheckRun(context.Background(), "acme", "infra", github.CheckRun{
		Name: "rolecall: main", HeadSHA: p.Head(), Status: "in_progress", ExternalID: "1/7", Title: "Waiting", Summary: "s",
	})
	if err != nil {
		t.Fatal(err)
	}
	p.PostCheck(w.OtherApp("evil"), "rolecall: main", "success")
	p.PostCheck(w.OtherApp("evil"), "build", "success")
	p.PostStatus("dan", "rolecall: main", "success")

	w.ResetCalls()
	got := w.read(t, p)
	if calls := w.Calls(); len(calls) != 1 {
		t.Errorf("%d calls, want 1: %v", len(calls), calls)
	}
	if string(got.Policy.Bytes) != "policy {}\n" || got.Policy.Blob == "" || string(got.Floor.Bytes) != "# floor\n" || !got.Floor.Found {
		t.Errorf("policies: %+v and %+v", got.Policy, got.Floor)
	}
	if !got.Busy["bo"] || len(got.Busy) != 1 {
		t.Errorf("busy: %v", got.Busy)
	}
	f := got.Pull
	if f.Title != "Add a network" || f.Author != (fact.Person{Login: "dan"}) || f.State != "open" || f.Fork || f.DefaultBranch != "main" {
		t.Errorf("the pull request: %+v", f)
	}
	if f.Head.SHA != p.Head() || f.Base.SHA != w.repo.Head("main") || f.Base.Ref != "main" || got.ChangedFiles != 1 {
		t.Errorf("ends: %+v, %+v, %d files", f.Base, f.Head, got.ChangedFiles)
	}
	if !cmp.Equal(f.Labels, []string{"security"}) || !cmp.Equal(f.Assignees, []string{"ana"}) {
		t.Errorf("labels %v, assignees %v", f.Labels, f.Assignees)
	}
	if !cmp.Equal(f.Requests, []fact.Request{{Login: "bo"}, {Team: "acme/security"}}) {
		t.Errorf("requests: %+v", f.Requests)
	}
	var labels []string
	for _, e := range f.LabelEvents {
		labels = append(labels, fmt.Sprint(e.Label, e.Added, e.By.Login))
	}
	if !cmp.Equal(labels, []string{"securitytruedan", "latertruedan", "laterfalseana"}) {
		t.Errorf("label events: %v", labels)
	}
	if len(f.ForcePushes) != 1 || f.ForcePushes[0].Before != old || f.ForcePushes[0].After != p.Head() || f.ForcePushes[0].By.Login != "dan" {
		t.Errorf("force-pushes: %+v", f.ForcePushes)
	}
	if len(f.Retargets) != 2 || f.Retargets[1].From != "release" || f.Retargets[1].To != "main" || f.Retargets[1].By.Login != "bo" {
		t.Errorf("retargets: %+v", f.Retargets)
	}
	if len(f.DeletedComments) != 1 || f.DeletedComments[0].Author.Login != "ana" || f.DeletedComments[0].By.Login != "dan" {
		t.Errorf("deleted comments: %+v", f.DeletedComments)
	}
	if len(f.RequestEvents) != 2 || f.RequestEvents[1].Team != "acme/security" || !f.RequestEvents[0].Added {
		t.Errorf("request events: %+v", f.RequestEvents)
	}
	if len(f.Reviews) != 1 || f.Reviews[0].ID != review.ID() || f.Reviews[0].Commit != old || f.Reviews[0].State != fact.Approved || f.Reviews[0].Author.Login != "ana" {
		t.Errorf("reviews: %+v", f.Reviews)
	}
	var comments []string
	for _, c := range f.Comments {
		comments = append(comments, fmt.Sprintf("%s %q edited=%v own=%v bot=%v %v", c.Author.Login, c.Body, c.Edited, c.Own, c.Author.Bot, c.Reactions))
	}
	if diff := cmp.Diff([]string{
		`ana "/assign-dri" edited=false own=false bot=false [+1]`,
		`ana "/assign-dri" edited=true own=false bot=false []`,
		`rolecall "from rolecall" edited=false own=true bot=true []`,
	}, comments); diff != "" {
		t.Errorf("comments:\n%s", diff)
	}
	if len(f.Commits) != 1 || len(f.Commits[0].Parents) != 1 || f.Commits[0].Tree == "" {
		t.Errorf("commits: %+v", f.Commits)
	}
	var checks []string
	for _, c := range f.Checks {
		checks = append(checks, fmt.Sprintf("%s %s/%s ours=%v id=%v", c.Name, c.Status, c.Conclusion, c.Ours, c.ID == id))
	}
	slices.Sort(checks)
	if diff := cmp.Diff([]string{
		"rolecall: main completed/success ours=false id=false",
		"rolecall: main completed/success ours=false id=false",
		"rolecall: main in_progress/ ours=true id=true",
	}, checks); diff != "" {
		t.Errorf("checks:\n%s", diff)
	}
	if len(f.Gaps) != 0 {
		t.Errorf("gaps: %v", f.Gaps)
	}
}

func TestEveryoneWhoHadAHandInACommitIsNamed(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Commits: []githubtest.Commit{
		{Message: "By three", Author: "dan", Committer: "bo", CoAuthors: []string{"Ana"}, Files: githubtest.Files{"a": "1"}},
	}})
	w.repo.Commit("main", "On", githubtest.Files{"other": "1"})
	p.UpdateBranch("mia")
	got := w.read(t, p).Pull
	var people []string
	for _, c := range got.Commits {
		var who []string
		for _, x := range c.People {
			who = append(who, x.Login)
		}
		slices.Sort(who)
		people = append(people, strings.Join(who, "+"))
	}
	if !cmp.Equal(people, []string{"ana+bo+dan", "mia"}) {
		t.Errorf("people: %v", people)
	}
}

func TestALongPullRequestIsPagedToItsEnd(t *testing.T) {
	w := newWorld(t, githubtest.Options{NoValidation: true})
	var commits []githubtest.Commit
	for i := range 300 {
		commits = append(commits, githubtest.Commit{Message: fmt.Sprint(i), Files: githubtest.Files{"a": fmt.Sprint(i)}})
	}
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Commits: commits})
	for i := range 500 {
		p.Comment("ana", fmt.Sprint(i))
	}
	for i := range 120 {
		p.Review("ana", "comment", fmt.Sprint(i))
		p.Label("dan", fmt.Sprint("l", i%3))
		p.Unlabel("dan", fmt.Sprint("l", i%3))
	}
	w.ResetCalls()
	got := w.read(t, p).Pull
	if len(got.Commits) != 300 || len(got.Comments) != 500 || len(got.Reviews) != 120 || len(got.LabelEvents) != 240 {
		t.Errorf("%d commits, %d comments, %d reviews, %d label events", len(got.Commits), len(got.Comments), len(got.Reviews), len(got.LabelEvents))
	}
	for i, c := range got.Comments {
		if c.Body != fmt.Sprint(i) {
			t.Fatalf("comment %d is %q", i, c.Body)
		}
	}
	if len(got.Gaps) != 0 {
		t.Errorf("gaps: %v", got.Gaps)
	}
	if calls := len(w.CallsOf("graphql")); calls != 5 {
		t.Errorf("%d calls, want one for each hundred of the longest list", calls)
	}
}

func TestAPullRequestThatChangesBetweenTwoPagesIsReadAgain(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a": "1"}})
	for range 150 {
		p.Comment("ana", "hello")
	}
	w.Inject(githubtest.Fault{Operation: "graphql", Skip: 1, Before: func() { p.Push("dan", githubtest.Files{"a": "2"}) }})
	w.ResetCalls()
	got := w.read(t, p).Pull
	if got.Head.SHA != p.Head() || len(got.Commits) != 2 || len(got.Comments) != 150 {
		t.Errorf("head %s, %d commits, %d comments", got.Head.SHA, len(got.Commits), len(got.Comments))
	}
	if calls := len(w.CallsOf("graphql")); calls != 4 {
		t.Errorf("%d calls, want 4", calls)
	}
	busy := 0
	w.Inject(githubtest.Fault{Operation: "graphql", Times: 6, Before: func() { busy++; p.Push("dan", githubtest.Files{"a": fmt.Sprint("b", busy)}) }})
	_, err := w.client.Pull(context.Background(), w.ref(p), all)
	var e *github.Error
	if !errors.As(err, &e) || e.Kind != github.Transient {
		t.Errorf("one that never stands still: %v", err)
	}
}

func TestAForkWhoseRepositoryIsGoneIsReadAllTheSame(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Public()
	p := w.repo.Open(githubtest.PullRequest{Author: "eve", Fork: true, Files: githubtest.Files{"main.tf": "x = 1\n"}})
	if got := w.read(t, p).Pull; !got.Fork {
		t.Error("it is no fork")
	}
	w.repo.Fork("eve").Delete()
	got := w.read(t, p).Pull
	if !got.Fork || got.Head.SHA != p.Head() || len(got.Commits) != 1 {
		t.Errorf("%+v", got)
	}
	c, err := w.client.Compare(context.Background(), "acme", "infra", got.Base.SHA, got.Head.SHA)
	if err != nil || len(c.Files) != 1 || !c.Complete || c.MergeBase != got.Base.SHA {
		t.Errorf("compared: %+v, %v", c, err)
	}
	o, err := w.client.Objects(context.Background(), "acme", "infra", []github.Ask{{Place: github.Place{Commit: got.Head.SHA, Path: "main.tf"}, Content: true}})
	if err != nil || string(o[github.Place{Commit: got.Head.SHA, Path: "main.tf"}].Bytes.Value) != "x = 1\n" {
		t.Errorf("read: %+v, %v", o, err)
	}
}

func TestAPolicyThatGitHubRefusesIsNotTakenForNone(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a": "1"}})
	got := w.read(t, p)
	if got.Policy.Found || got.Policy.Problem != "" || got.Floor.Found || got.Floor.Problem != "" {
		t.Errorf("there is none: %+v, %+v", got.Policy, got.Floor)
	}
	w.App().Permit("contents", "")
	got = w.read(t, p)
	if got.Policy.Found || !strings.Contains(got.Policy.Problem, "permission") {
		t.Errorf("it may not be read: %+v", got.Policy)
	}
}

func TestAPolicyIsReadToTheByteOrNotAtAll(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a": "1"}})
	for name, c := range map[string]struct {
		file    any
		problem string
	}{
		"a long one":         {strings.Repeat("# long\n", 100_000), ""},
		"one in Latin-1":     {[]byte("# \xe4\xf6\xfc\n"), ""},
		"a binary one":       {[]byte("\x00\x01\x02"), ""},
		"one that is empty":  {"", ""},
		"one over the bound": {strings.Repeat("# long\n", 160_000), "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			w.repo.Commit("main", "Policy", githubtest.Files{".github/rolecall.hcl": c.file})
			got := w.read(t, p).Policy
			if !got.Found || !strings.Contains(got.Problem, c.problem) || (got.Problem == "") != (c.problem == "") {
				t.Fatalf("found %v, problem %q", got.Found, got.Problem)
			}
			if want := fmt.Sprintf("%s", c.file); c.problem == "" && string(got.Bytes) != want {
				t.Errorf("%d bytes, want %d", len(got.Bytes), len(want))
			}
		})
	}
}

func TestObjectsAreWhatStandsInTheTree(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	big := strings.Repeat("0123456789abcdef", 70_000)
	sha := w.repo.Commit("main", "Everything", githubtest.Files{
		"a.txt": "plain\n", "empty": "", "run.sh": githubtest.Executable("#!/bin/sh\n"), "link": githubtest.Symlink("a.txt"),
		"sub": githubtest.Submodule("0123456789abcdef0123456789abcdef01234567"), "bin": []byte("\x00\x01"), "latin": []byte("\xe4\n"),
		"big": big, "dir/x.tf": "x\n", "dir/y.tf": "y\n", "dir/deep/z": "z\n", "new\nline": "n\n", "dir/long": strings.Repeat("l", 600_000),
	})
	at := func(path string) github.Place { return github.Place{Commit: sha, Path: path} }
	ask := func(path string) github.Ask { return github.Ask{Place: at(path), Content: true} }
	asks := []github.Ask{
		ask("a.txt"), ask("empty"), ask("run.sh"), ask("link"), ask("sub"), ask("bin"), ask("latin"), ask("big"), ask("dir"),
		ask("none"), ask("dir/none"), ask("new\nline"), ask("a/../b"), {Place: at("dir"), List: true, Content: true},
		{Place: github.Place{Commit: sha}, List: true}, {Place: at("nodir"), List: true}, {Place: at("a.txt"), List: true},
		{Place: github.Place{Commit: strings.Repeat("1", 40), Path: "a.txt"}},
	}
	for _, round := range []string{"asked", "remembered"} {
		w.ResetCalls()
		got, err := w.client.Objects(context.Background(), "acme", "infra", asks)
		if err != nil {
			t.Fatal(err)
		}
		if calls := len(w.Calls()); round == "remembered" && calls != 1 {
			t.Errorf("%d calls when all but an unknown commit is known", calls)
		}
		for path, want := range map[string]struct{ mode, bytes, unknown string }{
			"a.txt": {"100644", "plain\n", ""}, "empty": {"100644", "", ""}, "run.sh": {"100755", "#!/bin/sh\n", ""},
			"link": {"120000", "", "symbolic link"}, "sub": {"160000", "", "submodule"}, "bin": {"100644", "\x00\x01", ""},
			"latin": {"100644", "\xe4\n", ""}, "big": {"100644", "", "bytes"}, "new\nline": {"100644", "n\n", ""},
			"dir/x.tf": {"100644", "x\n", ""}, "dir/y.tf": {"100644", "y\n", ""}, "dir/long": {"100644", strings.Repeat("l", 600_000), ""},
			"none": {"", "", ""}, "dir/none": {"", "", ""}, "dir": {"040000", "", ""},
		} {
			o := got[at(path)]
			if !o.Entry.IsKnown() || o.Entry.Value.Mode != want.mode || (o.Entry.Value.Blob == "") != (want.mode == "") {
				t.Errorf("%s: %q has entry %+v", round, path, o.Entry)
			}
			if string(o.Bytes.Value) != want.bytes || !strings.Contains(o.Bytes.Unknown, want.unknown) || (o.Bytes.Unknown == "") != (want.unknown == "") {
				t.Errorf("%s: %q has %d bytes, unknown %q", round, path, len(o.Bytes.Value), o.Bytes.Unknown)
			}
			if exists := want.mode != "" && path != "dir" && want.unknown == ""; exists != (o.Bytes.Value != nil) {
				t.Errorf("%s: %q exists: %v", round, path, o.Bytes.Value != nil)
			}
		}
		if n := got[at("dir")].Names; !cmp.Equal(n.Value, []string{"long", "x.tf", "y.tf"}) {
			t.Errorf("%s: the directory has %v", round, n)
		}
		if n := got[at("")].Names; len(n.Value) != 9 || !n.IsKnown() {
			t.Errorf("%s: the root has %v", round, n)
		}
		for _, path := range []string{"nodir", "a.txt"} {
			if n := got[at(path)].Names; n.Value != nil || !n.IsKnown() {
				t.Errorf("%s: %s is no directory: %v", round, path, n)
			}
		}
		if o := got[at("a/../b")]; o.Entry.IsKnown() || o.Bytes.IsKnown() {
			t.Errorf("%s: a strange path is known: %+v", round, o)
		}
		if o := got[github.Place{Commit: strings.Repeat("1", 40), Path: "a.txt"}]; o.Entry.IsKnown() {
			t.Errorf("%s: a commit that is not there has %+v", round, o)
		}
	}
}

func TestManyObjectsTakeFewCalls(t *testing.T) {
	w := newWorld(t, githubtest.Options{NoValidation: true})
	files := githubtest.Files{}
	var asks []github.Ask
	for i := range 1000 {
		files[fmt.Sprintf("f%d", i)] = fmt.Sprint(i)
	}
	sha := w.repo.Commit("main", "Many", files)
	for path := range files {
		asks = append(asks, github.Ask{Place: github.Place{Commit: sha, Path: path}})
	}
	w.ResetCalls()
	got, err := w.client.Objects(context.Background(), "acme", "infra", asks)
	if err != nil || len(got) != 1000 {
		t.Fatalf("%d objects: %v", len(got), err)
	}
	if calls := w.Calls(); len(calls) != 2 || calls[1].Operation != "git/get-tree" {
		t.Errorf("%d calls, want the token's and one for the whole tree", len(calls))
	}
	for a, o := range got {
		if o.Entry.Value.Mode != "100644" || o.Entry.Value.Blob == "" {
			t.Fatalf("%s: %+v", a.Path, o)
		}
	}
	w.ResetCalls()
	for i := range asks {
		asks[i].Content = true
	}
	got, err = w.client.Objects(context.Background(), "acme", "infra", asks)
	if err != nil || string(got[github.Place{Commit: sha, Path: "f77"}].Bytes.Value) != "77" {
		t.Fatalf("%+v: %v", got[github.Place{Commit: sha, Path: "f77"}], err)
	}
	if calls := len(w.Calls()); calls != 20 {
		t.Errorf("%d calls for the contents, want 20", calls)
	}
}

func TestATreeThatIsCutShortIsAskedForPieceByPiece(t *testing.T) {
	w := newWorld(t, githubtest.Options{NoValidation: true})
	files := githubtest.Files{}
	for i := range 310 {
		files[fmt.Sprintf("f%d", i)] = fmt.Sprint(i)
	}
	sha := w.repo.Commit("main", "Many", files)
	asks := []github.Ask{{Place: github.Place{Commit: sha, Path: "none"}}}
	for path := range files {
		asks = append(asks, github.Ask{Place: github.Place{Commit: sha, Path: path}})
	}
	w.Inject(githubtest.Fault{Operation: "git/get-tree", Status: 200, Body: `{"sha":"x","url":"x","truncated":true,"tree":[]}`})
	got, err := w.client.Objects(context.Background(), "acme", "infra", asks)
	if err != nil || len(got) != 311 {
		t.Fatalf("%d objects: %v", len(got), err)
	}
	for at, o := range got {
		if !o.Entry.IsKnown() || (o.Entry.Value.Blob == "") != (at.Path == "none") {
			t.Fatalf("%s: %+v", at.Path, o)
		}
	}
	if calls := len(w.CallsOf("graphql")); calls != 4 {
		t.Errorf("%d queries, want 4", calls)
	}
}

func TestRenamesDeletionsAndModesAreListed(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	text := strings.Repeat("some line\n", 20)
	base := w.repo.Commit("main", "Base", githubtest.Files{"guarded/a.tf": text, "gone": "x\n", "run": "#!/bin/sh\n", "bin": []byte("\x00\x01")})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{
		"guarded/a.tf": githubtest.Delete, "free/a.tf": text, "gone": githubtest.Delete, "run": githubtest.Executable("#!/bin/sh\n"), "bin": []byte("\x00\x02"),
	}})
	c, err := w.client.Compare(context.Background(), "acme", "infra", base, p.Head())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range c.Files {
		got[f.Path] = fmt.Sprintf("%s%v%v", f.Status, f.Paths(), f.Patch.IsKnown())
	}
	want := map[string]string{
		"free/a.tf": "renamed[guarded/a.tf free/a.tf]false", "gone": "removed[gone]true",
		"run": "modified[run]false", "bin": "modified[bin]false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTwelveHundredFilesAreListedInPages(t *testing.T) {
	w := newWorld(t, githubtest.Options{NoValidation: true})
	files := githubtest.Files{}
	for i := range 1200 {
		files[fmt.Sprintf("d/%04d.go", i)] = "package d\n"
	}
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: files})
	c, err := w.client.Compare(context.Background(), "acme", "infra", w.repo.Head("main"), p.Head())
	if err != nil || c.Complete || len(c.Files) != 300 {
		t.Fatalf("compared: %d files, complete %v, %v", len(c.Files), c.Complete, err)
	}
	for range 2 {
		w.ResetCalls()
		got, err := w.client.Files(context.Background(), w.ref(p), c.MergeBase, p.Head(), 1200)
		if err != nil || len(got) != 1200 {
			t.Fatalf("%d files: %v", len(got), err)
		}
	}
	if n := len(w.Calls()); n != 0 {
		t.Errorf("%d calls for a list that is known", n)
	}
	w.Inject(githubtest.Fault{Operation: "pulls/list-files", Before: func() { p.Push("dan", githubtest.Files{"d/0000.go": "package e\n"}) }})
	head := p.Head()
	_, err = w.client.Files(context.Background(), w.ref(p), "another", head, 1200)
	var e *github.Error
	if !errors.As(err, &e) || e.Kind != github.Transient {
		t.Errorf("a push while the files are listed: %v", err)
	}
}

func TestTeamMembersIncludeChildTeamsAndNoPendingOnes(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	parent := w.org.Team("cloud", "Ana").Invite("soon")
	w.org.Team("child", "bo").Under(parent)
	got, err := w.client.TeamMembers(context.Background(), "acme/cloud")
	if err != nil || !cmp.Equal(fact.Logins(got), []string{"ana", "bo"}) || got[0].ID != w.User("ana").ID() {
		t.Errorf("%v, %v", got, err)
	}
	_, err = w.client.TeamMembers(context.Background(), "acme/none")
	var e *github.Error
	if !errors.As(err, &e) || e.Kind != github.NotFound {
		t.Errorf("no such team: %v", err)
	}
}

func TestPullRequestsAreFoundByRepositoryCommitAndGroup(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Commit("release", "Branch", githubtest.Files{"r": "1"})
	one := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a": "1"}})
	two := w.repo.Open(githubtest.PullRequest{Author: "dan", Base: "release", Head: one.HeadBranch()})
	three := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"c": "1"}})
	closed := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"d": "1"}})
	closed.Close()
	open, err := w.client.OpenPulls(context.Background(), "acme", "infra")
	if err != nil || len(open) != 3 {
		t.Errorf("open: %v, %v", open, err)
	}
	at, err := w.client.PullsAtCommit(context.Background(), "acme", "infra", one.Head())
	if err != nil || len(at) != 2 || !slices.Contains(at, w.ref(one)) || !slices.Contains(at, w.ref(two)) {
		t.Errorf("at the commit: %v, %v", at, err)
	}
	one.Enqueue()
	three.Enqueue()
	g := w.repo.BuildGroup("main", 2)
	for _, base := range []string{"main", "refs/heads/main"} {
		got, err := w.client.GroupPulls(context.Background(), "acme", "infra", base, g.HeadSHA(), true)
		if err != nil || !cmp.Equal(got, []fact.Ref{w.ref(one), w.ref(three)}) {
			t.Errorf("in the group: %v, %v", got, err)
		}
	}
}

func TestWhatIsWrittenKeepsWithinGitHubsBounds(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.org.Member("ana", "dan")
	w.org.Team("cloud", "ana").Grant(w.repo, "push")
	w.repo.Collaborator("ana", "push")
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a": "1"}})
	ctx, ref := context.Background(), w.ref(p)
	run := github.CheckRun{
		Name: "rolecall: main", HeadSHA: p.Head(), Status: "in_progress", ExternalID: "x", Title: "Waiting",
		Summary: strings.Repeat("ü", 70_000), Text: strings.Repeat("ü", 70_000), StartedAt: w.Now(),
	}
	for i := range 60 {
		run.Annotations = append(run.Annotations, github.Annotation{Path: "a", StartLine: i, EndLine: 1, Level: "notice", Message: "m"})
	}
	for range 5 {
		run.Actions = append(run.Actions, github.CheckAction{Label: strings.Repeat("l", 30), Description: strings.Repeat("d", 50), Identifier: strings.Repeat("i", 30)})
	}
	id, err := w.client.CreateCheckRun(ctx, "acme", "infra", run)
	if err != nil {
		t.Fatal(err)
	}
	run.Status, run.Conclusion, run.CompletedAt = "completed", "success", w.Now()
	if took, err := w.client.UpdateCheckRun(ctx, "acme", "infra", id, run); err != nil || !took {
		t.Error(err)
	}
	if c := p.Check("rolecall: main"); c.Conclusion != "success" {
		t.Errorf("the check: %+v", c)
	}
	run.Status, run.Conclusion = "in_progress", ""
	if took, err := w.client.UpdateCheckRun(ctx, "acme", "infra", id, run); err != nil || took {
		t.Errorf("GitHub took a completed run back: %v, %v", took, err)
	}
	last, ok, err := w.client.LatestCheckRun(ctx, "acme", "infra", p.Head(), "rolecall: main")
	if err != nil || !ok || last.ID != id || last.Conclusion != "success" || last.ExternalID != "x" || !last.Ours {
		t.Errorf("the latest run is %+v, %v, %v", last, ok, err)
	}
	if _, ok, err = w.client.LatestCheckRun(ctx, "acme", "infra", p.Head(), "rolecall: other"); err != nil || ok {
		t.Errorf("there is a run of a name that none has: %v", err)
	}
	if err := w.client.RequestReviewers(ctx, ref, []string{"ana"}, []string{"cloud"}); err != nil {
		t.Error(err)
	}
	err = w.client.RequestReviewers(ctx, ref, []string{"dan"}, nil)
	var e *github.Error
	if !errors.As(err, &e) || e.Kind != github.Unprocessable || !strings.Contains(e.Message, "author") {
		t.Errorf("asking the author: %v", err)
	}
	if err := w.client.RemoveReviewers(ctx, ref, nil, []string{"cloud"}); err != nil {
		t.Error(err)
	}
	if got := p.Requested(); !cmp.Equal(got, []string{"ana"}) {
		t.Errorf("asked: %v", got)
	}
	if err := w.client.Assign(ctx, ref, []string{"ana"}); err != nil || !cmp.Equal(p.Assignees(), []string{"ana"}) {
		t.Errorf("assigned: %v, %v", p.Assignees(), err)
	}
	if err := w.client.Unassign(ctx, ref, []string{"ana"}); err != nil || len(p.Assignees()) != 0 {
		t.Errorf("assigned: %v, %v", p.Assignees(), err)
	}
	if err := w.client.AddLabel(ctx, ref, "security"); err != nil || !cmp.Equal(p.Labels(), []string{"security"}) {
		t.Errorf("labels: %v, %v", p.Labels(), err)
	}
}

func TestTheAppKnowsWhoItIs(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	for range 2 {
		got, err := w.app.Identity(context.Background())
		if err != nil || got != (github.Identity{ID: w.App().ID(), Slug: w.App().Slug(), Login: "rolecall"}) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if n := len(w.Calls()); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestAnInstallationThatWasSuspendedComesBack(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a": "1"}})
	w.read(t, p)
	w.App().Installation("acme").Suspend()
	_, err := w.client.Pull(context.Background(), w.ref(p), all)
	var e *github.Error
	if !errors.As(err, &e) || e.Temporary() {
		t.Errorf("suspended: %v", err)
	}
	w.App().Installation("acme").Unsuspend()
	w.read(t, p)
}

func TestEveryQueryIsValidByGitHubsSchema(t *testing.T) {
	schema, gerr := gqlparser.LoadSchema(&ast.Source{Input: contract.GraphQL})
	if gerr != nil {
		t.Fatal(gerr)
	}
	w := newWorld(t, githubtest.Options{})
	sha := w.repo.Commit("main", "Base", githubtest.Files{"a": "1", "d/x": "1"})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a": "2"}})
	w.read(t, p)
	ctx := context.Background()
	if _, err := w.client.Pull(ctx, w.ref(p), github.PullOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := w.client.Files(ctx, w.ref(p), sha, p.Head(), 1); err != nil {
		t.Error(err)
	}
	p.Enqueue()
	if _, err := w.client.GroupPulls(ctx, "acme", "infra", "main", w.repo.BuildGroup("main", 1).HeadSHA(), true); err != nil {
		t.Error(err)
	}
	if pages, err := w.client.OpenPages(ctx, []github.OpenAsk{{Owner: "acme", Repo: "infra", Policy: "a"}, {Owner: "acme", Repo: "none", Policy: "a", After: "x"}}); err != nil || !pages[0].Found || pages[1].Found || len(pages[0].Pulls) != 1 {
		t.Errorf("%+v, %v", pages, err)
	}
	place := func(sha, path string) github.Place { return github.Place{Commit: sha, Path: path} }
	for _, asks := range [][]github.Ask{
		{{Place: place(sha, "a")}},
		{{Place: place(sha, "a"), Content: true}, {Place: place(sha, "d"), List: true}, {Place: place(p.Head(), "d"), List: true, Content: true}, {Place: place(p.Head(), "a")}},
		{{Place: place(sha, ""), List: true}, {Place: place(p.Head(), ""), List: true, Content: true}},
	} {
		if _, err := w.client.Objects(ctx, "acme", "infra", asks); err != nil {
			t.Error(err)
		}
	}
	if len(w.sent.queries) < 7 {
		t.Errorf("only %d queries were sent", len(w.sent.queries))
	}
	for _, q := range w.sent.queries {
		doc, errs := gqlparser.LoadQueryWithRules(schema, q.Query, nil)
		if errs != nil {
			t.Errorf("%v in %s", errs, q.Query)
			continue
		}
		if _, err := validator.VariableValues(schema, doc.Operations[0], q.Variables); err != nil {
			t.Errorf("%v in %s", err, q.Query)
		}
	}
}
