package command_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/command"
)

var update = flag.Bool("update", false, "write docs/commands.md")

func TestTheDocumentIsMadeFromTheGrammar(t *testing.T) {
	const path = "../../docs/commands.md"
	want := command.Document()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/commands.md is not what the grammar says; run go test ./internal/command -update (-want +got):\n%s", diff)
	}
}
