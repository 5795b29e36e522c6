package policy_test

import (
	"testing"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestALabelStaysInForceUntilSomebodyWhoMayRemovesIt(t *testing.T) {
	p := load(t, people+`
rule "security" {
  when = label("security")
  require "security-engineer" {}
}
rule "by" {
  when = label("risky", "manager")
  require "cloud-engineer" {}
}
rule "anybody" {
  when = label("slow")
  require "cloud-engineer" {}
}
rule "unless" {
  when = !label("trivial", "manager")
  require "cloud-engineer" {}
}`)
	type event struct {
		by    string
		added bool
	}
	for _, tt := range []struct {
		name   string
		label  string
		rule   string
		events []event
		shown  bool // on GitHub now
		change func(*fact.Pull)
		want   bool
		kept   bool
	}{
		{name: "never set", label: "security", rule: "security"},
		{name: "set", label: "security", rule: "security", events: []event{{"dan", true}}, shown: true, want: true},
		{name: "set under other letters", label: "Security", rule: "security", events: []event{{"dan", true}}, shown: true, want: true},
		{name: "removed by the author", label: "security", rule: "security", events: []event{{"sam", true}, {"dan", false}}, want: true, kept: true},
		{name: "removed by anybody", label: "security", rule: "security", events: []event{{"dan", true}, {"ana", false}}, want: true, kept: true},
		{name: "removed by a Security Engineer", label: "security", rule: "security", events: []event{{"dan", true}, {"sam", false}}},
		{
			name: "removed by a Security Engineer who contributed", label: "security", rule: "security", events: []event{{"dan", true}, {"sam", false}}, want: true, kept: true,
			change: func(p *fact.Pull) {
				p.Commits = append(p.Commits, fact.Commit{SHA: "c", People: []fact.Person{{Login: "sam"}}})
			},
		},
		{name: "removed by who may, and set again", label: "security", rule: "security", events: []event{{"dan", true}, {"sam", false}, {"dan", true}}, shown: true, want: true},
		{name: "removed by who may not, then by who may", label: "security", rule: "security", events: []event{{"ana", true}, {"dan", false}, {"ana", true}, {"sam", false}}},
		{name: "shown without an event", label: "security", rule: "security", shown: true, want: true},
		{
			name: "the timeline may lack it", label: "security", rule: "security", want: true,
			change: func(p *fact.Pull) { p.Gaps = []fact.Gap{{About: fact.AboutTimeline, Reason: "x"}} },
		},
		{name: "of a role: removed by another", label: "risky", rule: "by", events: []event{{"dan", true}, {"sam", false}}, want: true, kept: true},
		{name: "of a role: removed by a holder", label: "risky", rule: "by", events: []event{{"dan", true}, {"mia", false}}},
		{name: "of nobody: removed by another", label: "slow", rule: "anybody", events: []event{{"dan", true}, {"eve", false}}},
		{name: "of nobody: removed by the author", label: "slow", rule: "anybody", events: []event{{"eve", true}, {"dan", false}}, want: true, kept: true},
		{name: "taking away: not set", label: "trivial", rule: "unless", want: true},
		{name: "taking away: set by the author", label: "trivial", rule: "unless", events: []event{{"dan", true}}, shown: true, want: true},
		{name: "taking away: set by a holder", label: "trivial", rule: "unless", events: []event{{"mia", true}}, shown: true},
		{name: "taking away: set by a holder, removed by another", label: "trivial", rule: "unless", events: []event{{"mia", true}, {"ana", false}}, want: true, kept: true},
		{name: "taking away: shown without an event", label: "trivial", rule: "unless", shown: true, want: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pull := change(p, file("x", "b"))
			for i, e := range tt.events {
				pull.LabelEvents = append(pull.LabelEvents, fact.LabelEvent{Label: tt.label, Added: e.added, By: fact.Person{Login: e.by}, At: at(i)})
			}
			if tt.shown {
				pull.Labels = []string{tt.label}
			}
			if tt.change != nil {
				tt.change(&pull)
			}
			d := p.Evaluate(pull)
			if got := rule(t, d, tt.rule).InForce; got != tt.want {
				t.Errorf("in force: %v\n%s", got, describe(d))
			}
			kept := false
			for _, l := range d.Labels {
				kept = kept || l.Label == tt.label && l.Kept
			}
			if kept != tt.kept {
				t.Errorf("kept: %v, %+v", kept, d.Labels)
			}
		})
	}
}

func TestASecurityRequestOutlivesTheLabelUntilASecurityEngineerEndsIt(t *testing.T) {
	p := load(t, people+`
rule "security" {
  when = label("security")
  require "security-engineer" {}
}`)
	pull := change(p, file("x", "b"))
	say(&pull, "member", command("ana", "/needs-security it smells", 1))
	wantStatus(t, p.Evaluate(pull), policy.Waiting)
	app := fact.LabelEvent{Label: "security", Added: true, By: fact.Person{Login: "rolecall", Bot: true}, At: at(2)}
	pull.LabelEvents = []fact.LabelEvent{app, {Label: "security", By: fact.Person{Login: "dan"}, At: at(3)}}
	pull.Comments, pull.Commands = nil, nil // deleted
	wantStatus(t, p.Evaluate(pull), policy.Waiting)
	pull.LabelEvents = append(pull.LabelEvents, fact.LabelEvent{Label: "security", By: fact.Person{Login: "sam"}, At: at(4)})
	wantStatus(t, p.Evaluate(pull), policy.Met)
}
