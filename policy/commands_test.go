package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// steered is a policy with somebody for every command: ana is the DRI of api,
// bo is on call (until noon less an hour, cy from then), mia is the manager.
const steered = projects + `
role "on-call-engineer" {
  rotation {
    start  = "2026-03-02T01:00:00Z"
    length = "10h"
    order  = ["@bo", "@cy"]
  }
}
rule "security" {
  when = label("security")
  require "security-engineer" {}
}
rule "code" {
  changes = go.files
  require "cloud-engineer" {}
}
`

// TestEveryCommand is every command by who gives it, where, and what becomes of
// it.
func TestEveryCommand(t *testing.T) {
	p := load(t, steered)
	limited := load(t, steered+`
commands {
  recheck        = ["manager"]
  needs-security = ["cloud-engineer"]
  request        = ["manager"]
  break-glass    = ["manager"]
  delegate       = ["manager"]
}
`)
	const member, nobody = "member", "none"
	type effect func(d policy.Decision) string
	dri := func(d policy.Decision) string { return "dri=" + strings.Join(d.Projects[0].DRI, " ") }
	security := func(d policy.Decision) string {
		return fmt.Sprint("security=", slices.ContainsFunc(d.Labels, func(l policy.LabelInForce) bool { return l.Label == "security" }))
	}
	glass := func(d policy.Decision) string {
		if d.Glass == nil {
			return "glass=whole " + string(d.Status)
		}
		return strings.TrimSpace("glass="+d.Glass.By+" "+d.Glass.Second) + " " + string(d.Status)
	}
	may := func(d policy.Decision) string {
		for _, r := range d.Rules {
			if r.Name == "project" {
				return "may=" + strings.Join(r.Require[0].May, " ")
			}
		}
		return ""
	}
	for _, tt := range []struct {
		name       string
		policy     *policy.Policy
		by, access string
		say        string
		change     func(*fact.Pull)
		refused    string // codes; "" accepted
		effect     effect
		want       string
	}{
		{name: "the DRI names another", by: "ana", access: nobody, say: "/assign-dri @zoe", effect: dri, want: "dri=zoe"},
		{name: "a manager names another", by: "mia", say: "/assign-dri @zoe api", effect: dri, want: "dri=zoe"},
		{name: "the author names nobody", by: "dan", say: "/assign-dri @zoe", refused: "command_by_contributor", effect: dri, want: "dri=ana"},
		{name: "a stranger names nobody", by: "eve", say: "/assign-dri @zoe", refused: "command_needs_role", effect: dri, want: "dri=ana"},
		{name: "a manager takes it back", by: "mia", say: "/unassign-dri", effect: dri, want: "dri=ana"},
		{name: "a stranger takes nothing back", by: "eve", say: "/unassign-dri", refused: "command_needs_role", effect: dri, want: "dri=ana"},
		{name: "the DRI delegates", by: "ana", say: "/delegate @zoe", effect: may, want: "may=ana zoe"},
		{name: "the DRI delegates for a time that is not over", by: "ana", say: "/delegate @zoe until 2026-03-02", effect: may, want: "may=ana zoe"},
		{name: "the DRI delegates for a time that is over", by: "ana", say: "/delegate @zoe until 2026-03-02T11:00:00Z", effect: may, want: "may=ana"},
		{name: "the DRI delegates to the author", by: "ana", say: "/delegate @dan", refused: "command_for_contributor", effect: may, want: "may=ana"},
		{name: "a manager delegates nothing", by: "mia", say: "/delegate @zoe", refused: "command_needs_role", effect: may, want: "may=ana"},
		{name: "a manager delegates where the policy says so", policy: limited, by: "mia", say: "/delegate @zoe", effect: may, want: "may=ana zoe"},
		{name: "the DRI does not where it says otherwise", policy: limited, by: "ana", say: "/delegate @zoe", refused: "command_needs_role", effect: may, want: "may=ana"},
		{name: "a date that is none", by: "ana", say: "/delegate @zoe until soon", refused: "command_unclear", effect: may, want: "may=ana"},
		{name: "with write access one more is asked", by: "eve", access: member, say: "/request @zoe"},
		{name: "without it nobody is", by: "eve", access: nobody, say: "/request @zoe", refused: "command_needs_access"},
		{name: "a role that there is not", by: "eve", access: member, say: "/request chef", refused: "command_no_role"},
		{name: "only a manager asks where the policy says so", policy: limited, by: "eve", access: member, say: "/request @zoe", refused: "command_needs_role"},
		{name: "with write access the author brings security in", by: "dan", access: member, say: "/needs-security keys", effect: security, want: "security=true"},
		{name: "without it a stranger does not", by: "eve", access: nobody, say: "/needs-security keys", refused: "command_needs_access", effect: security, want: "security=false"},
		{name: "only a Cloud Engineer does where the policy says so", policy: limited, by: "eve", access: member, say: "/needs-security keys", refused: "command_needs_role", effect: security, want: "security=false"},
		{name: "and one does without write access", policy: limited, by: "bo", access: nobody, say: "/needs-security keys", effect: security, want: "security=true"},
		{name: "anybody has it looked at again", by: "eve", access: nobody, say: "/recheck"},
		{name: "unless the policy says otherwise", policy: limited, by: "eve", access: nobody, say: "/recheck", refused: "command_needs_role"},
		{name: "anybody has it explained", by: "eve", access: nobody, say: "/explain"},
		{name: "anybody is helped", by: "eve", access: nobody, say: "/help"},

		{name: "whoever is on call breaks the glass", by: "bo", access: nobody, say: "/break-glass fire", effect: glass, want: "glass=bo owed"},
		{name: "whoever is on call later does not", by: "cy", access: member, say: "/break-glass fire", refused: "command_needs_role", effect: glass, want: "glass=whole waiting"},
		{name: "a manager does not", by: "mia", access: member, say: "/break-glass fire", refused: "glass_unconfirmed", effect: glass, want: "glass=whole waiting"},
		{name: "a manager does where the policy says so", policy: limited, by: "mia", say: "/break-glass fire", effect: glass, want: "glass=mia owed"},
		{name: "and whoever is on call does not then", policy: limited, by: "bo", say: "/break-glass fire", refused: "command_needs_role", effect: glass, want: "glass=whole waiting"},
		{name: "the author does not", by: "dan", access: member, say: "/break-glass fire", refused: "command_needs_role", effect: glass, want: "glass=whole waiting"},
		{
			name: "the author who is on call does not alone", by: "bo", say: "/break-glass fire", refused: "glass_by_contributor glass_unconfirmed", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) { p.Author.Login = "bo" },
		},
		{
			name: "a contributor who is on call does not alone", by: "bo", say: "/break-glass fire", refused: "glass_by_contributor glass_unconfirmed", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) {
				p.Commits = append(p.Commits, fact.Commit{SHA: "c", People: []fact.Person{{Login: "bo"}}})
			},
		},
		{
			name: "the author who is on call does with a manager", by: "bo", say: "/break-glass fire", effect: glass, want: "glass=bo mia owed",
			change: func(p *fact.Pull) {
				p.Author.Login = "bo"
				say(p, nobody, command("mia", "/break-glass yes", 5))
			},
		},
		{
			name: "an author cannot confirm", by: "bo", say: "/break-glass fire", refused: "glass_owes_still glass_unconfirmed", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) {
				p.Author.Login = "mia"
				p.GlassUses = fact.Known([]fact.GlassUse{{Number: 3, By: "bo", At: at(-99), Open: true}})
				say(p, nobody, command("mia", "/break-glass yes", 5))
			},
		},
		{
			name: "nobody confirms themself", by: "bo", say: "/break-glass fire", refused: "glass_by_contributor glass_unconfirmed", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) {
				p.Author.Login = "bo"
				say(p, nobody, command("bo", "/break-glass really", 5))
			},
		},
		{
			name: "not with a debt that is open", by: "bo", say: "/break-glass fire", refused: "glass_owes_still glass_unconfirmed", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) {
				p.GlassUses = fact.Known([]fact.GlassUse{{Number: 3, By: "bo", At: at(-99), Open: true}, {Number: 4, By: "cy", At: at(-50)}})
			},
		},
		{
			name: "not twice in a row", by: "bo", say: "/break-glass fire", refused: "glass_twice glass_unconfirmed", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) {
				p.GlassUses = fact.Known([]fact.GlassUse{{Number: 4, By: "bo", At: at(-50)}, {Number: 3, By: "cy", At: at(-99)}})
			},
		},
		{
			name: "again with another's in between", by: "bo", say: "/break-glass fire", effect: glass, want: "glass=bo owed",
			change: func(p *fact.Pull) {
				p.GlassUses = fact.Known([]fact.GlassUse{{Number: 3, By: "bo", At: at(-99)}, {Number: 4, By: "cy", At: at(-50), Open: true}})
			},
		},
		{
			name: "later ones do not count", by: "bo", say: "/break-glass fire", effect: glass, want: "glass=bo owed",
			change: func(p *fact.Pull) {
				p.GlassUses = fact.Known([]fact.GlassUse{{Number: 9, By: "bo", At: at(50), Open: true}})
			},
		},
		{
			name: "one whose author cannot be told counts as theirs", by: "bo", say: "/break-glass fire", refused: "glass_twice glass_unconfirmed", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) {
				p.GlassUses = fact.Known([]fact.GlassUse{{Number: 4, By: "cy", At: at(-50)}, {Number: 3}})
			},
		},
		{
			name: "not where earlier ones cannot be read", by: "bo", say: "/break-glass fire", refused: "glass_uses_unknown glass_unconfirmed", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) { p.GlassUses = fact.Unknown[[]fact.GlassUse]("GitHub is silent") },
		},
		{
			name: "not for another head", by: "bo", say: "/break-glass fire", refused: "glass_other_head", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) { p.Commands[0].Head, p.Commands[0].Answered = "old", true },
		},
		{
			name: "for the head that was noted", by: "bo", say: "/break-glass fire", effect: glass, want: "glass=bo owed",
			change: func(p *fact.Pull) {
				p.Commands[0].Head, p.Commands[0].Answered, p.PushedAt = "head", true, at(9)
			},
		},
		{
			name: "not where the note is gone", by: "bo", say: "/break-glass fire", refused: "glass_unbound", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) { p.Commands[0].Answered = true },
		},
		{
			name: "not for what was pushed since", by: "bo", say: "/break-glass fire", refused: "glass_unbound", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) { p.PushedAt = at(2) },
		},
		{
			name: "not after the merge", by: "bo", say: "/break-glass fire", refused: "glass_too_late", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) { p.State, p.MergedAt = "merged", at(0) },
		},
		{
			name: "not where who contributed cannot be told", by: "bo", say: "/break-glass fire", refused: "contributors_unknown", effect: glass, want: "glass=whole stuck",
			change: func(p *fact.Pull) { p.Gaps = []fact.Gap{{About: fact.AboutCommits, Reason: "x"}} },
		},
		{
			name: "not where commands may be missing", by: "bo", say: "/break-glass fire", refused: "commands_unknown", effect: glass, want: "glass=whole stuck",
			change: func(p *fact.Pull) { p.Gaps = []fact.Gap{{About: fact.AboutComments, Reason: "x"}} },
		},
		{
			name: "not where who is on call cannot be told", by: "eve", say: "/break-glass fire", refused: "holders_unknown", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) {
				p.Roster.Roles["on-call-engineer"] = fact.Holders{Gaps: []fact.Gap{{Reason: "x"}}}
			},
		},

		{
			name: "what loosens ends when another deletes a later comment", by: "mia", say: "/assign-dri @zoe", refused: "commands_doubted", effect: dri, want: "dri=ana",
			change: func(p *fact.Pull) {
				p.DeletedComments = []fact.DeletedComment{{Author: fact.Person{Login: "ana"}, By: fact.Person{Login: "dan"}, At: at(5)}}
			},
		},
		{
			name: "or edits it", by: "bo", say: "/break-glass fire", refused: "commands_doubted", effect: glass, want: "glass=whole waiting",
			change: func(p *fact.Pull) {
				p.Comments = append(p.Comments, fact.Comment{ID: 99, Author: fact.Person{Login: "ana"}, At: at(5), Edited: true, Editor: "dan"})
			},
		},
		{
			name: "people may delete and edit their own, and bots' and older ones may go", by: "mia", say: "/assign-dri @zoe", effect: dri, want: "dri=zoe",
			change: func(p *fact.Pull) {
				p.DeletedComments = []fact.DeletedComment{
					{Author: fact.Person{Login: "ana"}, By: fact.Person{Login: "ana"}, At: at(5)},
					{Author: fact.Person{Login: "ci", Bot: true}, By: fact.Person{Login: "dan"}, At: at(5)},
					{Author: fact.Person{Login: "ana"}, By: fact.Person{Login: "dan"}, At: at(-5)},
				}
				p.Comments = append(p.Comments, fact.Comment{ID: 99, Author: fact.Person{Login: "ana"}, At: at(5), Edited: true, Editor: "ana"})
			},
		},
		{
			name: "what tightens does not end", by: "eve", access: member, say: "/needs-security keys", effect: security, want: "security=true",
			change: func(p *fact.Pull) {
				p.DeletedComments = []fact.DeletedComment{{Author: fact.Person{Login: "ana"}, By: fact.Person{Login: "dan"}, At: at(5)}}
			},
		},
		{name: "no such command", by: "mia", access: "owner", say: "/merge", refused: "command_not_available"},
	} {
		t.Run(tt.name+": "+tt.say, func(t *testing.T) {
			p := p
			if tt.policy != nil {
				p = tt.policy
			}
			pull := change(p, file("api/a.go", "b"))
			say(&pull, tt.access, command(tt.by, tt.say, 1))
			if tt.change != nil {
				tt.change(&pull)
			}
			d := p.Evaluate(pull)
			v := d.Commands[0]
			if got := codes(v.Reasons); got != tt.refused || v.Accepted != (tt.refused == "") {
				t.Errorf("accepted %v, %q, want %q", v.Accepted, got, tt.refused)
			}
			if tt.effect != nil {
				if got := tt.effect(d); got != tt.want {
					t.Errorf("%s, want %s\n%s", got, tt.want, describe(d))
				}
			}
			for _, c := range d.Commands { // each is ruled on by the same rules when it stands in an edited comment, or comes from a bot
				if c.Accepted && c.Note != nil && c.Note.Kind != fact.GlassBroken {
					t.Errorf("note %+v of an accepted command", c.Note)
				}
			}
			for name, spoil := range map[string]func(*fact.Command){
				"command_edited": func(c *fact.Command) { c.Edited = true }, "command_by_bot": func(c *fact.Command) { c.By.Bot = true },
			} {
				if tt.refused != "" {
					continue
				}
				spoilt := change(p, file("api/a.go", "b"))
				c := command(tt.by, tt.say, 1)
				spoil(&c)
				say(&spoilt, tt.access, c)
				if v := p.Evaluate(spoilt).Commands[0]; v.Accepted || codes(v.Reasons) != name {
					t.Errorf("%s: accepted %v, %s", name, v.Accepted, codes(v.Reasons))
				}
			}
		})
	}
}

// TestABrokenGlassReachesOnlyTheLayersThatLetIt holds an organisation's floor
// against a repository that lets itself break the glass.
func TestABrokenGlassReachesOnlyTheLayersThatLetIt(t *testing.T) {
	floor := people + "rule \"floor\" {\n  changes = go.files\n  require \"security-engineer\" {}\n}\n"
	repo := "policy { keepers = [\"manager\"] }\ncommands { break-glass = [\"cloud-engineer\"] }\nrule \"own\" {\n  changes = go.files\n  require \"manager\" {}\n}\n"
	p := loadBoth(t, strings.Replace(floor, "policy { keepers = [\"manager\"] }", "policy {\n  floor   = true\n  keepers = [\"manager\"]\n}", 1), repo)
	pull := change(p, file("a.go", "b"))
	say(&pull, "member", command("ana", "/break-glass fire", 1))
	d := p.Evaluate(pull)
	if d.Glass == nil || len(d.Glass.Debts) != 1 || d.Glass.Debts[0].Rule != "own" || d.Status != policy.Waiting {
		t.Errorf("%s %+v\n%s", d.Status, d.Glass, describe(d))
	}
	if !slices.ContainsFunc(d.Notes, func(r policy.Reason) bool { return r.Code == policy.GlassKept && r.Rule == "floor" }) {
		t.Errorf("notes %s", codes(d.Notes))
	}
	pull.Reviews = []fact.Review{approve("sam", 2)}
	wantStatus(t, p.Evaluate(pull), policy.Owed)
}

func TestADebtIsClearedByEachSkippedRole(t *testing.T) {
	p := load(t, steered+"rule \"either\" {\n  any {\n    require \"manager\" {}\n    require \"security-engineer\" {}\n  }\n}\n")
	pull := change(p, file("api/a.go", "b"))
	pull.State, pull.MergedAt = "merged", at(9)
	c := command("bo", "/break-glass fire and water", 3)
	c.Args = []string{"fire and water"}
	say(&pull, "member", c)
	open := func(reviews ...fact.Review) string {
		pull := pull
		pull.Reviews = reviews
		d := p.Evaluate(pull)
		if d.Glass == nil {
			t.Fatalf("no glass: %s", describe(d))
		}
		var out []string
		for _, debt := range d.Glass.Open() {
			out = append(out, strings.Join(debt.Roles, "|"))
		}
		if (len(out) == 0) != (d.Status == policy.Met) || len(out) > 0 && d.Status != policy.Owed {
			t.Errorf("%s with %v owed", d.Status, out)
		}
		if len(out) > 0 && d.ValidUntil.After(at(9).Add(3*24*time.Hour)) {
			t.Errorf("nobody is reminded before %v", d.ValidUntil)
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		name    string
		reviews []fact.Review
		want    string
	}{
		{"nobody has reviewed", nil, "dri cloud-engineer manager|security-engineer"},
		{"each role but one has", []fact.Review{approve("ana", 20), approve("mia", 21)}, ""},
		{"whoever broke it does not clear", []fact.Review{approve("bo", 20), approve("mia", 21)}, "dri cloud-engineer"},
		{"what they reviewed before was not skipped", []fact.Review{approve("bo", 2), approve("mia", 21)}, "dri"},
		{"changes requested after the fact keep it open", []fact.Review{approve("ana", 20), review("sam", fact.ChangesRequested, 21, "head")}, "manager|security-engineer"},
	} {
		if got := open(tt.reviews...); got != tt.want {
			t.Errorf("%s: owed %q, want %q", tt.name, got, tt.want)
		}
	}

	// The command gone, rolecall's own note goes on telling of it; and the
	// label when that is gone too. Before the merge they let nothing through.
	bare := change(p, file("api/a.go", "b"))
	bare.GlassNotes = []fact.GlassNote{{Kind: fact.GlassBroken, Comment: 3, By: "bo", At: at(3), Head: "head"}}
	if d := p.Evaluate(bare); d.Glass != nil || d.Status != policy.Waiting {
		t.Errorf("before the merge: %s %+v", d.Status, d.Glass)
	}
	bare.State, bare.MergedAt = "merged", at(9)
	if d := p.Evaluate(bare); d.Glass == nil || d.Glass.By != "bo" || len(d.Glass.Open()) != 3 {
		t.Errorf("with a note: %+v", d.Glass)
	}
	bare.GlassNotes = nil
	bare.LabelEvents = []fact.LabelEvent{{Label: fact.GlassLabel, Added: true, By: fact.Person{Login: "rolecall", Bot: true}, At: at(3)}}
	if d := p.Evaluate(bare); d.Glass == nil || d.Glass.By != "" || len(d.Glass.Open()) != 3 {
		t.Errorf("with a label: %+v", d.Glass)
	}
	bare.LabelEvents[0].By.Bot = false
	if d := p.Evaluate(bare); d.Glass != nil {
		t.Errorf("with anybody's label: %+v", d.Glass)
	}
}

func TestRemindersComeOncePerPeriod(t *testing.T) {
	g := &policy.Glass{MergedAt: noon, Debts: []policy.Debt{{Rule: "r"}}}
	day := 24 * time.Hour
	for _, tt := range []struct {
		after time.Duration
		due   int
		next  time.Duration
	}{{0, 0, 3 * day}, {3*day - 1, 0, 3 * day}, {3 * day, 1, 10 * day}, {10*day - 1, 1, 10 * day}, {10 * day, 2, 17 * day}} {
		if due, next := g.Reminders(noon.Add(tt.after)); due != tt.due || next != noon.Add(tt.next) {
			t.Errorf("after %v: %d due, next %v; want %d, %v", tt.after, due, next.Sub(noon), tt.due, tt.next)
		}
	}
	g.Debts[0].Cleared = true
	if due, next := g.Reminders(noon.Add(99 * day)); due != 0 || !next.IsZero() {
		t.Errorf("a cleared debt is reminded of: %d, %v", due, next)
	}
}

// TestNobodyWithAPartInAChangeLoosensIt holds it whatever roles they have,
// whatever they write, in whatever order.
func TestNobodyWithAPartInAChangeLoosensIt(t *testing.T) {
	p := load(t, steered)
	insiders := []string{"dan", "ana", "bo", "mia"} // author, DRI, on call, manager
	texts := []string{
		"/assign-dri", "/assign-dri @zoe", "/assign-dri @ana api", "/unassign-dri", "/delegate @zoe", "/delegate @bo until 2200-01-01",
		"/break-glass fire", "/needs-security keys", "/request @zoe", "/recheck",
	}
	order := []policy.Status{policy.Met, policy.Owed, policy.Waiting, policy.Stuck, policy.Refused}
	rapid.Check(t, func(t *rapid.T) {
		pull := change(p, file("api/a.go", "b"))
		for _, login := range insiders[1:] {
			pull.Commits = append(pull.Commits, fact.Commit{SHA: "by-" + login, People: []fact.Person{{Login: login}}})
		}
		pull.Reviews = []fact.Review{approve("zoe", 30), approve("cy", 31)}
		plain := p.Evaluate(pull).Status
		for minute := range rapid.IntRange(1, 6).Draw(t, "commands") {
			say(&pull, "member", command(rapid.SampledFrom(insiders).Draw(t, "by"), rapid.SampledFrom(texts).Draw(t, "text"), 1+minute))
		}
		d := p.Evaluate(pull)
		if slices.Index(order, d.Status) < slices.Index(order, plain) || d.Glass != nil {
			t.Fatalf("%s, without the commands %s: %s", d.Status, plain, describe(d))
		}
		for _, r := range d.Projects {
			if r.By != "policy" {
				t.Fatalf("the DRI is %v by %s", r.DRI, r.By)
			}
		}
	})
}
