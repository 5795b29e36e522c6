package policy_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/policy"
)

var update = flag.Bool("update", false, "write golden files anew")

func format(diags []policy.Diagnostic, color bool) string {
	var b bytes.Buffer
	if err := policy.FormatDiagnostics(&b, diags, color); err != nil {
		panic(err)
	}
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}

func TestDiagnosticsReadAsHashiCorpsTools(t *testing.T) {
	sources, err := filepath.Glob("testdata/diagnostics/*.hcl")
	if err != nil || len(sources) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range sources {
		name := strings.TrimSuffix(filepath.Base(file), ".hcl")
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, diags := policy.Load(nil, &policy.Source{Name: ".github/rolecall.hcl", Bytes: src})
			if (p == nil) != policy.HasErrors(diags) {
				t.Errorf("a policy is nil exactly when a diagnostic is an error; errors: %v", policy.HasErrors(diags))
			}
			golden(t, strings.TrimSuffix(file, ".hcl")+".golden", format(diags, false))
		})
	}
}

func TestADiagnosticCannotDriveATerminal(t *testing.T) {
	_, diags := policy.Load(nil, &policy.Source{Name: "x\x1b]0;owned\x07", Bytes: []byte("rule \"\x1b[2J\u202e\" { when = \"\x1b[31m\" }")})
	if got := format(diags, false); strings.ContainsAny(got, "\x1b\x07\u202e") {
		t.Errorf("control characters are left: %q", got)
	}
	if got := format(diags, true); !strings.Contains(got, "\x1b[31mError") {
		t.Errorf("colour is missing: %q", got)
	}
}

func TestAPolicyThatIsTooLargeIsRefusedInWords(t *testing.T) {
	for name, src := range map[string]string{
		"bytes":  strings.Repeat("#\n", 140<<10),
		"tokens": strings.Repeat("[", 70_000),
		"NUL":    "policy {\x00}",
		"binary": "policy {\xff}",
		"rules":  strings.Repeat("rule \"x\" {}\n", 1) + preamble + rules(1001, "files"),
	} {
		_, diags := policy.Load(nil, &policy.Source{Name: "x", Bytes: []byte(src)})
		if !policy.HasErrors(diags) {
			t.Errorf("%s: it loads", name)
		}
		if got := format(diags, false); name != "rules" && len(diags) != 1 || len(got) > 100<<10 {
			t.Errorf("%s: %d diagnostics in %d bytes: %.300s", name, len(diags), len(got), got)
		}
	}
}
