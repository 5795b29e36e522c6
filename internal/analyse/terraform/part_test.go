package terraform_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/analyse/terraform"
)

func TestAFileInPartsIsTheWholeFile(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/changes/terraform/*.txtar")
	if err != nil || len(files) < 50 {
		t.Fatal(files, err)
	}
	var m terraform.Memory
	parted := 0
	var last []byte
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			src := slices.Concat(last, f.Data)
			last = f.Data
			diff, parts := terraform.InPartsDiffers(&m, src)
			if diff != "" {
				t.Errorf("%s, %s:\n%s", file, f.Name, diff)
			}
			if parts {
				parted++
			}
		}
	}
	if parted < 20 {
		t.Errorf("only %d sources were parsed in parts", parted)
	}
}

// TestTextThatLooksLikeTheEndOfABlock joins what a part may end or begin in
// the middle of, in every order.
func TestTextThatLooksLikeTheEndOfABlock(t *testing.T) {
	pieces := []string{
		"r {\n}\n", "r {\n a = 1\n}\n", "a = {\n}\n", "b = [{\n}\n]\n", "c = <<EOT\n}\nEOT\n", "r {\n d = <<-X\n ${e}\n}\n X\n}\n", "/* \n}\n", "*/\n", "# }\n", "}\n",
		"f = \"${{\n}\n}\"\n", "r {\n g = \"%{ if h }\n", "{\n", "EOT\n", "<<EOT\n", "x", "\"", "\xEF\xBB\xBF", "\r\n", "r {\r\n}\r\n", "r {}\n", "(\n", ")\n", "r \"l\" {\n}\n", "s {\n t {\n}\n}\n",
		"v = 1 # x\n", "v = 1 /* x */\n", "// x\n", "/* x */\n", "v = 1 /* x\n", "w = y ?\n", "%{ if z }\n", "v = 1\r\n", "v = 1\r", "x {\n a = 1 }\n",
	}
	var m terraform.Memory
	rapid.Check(t, func(t *rapid.T) {
		src := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 8).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "in a large block") {
			lines := "  t {\n    a = \"" + strings.Repeat("x", 8<<10) + "\"\n  }\n"
			src = "r \"l\" {\n" + strings.ReplaceAll(src, "\n}", "\n  }") + lines + strings.ReplaceAll(src, "\n}", "\n  }") + "}\n"
		}
		if diff, _ := terraform.InPartsDiffers(&m, []byte(src)); diff != "" {
			t.Fatalf("%s\n---\n%s", diff, src)
		}
	})
}

func FuzzParts(f *testing.F) {
	for _, s := range []string{"r {\n}\nr {\n}\n", "a = <<X\n}\nX\nr {\n}\n", "/*\n}\n*/\nr {\n}\n", "a = {\n}\nr {\n}\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if diff, _ := terraform.InPartsDiffers(new(terraform.Memory), src); diff != "" {
			t.Fatal(diff)
		}
		inside := slices.Concat([]byte("r {\n"), src, []byte("\n  b {\n    a = \""), bytes.Repeat([]byte("x"), 8<<10), []byte("\"\n  }\n"), src, []byte("\n}\n"))
		if diff, _ := terraform.InPartsDiffers(new(terraform.Memory), inside); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestWhatIsRememberedChangesNoFinding analyses one change after another with
// one memory, and each alone.
func TestWhatIsRememberedChangesNoFinding(t *testing.T) {
	var m terraform.Memory
	rapid.Check(t, func(t *rapid.T) {
		was, is := join(module(t)), join(module(t))
		files, contents := changeAt("m/main.tf", was, is)
		if diff := cmp.Diff(terraform.Analyse(files, contents), m.Analyse(files, contents)); diff != "" {
			t.Fatal(diff)
		}
	})
}
