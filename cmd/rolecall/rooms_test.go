package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/rolecall/rolecall/"

// rooms is docs/architecture.md's table: what each package may import of ours,
// directly. cmd/rolecall may import everything and is left out.
var rooms = map[string][]string{
	"policy/fact":                  {},
	"policy":                       {"policy/fact"},
	"internal/command":             {"policy/fact"},
	"internal/adopt":               {"policy"},
	"internal/reference":           {"internal/command", "policy"},
	"internal/lsp":                 {"internal/command", "internal/policytest", "policy"},
	"internal/analyse":             {"policy/fact", "internal/analyse/golang", "internal/analyse/terraform", "internal/analyse/supplychain"},
	"internal/analyse/analysetest": {},
	"internal/analyse/golang":      {"policy/fact", "internal/analyse/recent"},
	"internal/analyse/recent":      {},
	"internal/analyse/terraform":   {"policy/fact", "internal/analyse/recent"},
	"internal/analyse/supplychain": {"policy/fact"},
	"internal/github":              {"policy/fact"},
	"internal/store":               {"policy", "policy/fact"},
	"internal/store/storetest":     {"internal/store"},
	"internal/queue":               {"internal/store", "policy/fact"},
	"internal/recovery":            {"internal/github", "internal/queue", "internal/store", "policy", "policy/fact"},
	"internal/webhook":             {"internal/queue", "internal/store", "internal/command", "policy/fact"},
	"internal/calendar":            {"policy/fact"},
	"internal/roster":              {"policy", "policy/fact"},
	"internal/gather":              {"internal/github", "internal/roster", "internal/command", "internal/store", "policy", "policy/fact"},
	"internal/plan":                {"policy", "policy/fact"},
	"internal/report":              {"policy", "policy/fact"},
	"internal/survey":              {"internal/plan", "internal/report", "policy", "policy/fact"},
	"internal/apply":               {"internal/plan", "internal/report", "internal/github", "internal/store", "policy", "policy/fact"},
	"internal/policytest":          {"internal/analyse", "internal/command", "internal/replay", "internal/roster", "policy", "policy/fact"},
	"internal/replay":              {"internal/analyse", "internal/analyse/recent", "internal/report", "internal/roster", "policy", "policy/fact"},
	"internal/pipeline":            {"internal/gather", "internal/store", "internal/analyse", "internal/plan", "internal/apply", "internal/policytest", "internal/replay", "internal/report", "policy", "policy/fact"},
	"internal/audit":               {"internal/store", "policy", "policy/fact"},
	"internal/doctor":              {"internal/github", "policy", "policy/fact"},
	"internal/githubtest":          {"internal/githubtest/graphql", "testdata/github"},
	"internal/githubtest/graphql":  {},
}

// confined maps a library to the only rooms that may name it.
var confined = map[string][]string{
	"github.com/google/go-github/v60/github": {"internal/github"},
	"github.com/riverqueue/river":            {"internal/queue"},
	"modernc.org/sqlite":                     {"internal/store"},
}

// TestTheTableOfRoomsIsTheDocuments compares the table above with the page's:
// every room has its row there, below all that may import it.
func TestTheTableOfRoomsIsTheDocuments(t *testing.T) {
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\|.*\\| (.*) \\|$").FindAllStringSubmatch(string(page), -1) {
		room := row[1]
		if room == "cmd/rolecall" {
			continue
		}
		allowed, known := rooms[room]
		if !known || slices.Contains(rows, room) {
			t.Errorf("%s has a row and is no room, or has two", room)
		}
		rows = append(rows, room)
		var want, got []string
		for _, r := range allowed {
			if slices.Contains(rows, r) {
				t.Errorf("the row of %s is above that of %s, which may import it", r, room)
			}
			if r != "policy/fact" || !slices.Contains(allowed, "policy") {
				want = append(want, strings.TrimPrefix(r, "internal/"))
			}
		}
		want = slices.DeleteFunc(want, func(r string) bool { return inner(r) })
		if row[2] != "–" {
			got = strings.Split(row[2], ", ")
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("the page lets %s import %v; the table here %v", room, got, want)
		}
	}
	for room := range rooms {
		if !inner(strings.TrimPrefix(room, "internal/")) && !slices.Contains(rows, room) {
			t.Errorf("%s has no row", room)
		}
	}
}

// inner reports whether a package is part of another room.
func inner(room string) bool {
	return strings.Contains(room, "/") && room != "policy/fact"
}

// TestRoomsImportDownOnly holds the imports of every package, tests left out,
// to the table above.
func TestRoomsImportDownOnly(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&pkg); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		room := strings.TrimPrefix(pkg.ImportPath, module)
		if strings.HasPrefix(room, "cmd/") {
			continue
		}
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s is not in the table of rooms: say what it may import", room)
			continue
		}
		seen++
		for _, imp := range pkg.Imports {
			if ours, is := strings.CutPrefix(imp, module); is && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which the table of rooms does not allow", room, ours)
			}
			for lib, in := range confined {
				if imp == lib && !slices.Contains(in, room) {
					t.Errorf("%s imports %s, which only %s may name", room, lib, strings.Join(in, ", "))
				}
			}
		}
	}
	if seen == 0 {
		t.Fatal("no package was looked at")
	}
}
