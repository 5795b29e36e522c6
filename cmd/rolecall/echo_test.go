package main

import (
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
)

func TestWhatCannotChangeAnythingCostsNoCall(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		issue := w.repo.Issue("dan", "An issue", "")
		for name, do := range map[string]func(){
			"a comment without a command":      func() { pr.Comment("eve", "I like it.\n\n> /assign-dri @eve") },
			"a command on a plain issue":       func() { issue.Comment("mia", "/assign-dri @mia") },
			"a push that touches no policy":    func() { w.repo.Commit("elsewhere", "x", githubtest.Files{"x": "x"}) },
			"another App's check":              func() { pr.PostCheck(w.gh.OtherApp("ci"), "build", "success") },
			"a bot's command":                  func() { pr.Comment("helper[bot]", "/assign-dri @eve") },
			"a ping":                           func() { w.gh.App().Ping() },
			"a comment's edit, no command yet": func() { pr.EditComment(pr.Comment("eve", "hm"), "eve", "well") },
		} {
			if calls := w.calls(do); len(calls) > 0 {
				t.Errorf("%s: %d calls: %+v", name, len(calls), calls)
			}
		}
	})
}

func TestAnEventThatChangesNothingWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		for name, do := range map[string]func(){
			"a re-run of all":  func() { pr.RerequestSuite("dan") },
			"the button":       func() { pr.ClickAction("dan", "rolecall: main", "recheck") },
			"a label":          func() { pr.Label("mia", "docs") },
			"a new title":      func() { pr.Edit("Another", "", "dan") },
			"a draft":          func() { pr.ConvertToDraft("dan"); pr.MarkReady("dan") },
			"an equal policy":  func() { w.repo.Commit("main", "x", githubtest.Files{"README.md": "# x\n"}) },
			"closed, reopened": func() { pr.Close("dan"); pr.Reopen("dan") },
		} {
			if writes := githubtest.Writes(w.calls(do)); len(writes) > 0 {
				t.Errorf("%s: %d writes: %+v", name, len(writes), writes)
			}
		}
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
	})
}

// GitHub shows a suite as queued from then on until a run is written.
func TestACheckThatIsAskedForAgainIsMadeAnew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Approve("ana")
		was := w.expect(pr, "success", "Every role")
		for name, click := range map[string]func(){
			"Re-run":            func() { pr.Rerequest("dan", "rolecall: main") },
			"Re-run all checks": func() { pr.RerequestSuite("dan") },
		} {
			click()
			now := w.expect(pr, "success", "Every role")
			if now.ID == was.ID {
				t.Errorf("%s: no new run", name)
			}
			was = now
			w.fresh(pr)
			if writes := githubtest.Writes(w.calls(func() { pr.Label("mia", "after "+name) })); len(writes) != 0 {
				t.Errorf("%s: written once more afterwards: %+v", name, writes)
			}
		}
	})
}

func TestTheButtonFindsWhatNoDeliveryTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, click := range map[string]func(*githubtest.Pull){
			"Re-check":          func(pr *githubtest.Pull) { pr.ClickAction("dan", "rolecall: main", "recheck") },
			"Re-run":            func(pr *githubtest.Pull) { pr.Rerequest("dan", "rolecall: main") },
			"Re-run all checks": func(pr *githubtest.Pull) { pr.RerequestSuite("dan") },
			"/recheck":          func(pr *githubtest.Pull) { pr.Comment("dan", "/recheck") },
		} {
			// Equal commits of one second would be one head, and one check.
			pr := w.open("dan", githubtest.Files{"main.go": goBefore + "// " + name + "\n"})
			pr.Approve("ana")
			w.expect(pr, "success", "Every role")
			w.gh.Disturb(githubtest.Disturbance{Drop: true})
			pr.Dismiss("ana", "mia")
			w.gh.Disturb(githubtest.Disturbance{})
			w.expect(pr, "success", "Every role")
			click(pr)
			if c := w.expect(pr, "in_progress", "Waiting for Cloud Engineer"); c.Status != "in_progress" {
				t.Errorf("%s did not find that the approval is gone", name)
			}
		}
	})
}

// Deliveries that are lost, doubled and late change nothing in the end, once
// one that comes later has it looked at.
func TestDeliveriesInDisorder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		n := 0
		w.gh.Disturb(githubtest.Disturbance{Choose: func(githubtest.Delivery) githubtest.Disturbance {
			n++
			return githubtest.Disturbance{Drop: n%5 == 0, Copies: n % 3}
		}})
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		for i := range 6 {
			pr.Approve([]string{"ana", "bo", "cy"}[i%3])
			pr.Push("dan", githubtest.Files{"main.go": goBefore + "// " + string(rune('a'+i)) + "\n"})
			pr.Label("mia", "docs")
			pr.Unlabel("mia", "docs")
		}
		pr.Approve("ana")
		w.gh.Disturb(githubtest.Disturbance{})
		pr.Comment("dan", "/recheck")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
}
