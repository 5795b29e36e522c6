package fact_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/policy/fact"
)

func TestFoldPathTellsWhatAFileSystemCouldReadAlike(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"an ordinary path stays", "instances/main.tf", "instances/main.tf"},
		{"marks of ASCII stay", "a+b/@scope/x=1,y~/[id].ts", "a+b/@scope/x=1,y~/[id].ts"},
		{"case", "Instances/MAIN.tf", "instances/main.tf"},
		{"width", "\uff49nstances/main.tf", "instances/main.tf"},
		{"accents in two parts", "cafe\u0301/a", "caf\u00e9/a"},
		{"invisible characters", "inst\u200bances/\u202emain.tf", "instances/main.tf"},
		{"a newline", "instances\n/main.tf", "instances/main.tf"},
		{"backslashes", `instances\main.tf`, "instances/main.tf"},
		{"trailing spaces", "instances /main.tf ", "instances/main.tf"},
		{"trailing dots", "instances./main.tf..", "instances/main.tf"},
		{"streams", "instances/main.tf::$DATA", "instances/main.tf"},
		{"dots and empty elements", "./instances//x/../main.tf", "instances/main.tf"},
		{"out of the root", "../../instances/main.tf", "instances/main.tf"},
		{"a name that starts with dots stays", "..x/y", "..x/y"},
		{"nothing", "", ""},
		{"a hidden file stays", ".github/rolecall.hcl", ".github/rolecall.hcl"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := fact.FoldPath(test.in); got != test.want {
				t.Errorf("FoldPath(%q) = %q, want %q", test.in, got, test.want)
			}
		})
	}
}

func TestFoldPathFoldsWhatIsFoldedNoFurther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.StringOf(rapid.RuneFrom([]rune(`aB./\: `+"\u00e9\u0301\u200b\uff49\u0130ß\n"))).Draw(t, "path")
		once := fact.FoldPath(p)
		if twice := fact.FoldPath(once); twice != once {
			t.Fatalf("FoldPath(%q) = %q, and of that %q", p, once, twice)
		}
	})
}
