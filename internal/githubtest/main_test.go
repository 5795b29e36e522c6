package githubtest_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain draws few cases by default: each runs the real git several times.
// -rapid.checks draws more.
func TestMain(m *testing.M) {
	flag.Set("rapid.checks", "10")
	flag.Parse()
	os.Exit(m.Run())
}
