package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// What comes late in a long list counts like what comes early: the last of 300
// commits, of 500 comments, and of 1,200 files.
func TestALargePullRequest(t *testing.T) {
	lost := strings.Replace(policyText, "rule \"go\"", "project \"lost\" {\n  files = [\"lost/**\"]\n}\n\nrule \"go\"", 1)
	eachWith(t, lost, githubtest.Options{}, func(t *testing.T, w *world) {
		if strings.HasPrefix(w.database, "postgres") && os.Getenv("ROLECALL_POSTGRES") != "require" {
			t.Skip("it takes seconds, and .ci/run has it")
		}
		w.gh.Hold()
		files := githubtest.Files{}
		for i := range 1199 {
			files[fmt.Sprintf("lost/%04d.txt", i)] = fmt.Sprintf("%d\n", i)
		}
		files["zz/last.tf"] = "resource \"google_project\" \"p\" {}\n"
		o := githubtest.PullRequest{Author: "dan", Files: files}
		for i := range 299 {
			c := githubtest.Commit{Author: "dan", Files: githubtest.Files{"lost/0000.txt": fmt.Sprintf("again %d\n", i)}}
			if i == 297 {
				c.CoAuthors = []string{"ana"}
			}
			o.Commits = append(o.Commits, c)
		}
		pr := w.repo.Open(o)
		for i := range 499 {
			pr.Comment("eve", fmt.Sprintf("Comment %d.", i))
		}
		w.gh.Release()
		w.expect(pr, "action_required", "DRI of lost")
		pr.Comment("mia", "/assign-dri @cy")
		c := w.expect(pr, "in_progress", "Waiting for Cloud Engineer, Security Engineer, DRI of lost")
		if len(c.Text) > 65535 || len(c.Summary) > 65535 {
			t.Errorf("the check has %d and %d characters", len(c.Summary), len(c.Text))
		}
		pr.Approve("sam")
		pr.Approve("cy")
		pr.Approve("ana") // who wrote the commit before the last with dan
		w.expect(pr, "success", "Every role")
		decided := w.fresh(pr)
		for _, e := range decided.Excluded {
			if e.Person.Login == "ana" {
				return
			}
		}
		t.Error("the co-author of a late commit is not excluded")
	})
}
