package policy_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// brief is a change on one line.
func brief(c policy.Change) string {
	var b strings.Builder
	b.WriteString(string(c.Kind))
	for _, s := range []string{c.Rule, c.Role, c.Project, c.Person, c.Label} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	if c.From+c.To != "" {
		fmt.Fprintf(&b, " %s→%s", c.From, c.To)
	}
	for _, s := range c.Added {
		b.WriteString(" +" + s)
	}
	for _, s := range c.Removed {
		b.WriteString(" -" + s)
	}
	if len(c.Reasons) > 0 {
		fmt.Fprintf(&b, " [%s]", codes(c.Reasons))
	}
	return b.String()
}

func TestWhatChangedSinceTheLastDecisionAndWhy(t *testing.T) {
	const text = goRule + `
rule "infrastructure" {
  changes = terraform.files
  require "security-engineer" {}
}
rule "security" {
  when = label("security")
  require "security-engineer" {}
}`
	old := func(p *policy.Policy) fact.Pull {
		pull := change(p, file("main.go", "b1"))
		pull.Head.SHA = "old"
		pull.Reviews = []fact.Review{review("ana", fact.Approved, 1, "old")}
		return pull
	}
	for _, tt := range []struct {
		name   string
		policy string // of the later decision, where it is another
		change func(p *policy.Policy, pull *fact.Pull)
		want   []string
	}{
		{name: "nothing", change: func(*policy.Policy, *fact.Pull) {}, want: nil},
		{
			name: "a push changed a file that was approved", want: []string{
				"head old→head", "status met→waiting", "rule go met→waiting [changes_matched]",
				"requirement go cloud-engineer met→waiting [approvals_missing]", "approval_lost go cloud-engineer ana [review_stale]",
				"candidates go cloud-engineer +ana", "review ana approved→approved [review_stale]",
			},
			change: func(_ *policy.Policy, pull *fact.Pull) {
				pull.Head.SHA, pull.Files = "head", []fact.File{file("main.go", "b2")}
				pull.Snapshots = map[string]fact.Snapshot{"old": snapshot(map[string][2]string{"main.go": {"b1", "base"}})}
			},
		},
		{
			name: "a push brought another rule in", want: []string{
				"head old→head", "status met→waiting", "rule infrastructure idle→waiting [changes_matched]", "scope infrastructure +net.tf",
				"requirement_added infrastructure security-engineer →waiting [approvals_missing]",
			},
			change: func(p *policy.Policy, pull *fact.Pull) {
				reviews := pull.Reviews
				*pull = change(p, file("main.go", "b1"), file("net.tf", "n"))
				pull.Reviews = reviews
				pull.Snapshots = map[string]fact.Snapshot{"old": snapshot(map[string][2]string{"main.go": {"b1", "base"}, "net.tf": {"n", "base"}})}
			},
		},
		{
			name: "somebody approved who left the team since", want: []string{
				"status met→waiting", "rule go met→waiting [changes_matched]", "requirement go cloud-engineer met→waiting [approvals_missing]",
				"approval_lost go cloud-engineer ana [review_holds_nothing]", "review ana approved→approved [review_holds_nothing]",
			},
			change: func(_ *policy.Policy, pull *fact.Pull) {
				pull.Roster.Roles["cloud-engineer"] = fact.Holders{List: []fact.Holder{{Login: "bo", Via: "@acme/cloud"}}}
			},
		},
		{
			name: "a holder requested changes", want: []string{
				"status met→refused", "rule go met→refused [changes_matched]", "requirement go cloud-engineer met→refused [changes_are_requested]",
				"changes_requested go cloud-engineer bo", "review_added bo →changes_requested [review_blocks]",
			},
			change: func(_ *policy.Policy, pull *fact.Pull) {
				pull.Reviews = append(pull.Reviews, review("bo", fact.ChangesRequested, 2, "old"))
			},
		},
		{
			name: "somebody asked for security", want: []string{
				"status met→waiting", "rule security idle→waiting [no_changes_clause when_true label_doubted]", "scope security +**",
				"requirement_added security security-engineer →waiting [approvals_missing]",
				"command_added bo →/needs-security it smells", "label_set security",
			},
			change: func(_ *policy.Policy, pull *fact.Pull) {
				say(pull, "member", command("bo", "/needs-security it smells", 5))
			},
		},
		{
			name: "the approver contributed", want: []string{
				"status met→waiting", "rule go met→waiting [changes_matched]", "requirement go cloud-engineer met→waiting [approvals_missing]",
				"approval_lost go cloud-engineer ana [is_contributor]", "review ana approved→approved [is_contributor]", "person_excluded ana [is_contributor]",
			},
			change: func(_ *policy.Policy, pull *fact.Pull) {
				pull.Commits = append(pull.Commits, fact.Commit{SHA: "side", People: []fact.Person{{Login: "ana"}}})
			},
		},
		{
			name: "the base is another", want: []string{"base rolecall: main→rolecall: dev"},
			change: func(_ *policy.Policy, pull *fact.Pull) { pull.Base.Ref = "dev" },
		},
		{
			name: "the facts have a gap now", want: []string{
				"status met→waiting [facts_missing]", "rule infrastructure idle→waiting [changes_unknown]", "scope infrastructure +**",
				"requirement_added infrastructure security-engineer →waiting [approvals_missing]",
				"rule policy idle→waiting [policy_file_unknown]", "scope policy +**", "requirement_added policy manager →waiting [approvals_missing]",
				"note_added [facts_missing]",
			},
			change: func(_ *policy.Policy, pull *fact.Pull) {
				pull.Gaps = []fact.Gap{{About: fact.AboutFiles, Paths: nil, Reason: "x"}}
			},
		},
		{
			name: "the policy is another", policy: strings.Replace(text, `rule "go"`, `rule "golang"`, 1), want: []string{
				"policy 1→2 +.github/rolecall.hcl", "rule_added golang →met [changes_matched]", "rule_removed go met→ [changes_matched]", "review ana approved→approved",
			},
			change: func(*policy.Policy, *fact.Pull) {},
		},
		{
			name: "only a description is another", policy: strings.Replace(text, `rule "go" {`, "rule \"go\" {\n  description = \"x\"", 1),
			want:   []string{"policy 1→2 +.github/rolecall.hcl", "details go [changes_matched]"},
			change: func(*policy.Policy, *fact.Pull) {},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := loadBlob(t, text, "1")
			before := old(p)
			later, after := p, old(p)
			if tt.policy != "" {
				later = loadBlob(t, tt.policy, "2")
			}
			tt.change(p, &after)
			var got []string
			for _, c := range policy.Compare(p.Evaluate(before), later.Evaluate(after)) {
				// A rule over all files is another rule's business here.
				if strings.HasPrefix(string(c.Kind), "scope") && c.Rule == "go" {
					continue
				}
				got = append(got, brief(c))
			}
			if tt.name == "the facts have a gap now" {
				got = slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, " go ") })
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func loadBlob(t *testing.T, text, blob string) *policy.Policy {
	p, diags := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Blob: blob, Bytes: []byte(text)})
	return loaded(t, p, diags)
}

func TestDecisionsCompareAsEmptyExactlyWhereTheySayTheSame(t *testing.T) {
	differ := 0
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		p := c.policy(t)
		before := p.Evaluate(c.pull)
		pull := c.pull
		switch rapid.IntRange(0, 3).Draw(t, "then") {
		case 0:
			pull.Reviews = append(slices.Clone(pull.Reviews), drawReview(t, 99))
		case 1:
			pull, _ = forget(t, pull)
		case 2:
			say(&pull, "member", command(anyone(t, "says"), "/needs-security x", 9))
		}
		after := p.Evaluate(pull)
		changes := policy.Compare(before, after)
		if equal := sameDecision(before, after); equal != (len(changes) == 0) {
			t.Fatalf("the same: %v, and %d changes\n%s\n%s", equal, len(changes), describe(before), describe(after))
		}
		if len(changes) > 0 {
			differ++
		}
		if again := policy.Compare(before, after); !reflect.DeepEqual(changes, again) {
			t.Fatalf("compared again:\n%v\n%v", changes, again)
		}
		stored, err := json.Marshal(changes)
		var back []policy.Change
		if err != nil || json.Unmarshal(stored, &back) != nil || !reflect.DeepEqual(changes, back) {
			t.Fatalf("stored: %v\n%s", err, cmp.Diff(changes, back))
		}
		statusChanged := slices.ContainsFunc(changes, func(c policy.Change) bool { return c.Kind == policy.StatusChanged })
		if (before.Status != after.Status) != statusChanged {
			t.Fatalf("%s → %s, and told: %v", before.Status, after.Status, statusChanged)
		}
		if !statusChanged {
			return
		}
		for i, ch := range changes {
			if ch.Kind == policy.RuleChanged || ch.Kind == policy.RuleAdded {
				return // which says why
			}
			if i == len(changes)-1 {
				t.Fatalf("%s → %s without a rule that says why", before.Status, after.Status)
			}
		}
	})
	if differ == 0 {
		t.Error("no two decisions differed")
	}
}

func TestADecisionCanBeStoredAndReplayed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		if rapid.Bool().Draw(t, "gap") {
			c.pull, _ = forget(t, c.pull)
		}
		p := c.policy(t)
		d := p.Evaluate(c.pull)
		if back := stored(t, d); !reflect.DeepEqual(d, back) {
			t.Fatalf("the decision is another once it was stored (-want +got)\n%s", cmp.Diff(d, back))
		}
		if again := p.Evaluate(stored(t, c.pull)); !reflect.DeepEqual(d, again) {
			t.Fatalf("stored facts give another decision (-want +got)\n%s", cmp.Diff(d, again))
		}
		broken := policy.BrokenDecision(c.pull, "rolecall: main", d.Policy, []policy.Diagnostic{{Severity: policy.SeverityError, Summary: "x"}})
		if back := stored(t, broken); !reflect.DeepEqual(broken, back) {
			t.Fatalf("a broken decision is another once it was stored (-want +got)\n%s", cmp.Diff(broken, back))
		}
	})
}

// stored is v after a stay in a database.
func stored[T any](t *rapid.T, v T) T {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEvaluateIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		p := c.policy(t)
		untouched := stored(t, c.pull)
		d := p.Evaluate(c.pull)
		before := stored(t, d)
		if diff := cmp.Diff(untouched, stored(t, c.pull)); diff != "" {
			t.Fatalf("the facts are others after it (-before +after)\n%s", diff)
		}
		// Another pull request between, by the same policy, leaves no trace.
		p.Evaluate(drawPull(t, p))
		if again := p.Evaluate(c.pull); !reflect.DeepEqual(before, again) {
			t.Fatalf("evaluated again (-first +second)\n%s", cmp.Diff(before, again))
		}
	})
}

func TestEvaluateIsSafeForConcurrentUse(t *testing.T) {
	p, diags := policy.Load(nil, &policy.Source{Name: "cloud", Bytes: policy.Cloud()})
	p = loaded(t, p, diags)
	pull := change(p, file("main.go", "b"), file("instances/net.tf", "b"))
	want, _ := json.Marshal(p.Evaluate(pull))
	done := make(chan string)
	for range 8 {
		go func() {
			got, _ := json.Marshal(p.Evaluate(pull))
			done <- string(got)
		}()
	}
	for range 8 {
		select {
		case got := <-done:
			if got != string(want) {
				t.Errorf("got %s\nwant %s", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatal("it hangs")
		}
	}
}
