package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// glassPolicy is policyText with bo on call for this week, and cy for the next.
func glassPolicy() string {
	return policyText + fmt.Sprintf(`
role "on-call-engineer" {
  title = "On-call Engineer"
  rotation {
    start  = %q
    length = "168h"
    order  = ["@bo", "@cy"]
  }
}
`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
}

// once runs a test whose outcome no database has a part in.
func once(t *testing.T, policyText string, test func(*testing.T, *world)) {
	t.Helper()
	t.Parallel()
	test(t, newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{}))
}

// terraformFix needs a Cloud Engineer and a Security Engineer.
func terraformFix(name string) githubtest.Files {
	return githubtest.Files{"net/" + name + ".tf": "resource \"google_compute_firewall\" \"" + name + "\" {}\n"}
}

// debts are the broken glasses on record.
func (w *world) debts() []store.Debt {
	w.t.Helper()
	out, err := w.server.store.Debts(w.t.Context(), "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// said finds the newest comment of rolecall's own that holds text.
func said(pr *githubtest.Pull, text string) *githubtest.Comment {
	for _, c := range slices.Backward(pr.Comments()) {
		if strings.HasPrefix(c.Author(), "rolecall") && strings.Contains(c.Body(), text) {
			return c
		}
	}
	return nil
}

func reacted(c *githubtest.Comment) string {
	var out []string
	for _, r := range c.Reactions() {
		_, content, _ := strings.Cut(r, " ")
		out = append(out, content)
	}
	return strings.Join(out, " ")
}

func TestABrokenGlassLetsAFixThroughAndOwesTheReviews(t *testing.T) {
	eachWith(t, glassPolicy(), githubtest.Options{}, func(t *testing.T, w *world) {
		pr := w.open("dan", terraformFix("port"))
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer, Security Engineer")
		w.pass(time.Minute)
		refused := pr.Comment("cy", "/break-glass I am on call next week")
		w.expect(pr, "in_progress", "Waiting for")
		if got := reacted(refused); got != "confused" {
			t.Errorf("reactions to somebody who is not on call: %q", got)
		}
		w.pass(time.Minute)
		command := pr.Comment("bo", "/break-glass the load balancer is down")
		c := w.expect(pr, "success", "GLASS BROKEN BY bo. SKIPPED AND OWED: Cloud Engineer, Security Engineer")
		for _, want := range []string{"THE GLASS IS BROKEN", "@bo", "the load balancer is down"} {
			if !strings.Contains(c.Summary, want) {
				t.Errorf("the summary lacks %q:\n%s", want, c.Summary)
			}
		}
		if got := reacted(command); got != "+1" {
			t.Errorf("reactions %q", got)
		}
		if !slices.Contains(pr.Labels(), fact.GlassLabel) {
			t.Errorf("labels %v", pr.Labels())
		}
		w.fresh(pr)
		if n, _ := w.server.store.OpenDebts(t.Context()); n != 0 {
			t.Errorf("%d open debts before the merge", n)
		}

		w.pass(time.Minute)
		pr.MustMerge("dan")
		w.settle()
		if n, _ := w.server.store.OpenDebts(t.Context()); n != 1 {
			t.Errorf("%d open debts, want 1", n)
		}
		w.fresh(pr)

		// Losing the database, the command and the label loses nothing.
		pr.DeleteComment(command, "dan")
		pr.Unlabel("dan", fact.GlassLabel)
		w.wipe()
		w.pass(time.Minute)
		pr.Approve("bo") // who broke it clears nothing
		c = w.expect(pr, "success", "SKIPPED AND OWED: Cloud Engineer, Security Engineer")
		if !slices.Contains(pr.Labels(), fact.GlassLabel) {
			t.Errorf("the label is not set again: %v", pr.Labels())
		}
		if d := w.debts(); len(d) != 1 || d[0].Glass.By != "bo" || len(d[0].Glass.Open()) != 2 {
			t.Errorf("debts %+v", d)
		}
		w.pass(time.Minute)
		pr.Approve("ana")
		w.expect(pr, "success", "SKIPPED AND OWED: Security Engineer")
		w.pass(time.Minute)
		pr.Approve("sam")
		c = w.expect(pr, "success", "Every role")
		if !strings.Contains(c.Summary, "HAS BEEN GIVEN SINCE") {
			t.Errorf("the check does not say that it is cleared:\n%s", c.Summary)
		}
		if said(pr, "Nothing is owed any more") == nil {
			t.Error("nobody is told that nothing is owed any more")
		}
		if d := w.debts(); len(d) != 1 || d[0].ClearedAt.IsZero() {
			t.Errorf("debts %+v", d)
		}
		w.fresh(pr)
	})
}

func TestThreat23WhoBreaksTheGlass(t *testing.T) {
	once(t, glassPolicy(), func(t *testing.T, w *world) {
		// The on-call engineer who wrote the fix needs a second person, who is
		// on call or a manager, and no author.
		own := w.open("bo", terraformFix("own"))
		w.settle()
		w.pass(time.Minute)
		first := own.Comment("bo", "/break-glass I fix it myself")
		w.expect(own, "in_progress", "Waiting for")
		if c := said(own, "cannot break the glass alone"); c == nil || !strings.Contains(c.Body(), "manager") {
			t.Error("nobody says what is missing")
		}
		w.fresh(own)
		w.pass(time.Minute)
		own.Comment("ana", "/break-glass let him") // holds neither role
		w.expect(own, "in_progress", "Waiting for")
		w.pass(time.Minute)
		own.Comment("mia", "/break-glass let him")
		w.expect(own, "success", "GLASS BROKEN BY bo")
		if got := reacted(first); !strings.HasSuffix(got, "+1") {
			t.Errorf("reactions to the first: %q", got)
		}
		w.fresh(own)
		// Another push takes another command.
		w.pass(time.Minute)
		own.Push("bo", terraformFix("more"))
		w.expect(own, "in_progress", "Waiting for")
		w.fresh(own)
		w.pass(time.Minute)
		own.Comment("mia", "/break-glass again") // a manager alone only confirms
		w.expect(own, "in_progress", "Waiting for")
		w.pass(time.Minute)
		own.Comment("bo", "/break-glass again")
		w.expect(own, "success", "GLASS BROKEN BY bo")
		own.MustMerge("bo")
		w.settle()

		// Twice in a row by one person needs a second, also when all is lost.
		w.wipe()
		twice := w.open("dan", terraformFix("twice"))
		w.settle()
		w.pass(time.Minute)
		twice.Comment("bo", "/break-glass once more")
		w.expect(twice, "in_progress", "Waiting for")
		if said(twice, fmt.Sprintf("reviews are still owed for the glass that `@bo` broke on #%d", own.Number())) == nil {
			t.Errorf("nobody says why: %v", bodies(twice))
		}
		own.Approve("ana")
		own.Approve("sam")
		w.settle()
		w.pass(time.Minute)
		twice.Comment("dan", "/recheck")
		w.expect(twice, "in_progress", "Waiting for")
		if c := twice.Check("rolecall: main"); !strings.Contains(c.Text, fmt.Sprintf("broke the last glass here too, on #%d", own.Number())) {
			t.Errorf("nobody says why:\n%s", c.Text)
		}
		w.fresh(twice)

		// Somebody else who is on call breaks it alone; after the hand-over bo
		// does not.
		w.pass(7 * 24 * time.Hour)
		twice.Comment("cy", "/break-glass my turn now")
		w.expect(twice, "success", "GLASS BROKEN BY cy")
		w.pass(time.Minute)
		late := w.open("dan", terraformFix("late"))
		w.settle()
		w.pass(time.Minute)
		late.Comment("bo", "/break-glass I was on call")
		w.expect(late, "in_progress", "Waiting for")
		if said(late, "only `on-call-engineer` may do that") == nil {
			t.Errorf("nobody says why: %v", bodies(late))
		}
	})
}

func bodies(pr *githubtest.Pull) []string {
	var out []string
	for _, c := range pr.Comments() {
		out = append(out, c.Author()+": "+c.Body())
	}
	return out
}

func TestThreat23ABrokenGlassDoesNotReachThePolicy(t *testing.T) {
	once(t, glassPolicy(), func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": "package main\n", policy.RepoPath: policyText})
		w.settle()
		w.pass(time.Minute)
		pr.Comment("bo", "/break-glass the policy is in my way")
		c := w.expect(pr, "in_progress", "Waiting for Manager, Security Engineer")
		if !strings.Contains(c.Summary, "does not reach the rule") {
			t.Errorf("the check does not say so:\n%s", c.Summary)
		}
	})
}

func TestADebtIsRemindedOfAndTracked(t *testing.T) {
	once(t, glassPolicy(), func(t *testing.T, w *world) {
		w.gh.App().Permit("issues", "write")
		w.settle()
		pr := w.open("dan", terraformFix("port"))
		w.settle()
		w.pass(time.Minute)
		pr.Comment("bo", "/break-glass down")
		w.expect(pr, "success", "GLASS BROKEN")
		issue := w.repo.Pull(pr.Number() + 1)
		if issue == nil || !strings.Contains(issue.Title(), fmt.Sprintf("#%d", pr.Number())) || issue.State() != "open" {
			t.Fatalf("no issue tracks the debt: %v", bodies(pr))
		}
		pr.MustMerge("dan")
		w.settle()
		reminders := func() int {
			n := 0
			for _, c := range pr.Comments() {
				if strings.Contains(c.Body(), "Reminder ") {
					n++
				}
			}
			return n
		}
		for i, step := range []struct {
			pass time.Duration
			want int
		}{{2 * 24 * time.Hour, 0}, {2 * 24 * time.Hour, 1}, {24 * time.Hour, 1}, {7 * 24 * time.Hour, 2}} {
			w.pass(step.pass)
			if i == 2 {
				w.wipe()
			}
			w.look(pr)
			if got := reminders(); got != step.want {
				t.Errorf("step %d: %d reminders, want %d: %v", i, got, step.want, bodies(pr))
			}
		}
		if c := said(pr, "Reminder 1"); c == nil || !strings.Contains(c.Body(), "@sam") {
			t.Errorf("the reminder does not call sam: %v", bodies(pr))
		}
		pr.Approve("ana")
		pr.Approve("sam")
		w.expect(pr, "success", "Every role")
		if got := issue.State(); got != "closed" {
			t.Errorf("the issue is %s", got)
		}
		w.fresh(pr)
	})
}

// look has the server look at a pull request again, as it would when the time
// that the last look named has come.
func (w *world) look(pr *githubtest.Pull) {
	w.t.Helper()
	w.settle()
	if err := w.server.queue.Add(w.t.Context(), queue.Target{Kind: queue.Pull, Ref: w.ref(pr), Why: "time passed"}); err != nil {
		w.t.Fatal(err)
	}
	w.settle()
}

// TestABrokenGlassSurvivesFailures stops each step that tells of it once: what
// is done already is not done twice.
func TestABrokenGlassSurvivesFailures(t *testing.T) {
	for _, operation := range []string{"issues/create-comment", "reactions/create-for-issue-comment", "issues/add-labels", "issues/create", "apps/get-installation", "issues/list-for-repo"} {
		t.Run(operation, func(t *testing.T) {
			once(t, glassPolicy(), func(t *testing.T, w *world) {
				w.gh.App().Permit("issues", "write")
				pr := w.open("dan", terraformFix("port"))
				w.settle()
				w.pass(time.Minute)
				w.gh.Fail(operation, 502, 1)
				command := pr.Comment("bo", "/break-glass down")
				w.expect(pr, "success", "GLASS BROKEN BY bo")
				if got := reacted(command); got != "+1" {
					t.Errorf("reactions %q", got)
				}
				answers := 0
				for _, b := range bodies(pr) {
					if strings.Contains(b, "THE GLASS IS BROKEN") {
						answers++
					}
				}
				if answers != 1 || w.repo.Pull(pr.Number()+1) == nil || w.repo.Pull(pr.Number()+2) != nil {
					t.Errorf("%d answers, issues %v %v", answers, w.repo.Pull(pr.Number()+1), w.repo.Pull(pr.Number()+2))
				}
				w.fresh(pr)
			})
		})
	}
}
