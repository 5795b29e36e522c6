package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/apply"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const name = "rolecall: main"

// world is a fake GitHub with one pull request, and an applier for it.
type world struct {
	*githubtest.Server
	t     *testing.T
	pr    *githubtest.Pull
	store *store.Store
	apply *apply.Applier
	ref   fact.Ref
}

// settled is as long as a call may take and as the client waits, together.
const settled = 2 * time.Second

func newWorld(t *testing.T) *world {
	t.Helper()
	s := githubtest.New(t, githubtest.Options{})
	w := &world{Server: s, t: t}
	org := s.Org("acme")
	repo := org.Repo("infra")
	org.Member("dan", "eve")
	org.Team("cloud", "ana", "bo").Grant(repo, "push")
	org.Team("far", "fay")
	w.pr = repo.Open(githubtest.PullRequest{Author: "dan", Title: "x", Head: "x", Files: githubtest.Files{"a.txt": "a"}})
	app, err := github.NewApp(github.Config{URL: s.URL(), AppID: s.App().ID(), PrivateKey: s.App().PrivateKeyPEM(), Timeout: settled / 2})
	if err != nil {
		t.Fatal(err)
	}
	if w.store, err = store.Open(t.Context(), store.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	w.ref = fact.Ref{Installation: s.App().Installation("acme").ID(), Owner: "acme", Repo: "infra", Number: w.pr.Number()}
	w.apply = &apply.Applier{
		GitHub: app.Client(w.ref.Installation), Audit: w.store, Sent: w.store, Settled: settled, Commands: []report.Command{{Usage: "/help", Help: "Helps.", Who: "anyone"}},
		Delivery: "guid", Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: s.Now,
	}
	return w
}

func (w *world) decision(status policy.Status) policy.Decision {
	return policy.Decision{Pull: w.ref, Base: "main", Head: w.pr.Head(), Check: name, Status: status}
}

func (w *world) check(kind plan.Kind, d policy.Decision, id int64) plan.Action {
	c := plan.Check{ID: id, Name: d.Check, SHA: d.Head, Shown: plan.Shown{Decision: d}}
	c.Status, c.Conclusion = plan.State(d)
	c.ExternalID = plan.ExternalID{Number: w.ref.Number, Generation: 3, Digest: apply.Digest(c.Shown)}
	return plan.Action{Kind: kind, Why: "a test", Check: c}
}

func (w *world) do(actions ...plan.Action) error {
	_, err := w.apply.Apply(w.t.Context(), w.ref, plan.Plan{Actions: actions}, w.decision(policy.Waiting))
	return err
}

// trail is the audit trail in short: "request refused fay error".
func (w *world) trail() []string {
	w.t.Helper()
	entries, err := w.store.AuditEntries(context.Background(), w.ref, 0, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		var data struct {
			Why, Error string
			Refused    []string
		}
		if err := json.Unmarshal(e.Data.(json.RawMessage), &data); err != nil || data.Why == "" || e.Delivery != "guid" || e.At.IsZero() {
			w.t.Errorf("entry %+v: %v", e, err)
		}
		s := strings.Join(append([]string{e.Kind}, data.Refused...), " ")
		if data.Error != "" {
			s += " failed"
		}
		out = append(out, s)
	}
	return out
}

func (w *world) expect(err error, wantErr string, trail ...string) {
	w.t.Helper()
	if wantErr == "" && err != nil || wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)) {
		w.t.Errorf("error %v, want %q", err, wantErr)
	}
	got := w.trail()
	slices.Sort(got) // checks and requests go side by side
	slices.Sort(trail)
	if diff := cmp.Diff(trail, got); diff != "" {
		w.t.Errorf("audit trail (-want +got):\n%s", diff)
	}
}

func TestAPlanIsCarriedOut(t *testing.T) {
	w := newWorld(t)
	asking := w.pr.Comment("eve", "/help")
	d := w.decision(policy.Waiting)
	err := w.do(
		w.check(plan.CreateCheck, d, 0),
		plan.Action{Kind: plan.Request, Why: "y", Logins: []string{"ana"}, Teams: []string{"acme/cloud"}},
		plan.Action{Kind: plan.Assign, Why: "y", Logins: []string{"ana"}},
		plan.Action{Kind: plan.Label, Why: "y", Label: "security"},
		plan.Action{Kind: plan.Reply, Why: "y", Comment: asking.ID(), Verdicts: []policy.CommandVerdict{{Command: fact.Command{Name: "help"}, Accepted: true}}},
		plan.Action{Kind: plan.React, Why: "y", Comment: asking.ID(), Reaction: "+1"},
	)
	w.expect(err, "", "create_check", "request", "assign", "label", "reply", "react")

	c := w.pr.Check(name)
	words := apply.Words(plan.Shown{Decision: d})
	if c.Status != "in_progress" || c.Title != words.Title || c.Summary != words.Summary || c.Text != words.Text || c.SHA != d.Head || c.StartedAt.IsZero() {
		t.Errorf("the check is %+v", c)
	}
	if id, err := plan.ParseExternalID(c.ExternalID); err != nil || id.Generation != 3 || id.Digest != words.Digest() {
		t.Errorf("external_id %q: %v", c.ExternalID, err)
	}
	if len(c.Actions) != 1 || c.Actions[0].Identifier != apply.Recheck {
		t.Errorf("buttons %+v", c.Actions)
	}
	if got := w.pr.Assignees(); !slices.Equal(got, []string{"ana"}) {
		t.Errorf("assignees %v", got)
	}
	if got := w.pr.Labels(); !slices.Equal(got, []string{"security"}) {
		t.Errorf("labels %v", got)
	}
	comments := w.pr.Comments()
	if len(comments) != 2 || !strings.HasPrefix(comments[1].Body(), plan.ReplyMarker(asking.ID())+"\n") || !strings.Contains(comments[1].Body(), "`/help`") {
		t.Errorf("the reply is %q", comments[len(comments)-1].Body())
	}
	if len(asking.Reactions()) != 1 {
		t.Errorf("reactions %v", asking.Reactions())
	}

	if err := w.do(
		w.check(plan.UpdateCheck, w.decision(policy.Met), c.ID),
		plan.Action{Kind: plan.Withdraw, Why: "y", Logins: []string{"ana"}, Teams: []string{"acme/cloud"}},
		plan.Action{Kind: plan.Unassign, Why: "y", Logins: []string{"ana"}},
	); err != nil {
		t.Fatal(err)
	}
	if c := w.pr.Check(name); c.Conclusion != "success" || c.CompletedAt.IsZero() || c.Updates != 2 {
		t.Errorf("the check is %+v", c)
	}
	if got := append(w.pr.Requested(), w.pr.Assignees()...); len(got) != 0 {
		t.Errorf("still asked or assigned: %v", got)
	}
}

func TestACheckThatWasCompletedMeanwhileIsMadeAnew(t *testing.T) {
	w := newWorld(t)
	if err := w.do(w.check(plan.CreateCheck, w.decision(policy.Met), 0)); err != nil {
		t.Fatal(err)
	}
	was := w.pr.Check(name)
	err := w.do(w.check(plan.UpdateCheck, w.decision(policy.Waiting), was.ID)) // planned when it was in progress
	w.expect(err, "", "create_check", "update_check")
	if c := w.pr.Check(name); c.ID == was.ID || c.Status != "in_progress" || c.Conclusion != "" {
		t.Errorf("the check is %+v", c)
	}
}

func TestAnEmptyPlanDoesNothing(t *testing.T) {
	w := newWorld(t)
	before := len(w.Calls())
	w.expect(w.do(), "")
	if n := len(w.Calls()) - before; n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestWhoCannotBeAskedIsLeftOut(t *testing.T) {
	w := newWorld(t)
	w.User("stranger")
	refused, err := w.apply.Apply(t.Context(), w.ref, plan.Plan{Actions: []plan.Action{
		{Kind: plan.Request, Why: "y", Logins: []string{"stranger", "ana"}, Teams: []string{"acme/cloud", "acme/nowhere"}},
	}}, w.decision(policy.Waiting))
	w.expect(err, "", "request stranger acme/nowhere")
	if !slices.Equal(refused, []string{"stranger", "acme/nowhere"}) {
		t.Errorf("refused are %v", refused)
	}
	if got := w.pr.Requested(); !slices.Contains(got, "ana") || slices.Contains(got, "stranger") || len(got) != 2 {
		t.Errorf("asked are %v", got)
	}
}

func TestAloneWhoCannotBeAskedIsTriedOnce(t *testing.T) {
	w := newWorld(t)
	w.User("stranger")
	w.expect(w.do(plan.Action{Kind: plan.Request, Why: "y", Logins: []string{"stranger"}}), "", "request stranger")
	if n := len(w.CallsOf("pulls/request-reviewers")); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestAFailedCheckDoesNotKeepTheRestBackAndIsReturned(t *testing.T) {
	w := newWorld(t)
	w.Fail("checks/create", http.StatusUnprocessableEntity, 1)
	err := w.do(w.check(plan.CreateCheck, w.decision(policy.Waiting), 0), plan.Action{Kind: plan.Request, Why: "y", Logins: []string{"ana"}},
		plan.Action{Kind: plan.Label, Why: "y", Label: "security"})
	w.expect(err, "create_check", "create_check failed", "request", "label")
}

func TestWhatGitHubRefusesForGoodIsOnRecordAndNotTriedAgain(t *testing.T) {
	w := newWorld(t)
	c := w.pr.Comment("eve", "/help")
	w.Fail("reactions/create-for-issue-comment", http.StatusForbidden, 1)
	w.Fail("issues/add-assignees", http.StatusNotFound, 1)
	err := w.do(plan.Action{Kind: plan.Assign, Why: "y", Logins: []string{"ana"}}, plan.Action{Kind: plan.React, Why: "y", Comment: c.ID(), Reaction: "+1"})
	w.expect(err, "", "assign failed", "react failed")
}

func TestAReactionTellsThatAllElseIsDone(t *testing.T) {
	w := newWorld(t)
	first, second := w.pr.Comment("eve", "/assign-dri @ana"), w.pr.Comment("eve", "/help")
	answer := func(c *githubtest.Comment) []plan.Action {
		return []plan.Action{
			{Kind: plan.Reply, Why: "y", Comment: c.ID(), Verdicts: []policy.CommandVerdict{{Command: fact.Command{Name: "help"}, Accepted: true}}},
			{Kind: plan.React, Why: "y", Comment: c.ID(), Reaction: "+1"},
		}
	}
	w.Fail("issues/create-comment", http.StatusBadGateway, 1)
	a, b := answer(first), answer(second)
	err := w.do(a[0], b[0], a[1], b[1])
	w.expect(err, "reply", "reply failed", "reply", "react")
	if len(first.Reactions()) != 0 || len(second.Reactions()) != 1 {
		t.Errorf("reactions %v and %v, want only the second answered", first.Reactions(), second.Reactions())
	}
}

// A comment whose call was given up may appear when the next look has read the
// comments, and found none.
func TestACommentThatMayAppearYetIsNotWrittenAgain(t *testing.T) {
	w := newWorld(t)
	asking := w.pr.Comment("eve", "/help")
	reply := plan.Action{Kind: plan.Reply, Why: "y", Comment: asking.ID(), Verdicts: []policy.CommandVerdict{{Command: fact.Command{Name: "help"}, Accepted: true}}}
	w.Inject(githubtest.Fault{Operation: "issues/create-comment", Delay: settled * 3 / 4}) // the client waits for half of it
	w.expect(w.do(reply), "reply", "reply failed")
	w.expect(w.do(reply), "a moment ago", "reply failed") // the first
	if err := w.WaitAnswered(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.pr.Comments(); len(got) != 2 {
		t.Errorf("%d comments", len(got))
	}
	time.Sleep(settled) // by then whoever looks sees it
	w.expect(w.do(reply), "", "reply failed", "reply")
}

func TestAnAssignmentThatFailedLeavesCommandsUnanswered(t *testing.T) {
	w := newWorld(t)
	c := w.pr.Comment("eve", "/assign-dri @ana")
	w.Inject(githubtest.Fault{Operation: "issues/add-assignees", Status: http.StatusInternalServerError, Times: -1})
	err := w.do(plan.Action{Kind: plan.Assign, Why: "y", Logins: []string{"ana"}}, plan.Action{Kind: plan.React, Why: "y", Comment: c.ID(), Reaction: "+1"})
	w.expect(err, "assign", "assign failed")
}

func TestGitHubThatWantsNoMoreCallsGetsNone(t *testing.T) {
	w := newWorld(t)
	w.Inject(githubtest.Fault{Operation: "pulls/request-reviewers", Times: -1, Status: http.StatusForbidden,
		Header: http.Header{"Retry-After": {"60"}}, Body: `{"message":"You have exceeded a secondary rate limit","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}`})
	err := w.do(plan.Action{Kind: plan.Request, Why: "y", Logins: []string{"ana", "bo"}}, plan.Action{Kind: plan.Label, Why: "y", Label: "security"})
	w.expect(err, "request", "request failed")
	if len(w.CallsOf("issues/add-labels")) != 0 {
		t.Error("a label was written after GitHub asked to wait")
	}
	if at := retryAt(err); at.IsZero() {
		t.Errorf("%v does not say when to come back", err)
	}
}

// retryAt finds the moment for another attempt in err, as the queue does.
func retryAt(err error) time.Time {
	var e interface{ RetryAt() time.Time }
	if errors.As(err, &e) {
		return e.RetryAt()
	}
	return time.Time{}
}
