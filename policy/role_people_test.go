package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestARoleSaysWhoIsMeantAndWhenNobodyWorks(t *testing.T) {
	with := func(role string) (*policy.Policy, []policy.Diagnostic) {
		text := "policy {\n  keepers = [\"x\"]\n}\nrole \"x\" {\n" + role + "\n}\nrule \"all\" {\n  require \"x\" {}\n}\n"
		return policy.Load(nil, &policy.Source{Name: "rolecall.hcl", Bytes: []byte(text)})
	}
	calendar := "calendar = \"https://example.com/a.ics\"\n"
	hours := func(holidays string) string {
		return "members = [\"@ana\"]\nhours = { timezone = \"UTC\", days = [\"mon\"], from = \"09:00\", to = \"17:00\", holidays = " + holidays + " }"
	}
	p, diags := with(calendar + "people = { \"Ana@Acme.com\" = \"@Ana\", \"Bo  Berg\" = \"@bo\" }\nhours = { timezone = \"UTC\", days = [\"mon\"], from = \"09:00\", to = \"17:00\", holidays = [\"2026-12-24\", \"2026-12-28..2027-01-03\"] }")
	if p == nil {
		t.Fatalf("%+v", diags)
	}
	role := p.Roles()[0]
	if diff := cmp.Diff(map[string]string{"ana@acme.com": "ana", "bo berg": "bo"}, role.Logins); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]fact.Span{{From: "2026-12-24", To: "2026-12-24"}, {From: "2026-12-28", To: "2027-01-03"}}, role.Hours.Holidays); diff != "" {
		t.Errorf("holidays (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct{ role, want string }{
		"people without a calendar":        {"members = [\"@ana\"]\npeople = { \"a@b\" = \"@ana\" }", "People without a calendar"},
		"a team in the place of a person":  {calendar + "people = { \"a@b\" = \"@acme/cloud\" }", "Team in the place of a person"},
		"a person that is no text":         {calendar + "people = { \"a@b\" = 1 }", "Not a person"},
		"nobody's name":                    {calendar + "people = { \" \" = \"@ana\" }", "Nobody's name"},
		"a holiday that is no day":         {hours(`["Christmas"]`), "Not a day"},
		"a holiday that ends before":       {hours(`["2026-12-24..2026-12-20"]`), "Not a day"},
		"a calendar of holidays by http":   {hours(`["http://example.com/a.ics"]`), "Not a day"},
		"holidays that are no list":        {hours(`"2026-12-24"`), "Not a list"},
		"a key of hours that is misspelt":  {strings.Replace(hours(`["2026-12-24"]`), "holidays", "holiday", 1), "Unknown key"},
		"a key of hours that is left out":  {strings.Replace(hours(`["2026-12-24"]`), `days = ["mon"], `, "", 1), "Incomplete hours"},
		"an address with a password in it": {"calendar = \"https://a:b@example.com/\"", "Not a calendar's address"},
	} {
		t.Run(name, func(t *testing.T) {
			p, diags := with(c.role)
			if p != nil || len(diags) == 0 || diags[0].Summary != c.want || diags[0].Line < 4 {
				t.Errorf("%+v, want %q with its line", diags, c.want)
			}
		})
	}
}

func TestWhenSomebodyIsAwayIsATimeOrACalendar(t *testing.T) {
	feeds := func(n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf("%q", fmt.Sprintf("https://example.com/%d.ics", i)))
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	for name, c := range map[string]struct{ away, want string }{
		"a day alone":                     {`{ "@ana" = "2026-08-03" }`, "Not a time"},
		"a number":                        {`{ "@ana" = 3 }`, "Not a time"},
		"an address that is not https":    {`{ "@ana" = "http://example.com/" }`, "Not a time"},
		"one of a list that is no time":   {`{ "@ana" = ["2026-08-03..2026-08-21", "soon"] }`, "Not a time"},
		"a list of what are no texts":     {`{ "@ana" = [3] }`, "Not a text"},
		"a role":                          {`{ cloud = "2026-08-03..2026-08-21" }`, "Neither a person nor a team"},
		"an end before the start":         {`{ "@ana" = "2026-08-21..2026-08-03" }`, "Not a time"},
		"more calendars than anybody has": {`{ "@ana" = ` + feeds(501) + ` }`, "Too many calendars"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "policy {\n  keepers = [\"x\"]\n  away    = " + c.away + "\n}\nrole \"x\" { members = [\"@x\"] }\nrule \"all\" {\n  require \"x\" {}\n}\n"
			p, diags := policy.Load(nil, &policy.Source{Name: "rolecall.hcl", Bytes: []byte(text)})
			if p != nil || len(diags) == 0 || diags[0].Summary != c.want || diags[0].Line != 3 {
				t.Errorf("%+v, want %q on line 3", diags, c.want)
			}
		})
	}
}
