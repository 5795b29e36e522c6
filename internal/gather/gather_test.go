package gather_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const pathsOnly = `
policy { keepers = ["manager"] }
role "cloud" { members = ["@acme/cloud"] }
role "security" { members = ["@acme/security"] }
role "manager" { members = ["@mia"] }
rule "go" {
  changes = go.files
  require "cloud" {}
}
rule "infrastructure" {
  changes = terraform.files
  require "cloud" {}
  require "security" {}
}
rule "label" {
  when = label("security", "security")
  require "security" {}
}
`

const withContents = pathsOnly + `
rule "projects" {
  changes = [for r in terraform.resources : r if r.type == "google_project"]
  require "security" {}
}
`

// world is a fake GitHub with two teams, and a gatherer on a fresh database.
type world struct {
	*githubtest.Server
	t       *testing.T
	org     *githubtest.Org
	repo    *githubtest.Repo
	store   *store.Store
	app     *github.App
	options gather.Options
	gather  *gather.Gatherer
}

func newWorld(t *testing.T, text string, o githubtest.Options) *world {
	t.Helper()
	s := githubtest.New(t, o)
	w := &world{Server: s, t: t, org: s.Org("acme")}
	w.repo = w.org.Repo("infra")
	w.org.Member("dan", "mia")
	w.org.Team("cloud", "ana", "bo").Grant(w.repo, "push")
	w.org.Team("security", "sam").Grant(w.repo, "push")
	w.options = gather.Options{Now: s.Now, Wants: wantTerraform}
	if text != "" {
		w.repo.Commit("main", "Policy", githubtest.Files{policy.RepoPath: text})
	}
	w.restart()
	w.forget()
	return w
}

// restart empties rolecall's memory; the database stays.
func (w *world) restart() {
	w.t.Helper()
	app, err := github.NewApp(github.Config{URL: w.URL(), AppID: w.App().ID(), PrivateKey: w.App().PrivateKeyPEM()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.app = app
	w.gather = gather.New(app, w.store, w.options)
}

// forget takes a new database.
func (w *world) forget() {
	w.t.Helper()
	st, err := store.Open(context.Background(), store.Options{Dir: w.t.TempDir()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = st.Close() })
	w.store = st
	w.gather = gather.New(w.app, st, w.options)
}

func (w *world) ref(p *githubtest.Pull) fact.Ref {
	return fact.Ref{Installation: w.App().Installation("acme").ID(), Owner: "acme", Repo: "infra", Number: p.Number()}
}

func (w *world) hint(p *githubtest.Pull) gather.Hint {
	return gather.Hint{BaseSHA: w.repo.Head("main"), HeadSHA: p.Head()}
}

func (w *world) read(p *githubtest.Pull) gather.Gathered {
	w.t.Helper()
	got, err := w.gather.Pull(context.Background(), w.ref(p), w.hint(p))
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// calls are the operations that were called since the last reset, tokens left
// out, sorted.
func (w *world) calls() []string {
	out := []string{}
	for _, c := range w.counted() {
		out = append(out, c.Operation)
	}
	slices.Sort(out)
	return out
}

func (w *world) counted() []githubtest.Call {
	var out []githubtest.Call
	for _, c := range w.Calls() {
		if c.Operation != "apps/create-installation-access-token" {
			out = append(out, c)
		}
	}
	return out
}

// wantTerraform wants the directories of Terraform files.
func wantTerraform(files []fact.File, _ policy.Needs, read fact.Contents) []gather.Want {
	var out []gather.Want
	if read.Rounds > 0 {
		return nil
	}
	for _, f := range files {
		if dir, _, ok := strings.Cut(f.Path, "/"); ok && strings.HasSuffix(f.Path, ".tf") {
			out = append(out, gather.Want{Path: dir, Dir: true})
		}
	}
	return out
}

func TestAnOpenedPullRequestTakesOneRoundTripWhereThePathsTellAll(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{Latency: 20 * time.Millisecond})
	first := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a.go": "package a\n"}})
	w.read(first) // teams and a token are known from now on
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"b/b.go": "package b\n"}})
	w.ResetCalls()
	got := w.read(p)
	if diff := cmp.Diff([]string{"graphql", "repos/compare-commits-with-basehead"}, w.calls()); diff != "" {
		t.Error(diff)
	}
	if n := githubtest.RoundTrips(w.counted()); n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
	if got.Policy == nil || len(got.Pull.Files) != 1 || got.Pull.MergeBase != w.repo.Head("main") || got.Missing || got.Gone {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]fact.Holder{{Login: "ana", Via: "@acme/cloud"}, {Login: "bo", Via: "@acme/cloud"}}, got.Pull.Roster.Roles["cloud"].List); diff != "" {
		t.Error(diff)
	}
}

func TestAnOpenedPullRequestTakesTwoRoundTripsWhereContentsAreNeeded(t *testing.T) {
	w := newWorld(t, withContents, githubtest.Options{Latency: 20 * time.Millisecond})
	w.repo.Commit("main", "Base", githubtest.Files{"net/old.tf": "old\n", "net/main.tf": "before\n"})
	first := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a.go": "package a\n"}})
	w.read(first)
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"net/main.tf": "after\n", "net/new.tf": ""}})
	w.ResetCalls()
	got := w.read(p)
	if diff := cmp.Diff([]string{"graphql", "graphql", "repos/compare-commits-with-basehead"}, w.calls()); diff != "" {
		t.Error(diff)
	}
	if n := githubtest.RoundTrips(w.counted()); n != 2 {
		t.Errorf("%d round trips, want 2", n)
	}
	known := func(s string) fact.Maybe[[]byte] { return fact.Known([]byte(s)) }
	want := fact.Contents{
		Base: fact.Side{
			Files: map[string]fact.Maybe[[]byte]{"net/main.tf": known("before\n"), "net/old.tf": known("old\n")},
			Dirs:  map[string]fact.Maybe[[]string]{"net": fact.Known([]string{"main.tf", "old.tf"})},
		},
		Head: fact.Side{
			Files: map[string]fact.Maybe[[]byte]{"net/main.tf": known("after\n"), "net/old.tf": known("old\n"), "net/new.tf": known("")},
			Dirs:  map[string]fact.Maybe[[]string]{"net": fact.Known([]string{"main.tf", "new.tf", "old.tf"})},
		},
		Rounds: 1,
	}
	if diff := cmp.Diff(want, got.Contents); diff != "" {
		t.Error(diff)
	}
}

func TestASubmittedReviewTakesOneCall(t *testing.T) {
	w := newWorld(t, withContents, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"net/main.tf": "after\n"}})
	before := w.read(p)
	p.Approve("ana")
	// The delivery of the branch's push told who made it.
	if err := w.store.SeePush(t.Context(), w.ref(p), p.HeadBranch(), store.Push{SHA: p.Head(), By: fact.Person{Login: "dan"}, At: w.Now()}); err != nil {
		t.Fatal(err)
	}
	w.ResetCalls()
	got := w.read(p)
	if diff := cmp.Diff([]string{"graphql"}, w.calls()); diff != "" {
		t.Error(diff)
	}
	if len(got.Pull.Reviews) != 1 || !cmp.Equal(got.Contents, before.Contents) {
		t.Errorf("%+v", got)
	}
}

func TestAStaleHintCostsACallAndNothingElse(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a.go": "package a\n"}})
	stale := w.hint(p)
	p.Push("dan", githubtest.Files{"b.go": "package b\n"})
	w.ResetCalls()
	got, err := w.gather.Pull(context.Background(), w.ref(p), stale)
	if err != nil || len(got.Pull.Files) != 2 || got.Pull.Head.SHA != p.Head() {
		t.Errorf("%v: %+v", err, got.Pull.Files)
	}
	if n := len(w.CallsOf("repos/compare-commits-with-basehead")); n > 2 {
		t.Errorf("%d comparisons", n)
	}
}

func TestTheBaseIsTheBranchAsItStandsNow(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{})
	// The head changes a file and takes that back; meanwhile the change alone
	// lands on the base. Merged, the pull request would revert it.
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Commits: []githubtest.Commit{{Message: "On", Files: githubtest.Files{"guard.tf": "on\n"}}}})
	on := p.Head()
	p.Push("dan", githubtest.Files{"guard.tf": githubtest.Delete})
	if got := w.read(p); len(got.Pull.Files) != 0 {
		t.Fatalf("files: %+v", got.Pull.Files)
	}
	w.repo.Push("main", on, "mia")
	got := w.read(p)
	if len(got.Pull.Files) != 1 || got.Pull.Files[0].Status != fact.Removed || got.Pull.MergeBase != on {
		t.Errorf("files: %+v at %s", got.Pull.Files, got.Pull.MergeBase)
	}
}

func TestAnOlderApprovalBringsWhatStoodThen(t *testing.T) {
	for _, remembered := range []bool{true, false} {
		t.Run(fmt.Sprintf("with the delivery seen: %v", remembered), func(t *testing.T) {
			w := newWorld(t, pathsOnly, githubtest.Options{})
			w.repo.Commit("main", "Base", githubtest.Files{"net/main.tf": "old\n", "run.sh": "#!/bin/sh\n"})
			p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"net/main.tf": "new\n"}})
			approved := p.Head()
			oldBase := w.repo.Head("main")
			review := p.Approve("ana")
			if remembered {
				err := w.store.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
					return tx.AddReviewCommit(ctx, w.ref(p), review.ID(), approved)
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			w.repo.Commit("main", "Meanwhile", githubtest.Files{"net/main.tf": "old\n", "other": "1\n"})
			p.UpdateBranch("dan")
			p.Push("dan", githubtest.Files{"run.sh": githubtest.Executable("#!/bin/sh\n")})
			w.ResetCalls()
			got := w.read(p)
			if want := map[bool]string{true: approved, false: ""}[remembered]; got.Pull.Reviews[0].Delivered != want {
				t.Errorf("delivered: %q", got.Pull.Reviews[0].Delivered)
			}
			s, ok := got.Pull.Snapshots[approved]
			if !ok || len(got.Pull.Snapshots) != 1 || s.Unknown != "" || s.MergeBase != fact.Known(oldBase) {
				t.Fatalf("snapshots: %+v", got.Pull.Snapshots)
			}
			modes := map[string]string{}
			for side, entries := range map[string]map[string]fact.Entry{"then": s.Head, "then at base": s.Base} {
				for path, e := range entries {
					modes[side+" "+path] = e.Mode
				}
			}
			for _, f := range got.Pull.Files {
				modes["now "+f.Path], modes["now at base "+f.Path] = f.Head.Value.Mode, f.Base.Value.Mode
			}
			want := map[string]string{}
			for _, side := range []string{"then", "then at base", "now", "now at base"} {
				want[side+" net/main.tf"], want[side+" run.sh"] = "100644", "100644"
			}
			want["now run.sh"] = "100755"
			if diff := cmp.Diff(want, modes); diff != "" {
				t.Error(diff)
			}
			tf := got.Pull.Files[slices.IndexFunc(got.Pull.Files, func(f fact.File) bool { return f.Path == "net/main.tf" })]
			if s.Head["net/main.tf"] != tf.Head.Value || s.Base["net/main.tf"] != tf.Base.Value || tf.Head.Value == tf.Base.Value {
				t.Errorf("then %+v, %+v; now %+v", s.Head, s.Base, tf)
			}
			// GraphQL, compare, entries, compare of then, entries at its base.
			if n := len(w.CallsOf("graphql", "repos/compare-commits-with-basehead")); n != 5 {
				t.Errorf("%d calls: %v", n, w.calls())
			}
		})
	}
}

func TestAnOlderApprovalBringsWhatNoLongerDiffersAndAnAnalysisMayHaveRead(t *testing.T) {
	w := newWorld(t, withContents, githubtest.Options{})
	w.repo.Commit("main", "Base", githubtest.Files{"net/main.tf": "old\n", "net/variables.tf": "old\n", "net/other.tf": "old\n", "net/same.tf": "old\n"})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"net/main.tf": "new\n", "net/variables.tf": "new\n"}})
	approved := p.Head()
	p.Approve("ana")
	p.Push("dan", githubtest.Files{"net/variables.tf": "old\n"})
	w.repo.Commit("main", "Meanwhile", githubtest.Files{"net/other.tf": "newer\n"})
	p.UpdateBranch("dan")
	got := w.read(p)
	s := got.Pull.Snapshots[approved]
	for path, want := range map[string]bool{"net/main.tf": false, "net/variables.tf": true, "net/other.tf": true} {
		_, head := s.Head[path]
		_, base := s.Base[path]
		if elsewhere := head && !base; elsewhere != want {
			t.Errorf("%s is told as changed then or since, and not now: %v", path, elsewhere)
		}
	}
	if _, ok := s.Head["net/same.tf"]; ok || s.Incomplete != "" {
		t.Errorf("%+v", s)
	}
}

func TestAnApprovedCommitThatIsGoneIsUnknown(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a.go": "package a\n"}})
	review := p.Approve("ana")
	gone := strings.Repeat("1", 40)
	err := w.store.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		return tx.AddReviewCommit(ctx, w.ref(p), review.ID(), gone)
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := w.read(p).Pull.Snapshots[gone]; s.Unknown == "" {
		t.Errorf("%+v", s)
	}
}

func TestAPolicyThatNeverWasIsMissingAndOneThatWasIsGone(t *testing.T) {
	w := newWorld(t, "", githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a.go": "package a\n"}})
	if got := w.read(p); !got.Missing || got.Gone || got.Policy != nil {
		t.Errorf("there never was one: %+v", got)
	}
	w.repo.Commit("main", "Policy", githubtest.Files{policy.RepoPath: pathsOnly})
	got := w.read(p)
	if got.Policy == nil || got.Missing || got.Gone || len(got.Sources) != 1 || got.Sources[0].Name != policy.RepoPath || got.Sources[0].Blob == "" {
		t.Errorf("there is one: %+v", got)
	}
	w.repo.Commit("main", "No policy", githubtest.Files{policy.RepoPath: githubtest.Delete})
	w.restart()
	got = w.read(p)
	if !got.Gone || got.Missing || got.Policy != nil || len(got.Diagnostics) != 1 || got.Diagnostics[0].Severity != "error" {
		t.Errorf("it is gone: %+v", got)
	}
	w.repo.Commit("main", "Broken", githubtest.Files{policy.RepoPath: "policy {"})
	got = w.read(p)
	if got.Gone || got.Policy != nil || len(got.Diagnostics) == 0 || got.Diagnostics[0].Line == 0 {
		t.Errorf("it does not load: %+v", got)
	}
	w.repo.Commit("main", "A folder", githubtest.Files{policy.RepoPath: githubtest.Delete, policy.RepoPath + "/x": "x"})
	if got := w.read(p); !got.Gone || !strings.Contains(got.Diagnostics[0].Detail, "no file") {
		t.Errorf("it is no file: %+v", got)
	}
}

func TestAFloorCountsForAllAndItsAbsenceIsNoticed(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{})
	const floor = "policy {\n keepers = [\"boss\"]\n floor = true\n}\nrole \"boss\" { members = [\"@mia\"] }\nrule \"all\" {\n require \"boss\" {}\n}\n"
	w.org.Repo(".github").Commit("main", "Floor", githubtest.Files{policy.FloorPath: floor})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a.go": "package a\n"}})
	got := w.read(p)
	if got.Policy == nil || len(got.Sources) != 2 || !got.Sources[1].Floor {
		t.Fatalf("%+v", got)
	}
	if _, ok := got.Pull.Roster.Roles["floor:boss"]; !ok {
		t.Errorf("roles: %+v", got.Pull.Roster.Roles)
	}
	// The installation loses the floor's repository, which GitHub tells no
	// different from there being none.
	w.App().Installation("acme").Select(w.repo)
	w.restart()
	if got := w.read(p); !got.Gone {
		t.Errorf("the floor was lost: %+v", got)
	}
}

func TestADefaultPolicyIsForThoseWhoHaveNone(t *testing.T) {
	w := newWorld(t, "", githubtest.Options{})
	w.options.DefaultPolicy = &policy.Source{Name: "default.hcl", Bytes: []byte(pathsOnly)}
	w.restart()
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a.go": "package a\n"}})
	if got := w.read(p); got.Policy == nil || got.Missing || got.Sources[0].Name != "default.hcl" {
		t.Errorf("%+v", got)
	}
	w.repo.Commit("main", "Own", githubtest.Files{policy.RepoPath: pathsOnly})
	if got := w.read(p); got.Policy == nil || len(got.Sources) != 1 || got.Sources[0].Name != policy.RepoPath {
		t.Errorf("%+v", got)
	}
}

func TestATeamThatIsHiddenIsUnknownAndOneThatFailsIsAnError(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a.go": "package a\n"}})
	w.Inject(githubtest.Fault{Operation: "teams/list-members-in-org", Times: 6, Status: 503})
	_, err := w.gather.Pull(context.Background(), w.ref(p), w.hint(p))
	var e *github.Error
	if !errors.As(err, &e) || e.Kind != github.Transient {
		t.Errorf("GitHub fails: %v", err)
	}
	w.ClearFaults()
	w.org.Team("security").Delete()
	got := w.read(p)
	if h := got.Pull.Roster.Roles["security"]; len(h.List) != 0 || len(h.Gaps) != 1 {
		t.Errorf("the team is gone: %+v", h)
	}
	if h := got.Pull.Roster.Roles["cloud"]; len(h.List) != 2 || len(h.Gaps) != 0 {
		t.Errorf("the other team: %+v", h)
	}
	w.App().Permit("members", "")
	w.forget()
	if h := w.read(p).Pull.Roster.Roles["cloud"]; len(h.List) != 0 || len(h.Gaps) != 1 {
		t.Errorf("without the permission: %+v", h)
	}
}

func TestTooManyFilesAreAGap(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{NoValidation: true, FileLimit: 500})
	files := githubtest.Files{}
	for i := range 600 {
		files[fmt.Sprintf("d/%d.go", i)] = "package d\n"
	}
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: files})
	got := w.read(p).Pull
	if len(got.Files) < 500 || len(got.Gaps) != 1 || got.Gaps[0].About != fact.AboutFiles || !strings.Contains(got.Gaps[0].Reason, "500 of its 600") {
		t.Errorf("%d files, gaps %+v", len(got.Files), got.Gaps)
	}
}

func TestTwelveHundredFilesAreAllThere(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{NoValidation: true})
	files := githubtest.Files{}
	for i := range 1200 {
		files[fmt.Sprintf("d/%d.go", i)] = "package d\n"
	}
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: files})
	got := w.read(p).Pull
	if len(got.Files) != 1200 || len(got.Gaps) != 0 {
		t.Errorf("%d files, gaps %+v", len(got.Files), got.Gaps)
	}
}

func TestAStrangePathIsKeptAsAGap(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a\u202e.go": "package a\n", "b.go": "package b\n"}})
	got := w.read(p).Pull
	if len(got.Files) != 2 || len(got.Gaps) != 1 || !cmp.Equal(got.Gaps[0].Paths, []string{"a\u202e.go"}) {
		t.Errorf("%+v, gaps %+v", got.Files, got.Gaps)
	}
}

func TestCommandsAreFoundInComments(t *testing.T) {
	w := newWorld(t, pathsOnly, githubtest.Options{})
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"a.go": "package a\n"}})
	p.Comment("ana", "hello\n\n/assign-dri @bo\n")
	p.Comment("ana", "> /assign-dri @dan")
	got := w.read(p).Pull.Commands
	if len(got) != 1 || got[0].Name != "assign-dri" || got[0].By.Login != "ana" {
		t.Errorf("%+v", got)
	}
}

func TestACleanMergeOfTheBaseMakesNobodyAContributor(t *testing.T) {
	for _, c := range []struct {
		name  string
		merge func(*world, *githubtest.Pull)
		clean bool
	}{
		{"by the button", func(w *world, p *githubtest.Pull) { p.UpdateBranch("ana") }, true},
		{"by hand and unaltered", func(w *world, p *githubtest.Pull) {
			p.MergeBase("ana", nil)
		}, true},
		{"with a file of the base left out", func(w *world, p *githubtest.Pull) {
			p.MergeBase("ana", githubtest.Files{"fresh": githubtest.Delete})
		}, false},
		{"with a file slipped in", func(w *world, p *githubtest.Pull) {
			p.MergeBase("ana", githubtest.Files{"evil.tf": "1\n"})
		}, false},
		{"with the change altered", func(w *world, p *githubtest.Pull) {
			p.MergeBase("ana", githubtest.Files{"own.tf": "altered\n"})
		}, false},
		{"with a mode altered", func(w *world, p *githubtest.Pull) {
			p.MergeBase("ana", githubtest.Files{"own.tf": githubtest.Executable("own\n")})
		}, false},
		{"with the base's change undone", func(w *world, p *githubtest.Pull) {
			p.MergeBase("ana", githubtest.Files{"base.tf": "old\n"})
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, pathsOnly, githubtest.Options{})
			w.repo.Commit("main", "Base", githubtest.Files{"base.tf": "old\n", "moved/x": "x\n", "still": "1\n"})
			p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"own.tf": "own\n"}})
			w.repo.Commit("main", "On", githubtest.Files{"base.tf": "new\n", "fresh": "1\n", "moved/x": githubtest.Delete})
			c.merge(w, p)
			got := w.read(p).Pull
			last := got.Commits[len(got.Commits)-1]
			if last.SHA != p.Head() || len(last.Parents) != 2 || last.CleanMerge != c.clean {
				t.Errorf("%+v, want clean %v", last, c.clean)
			}
		})
	}
}

func TestTheSameFactsAreReadTwice(t *testing.T) {
	w := newWorld(t, withContents, githubtest.Options{})
	now := w.Now()
	w.options.Now = func() time.Time { return now }
	w.restart()
	p := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"net/main.tf": "1\n", "b.go": "package b\n"}})
	p.Approve("ana")
	p.Push("dan", githubtest.Files{"net/main.tf": "2\n"})
	first := w.read(p)
	second := w.read(p)
	w.forget()
	w.restart()
	third := w.read(p)
	for name, again := range map[string]gather.Gathered{"with a full cache": second, "with nothing remembered": third} {
		if diff := cmp.Diff(first.Pull, again.Pull); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if diff := cmp.Diff(first.Contents, again.Contents); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
