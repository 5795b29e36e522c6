package replay_test

import (
	"testing"

	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const rules = `
policy { keepers = ["manager"] }
role "manager" { members = ["@mia"] }
role "cloud" { members = ["@acme/cloud"] }
role "security" { members = ["@acme/security"] }
role "gone" { members = ["@ana"] }
rule "go" {
  changes  = go.files
  distinct = true
  require "cloud" {}
  require "security" {}
}
rule "one of two" {
  changes = glob("any/**")
  any {
    require "gone" {}
    require "cloud" {}
  }
}
rule "nobody" {
  changes = glob("nobody/**")
  require "gone" {}
}
rule "labelled" {
  when = label("urgent")
  require "manager" {}
}
`

// unread is a roster in which no team's members are known.
func unread(_ *policy.Policy, _ fact.Pull) fact.Roster {
	gap := []fact.Gap{{Reason: "only GitHub knows them"}}
	person := func(login string) fact.Holders {
		return fact.Holders{List: []fact.Holder{{Login: login, Via: "policy"}}}
	}
	return fact.Roster{Roles: map[string]fact.Holders{
		"manager": person("mia"), "gone": person("ana"), "cloud": {Gaps: gap}, "security": {Gaps: gap},
	}}
}

func TestATeamWhoseMembersOnlyGitHubKnowsIsWaitedFor(t *testing.T) {
	t.Parallel()
	p, diags := policy.Load(nil, &policy.Source{Name: "rules", Bytes: []byte(rules)})
	if p == nil {
		t.Fatal(diags)
	}
	for name, c := range map[string]struct {
		path   string
		labels []string
		rule   string // the one that is asked about
		want   policy.Status
		whole  policy.Status
	}{
		"two teams, each another person's":              {"a.go", nil, "go", policy.Waiting, policy.Waiting},
		"a team where the alternative wrote the change": {"any/f", nil, "one of two", policy.Waiting, policy.Waiting},
		"a role whose only holder wrote the change":     {"nobody/f", nil, "nobody", policy.Stuck, policy.Stuck},
		"nothing is asked":                              {"README", nil, "go", policy.Idle, policy.Met},
		"a label that the caller gives":                 {"README", []string{"urgent"}, "labelled", policy.Waiting, policy.Waiting},
		"the policy itself":                             {policy.RepoPath, nil, policy.KeepersRule, policy.Waiting, policy.Waiting},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			base := w.commit("one")
			w.write(c.path, "package a\n")
			head := w.commit("two")
			_, d, err := w.reader().Decide(p, replay.Change{Base: base, Head: head, Branch: "main", Labels: c.labels}, unread)
			if err != nil {
				t.Fatal(err)
			}
			if d.Status != c.whole {
				t.Errorf("the decision is %s, want %s", d.Status, c.whole)
			}
			for _, r := range d.Rules {
				if r.Name == c.rule && r.Status != c.want {
					t.Errorf("rule %s is %s, want %s: %+v", r.Name, r.Status, c.want, r)
				}
			}
		})
	}
}

func TestThePolicyIsReadWhereItStandsAtACommit(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	none := w.commit("one")
	w.write(policy.RepoPath, rules)
	there := w.commit("two")
	w.git("rm", "-q", policy.RepoPath)
	w.write(policy.RepoPath+"/f", "")
	folder := w.commit("three")
	r := w.reader()
	if got, err := r.Policy(none); got != nil || err != nil {
		t.Errorf("before there is one: %v, %v", got, err)
	}
	if got, err := r.Policy(there); err != nil || string(got.Bytes) != rules || len(got.Blob) != 40 {
		t.Errorf("where it stands: %v, %v", got, err)
	}
	if got, err := r.Policy(folder); got != nil || err == nil {
		t.Errorf("a folder in its place: %v, %v", got, err)
	}
}
