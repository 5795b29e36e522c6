package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestTheCommandsBlockSaysWhoMayUseACommand(t *testing.T) {
	const rules = `
role "dri" { title = "DRI" }
project "api" {
  files = ["api/**"]
  dri   = "@wes"
}
rule "security" {
  when = label("security")
  require "security-engineer" {}
}
`
	const floor = `
policy {
  keepers = ["ciso"]
  floor   = true
}
role "ciso" { members = ["@cia"] }
rule "floor" {
  when = label("security")
  require "ciso" {}
}
`
	for _, tt := range []struct {
		block, by, say string
		floor          bool
		unknown        bool // who holds the roles
		refused        string
	}{
		{block: `needs-security = ["manager"]`, by: "mia", say: "/needs-security x"},
		{block: `needs-security = ["manager"]`, by: "bo", say: "/needs-security x", refused: "command_needs_role"},
		{block: `needs-security = ["manager", "cloud-engineer"]`, by: "bo", say: "/needs-security x"},
		{block: `needs-security = ["manager"]`, by: "bo", say: "/needs-security x", unknown: true},
		{block: `needs-security = ["manager"]`, by: "bo", say: "/needs-security x", floor: true},
		{block: `needs-security = []`, by: "mia", say: "/needs-security x", refused: "command_needs_role"},
		{block: `request = ["manager"]`, by: "mia", say: "/request @bo"},
		{block: `request = ["manager"]`, by: "bo", say: "/request @bo", refused: "command_needs_role"},
		{block: `request = ["manager"]`, by: "bo", say: "/request @bo", unknown: true, refused: "holders_unknown"},
		{block: `request = ["dri"]`, by: "wes", say: "/request @bo"},
		{block: `request = ["dri"]`, by: "ana", say: "/request @bo", refused: "command_needs_role"},
		{block: `recheck = ["manager"]`, by: "bo", say: "/recheck", refused: "command_needs_role"},
		{block: `recheck = ["manager"]`, by: "mia", say: "/recheck"},
		{block: `explain = ["dri"]`, by: "wes", say: "/explain"},
		{block: `help = ["manager"]`, by: "bo", say: "/help", refused: "command_needs_role"},
	} {
		t.Run(fmt.Sprintf("%s, %s by %s", tt.block, tt.say, tt.by), func(t *testing.T) {
			text := people + rules + "commands {\n" + tt.block + "\n}\n"
			p := load(t, text)
			if tt.floor {
				p = loadBoth(t, floor, text)
			}
			pull := change(p, file("x", "b"))
			if tt.unknown {
				pull.Roster.Roles = map[string]fact.Holders{}
			}
			say(&pull, "member", command(tt.by, tt.say, 1))
			d := p.Evaluate(pull)
			if got := codes(d.Commands[0].Reasons); got != tt.refused || d.Commands[0].Accepted != (tt.refused == "") {
				t.Errorf("accepted: %v, %q, want %q", d.Commands[0].Accepted, got, tt.refused)
			}
			if strings.HasPrefix(tt.say, "/needs-security") {
				if got := rule(t, d, "security").InForce; got != (tt.refused == "") {
					t.Errorf("the rule is in force: %v", got)
				}
			}
		})
	}
}

func TestADecisionThatAsksForAnAuthorsRoleIsValidUntilTheirTurnEnds(t *testing.T) {
	p := load(t, people+`
role "on-call" {
  rotation {
    start  = "2026-03-02T00:00:00Z"
    length = "18h"
    order  = ["@dan", "@ana"]
  }
}
rule "incident" {
  when = !author_in("on-call")
  require "manager" {}
}`)
	pull := change(p, file("x", "b"))
	d := p.Evaluate(pull)
	wantStatus(t, d, policy.Met)
	if want := noon.Add(6 * time.Hour); !d.ValidUntil.Equal(want) {
		t.Errorf("valid until %v, want the end of the author's turn, %v", d.ValidUntil, want)
	}
	pull.Now = d.ValidUntil
	wantStatus(t, p.Evaluate(pull), policy.Waiting)
}
