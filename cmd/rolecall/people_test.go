package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
)

func TestEachDRIAnswersForTheirOwnProject(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"instances/a.txt": "1\n", "billing/b.txt": "1\n"})
		w.expect(pr, "in_progress", "Waiting for DRI of instances, DRI of billing")
		if got := pr.Requested(); !slices.Equal(sorted(got), []string{"ana", "bo"}) {
			t.Errorf("asked are %v, want both DRIs", got)
		}
		pr.Approve("ana")
		w.expect(pr, "in_progress", "Waiting for DRI of billing")
		pr.Approve("bo")
		w.expect(pr, "success", "Every role")

		pr.Push("dan", githubtest.Files{"billing/b.txt": "2\n"})
		w.expect(pr, "in_progress", "Waiting for DRI of billing")
		pr.Approve("ana") // not hers
		w.expect(pr, "in_progress", "Waiting for DRI of billing")
		pr.Approve("bo")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)

		// The DRI who is the author answers for the change by opening it.
		own := w.open("ana", githubtest.Files{"instances/c.txt": "1\n", "billing/d.txt": "1\n"})
		w.expect(own, "in_progress", "Waiting for DRI of billing")
		own.Approve("bo")
		w.expect(own, "success", "Every role")
		w.fresh(own)
	})
}

func TestARoleOfOnePersonWhoIsTheAuthor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("sam", githubtest.Files{"net/main.tf": "resource \"google_project\" \"p\" {}\n"})
		w.expect(pr, "in_progress", "Waiting for")
		if got := pr.Requested(); !slices.Contains(got, "mia") || slices.Contains(got, "sam") {
			t.Errorf("asked are %v, want mia, who stands in, and not the author", got)
		}
		pr.Approve("ana")
		pr.Approve("mia")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
	t.Run("and nobody stands in", func(t *testing.T) {
		alone := strings.Replace(policyText, "otherwise = \"manager\"", "", 1)
		eachWith(t, alone, githubtest.Options{}, func(t *testing.T, w *world) {
			pr := w.open("sam", githubtest.Files{"net/main.tf": "resource \"google_project\" \"p\" {}\n"})
			c := w.expect(pr, "action_required", "Nobody can approve as Security Engineer yet")
			if all := c.Summary + c.Text; !strings.Contains(all, "otherwise") || !strings.Contains(all, "sam") {
				t.Errorf("the check does not say why and what to do:\n%s", all)
			}
			w.org.Team("security", "sue")
			w.expect(pr, "in_progress", "Waiting for Cloud Engineer, Security Engineer")
			w.fresh(pr)
		})
	})
}

func TestAProjectWithoutDRI(t *testing.T) {
	lost := strings.Replace(policyText, "rule \"go\"", "project \"lost\" {\n  files = [\"lost/**\"]\n}\n\nrule \"go\"", 1)
	eachWith(t, lost, githubtest.Options{}, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"lost/a.txt": "1\n"})
		c := w.expect(pr, "action_required", "DRI of lost")
		if !strings.Contains(c.Summary, "/assign-dri") {
			t.Errorf("the check does not say what to type:\n%s", c.Summary)
		}
		pr.Comment("dan", "/assign-dri @dan")
		w.expect(pr, "action_required", "DRI of lost")
		accepted := pr.Comment("bo", "/assign-dri @cy")
		w.expect(pr, "in_progress", "Waiting for DRI of lost")
		if got := pr.Assignees(); !slices.Equal(got, []string{"cy"}) {
			t.Errorf("assignees are %v, want cy", got)
		}
		if got := accepted.Reactions(); len(got) != 1 || !strings.HasSuffix(got[0], " +1") {
			t.Errorf("the command's reactions are %v", got)
		}
		pr.Approve("cy")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
		w.audited(pr, "assign", "bo", `"logins":["cy"]`)
		w.audited(pr, "react", "bo", `"text":"/assign-dri @cy","accepted":true`)
		w.audited(pr, "reply", "dan", `"text":"/assign-dri @dan","accepted":false`)

		w.stop()
		w.start()
		pr.Push("dan", githubtest.Files{"README.md": "# Some\n"})
		w.expect(pr, "success", "Every role")

		w.wipe() // the comments on GitHub are the source
		pr.Push("dan", githubtest.Files{"README.md": "# More\n"})
		w.expect(pr, "success", "Every role")
		pr.Push("dan", githubtest.Files{"lost/a.txt": "2\n"})
		w.expect(pr, "in_progress", "Waiting for DRI of lost")
		w.fresh(pr)
	})
}

// audited wants an entry of the audit trail.
func (w *world) audited(pr *githubtest.Pull, kind, actor, data string) {
	w.t.Helper()
	entries, err := w.server.store.AuditEntries(w.t.Context(), w.ref(pr), 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		if raw, ok := e.Data.(json.RawMessage); ok && e.Kind == kind && e.Actor == actor && strings.Contains(string(raw), data) {
			if e.Delivery == "" || e.At.IsZero() {
				w.t.Errorf("the entry names no delivery, or no time: %+v", e)
			}
			return
		}
	}
	w.t.Errorf("no %s by %q with %s in the audit trail: %+v", kind, actor, data, entries)
}

// Whoever rolecall asked and nobody needs any longer is let go; whom people
// asked is theirs to take back.
func TestARequestThatNobodyNeedsIsWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore, "net/main.tf": "# x\n"})
		pr.Request("dan", "eve")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer, Security Engineer")
		if got := pr.Requested(); !slices.Contains(got, "sam") || len(got) != 3 {
			t.Errorf("asked are %v, want sam, a Cloud Engineer and eve", got)
		}
		pr.Push("dan", githubtest.Files{"net/main.tf": githubtest.Delete})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if got := pr.Requested(); slices.Contains(got, "sam") || !slices.Contains(got, "eve") || len(got) != 2 {
			t.Errorf("asked are %v, want a Cloud Engineer and eve", got)
		}
		w.fresh(pr)
	})
}

func TestTeamsAreReadAgainWhenTheyChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": "package main\n"})
		pr.Approve("eve")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.org.Team("cloud").Add("eve")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
		w.org.Team("cloud").Remove("eve")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.org.Team("cloud").Invite("eve")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.fresh(pr)
	})
}

func TestSomebodyWhoCannotBeAsked(t *testing.T) {
	all := strings.Replace(policyText, "changes = go.files\n  require \"cloud-engineer\" {}", "changes = go.files\n  require \"cloud-engineer\" { ask = \"all\" }", 1)
	eachWith(t, all, githubtest.Options{}, func(t *testing.T, w *world) {
		w.org.BasePermission("none")
		for _, login := range []string{"ana", "cy", "dan", "sam", "mia"} {
			w.repo.Collaborator(login, "push")
		}
		w.settle()
		pr := w.open("dan", githubtest.Files{"main.go": "package main\n"})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if got := sorted(pr.Requested()); !slices.Equal(got, []string{"ana", "cy"}) {
			t.Errorf("asked are %v, want those who can be", got)
		}
		// Whom GitHub would not have is not asked for again at every event.
		for range 2 {
			calls := w.calls(func() { pr.Label("mia", "docs") })
			for _, c := range calls {
				if c.Operation == "pulls/request-reviewers" {
					t.Errorf("asked again: %s %d", c.Body, c.Status)
				}
			}
			pr.Unlabel("mia", "docs")
		}
		pr.Approve("bo") // who cannot be asked may still approve
		w.expect(pr, "success", "Every role")
	})
}

// A team with automatic assignment is replaced by some of its members, who are
// let stay.
func TestATeamWhoseMembersGitHubAssigns(t *testing.T) {
	team := strings.Replace(policyText, "changes = go.files\n  require \"cloud-engineer\" {}", "changes = go.files\n  require \"cloud-engineer\" { ask = \"team\" }", 1)
	eachWith(t, team, githubtest.Options{}, func(t *testing.T, w *world) {
		w.org.Team("cloud").Grant(w.repo, "push").AutoAssign(2)
		w.settle()
		pr := w.open("bo", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if got := sorted(pr.Requested()); !slices.Equal(got, []string{"ana", "cy"}) {
			t.Errorf("asked are %v, want two of the team and not the author", got)
		}
		w.fresh(pr)
		pr.Label("mia", "docs")
		pr.Unrequest("cy", "cy")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if got := pr.Requested(); !slices.Equal(got, []string{"ana"}) {
			t.Errorf("asked are %v, want the one who is left", got)
		}
		w.fresh(pr)
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}
