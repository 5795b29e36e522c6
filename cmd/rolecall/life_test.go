package main

import (
	"slices"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
)

func TestALifeFromOpeningToMerge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.repo.Open(githubtest.PullRequest{Author: "dan", Title: "Start an instance", Head: "instance", Files: githubtest.Files{
			"main.go":           "package main\n\nfunc main() { println(1) }\n",
			"instances/main.tf": "resource \"google_project\" \"p\" {}\n",
		}})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer, Security Engineer, DRI of instances")
		asked := pr.Requested()
		if len(asked) == 0 || slices.Contains(asked, "dan") || !slices.Contains(asked, "sam") || !slices.Contains(asked, "ana") {
			t.Errorf("asked are %v; want sam for security, ana as the DRI, and not the author", asked)
		}

		pr.Approve("sam")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer, DRI of instances")

		pr.Approve("ana")
		w.expect(pr, "success", "Every role")

		pr.Push("dan", githubtest.Files{"main.go": "package main\n\nfunc main() { println(2) }\n"})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")

		pr.Approve("bo")
		w.expect(pr, "success", "Every role")

		pr.Push("dan", githubtest.Files{"instances/main.tf": "resource \"google_project\" \"q\" {}\n"})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer, Security Engineer, DRI of instances")

		pr.Comment("mia", "/assign-dri @cy")
		w.settle()
		pr.Approve("sam")
		pr.Approve("cy")
		w.expect(pr, "success", "Every role")
		if got := pr.Assignees(); !slices.Contains(got, "cy") {
			t.Errorf("assignees are %v, want cy among them", got)
		}
		pr.MustMerge("dan")
		w.settle()
	})
}
