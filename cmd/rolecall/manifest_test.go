package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/internal/webhook"
)

// manifest is the part of app.yml that GitHub enforces.
type manifest struct {
	permissions map[string]string
	events      []string
}

// readManifest reads app.yml, whose two lists need no more of YAML than lines.
func readManifest(t testing.TB) manifest {
	t.Helper()
	text, err := os.ReadFile("../../app.yml")
	if err != nil {
		t.Fatal(err)
	}
	m := manifest{permissions: map[string]string{}}
	section := ""
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimRight(line, " \n")
		if line != "" && !strings.HasPrefix(line, " ") {
			section = strings.TrimSuffix(line, ":")
			continue
		}
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case line == "":
		case section == "default_permissions":
			m.permissions[key] = strings.TrimSpace(value)
		case section == "default_events":
			m.events = append(m.events, strings.TrimPrefix(key, "- "))
		}
	}
	if len(m.permissions) == 0 || len(m.events) == 0 {
		t.Fatal("app.yml has no permissions or no events")
	}
	return m
}

// TestTheManifestSubscribesToWhatIsHandled holds app.yml's events to those
// that the receiver acts on.
func TestTheManifestSubscribesToWhatIsHandled(t *testing.T) {
	got := slices.Sorted(slices.Values(readManifest(t).events))
	if want := webhook.Events(); !slices.Equal(got, want) {
		t.Errorf("app.yml subscribes to %v; the receiver handles %v", got, want)
	}
}

// TestTheManifestAsksForWhatIsCalled lives a life that makes every call that
// rolecall knows, and holds app.yml's permissions to those by which GitHub let
// the calls through. That they suffice is shown by every other life, since all
// of them have no more.
func TestTheManifestAsksForWhatIsCalled(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	pr := w.open("dan", githubtest.Files{"main.go": "package main\n\nfunc main() { println(1) }\n", "instances/main.tf": "resource \"google_project\" \"p\" {}\n"})
	w.expect(pr, "in_progress", "Waiting for Cloud Engineer, Security Engineer, DRI of instances")
	pr.PostStatus("dan", "rolecall: main", "success")
	pr.Comment("eve", "/needs-security it opens a port")
	pr.Comment("mia", "/assign-dri @cy")
	pr.Comment("dan", "/assign-dri @dan")
	w.settle()
	pr.Comment("mia", "/unassign-dri")
	w.settle()
	pr.Approve("bo")
	pr.Approve("sam")
	pr.Approve("ana")
	w.expect(pr, "success", "Every role")
	pr.RerequestSuite("dan")
	w.repo.Commit("main", "Say more", githubtest.Files{".github/rolecall.hcl": policyText + "\n# more\n"})
	w.settle()
	pr.Enqueue("dan")
	group := w.repo.BuildGroup("main", 1)
	w.settle()
	if got := group.Check("rolecall: main"); got.Conclusion != "success" {
		t.Errorf("the merge group's check is %q %q", got.Conclusion, got.Title)
	}

	asked, used := readManifest(t).permissions, w.gh.App().Used()
	for permission, level := range used {
		if permission != "metadata" && asked[permission] != level {
			t.Errorf("calls need %s: %s, and app.yml asks for %q", permission, level, asked[permission])
		}
	}
	for permission, level := range asked {
		switch permission {
		case "metadata", "issues": // GitHub gives the first to all, and wants the second of whoever is told of comments
			if level != "read" {
				t.Errorf("app.yml asks for %s: %s; reading is enough", permission, level)
			}
		default:
			if used[permission] != level {
				t.Errorf("app.yml asks for %s: %s, and calls need %q", permission, level, used[permission])
			}
		}
	}
	if asked["contents"] != "read" {
		t.Errorf("app.yml asks for contents: %s; rolecall never writes to a repository", asked["contents"])
	}
}
