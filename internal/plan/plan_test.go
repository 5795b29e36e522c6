package plan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const (
	self = "rolecall"
	name = "rolecall: main"
	head = "aaaa"
)

func pull(change ...func(*fact.Pull)) fact.Pull {
	p := fact.Pull{
		Ref: fact.Ref{Installation: 1, Owner: "acme", Repo: "cloud", Number: 7}, State: "open", Now: now,
		Author: fact.Person{Login: "dan"}, Head: fact.Branch{SHA: head},
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func run(id int64, status, conclusion, digest string) fact.CheckRun {
	return fact.CheckRun{
		ID: id, Name: name, SHA: head, Status: status, Conclusion: conclusion, Ours: true, StartedAt: now.Add(-time.Hour),
		ExternalID: plan.ExternalID{Number: 7, Generation: 3, Digest: digest}.String(),
	}
}

func checks(runs ...fact.CheckRun) func(*fact.Pull) { return func(p *fact.Pull) { p.Checks = runs } }

func decision(status policy.Status, rules ...policy.RuleResult) policy.Decision {
	return policy.Decision{Status: status, Check: name, Head: head, Rules: rules}
}

func rule(requirements ...policy.Requirement) policy.RuleResult {
	return policy.RuleResult{Name: "go", InForce: true, Status: policy.Waiting, Require: requirements}
}

func role(name string, may ...string) policy.Requirement {
	return policy.Requirement{Kind: policy.KindRole, Role: name, Status: policy.Waiting, Need: 1, Ask: "one", May: may, Teams: []string{"acme/" + name}}
}

// digest stands for one that does not change.
func digest(plan.Shown) string { return "d1" }

// summary is a plan in short: "create_check in_progress", "request ana".
func summary(p plan.Plan) []string {
	var out []string
	for _, a := range p.Actions {
		s := string(a.Kind)
		switch {
		case a.Check.Name != "":
			s += " " + a.Check.Status
			if a.Check.Conclusion != "" {
				s += "/" + a.Check.Conclusion
			}
		case a.Comment != 0:
			s += fmt.Sprintf(" %d %s", a.Comment, a.Reaction)
		default:
			s += " " + strings.Join(slices.Concat(a.Logins, a.Teams, []string{a.Label}), " ")
		}
		out = append(out, strings.TrimSpace(s))
	}
	return out
}

func TestTheCheckFollowsTheDecision(t *testing.T) {
	tests := []struct {
		name     string
		decision policy.Decision
		pull     fact.Pull
		want     []string
	}{
		{"waiting without a check creates one", decision(policy.Waiting), pull(), []string{"create_check in_progress"}},
		{"met is success", decision(policy.Met), pull(), []string{"create_check completed/success"}},
		{"refused is failure", decision(policy.Refused), pull(), []string{"create_check completed/failure"}},
		{"a broken policy is failure", decision(policy.Broken), pull(), []string{"create_check completed/failure"}},
		{"stuck is action_required", decision(policy.Stuck), pull(), []string{"create_check completed/action_required"}},
		{"an unheard-of status is failure", decision("new"), pull(), []string{"create_check completed/failure"}},
		{"an unchanged check is left alone", decision(policy.Waiting), pull(checks(run(1, "in_progress", "", "d1"))), nil},
		{"an unchanged success that is asked for again is made anew", decision(policy.Met), pull(func(p *fact.Pull) {
			again := run(1, "completed", "success", "d1")
			again.Rerun = true
			p.Checks = []fact.CheckRun{again}
		}), []string{"create_check completed/success"}},
		{"an unchanged success is left alone", decision(policy.Met), pull(checks(run(1, "completed", "success", "d1"))), nil},
		{"other words are written", decision(policy.Waiting), pull(checks(run(1, "in_progress", "", "d0"))), []string{"update_check in_progress"}},
		{"waiting becomes success in place", decision(policy.Met), pull(checks(run(1, "in_progress", "", "d1"))), []string{"update_check completed/success"}},
		{"success becomes failure as a new run", decision(policy.Refused), pull(checks(run(1, "completed", "success", "d1"))), []string{"create_check completed/failure"}},
		{"success that must wait again is a new run", decision(policy.Waiting), pull(checks(run(1, "completed", "success", "d1"))), []string{"create_check in_progress"}},
		{"the newest run counts", decision(policy.Met), pull(checks(run(2, "completed", "success", "d1"), run(1, "in_progress", "", "d1"))), nil},
		{"a run at another commit does not count", decision(policy.Met), pull(checks(func() fact.CheckRun { r := run(1, "completed", "success", "d1"); r.SHA = "bbbb"; return r }())), []string{"create_check completed/success"}},
		{"somebody else's run does not count", decision(policy.Waiting), pull(checks(func() fact.CheckRun { r := run(1, "completed", "success", "d1"); r.Ours = false; return r }())), []string{"create_check in_progress"}},
		{"an old unfinished run is renewed", decision(policy.Waiting), pull(checks(func() fact.CheckRun {
			r := run(1, "in_progress", "", "d1")
			r.StartedAt = now.AddDate(0, 0, -14)
			return r
		}())), []string{"create_check in_progress"}},
		{"an unfinished run of unknown age is left alone", decision(policy.Waiting), pull(checks(func() fact.CheckRun {
			r := run(1, "in_progress", "", "d1")
			r.StartedAt = time.Time{}
			return r
		}())), nil},
		{"a run that somebody asked for again is finished again", decision(policy.Met), pull(checks(run(1, "queued", "", "d1"))), []string{"update_check completed/success"}},
		{"an external_id that is not rolecall's is written anew", decision(policy.Met), pull(checks(func() fact.CheckRun {
			r := run(1, "completed", "success", "d1")
			r.ExternalID = "x"
			return r
		}())), []string{"update_check completed/success"}},
		{"a merged pull request gets nothing", decision(policy.Waiting), pull(func(p *fact.Pull) { p.State = "merged" }), nil},
		{"observing never blocks", policy.Decision{Status: policy.Stuck, Observe: true, Check: name, Head: head}, pull(), []string{"create_check completed/success"}},
		{"a broken policy blocks even where it would observe", policy.Decision{Status: policy.Broken, Observe: true, Check: name, Head: head}, pull(), []string{"create_check completed/failure"}},
		{"a closed pull request gets nothing", decision(policy.Waiting, rule(role("cloud", "ana"))), pull(func(p *fact.Pull) { p.State = "closed" }), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := plan.Make(test.decision, test.pull, plan.Options{Generation: 4, Digest: digest, Self: self})
			if diff := cmp.Diff(test.want, summary(got)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func asked(by string, logins ...string) func(*fact.Pull) {
	return func(p *fact.Pull) {
		for _, l := range logins {
			p.Requests = append(p.Requests, fact.Request{Login: l})
			p.RequestEvents = append(p.RequestEvents, fact.RequestEvent{Login: l, Added: true, By: fact.Person{Login: by}, At: now.Add(-time.Hour)})
		}
	}
}

func reviewed(login, state string) func(*fact.Pull) {
	return func(p *fact.Pull) {
		p.Reviews = append(p.Reviews, fact.Review{ID: int64(len(p.Reviews) + 1), Author: fact.Person{Login: login}, State: state, At: now.Add(-time.Minute)})
	}
}

func TestAnUnfinishedCheckIsRefreshedBeforeItIsStale(t *testing.T) {
	days := func(n int) time.Time { return now.AddDate(0, 0, n) }
	begun := func(n int) func(*fact.Pull) {
		r := run(1, "in_progress", "", "d1")
		r.StartedAt = days(n)
		return checks(r)
	}
	for _, test := range []struct {
		name   string
		status policy.Status
		pull   fact.Pull
		want   time.Time
	}{
		{"a new one in 13 days", policy.Waiting, pull(), days(13)},
		{"one that stands by its age", policy.Waiting, pull(begun(-5)), days(8)},
		{"one that is renewed now in 13 days again", policy.Waiting, pull(begun(-13)), days(13)},
		{"a complete one never", policy.Met, pull(), time.Time{}},
		{"one that completes now never", policy.Met, pull(begun(-5)), time.Time{}},
		{"that of a closed pull request never", policy.Waiting, pull(begun(-5), func(p *fact.Pull) { p.State = "closed" }), time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := decision(test.status)
			p := plan.Make(d, test.pull, plan.Options{Generation: 4, Digest: digest, Self: self})
			if got := p.Refresh(d, test.pull); !got.Equal(test.want) {
				t.Errorf("at %v, want %v", got, test.want)
			}
		})
	}
}

func TestWhoIsAsked(t *testing.T) {
	shown := checks(run(1, "in_progress", "", "d1"))
	ask := func(r policy.Requirement, how string) policy.Requirement { r.Ask = how; return r }
	distinct := rule(role("cloud", "ana"), role("security", "ana", "sam"))
	distinct.Distinct = true
	advice := rule(role("cloud", "ana"))
	advice.Advice = true
	tests := []struct {
		name  string
		rules []policy.RuleResult
		pull  fact.Pull
		want  []string
	}{
		{"one person is asked", []policy.RuleResult{rule(role("cloud", "ana"))}, pull(shown), []string{"request ana"}},
		{"the team is asked where the policy says so", []policy.RuleResult{rule(ask(role("cloud", "ana"), "team"))}, pull(shown), []string{"request acme/cloud"}},
		{"everybody is asked where the policy says so", []policy.RuleResult{rule(ask(role("cloud", "ana", "bo"), "all"))}, pull(shown, asked(self, "bo")), []string{"request ana"}},
		{"nobody is asked where the policy says so", []policy.RuleResult{rule(ask(role("cloud", "ana"), "none"))}, pull(shown), nil},
		{"a draft asks nobody", []policy.RuleResult{rule(role("cloud", "ana"))}, pull(shown, func(p *fact.Pull) { p.Draft = true }), nil},
		{"who is asked already is not asked again", []policy.RuleResult{rule(role("cloud", "ana", "bo"))}, pull(shown, asked("dan", "bo")), nil},
		{"a team that is asked already is let answer", []policy.RuleResult{rule(role("cloud", "ana", "bo"))}, pull(shown, func(p *fact.Pull) { p.Requests = []fact.Request{{Team: "acme/cloud"}} }), nil},
		{"one person serves two rules", []policy.RuleResult{rule(role("cloud", "ana")), rule(role("cloud", "ana"))}, pull(shown), []string{"request ana"}},
		{"a distinct rule asks two people", []policy.RuleResult{distinct}, pull(shown), []string{"request ana sam"}},
		{"advice asks nobody", []policy.RuleResult{advice}, pull(shown), nil},
		{"who took part with a comment is not nagged", []policy.RuleResult{rule(role("cloud", "ana", "bo"))}, pull(shown, reviewed("bo", fact.Commented)), nil},
		{"whose approval went stale is asked again", []policy.RuleResult{rule(role("cloud", "ana", "bo"))}, pull(shown, reviewed("bo", fact.Approved)), []string{"request bo"}},
		{"whom somebody took off is not asked again", []policy.RuleResult{rule(role("cloud", "ana", "bo"))}, pull(shown, func(p *fact.Pull) {
			p.RequestEvents = []fact.RequestEvent{{Login: "ana", Added: true, By: fact.Person{Login: self}}, {Login: "ana", By: fact.Person{Login: "dan"}}}
		}), []string{"request bo"}},
		{"who is away is asked last", []policy.RuleResult{rule(role("cloud", "ana", "bo"))}, pull(shown, func(p *fact.Pull) {
			p.Roster.People = map[string]fact.Presence{"ana": {Busy: true}}
		}), []string{"request bo"}},
		{"who has fewer open requests is asked first", []policy.RuleResult{rule(role("cloud", "ana", "bo"))}, pull(shown, func(p *fact.Pull) {
			p.Roster.People = map[string]fact.Presence{"bo": {Open: 3}, "ana": {Open: 1}}
		}), []string{"request ana"}},
		{"what rolecall asked for and nobody needs is withdrawn", nil, pull(shown, asked(self, "ana")), []string{"withdraw ana"}},
		{"what a person asked for stays", nil, pull(shown, asked("dan", "ana")), nil},
		{"who is away by the policy is not asked", []policy.RuleResult{rule(role("cloud", "ana"))}, pull(shown, func(p *fact.Pull) {
			p.Roster.People = map[string]fact.Presence{"ana": {AwayTo: now.Add(time.Hour)}}
		}), nil},
		{"who is back is asked", []policy.RuleResult{rule(role("cloud", "ana"))}, pull(shown, func(p *fact.Pull) {
			p.Roster.People = map[string]fact.Presence{"ana": {AwayTo: now}}
		}), []string{"request ana"}},
		{"who is busy is asked where nobody else is left", []policy.RuleResult{rule(role("cloud", "ana"))}, pull(shown, func(p *fact.Pull) {
			p.Roster.People = map[string]fact.Presence{"ana": {Busy: true}}
		}), []string{"request ana"}},
		{"who has no access is not asked", []policy.RuleResult{rule(role("cloud", "ana"))}, pull(shown, func(p *fact.Pull) {
			p.Roster.People = map[string]fact.Presence{"ana": {NoAccess: true}}
		}), nil},
		{"who knows the files is asked first", []policy.RuleResult{rule(role("cloud", "ana", "bo"))}, pull(shown, func(p *fact.Pull) {
			p.Roster.People = map[string]fact.Presence{"bo": {Changed: 14}}
		}), []string{"request bo"}},
		{"the author is never asked", []policy.RuleResult{rule(role("cloud", "dan"))}, pull(shown), nil},
		{"whom rolecall itself withdrew is asked again", []policy.RuleResult{rule(role("cloud", "ana"))}, pull(shown, func(p *fact.Pull) {
			p.RequestEvents = []fact.RequestEvent{{Login: "ana", Added: true, By: fact.Person{Login: self}}, {Login: "ana", By: fact.Person{Login: self}}}
		}), []string{"request ana"}},
		{"people whom GitHub put in a team's place are asked enough", []policy.RuleResult{rule(ask(role("cloud", "ana", "bo"), "team"))}, pull(shown, asked(self, "bo"), func(p *fact.Pull) {
			p.RequestEvents = append(p.RequestEvents, fact.RequestEvent{Team: "acme/cloud", Added: true, By: fact.Person{Login: self}})
		}), nil},
		{"a team of which somebody answers is not asked again", []policy.RuleResult{rule(ask(role("cloud", "ana", "bo"), "team"))}, pull(shown, reviewed("bo", fact.Commented), func(p *fact.Pull) {
			p.RequestEvents = []fact.RequestEvent{{Team: "acme/cloud", Added: true, By: fact.Person{Login: self}}}
		}), nil},
		{"a team whose approval went stale is asked again", []policy.RuleResult{rule(ask(role("cloud", "ana", "bo"), "team"))}, pull(shown, reviewed("bo", fact.Approved), func(p *fact.Pull) {
			p.RequestEvents = []fact.RequestEvent{{Team: "acme/cloud", Added: true, By: fact.Person{Login: self}}}
		}), []string{"request acme/cloud"}},
		{"a passing remark does not keep the team from being asked", []policy.RuleResult{rule(ask(role("cloud", "ana", "bo"), "team"))}, pull(shown, reviewed("bo", fact.Commented)), []string{"request acme/cloud"}},
		{"a person of another organisation's team is asked in its place", []policy.RuleResult{rule(policy.Requirement{
			Kind: policy.KindRole, Role: "x", Status: policy.Waiting, Need: 1, Ask: "team", May: []string{"ana"}, Teams: []string{"other/x"}})}, pull(shown), []string{"request ana"}},
		{"two approvals ask two people", []policy.RuleResult{rule(func() policy.Requirement { r := role("cloud", "ana", "bo"); r.Need = 2; return r }())}, pull(shown), []string{"request ana bo"}},
		{"one approval of two asks one more", []policy.RuleResult{rule(func() policy.Requirement {
			r := role("cloud", "bo")
			r.Need, r.Counted = 2, []policy.Approval{{By: "ana"}}
			return r
		}())}, pull(shown), []string{"request bo"}},
		{"who blocks is not asked to look again, nor anybody else", []policy.RuleResult{rule(func() policy.Requirement {
			r := role("cloud", "ana", "bo")
			r.Status, r.Blockers = policy.Refused, []string{"bo"}
			return r
		}())}, pull(shown, reviewed("bo", fact.ChangesRequested)), nil},
		{"an alternative that has begun is stayed with", []policy.RuleResult{rule(policy.Requirement{Kind: policy.KindAny, Status: policy.Waiting, Children: []policy.Requirement{
			role("security", "sam"), role("cloud", "ana"),
		}})}, pull(shown, asked("dan", "ana")), nil},
		{"a rule that is not in force asks nobody", []policy.RuleResult{{Name: "go", Require: []policy.Requirement{role("cloud", "ana")}}}, pull(shown), nil},
		{"at most fifteen are asked", []policy.RuleResult{rule(ask(role("cloud", people(20)...), "all"))}, pull(shown, asked("dan", "x", "y", "z")),
			[]string{"request " + strings.Join(people(12), " ")}},
		{"who goes makes room", []policy.RuleResult{rule(ask(role("cloud", people(15)...), "all"))}, pull(shown, asked(self, "x", "y")),
			[]string{"withdraw x y", "request " + strings.Join(people(15), " ")}},
		{"the first alternative that can be met is asked", []policy.RuleResult{rule(policy.Requirement{Kind: policy.KindAny, Status: policy.Waiting, Children: []policy.Requirement{
			{Kind: policy.KindRole, Role: "x", Status: policy.Stuck}, role("security", "sam"), role("cloud", "ana"),
		}})}, pull(shown), []string{"request sam"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := plan.Make(decision(policy.Waiting, test.rules...), test.pull, plan.Options{Generation: 4, Digest: digest, Self: self})
			if diff := cmp.Diff(test.want, ordered(summary(got))); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// people are n logins, in their order.
func people(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("p%02d", i))
	}
	return out
}

// ordered sorts whom each action is about, and shortens the names of people()
// to as many: which of equals are taken is the hash's to say.
func ordered(actions []string) []string {
	for i, s := range actions {
		words := strings.Fields(s)
		slices.Sort(words[1:])
		n := 0
		for j, w := range words {
			if len(w) == 3 && w[0] == 'p' {
				words[j] = fmt.Sprintf("p%02d", n)
				n++
			}
		}
		actions[i] = strings.Join(words, " ")
	}
	return actions
}

func TestEqualsAreSpreadOverPullRequests(t *testing.T) {
	got := map[string]int{}
	for n := range 400 {
		p := pull(func(p *fact.Pull) { p.Number = n })
		for _, a := range plan.Make(decision(policy.Waiting, rule(role("cloud", "ana", "bo", "cy", "dee"))), p, plan.Options{Digest: digest, Self: self}).Actions {
			if a.Kind == plan.Request {
				got[a.Logins[0]]++
			}
		}
	}
	for _, login := range []string{"ana", "bo", "cy", "dee"} {
		if n := got[login]; n < 60 || n > 140 {
			t.Errorf("%s is asked %d times of 400", login, n)
		}
	}
}

func TestNothingIsAskedOrAnsweredWhereThePolicyOnlyObservesOrCannotBeRead(t *testing.T) {
	shown := checks(run(1, "completed", "success", "d1"))
	observing := decision(policy.Waiting, rule(role("cloud", "ana")))
	observing.Observe = true
	if got := summary(plan.Make(observing, pull(shown, asked(self, "bo")), plan.Options{Digest: digest, Self: self})); got != nil {
		t.Errorf("observing: %v", got)
	}
	broken := decision(policy.Broken)
	broken.Commands = []policy.CommandVerdict{{Command: fact.Command{Name: "assign-dri", Comment: 1}, Reasons: []policy.Reason{{Code: policy.PolicyUnreadable}}}}
	want := []string{"create_check completed/failure"}
	if diff := cmp.Diff(want, summary(plan.Make(broken, pull(shown, asked(self, "bo"), func(p *fact.Pull) { p.Comments = []fact.Comment{{ID: 1}} }), plan.Options{Digest: digest, Self: self}))); diff != "" {
		t.Errorf("broken (-want +got):\n%s", diff)
	}
}

// TestAPullRequestsCommandsAskPeople holds /request.
func TestAPullRequestsCommandsAskPeople(t *testing.T) {
	at := now.Add(-time.Hour)
	shown := checks(run(1, "completed", "success", "d1"))
	done := func(p *fact.Pull) { p.Comments = []fact.Comment{{ID: 1, At: at, Reactions: []string{"+1"}}} }
	roster := func(p *fact.Pull) {
		p.Roster.Roles = map[string]fact.Holders{"security": {List: []fact.Holder{
			{Login: "dan"}, {Login: "sam"}, {Login: "old", To: now.Add(-time.Minute)}, {Login: "sue"}}}}
		p.Roster.People = map[string]fact.Presence{"sue": {Open: 4}}
	}
	removed := func(when time.Time) func(*fact.Pull) {
		return func(p *fact.Pull) {
			p.RequestEvents = []fact.RequestEvent{{Login: "ana", By: fact.Person{Login: "dan"}, At: when}}
		}
	}
	tests := []struct {
		name string
		arg  string
		pull fact.Pull
		want []string
	}{
		{"a person is asked", "@Ana", pull(shown, done), []string{"request ana"}},
		{"whoever is asked already is not asked again", "@ana", pull(shown, done, asked("dan", "ana")), nil},
		{"what rolecall asked by command stays", "@ana", pull(shown, done, asked(self, "ana")), nil},
		{"whoever has reviewed since is not asked again", "@ana", pull(shown, done, reviewed("ana", fact.Approved)), nil},
		{"the author is not asked", "@dan", pull(shown, done), nil},
		{"whom somebody took off since is not asked again", "@ana", pull(shown, done, removed(now)), nil},
		{"whom somebody took off before is asked", "@ana", pull(shown, done, removed(at.Add(-time.Hour))), []string{"request ana"}},
		{"the best holder of a role is asked", "security", pull(shown, done, roster), []string{"request sam"}},
		{"a holder of a role who is asked suffices", "security", pull(shown, done, roster, asked("dan", "sue")), nil},
		{"nobody is asked for a draft", "@ana", pull(shown, done, func(p *fact.Pull) { p.Draft = true }), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := decision(policy.Met)
			d.Commands = []policy.CommandVerdict{{Command: fact.Command{Name: "request", Args: []string{test.arg}, Comment: 1, At: at}, Accepted: true}}
			if diff := cmp.Diff(test.want, summary(plan.Make(d, test.pull, plan.Options{Digest: digest, Self: self}))); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheStrictestOfThoseThatShareACheckIsShown(t *testing.T) {
	on := func(number int, s policy.Status) policy.Decision {
		d := decision(s)
		d.Pull = fact.Ref{Number: number}
		return d
	}
	order := []policy.Status{policy.Met, policy.Waiting, policy.Stuck, policy.Refused}
	for i, mine := range order {
		for j, other := range order {
			var shown []plan.Shown
			for _, pair := range [][2]policy.Decision{{on(7, mine), on(9, other)}, {on(9, other), on(7, mine)}} {
				p := pull(asked("dan", "ana"), func(p *fact.Pull) { p.Number = pair[0].Pull.Number; p.Files = []fact.File{{Path: policy.RepoPath}} })
				made := plan.Make(pair[0], p, plan.Options{Digest: digest, Self: self, Siblings: pair[1:]})
				shown = append(shown, made.Actions[0].Check.Shown)
			}
			if diff := cmp.Diff(shown[0], shown[1]); diff != "" {
				t.Errorf("%s and %s: the two do not agree: %s", mine, other, diff)
			}
			if got, want := shown[0].Decision.Status, order[max(i, j)]; got != want {
				t.Errorf("%s and %s show %s, want %s", mine, other, got, want)
			}
		}
	}
	elsewhere := on(9, policy.Refused)
	elsewhere.Head = "bbbb"
	if got := plan.Make(on(7, policy.Met), pull(), plan.Options{Digest: digest, Siblings: []policy.Decision{elsewhere}}).Actions[0].Check; got.Conclusion != "success" || got.Shown.Shares != nil {
		t.Errorf("a decision on another head has its say: %+v", got)
	}
	observing := on(9, policy.Refused)
	observing.Observe = true
	if got := plan.Strictest(on(7, policy.Waiting), observing); got.Pull.Number != 7 {
		t.Error("what only observes is taken for strict")
	}
}

func TestForgedChecksAreShown(t *testing.T) {
	forged := run(5, "completed", "success", "d1")
	forged.Ours = false
	queued := forged
	queued.Status, queued.Conclusion = "queued", ""
	other := forged
	other.Name = "rolecall: release"
	got := plan.Make(decision(policy.Waiting), pull(checks(forged, queued, other)), plan.Options{Digest: digest}).Actions[0].Check.Shown
	if diff := cmp.Diff([]string{"queued", "success"}, got.Forged); diff != "" {
		t.Errorf("forged (-want +got):\n%s", diff)
	}
}

func TestAnswersAreGivenOnceAndNotForWhatCannotBeRuledOn(t *testing.T) {
	verdict := func(name string, accepted bool, reasons ...policy.Code) policy.CommandVerdict {
		v := policy.CommandVerdict{Command: fact.Command{Name: name, Comment: 1, By: fact.Person{Login: "mia"}, At: now}, Accepted: accepted}
		for _, c := range reasons {
			v.Reasons = append(v.Reasons, policy.Reason{Code: c})
		}
		return v
	}
	comment := func(reactions ...string) fact.Comment { return fact.Comment{ID: 1, Reactions: reactions} }
	forged := fact.Comment{ID: 2, Body: plan.ReplyMarker(1)}
	tests := []struct {
		name     string
		verdicts []policy.CommandVerdict
		comments []fact.Comment
		want     []string
	}{
		{"a refusal is explained, then marked", []policy.CommandVerdict{verdict("recheck", false)}, []fact.Comment{comment()}, []string{"reply 1", "react 1 confused"}},
		{"help is answered", []policy.CommandVerdict{verdict("help", true)}, []fact.Comment{comment()}, []string{"reply 1", "react 1 +1"}},
		{"one comment gets one answer", []policy.CommandVerdict{verdict("help", true), verdict("recheck", true), verdict("recheck", false)}, []fact.Comment{comment()}, []string{"reply 1", "react 1 confused"}},
		{"a reply without its mark gets the mark", []policy.CommandVerdict{verdict("help", true)}, []fact.Comment{comment(), {ID: 3, Own: true, Body: plan.ReplyMarker(1) + "\nx"}}, []string{"react 1 +1"}},
		{"somebody else's mark is no reply", []policy.CommandVerdict{verdict("help", true)}, []fact.Comment{comment(), forged}, []string{"reply 1", "react 1 +1"}},
		{"the reply to another comment is none", []policy.CommandVerdict{verdict("help", true)}, []fact.Comment{comment(), {ID: 3, Own: true, Body: plan.ReplyMarker(11)}}, []string{"reply 1", "react 1 +1"}},
		{"what is refused later is marked and not explained again", []policy.CommandVerdict{verdict("assign-dri", false, policy.CommandEdited)}, []fact.Comment{comment("+1")}, []string{"react 1 confused"}},
		{"what is accepted later is marked", []policy.CommandVerdict{verdict("request", true)}, []fact.Comment{comment("confused")}, []string{"react 1 +1"}},
		{"what cannot be ruled on now is left alone", []policy.CommandVerdict{verdict("assign-dri", false, policy.CommandsUnknown), verdict("help", true)}, []fact.Comment{comment()}, nil},
		{"a comment that is gone is not answered", []policy.CommandVerdict{verdict("help", true)}, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := decision(policy.Waiting)
			d.Commands = test.verdicts
			p := pull(checks(run(1, "in_progress", "", "d1")), func(p *fact.Pull) { p.Comments = test.comments })
			if diff := cmp.Diff(test.want, summary(plan.Make(d, p, plan.Options{Digest: digest, Self: self}))); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAssigneesFollowNewCommandsOnly(t *testing.T) {
	give := func(comment int64, who string) policy.CommandVerdict {
		return policy.CommandVerdict{Command: fact.Command{Name: "assign-dri", Args: []string{who}, Comment: comment, By: fact.Person{Login: "mia"}}, Accepted: true}
	}
	d := decision(policy.Waiting)
	d.Commands = []policy.CommandVerdict{give(1, "@ana"), give(2, "@bo")}
	d.Projects = []policy.ProjectResult{{Name: "a", DRI: []string{"bo"}, By: "mia"}, {Name: "b", DRI: []string{"cy"}, By: "policy"}}
	make := func(second []string, assignees ...string) []string {
		return summary(plan.Make(d, pull(checks(run(1, "in_progress", "", "d1")), func(p *fact.Pull) {
			p.Comments = []fact.Comment{{ID: 1, Reactions: []string{"+1"}}, {ID: 2, Reactions: second}}
			p.Assignees = assignees
		}), plan.Options{Digest: digest, Self: self}))
	}
	if diff := cmp.Diff([]string{"assign bo", "unassign ana", "react 2 +1"}, make(nil, "ana", "eve")); diff != "" {
		t.Errorf("a new command (-want +got):\n%s", diff)
	}
	if got := make([]string{"+1"}, "ana", "eve"); got != nil {
		t.Errorf("people have changed the assignees since, and still: %v", got)
	}
}

func TestCommandsAreAnsweredOnce(t *testing.T) {
	command := func(name string, comment int64, args ...string) fact.Command {
		return fact.Command{Name: name, Args: args, Comment: comment, By: fact.Person{Login: "mia"}, At: now.Add(-time.Hour)}
	}
	accepted := policy.CommandVerdict{Command: command("assign-dri", 1, "@ana"), Accepted: true}
	refused := policy.CommandVerdict{Command: command("assign-dri", 2, "@dan")}
	urgent := policy.CommandVerdict{Command: command("needs-security", 3, "keys"), Accepted: true}
	d := decision(policy.Waiting)
	d.Commands = []policy.CommandVerdict{accepted, refused, urgent}
	d.Projects = []policy.ProjectResult{{Name: "instances", DRI: []string{"ana"}, By: "mia"}}
	comments := []fact.Comment{{ID: 1}, {ID: 2}, {ID: 3}}
	shown := checks(run(1, "in_progress", "", "d1"))

	first := pull(shown, func(p *fact.Pull) { p.Comments = comments; p.Assignees = []string{"bo"} })
	want := []string{"assign ana", "label security", "reply 2", "react 1 +1", "react 2 confused", "react 3 +1"}
	if diff := cmp.Diff(want, summary(plan.Make(d, first, plan.Options{Digest: digest, Self: self}))); diff != "" {
		t.Errorf("first plan (-want +got):\n%s", diff)
	}

	answered := pull(shown, func(p *fact.Pull) {
		p.Comments = []fact.Comment{
			{ID: 1, Reactions: []string{"+1"}}, {ID: 2, Reactions: []string{"confused"}}, {ID: 3, Reactions: []string{"+1"}},
			{ID: 4, Own: true, Body: plan.ReplyMarker(2) + "\nno"},
		}
		p.Assignees = []string{"ana"}
		// A Security Engineer took the label away: it has latched once.
		p.LabelEvents = []fact.LabelEvent{{Label: "security", Added: true, At: now}, {Label: "security", At: now}}
	})
	if got := summary(plan.Make(d, answered, plan.Options{Digest: digest, Self: self})); got != nil {
		t.Errorf("everything is answered, and still: %v", got)
	}
}

func TestExternalIDIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := plan.ExternalID{
			Number: rapid.IntRange(0, 1<<30).Draw(t, "number"), Generation: rapid.Int64Range(0, 1<<60).Draw(t, "generation"),
			Digest: rapid.StringMatching(`[0-9a-f]{0,24}`).Draw(t, "digest"),
		}
		got, err := plan.ParseExternalID(want.String())
		if err != nil || got != want {
			t.Fatalf("ParseExternalID(%q) = %+v, %v", want.String(), got, err)
		}
	})
}

func FuzzParseExternalID(f *testing.F) {
	f.Add("rolecall1:7:3:abc")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := plan.ParseExternalID(s); err == nil && (id.Number < 0 || id.Generation < 0) {
			t.Errorf("%q gave %+v", s, id)
		}
	})
}

// words is a digest that covers all that a check shows, but why people were
// chosen.
func words(s plan.Shown) string {
	s.Choices = nil
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:8])
}

// scene is a random decision, and facts that it could have been made from.
func scene(t *rapid.T) (policy.Decision, fact.Pull) {
	people := []string{"ana", "bo", "cy", "dee", "eve"}
	subset := rapid.SliceOfDistinct(rapid.SampledFrom(people), rapid.ID[string])
	status := rapid.SampledFrom([]policy.Status{policy.Met, policy.Waiting, policy.Refused, policy.Stuck, policy.Idle})
	requirement := rapid.Custom(func(t *rapid.T) policy.Requirement {
		r := role(rapid.SampledFrom([]string{"cloud", "security"}).Draw(t, "role"), append(subset.Draw(t, "may"), "dan")...)
		r.Status = status.Draw(t, "status")
		r.Ask = rapid.SampledFrom([]string{"one", "team", "all", "none"}).Draw(t, "ask")
		r.Need = rapid.IntRange(1, 3).Draw(t, "need")
		r.Within = rapid.SampledFrom([]time.Duration{0, time.Hour, 5 * time.Hour}).Draw(t, "within")
		slices.Sort(r.May)
		return r
	})
	var rules []policy.RuleResult
	for range rapid.IntRange(0, 4).Draw(t, "rules") {
		r := rule(rapid.SliceOfN(requirement, 1, 3).Draw(t, "require")...)
		if rapid.Bool().Draw(t, "grouped") {
			r.Require = []policy.Requirement{{Kind: rapid.SampledFrom([]string{policy.KindAny, policy.KindAll}).Draw(t, "kind"), Status: status.Draw(t, "status"), Children: r.Require}}
		}
		r.Distinct = rapid.Bool().Draw(t, "distinct")
		r.Advice = rapid.IntRange(0, 5).Draw(t, "advice") == 0
		rules = append(rules, r)
	}
	d := decision(rapid.SampledFrom([]policy.Status{policy.Met, policy.Waiting, policy.Refused, policy.Stuck, policy.Broken}).Draw(t, "status"), rules...)
	d.Observe = rapid.IntRange(0, 5).Draw(t, "observe") == 0
	p := pull(asked(rapid.SampledFrom([]string{self, "dan"}).Draw(t, "by"), subset.Draw(t, "asked")...))
	p.Draft = rapid.IntRange(0, 5).Draw(t, "draft") == 0
	p.CreatedAt = now.Add(-time.Duration(rapid.IntRange(0, 40).Draw(t, "opened")) * time.Hour)
	for i := range p.RequestEvents {
		p.RequestEvents[i].At = now.Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "since")) * time.Hour)
	}
	p.Roster.Roles = map[string]fact.Holders{
		"on-call": {OnCall: true, List: []fact.Holder{{Login: rapid.SampledFrom(people).Draw(t, "duty"), Via: "rotation"}}},
		"cloud":   {Hours: &fact.Hours{Timezone: "Europe/Berlin", Days: [7]bool{1: true, 2: true}, From: 9 * time.Hour, To: time.Duration(rapid.IntRange(10, 24).Draw(t, "to")) * time.Hour}},
	}
	for _, l := range subset.Draw(t, "reviewed") {
		reviewed(l, rapid.SampledFrom([]string{fact.Approved, fact.Commented, fact.Dismissed, fact.ChangesRequested}).Draw(t, "state"))(&p)
	}
	p.Roster.People = map[string]fact.Presence{}
	for _, l := range subset.Draw(t, "known") {
		presence := fact.Presence{Busy: rapid.Bool().Draw(t, "busy"), NoAccess: rapid.IntRange(0, 3).Draw(t, "access") == 0, Open: rapid.IntRange(0, 3).Draw(t, "open")}
		if rapid.IntRange(0, 3).Draw(t, "away") == 0 {
			presence.AwayTo = now.Add(time.Hour)
		}
		p.Roster.People[l] = presence
	}
	for id := range rapid.Int64Range(0, 4).Draw(t, "comments") {
		c := fact.Command{Comment: id + 1, By: fact.Person{Login: "mia"}, At: now.Add(-time.Minute),
			Name: rapid.SampledFrom([]string{"assign-dri", "unassign-dri", "needs-security", "request", "help", "recheck"}).Draw(t, "command")}
		if c.Name == "assign-dri" || c.Name == "request" {
			c.Args = []string{"@" + rapid.SampledFrom(append(people, "dan")).Draw(t, "who")}
		}
		d.Commands = append(d.Commands, policy.CommandVerdict{Command: c, Accepted: rapid.Bool().Draw(t, "accepted")})
		p.Comments = append(p.Comments, fact.Comment{ID: id + 1, At: c.At})
	}
	d.Projects = []policy.ProjectResult{{Name: "a", DRI: subset.Draw(t, "dri"), By: rapid.SampledFrom([]string{"policy", "mia"}).Draw(t, "named")}}
	p.Assignees = subset.Draw(t, "assignees")
	return d, p
}

// TestAPlanOnceAppliedLeavesNothingToDo plays random plans on the facts, as
// GitHub would show them afterwards, and plans again.
func TestAPlanOnceAppliedLeavesNothingToDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, p := scene(t)
		o := plan.Options{Generation: 4, Digest: words, Self: self}
		first := plan.Make(d, p, o)
		for _, a := range first.Actions {
			if a.Why == "" {
				t.Fatalf("%s has no reason", a.Kind)
			}
			if a.Kind != plan.Request {
				continue
			}
			if p.Draft || d.Observe || d.Status == policy.Broken {
				t.Fatalf("%v are asked", a.Logins)
			}
			for _, login := range a.Logins {
				if presence := p.Roster.People[login]; login == "dan" || presence.NoAccess || presence.AwayTo.After(now) || slices.Contains(p.Requests, fact.Request{Login: login}) {
					t.Fatalf("%s is asked", login)
				}
			}
		}
		perform(&p, first, false)
		if n := len(p.Requests); n > 15 {
			t.Fatalf("%d reviewers are asked", n)
		}
		o.Generation++
		if again := summary(plan.Make(d, p, o)); again != nil {
			t.Fatalf("after %v there is still %v", summary(first), again)
		}
	})
}

// TestTeamsThatGitHubAssignsComeToRest does the same where GitHub puts one of
// its people in a team's place.
func TestTeamsThatGitHubAssignsComeToRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, p := scene(t)
		var all []string
		for round := range 4 {
			made := plan.Make(d, p, plan.Options{Generation: int64(round), Digest: words, Self: self})
			if len(made.Actions) == 0 {
				return
			}
			all = append(all, fmt.Sprint(summary(made)))
			perform(&p, made, true)
		}
		t.Fatalf("it goes on: %v", all)
	})
}

// perform changes the facts as GitHub would; with assigns, by putting people
// in the place of teams.
func perform(p *fact.Pull, made plan.Plan, assigns bool) {
	by := fact.Person{Login: self}
	event := func(r fact.Request, added bool) {
		p.RequestEvents = append(p.RequestEvents, fact.RequestEvent{Login: r.Login, Team: r.Team, Added: added, By: by, At: p.Now})
		p.Requests = slices.DeleteFunc(p.Requests, func(x fact.Request) bool { return x == r })
		if added {
			p.Requests = append(p.Requests, r)
		}
	}
	for _, a := range made.Actions {
		switch a.Kind {
		case plan.CreateCheck, plan.UpdateCheck:
			p.Checks = append(p.Checks, fact.CheckRun{
				ID: int64(len(p.Checks) + 1), Name: a.Check.Name, SHA: a.Check.SHA, Ours: true, StartedAt: p.Now,
				Status: a.Check.Status, Conclusion: a.Check.Conclusion, ExternalID: a.Check.ExternalID.String(),
			})
		case plan.Request, plan.Withdraw:
			for _, r := range requests(a) {
				event(r, a.Kind == plan.Request)
				if assigns && r.Team != "" && a.Kind == plan.Request {
					p.Requests = slices.DeleteFunc(p.Requests, func(x fact.Request) bool { return x == r })
					event(fact.Request{Login: "ana"}, true)
				}
			}
		case plan.Assign:
			p.Assignees = append(slices.Clone(p.Assignees), a.Logins...)
		case plan.Unassign:
			p.Assignees = slices.DeleteFunc(slices.Clone(p.Assignees), func(s string) bool { return slices.Contains(a.Logins, s) })
		case plan.Label:
			p.Labels = append(p.Labels, a.Label)
			p.LabelEvents = append(p.LabelEvents, fact.LabelEvent{Label: a.Label, Added: true, By: by, At: p.Now})
		case plan.React:
			for i := range p.Comments {
				if p.Comments[i].ID == a.Comment {
					p.Comments[i].Reactions = append(p.Comments[i].Reactions, a.Reaction)
				}
			}
		case plan.Remind:
			p.Comments = append(p.Comments, fact.Comment{ID: int64(2000 + len(p.Comments)), Own: true, At: p.Now, Body: a.Overdue.Marker() + "\nx"})
		case plan.Reply:
			p.Comments = append(p.Comments, fact.Comment{ID: 1000 + a.Comment, Own: true, Body: plan.ReplyMarker(a.Comment) + "\nx"})
		}
	}
}

func requests(a plan.Action) []fact.Request {
	var out []fact.Request
	for _, l := range a.Logins {
		out = append(out, fact.Request{Login: l})
	}
	for _, t := range a.Teams {
		out = append(out, fact.Request{Team: t})
	}
	return out
}
