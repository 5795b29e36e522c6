package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/policy"
)

// A test of a policy decides as the server does on the same pull request.
func TestATestOfAPolicyDecidesAsTheServerDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite:"+t.TempDir()+"/test.db", policyText, githubtest.Options{})
	p, _ := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Bytes: []byte(policyText)})
	const network = "resource \"google_compute_network\" \"n\" {}\n"
	for name, c := range map[string]struct {
		files githubtest.Files
		do    func(*githubtest.Pull)
		given string
	}{
		"go alone": {githubtest.Files{"main.go": goBefore}, func(*githubtest.Pull) {},
			fmt.Sprintf("files = { \"main.go\" = { before = \"package main\\n\\nfunc main() {}\\n\", after = %q } }", goBefore)},
		"terraform in a project": {githubtest.Files{"instances/main.tf": network}, func(pr *githubtest.Pull) { pr.Approve("ana"); pr.Approve("eve") },
			fmt.Sprintf("files = { \"instances/main.tf\" = { before = \"# none yet\\n\", after = %q } }\nreviews = [{ by = \"@ana\", state = \"approved\" }, { by = \"@eve\", state = \"approved\" }]", network)},
		"a push after an approval": {githubtest.Files{"net.tf": network, "other.go": "package main\n"}, func(pr *githubtest.Pull) {
			pr.Approve("sam")
			pr.Approve("bo")
			pr.Push("dan", githubtest.Files{"other.go": "package main\n\nvar x int\n"})
		}, fmt.Sprintf("files = { \"net.tf\" = { after = %q }, \"other.go\" = { after = \"package main\\n\\nvar x int\\n\" } }\n", network) +
			"pull = { pusher = \"@dan\" }\ncommits = [{ by = \"@dan\" }, { by = \"@dan\" }]\n" +
			"reviews = [{ by = \"@sam\", state = \"approved\", before_push = { \"other.go\" = \"package main\\n\" } }, { by = \"@bo\", state = \"approved\", before_push = { \"other.go\" = \"package main\\n\" } }]"},
		"a DRI by command, and changes requested": {githubtest.Files{"billing/a.md": "a\n", "main.go": goBefore}, func(pr *githubtest.Pull) {
			pr.Comment("mia", "/assign-dri @cy billing")
			w.pass(1e9)
			pr.Review("cy", "request_changes", "no")
		}, fmt.Sprintf("files = { \"billing/a.md\" = { after = \"a\\n\" }, \"main.go\" = { before = \"package main\\n\\nfunc main() {}\\n\", after = %q } }\n", goBefore) +
			"comments = [{ by = \"@mia\", body = \"/assign-dri @cy billing\" }]\nreviews = [{ by = \"@cy\", state = \"changes_requested\" }]"},
		"a label": {githubtest.Files{"README.md": "# Other\n"}, func(pr *githubtest.Pull) { pr.Label("bo", "security") },
			"files = { \"README.md\" = { before = \"# Cloud\\n\", after = \"# Other\\n\" } }\nlabel_events = [{ label = \"security\", by = \"@bo\", action = \"add\" }]"},
	} {
		pr := w.open("dan", c.files)
		c.do(pr)
		w.settle()
		server := w.fresh(pr)
		text := "given {\n  teams = { \"@acme/cloud\" = [\"@ana\", \"@bo\", \"@cy\"], \"@acme/security\" = [\"@sam\"] }\n" +
			fmt.Sprintf("  pull = { number = %d, author = \"@dan\" }\n}\ntest \"a\" {\n%s\n  expect = { status = %q }\n}\n", pr.Number(), c.given, server.Status)
		suite, diags := policytest.Load(&policy.Source{Name: "a.rolecall_test.hcl", Bytes: []byte(text)}, p)
		if suite == nil {
			t.Fatalf("%s: %+v", name, diags)
		}
		local := suite.Run(suite.Tests[0]).Decision
		if diff := cmp.Diff(outline(server), outline(local)); diff != "" {
			t.Errorf("%s: server (-) and test (+) differ:\n%s", name, diff)
		}
	}
}

// outline is what a decision says, without what a test cannot know, such as
// SHAs.
func outline(d policy.Decision) []string {
	out := []string{string(d.Status)}
	var requirement func(policy.Requirement) string
	requirement = func(q policy.Requirement) string {
		s := fmt.Sprint(q.Called(), " ", q.Status, " may ", q.May, " blocked by ", q.Blockers)
		for _, a := range q.Counted {
			s += " counts " + a.By
		}
		for _, r := range q.Reasons {
			s += " " + string(r.Code)
		}
		for _, c := range q.Children {
			s += " (" + requirement(c) + ")"
		}
		return s
	}
	for _, r := range d.Rules {
		line := fmt.Sprint(r.Name, " ", r.InForce, " ", r.Status, " ", r.Scope)
		for _, why := range r.Reasons {
			line += " " + string(why.Code)
		}
		for _, q := range r.Require {
			line += "; " + requirement(q)
		}
		out = append(out, line)
	}
	for _, v := range d.Reviews {
		line := fmt.Sprint("review by ", v.By, " ", v.State, " ", v.Counts)
		for _, r := range v.Reasons {
			line += " " + strings.Join(append([]string{string(r.Code)}, r.Paths...), " ")
		}
		out = append(out, line)
	}
	for _, p := range d.Projects {
		out = append(out, fmt.Sprint("project ", p.Name, " ", p.DRI, " ", p.By))
	}
	for _, c := range d.Commands {
		out = append(out, fmt.Sprint("command ", c.Command.Text, " ", c.Accepted))
	}
	return out
}
