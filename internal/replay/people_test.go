package replay_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// asked is a change of an author, and a decision that asks what is given.
func asked(author string, requires ...policy.Requirement) replay.Decided {
	return replay.Decided{
		Change: replay.Change{Name: "#1", Head: strings.Repeat("a", 40)}, Title: "a change", At: time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC),
		Author: fact.Person{Login: author},
		Decisions: []policy.Decision{{Rules: []policy.RuleResult{
			{Name: "one", InForce: true, Status: policy.Waiting, Require: requires},
			{Name: "the same", InForce: true, Status: policy.Waiting, Require: requires},
			{Name: "advice", InForce: true, Advice: true, Require: []policy.Requirement{role("manager", "mia")}},
			{Name: "idle", Require: []policy.Requirement{role("manager", "mia")}},
		}}},
	}
}

func role(name string, may ...string) policy.Requirement {
	return policy.Requirement{Kind: policy.KindRole, Role: name, Status: policy.Waiting, Need: 1, May: may}
}

func TestLoadFallsOnThoseWhoMayReview(t *testing.T) {
	team := role("security")
	team.Teams = []string{"acme/security", "acme/known"}
	two := role("cloud", "ana", "bo")
	two.Need = 2
	either := policy.Requirement{Kind: policy.KindAny, Status: policy.Waiting, Children: []policy.Requirement{role("cloud", "ana"), role("on-call", "bo", "ana")}}
	both := policy.Requirement{Kind: policy.KindAll, Status: policy.Waiting, Children: []policy.Requirement{role("cloud", "ana"), role("on-call", "bo")}}
	met := role("cloud", "ana")
	met.Status = policy.Met
	for _, tc := range []struct {
		name   string
		change replay.Decided
		want   []replay.Share
	}{
		{"two share a review, whatever the number of rules", asked("", role("cloud", "ana", "bo")), []replay.Share{{Who: "@ana", May: 1, Share: 0.5}, {Who: "@bo", May: 1, Share: 0.5}}},
		{"two are needed and nobody else may", asked("", two), []replay.Share{{Who: "@ana", May: 1, Only: 1, Share: 1}, {Who: "@bo", May: 1, Only: 1, Share: 1}}},
		{"a team stands for its members unless these are known", asked("", team), []replay.Share{{Who: "@acme/security", May: 1, Only: 1, Share: 1}}},
		{"one of two roles", asked("", either), []replay.Share{{Who: "@ana", May: 1, Share: 0.5}, {Who: "@bo", May: 1, Share: 0.5}}},
		{"both roles", asked("", both), []replay.Share{{Who: "@ana", May: 1, Only: 1, Share: 1}, {Who: "@bo", May: 1, Only: 1, Share: 1}}},
		{"what is met falls on nobody", asked("dan", met), []replay.Share{{Who: "@dan", Opened: 1}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sum := replay.NewTallier("acme/known")
			sum.Add(tc.change)
			if diff := cmp.Diff(tc.want, sum.Tally().People); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTrailersNameReviewers(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.commit("root")
	w.git("checkout", "-q", "-b", "topic")
	w.write("a.go", "package a\n")
	w.commit("a change\n\nReviewed-by: Bo <2+bo@users.noreply.github.com>\nAcked-by: Cy <cy@example.test>")
	w.git("checkout", "-q", "main")
	w.git("merge", "-q", "--no-ff", "-m", "merge\n\nApproved-by: Mia <mia@users.noreply.github.com>", "topic")
	sum := replay.NewTallier()
	if err := backtest(t, w, func(d replay.Decided) error { sum.Add(d); return nil }, rules); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, p := range sum.Tally().People {
		if p.Reviewed > 0 {
			got[p.Who] = p.Reviewed
		}
	}
	if diff := cmp.Diff(map[string]int{"@bo": 1, "Cy": 1, "@mia": 1}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnUnknownConditionIsCountedByItsRoot(t *testing.T) {
	d := asked("dan", role("cloud", "ana"))
	d.Decisions[0].Rules[0].Reasons = []policy.Reason{
		{Code: policy.ChangesUnknown, Detail: "it does not parse"},
		{Code: policy.WhenUnknown, Detail: "local.x: it does not parse"},
		{Code: policy.WhenUnknown, Detail: "!local.x: part of it cannot be told"},
	}
	sum := replay.NewTallier()
	sum.Add(d)
	if diff := cmp.Diff([]replay.Load{{Name: "it does not parse", Changes: 1}}, sum.Tally().Causes); diff != "" {
		t.Error(diff)
	}
}

// TestThePageStandsAlone holds that a page loads nothing, runs nothing, and
// lets no text from outside become markup.
func TestThePageStandsAlone(t *testing.T) {
	const evil = `<script src="https://evil.test/x.js"></script><img src=x onerror=alert(1)>"'` + "\u202e"
	sum := replay.NewTallier()
	for i, month := range []time.Month{1, 2, 2, 5} {
		d := asked(evil, role(evil, evil))
		d.At, d.Title, d.Change.Name = time.Date(2025+i/3, month, 1, 0, 0, 0, 0, time.UTC), evil, evil
		d.Decisions = append(d.Decisions, policy.Decision{Rules: []policy.RuleResult{{Name: evil, InForce: true, Require: []policy.Requirement{role("other", "bo")},
			Reasons: []policy.Reason{{Code: policy.WhenUnknown, Detail: evil}}}}})
		d.Decisions[0].Rules[0].Reasons = []policy.Reason{{Code: policy.ChangesUnknown, Detail: evil}}
		sum.Add(d)
	}
	sum.Add(replay.Decided{Change: replay.Change{Name: evil}, Error: evil})
	var b bytes.Buffer
	if err := (replay.Page{Repository: evil, Policy: evil, Against: evil, Tally: sum.Tally()}).Write(&b); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for _, bad := range []string{"<script", "<img", "<link", "<iframe", " src=", " href=", "url(", "@import", "\u202e", "ZgotmplZ"} {
		if i := strings.Index(strings.ReplaceAll(html, "&lt;", ""), bad); i >= 0 && !strings.Contains(bad, "src") {
			t.Errorf("the page has %q: %.80s", bad, html[i:])
		}
	}
	if tags := regexp.MustCompile(`<[a-z]+[^>]* src=`).FindString(html); tags != "" {
		t.Errorf("a tag with a source: %s", tags)
	}
	for _, want := range []string{"default-src 'none'", "<b>5</b> changes", "<b>4</b> needed a review", "<b>4</b> decided differently", "<b>1</b> not readable",
		"<svg", "2025-02: 2 changes, 2 needed a review, 2 not wholly told", ">2026</text>"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestAnEmptyHistoryHasAPage(t *testing.T) {
	var b bytes.Buffer
	if err := (replay.Page{Tally: replay.NewTallier().Tally()}).Write(&b); err != nil || !strings.Contains(b.String(), "<b>0</b> changes") {
		t.Error(err, b.String())
	}
}
