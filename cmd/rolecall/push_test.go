package main

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/plan"
)

const (
	goBefore = "package main\n\nfunc main() { println(1) }\n"
	goAfter  = "package main\n\nfunc main() { println(2) }\n"
)

func TestAReviewWhoseDeliveryComesAfterThePush(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		backwards := func(d []githubtest.Delivery) []githubtest.Delivery { slices.Reverse(d); return d }
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")

		w.gh.Hold()
		pr.Approve("ana")
		pr.Push("dan", githubtest.Files{"README.md": "# Other\n"})
		w.gh.Release(backwards)
		w.expect(pr, "success", "Every role") // what she approved is what is there

		w.gh.Hold()
		pr.Approve("bo")
		pr.Push("dan", githubtest.Files{"main.go": goAfter})
		w.gh.Release(backwards)
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.fresh(pr)
	})
}

// What was decided on one commit is written at that commit, whatever is the
// head by then.
func TestAPushBetweenReadingAndWriting(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		approved := pr.Head()
		w.gh.Inject(githubtest.Fault{Operation: "checks/update", Before: func() {
			pr.Push("dan", githubtest.Files{"main.go": goAfter})
		}})
		pr.Approve("ana")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		for _, c := range w.repo.ChecksAt(pr.Head()) {
			if c.Conclusion != "" {
				t.Errorf("a check at the new head is %s", c.Conclusion)
			}
		}
		// It was left, so that its green was taken back.
		if was := w.repo.ChecksAt(approved); len(was) != 2 || was[0].Conclusion != "success" || was[1].Conclusion != "cancelled" {
			t.Errorf("the checks at the commit that was approved are %+v", was)
		}
		w.fresh(pr)
	})
}

func TestTheDatabaseIsLostBetweenApprovalAndPush(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.wipe()
		pr.Push("dan", githubtest.Files{"README.md": "# Other\n"})
		w.expect(pr, "success", "Every role") // bound by the commit that GitHub shows
		w.fresh(pr)
		w.wipe()
		pr.Push("dan", githubtest.Files{"main.go": goAfter})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.fresh(pr)
	})
}

func TestAForcePush(t *testing.T) {
	for _, moved := range []bool{false, true} {
		name := "GitHub shows the commit that was approved"
		if moved {
			name = "GitHub moves the review to the new head"
		}
		t.Run(name, func(t *testing.T) {
			eachWith(t, policyText, githubtest.Options{MoveReviewsOnForcePush: moved}, func(t *testing.T, w *world) {
				pr := w.open("dan", githubtest.Files{"main.go": goBefore})
				pr.Approve("ana")
				w.expect(pr, "success", "Every role")
				w.pass(2 * time.Second)
				pr.ForcePush("dan", githubtest.Files{"main.go": goBefore, "README.md": "# Other\n"})
				w.expect(pr, "success", "Every role") // the delivery told which commit, and its files are the same

				w.wipe()
				pr.Label("mia", "docs")
				w.expect(pr, "in_progress", "Waiting for Cloud Engineer") // now nothing does
				w.fresh(pr)

				pr.Approve("ana")
				w.expect(pr, "success", "Every role")
				w.pass(2 * time.Second)
				pr.ForcePush("dan", githubtest.Files{"main.go": goAfter})
				w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
			})
		})
	}
}

func TestTheReviewerUpdatesTheBranch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")

		w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "a\n"}, githubtest.By("eve"))
		pr.UpdateBranch("ana")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)

		// She may approve what comes after, too.
		pr.Push("dan", githubtest.Files{"main.go": goAfter})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "b\n"}, githubtest.By("eve"))
		pr.UpdateBranch("ana")
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
}

func TestAMergeOfTheBaseThatIsNotProvablyClean(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.repo.Commit("main", "The same file", githubtest.Files{"main.go": "package main\n\nfunc main() { println(3) }\n"}, githubtest.By("eve"))
		pr.MergeBase("ana", githubtest.Files{"main.go": goAfter})
		c := w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if !strings.Contains(c.Text, "ana") || !strings.Contains(c.Text, "is author, committer or co-author") {
			t.Errorf("the check does not say that ana is excluded, and why:\n%s", c.Text)
		}
		pr.Approve("ana")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		pr.Approve("bo")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
}

// Whoever pushes commits in another's name is not cleansed of it by updating
// the branch afterwards.
func TestThePusherOfAnothersCommitsUpdatesTheBranch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.PushCommits("cy", githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goAfter}})
		pr.Approve("cy")
		c := w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if !strings.Contains(c.Text, "pushed last") {
			t.Errorf("the check does not say that cy pushed last:\n%s", c.Text)
		}
		w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "a\n"}, githubtest.By("eve"))
		pr.UpdateBranch("cy")
		pr.Approve("cy")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "b\n"}, githubtest.By("eve"))
		pr.UpdateBranch("ana")
		pr.Approve("cy")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
	})
}

// A process that was stopped between deciding and writing, and that another
// took over from, may write late. Its result does not last.
func TestAStaleWriteDoesNotLast(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		pr.Approve("ana")
		shown := w.expect(pr, "success", "Every role")
		pr.Push("dan", githubtest.Files{"main.go": goAfter})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")

		old, err := plan.ParseExternalID(shown.ExternalID)
		if err != nil {
			t.Fatal(err)
		}
		client := w.app().Client(w.ref(pr).Installation)
		stale := github.CheckRun{
			Name: "rolecall: main", HeadSHA: pr.Head(), Status: "completed", Conclusion: "success",
			ExternalID: old.String(), Title: "All is well", Summary: "It was.", CompletedAt: time.Now(),
		}
		if _, err := client.CreateCheckRun(t.Context(), "acme", "cloud", stale); err != nil {
			t.Fatal(err)
		}
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")

		pr.Approve("bo")
		good := w.expect(pr, "success", "Every role")
		stale.Conclusion, stale.Title = "failure", "All is lost"
		if _, err := client.UpdateCheckRun(t.Context(), "acme", "cloud", good.ID, stale); err != nil {
			t.Fatal(err)
		}
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
}

// Two workers look at one pull request where one of them is taken for lost. The
// one that read first and saves last knows nothing of the other's check.
func TestOfTwoThatLookAtOnceTheLaterToSaveIsOvertaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.settle()
		read, looked := make(chan struct{}), make(chan struct{})
		w.gh.Inject(githubtest.Fault{Operation: "graphql", After: func() { close(read); <-looked }})
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		<-read
		app, log := w.app(), slog.New(slog.DiscardHandler)
		other := &pipeline.Line{
			Gather: gather.New(app, w.server.store, gather.Options{Wants: pipeline.Wants, Now: w.clock, Logger: log}),
			Apply:  appliers{app: app, store: w.server.store, log: log, now: w.clock, settled: time.Second}, Records: records{w.server.store},
			Metrics: newMetrics(), Self: w.self, Log: log,
		}
		if _, err := other.Pull(t.Context(), w.ref(pr), gather.Hint{}); err != nil {
			t.Error(err)
		}
		close(looked)
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.settle()
		w.noDuplicates(pr)
		w.fresh(pr)
	})
}

func TestARestartInTheMiddle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.settle()
		reading := make(chan struct{})
		w.gh.Inject(githubtest.Fault{Operation: "graphql", Before: func() { close(reading) }, Delay: 100 * time.Millisecond})
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		<-reading
		w.halt(10 * time.Millisecond)
		w.start()
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if n := len(w.repo.ChecksAt(pr.Head())); n != 1 {
			t.Errorf("there are %d check runs, want 1", n)
		}

		// Stopped between its writes: the check is there, the requests follow.
		writing := make(chan struct{})
		w.gh.Inject(githubtest.Fault{Operation: "checks/create", After: func() { close(writing) }, Late: 100 * time.Millisecond})
		w.gh.Fail("pulls/request-reviewers", 503, 1)
		second := w.open("dan", githubtest.Files{"other.go": goBefore})
		<-writing
		w.halt(10 * time.Millisecond)
		w.gh.ClearFaults()
		w.start()
		w.expect(second, "in_progress", "Waiting for Cloud Engineer")
		if got := second.Requested(); len(got) != 1 {
			t.Errorf("asked are %v, want one", got)
		}
		w.fresh(pr)
		w.fresh(second)
	})
}

// GitHub lists no commit of such a pull request, and so none that its checks
// could be read from.
func TestAPullRequestWithoutACommitOfItsOwn(t *testing.T) {
	for _, fork := range []bool{false, true} {
		t.Run(map[bool]string{false: "from a branch", true: "from a fork"}[fork], func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				pr := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"main.go": goBefore}, Fork: fork})
				w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
				pr.PushTo("dan", w.repo.Head("main"))
				w.settle()
				if n := len(w.repo.ChecksAt(pr.Head())); n != 1 {
					t.Fatalf("there are %d checks at the head, want 1", n)
				}
				calls := w.calls(func() { pr.Label("mia", "docs") })
				if n := len(w.repo.ChecksAt(pr.Head())); n != 1 {
					t.Errorf("after another look there are %d checks at the head, want 1", n)
				}
				for _, c := range calls {
					if c.Method != http.MethodGet && c.Operation != "graphql" {
						t.Errorf("nothing changed, and %s was called", c.Operation)
					}
				}
				w.fresh(pr)
			})
		})
	}
}

// Deliveries that come again, and late, tell of pushes that others followed.
func TestPushesThatAreToldOfOutOfOrder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		// only lets those of the kept deliveries through, in that order.
		only := func(which ...int) func([]githubtest.Delivery) []githubtest.Delivery {
			return func(list []githubtest.Delivery) (out []githubtest.Delivery) {
				var pushes []githubtest.Delivery
				for _, d := range list {
					if d.Event == "pull_request" && d.Action == "synchronize" {
						pushes = append(pushes, d)
					}
				}
				for _, i := range which {
					out = append(out, pushes[i])
				}
				return out
			}
		}
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.settle()
		w.gh.Hold()
		pr.PushCommits("cy", githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goAfter}})
		w.pass(2 * time.Second)
		pr.PushCommits("bo", githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goBefore + "// more\n"}})
		w.gh.Release(only(0)) // the latest is lost
		w.settle()
		pr.Approve("bo")
		c := w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if !strings.Contains(c.Text, "`@bo` pushed last") {
			t.Errorf("the check does not say that bo pushed last:\n%s", c.Text)
		}
		pr.Approve("cy") // who pushed before, so that part of it is theirs
		c = w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if !strings.Contains(c.Text, "`@cy` pushed part of it") {
			t.Errorf("the check does not say that cy pushed part of it:\n%s", c.Text)
		}
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		calls := w.calls(func() { pr.Label("mia", "docs") })
		for _, c := range calls {
			if c.Operation == "repos/list-activities" {
				t.Error("what was found once is asked for again")
			}
		}

		// By force: GitHub's own timeline tells who, and needs no delivery.
		w.pass(2 * time.Second)
		w.gh.Hold()
		pr.ForcePush("cy", githubtest.Files{"main.go": goAfter}, githubtest.By("dan"))
		w.gh.Release(only())
		pr.Approve("cy")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
	})
}

// An author who updates the branch hides nobody either.
func TestTheAuthorUpdatesTheBranchAfterAnotherPushed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.PushCommits("cy", githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goAfter}})
		w.settle()
		w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "a\n"}, githubtest.By("eve"))
		pr.UpdateBranch("dan")
		pr.Approve("cy")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		pr.Approve("bo")
		w.expect(pr, "success", "Every role")
	})
}
