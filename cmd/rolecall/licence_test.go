package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"
)

// licences are those under which a dependency may be used: they ask for no
// more than to be named, and MPL-2.0 for changes of its own files.
var licences = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "Unlicense", "CC0-1.0", "Unicode-DFS-2016"}

// licenceFile is what a licence's file is called.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying)(\.(txt|md))?$`)

var update = flag.Bool("update", false, "write pages and golden files anew")

const dependenciesPage = "../../docs/dependencies.md"

// TestEveryDependencyHasALicenceThatIsAllowed reads the licence of every
// module that the program is built of, and holds docs/dependencies.md to them.
func TestEveryDependencyHasALicenceThatIsAllowed(t *testing.T) {
	var page strings.Builder
	page.WriteString("# Dependencies\n\nThe modules that the program is built of, and their licences. A test makes this\npage and refuses a licence that is not among those allowed.\n\n| module | licence |\n|---|---|\n")
	for _, m := range modules(t) {
		licence, err := licenceOf(m.Dir)
		if err != nil {
			t.Errorf("%s: %v", m.Path, err)
		}
		for _, id := range strings.Split(licence, " and ") {
			if !slices.Contains(licences, id) {
				t.Errorf("%s is under %s, which is not allowed", m.Path, licence)
			}
		}
		fmt.Fprintf(&page, "| %s | %s |\n", m.Path, licence)
	}
	if *update {
		if err := os.WriteFile(dependenciesPage, []byte(page.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(dependenciesPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(kept) != page.String() {
		t.Errorf("docs/dependencies.md is out of date: go test ./cmd/rolecall -run Licence -update")
	}
}

type module struct{ Path, Dir string }

// modules lists the modules of others that the program is built of, sorted.
func modules(t *testing.T) []module {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-json=Module", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := map[string]module{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			Module *struct {
				module
				Main bool
			}
		}
		if err := dec.Decode(&pkg); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if m := pkg.Module; m != nil && !m.Main {
			seen[m.Path] = m.module
		}
	}
	var list []module
	for _, m := range seen {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	if len(list) == 0 {
		t.Fatal("no module was found")
	}
	return list
}

// licenceOf reads the licence that stands in a module's folder.
func licenceOf(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var ids []string
	for _, e := range entries {
		if !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		for _, m := range licensecheck.Scan(text).Match {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return "unknown", fmt.Errorf("no licence was recognised in its folder")
	}
	return strings.Join(ids, " and "), nil
}
