package main

import (
	"flag"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/rolecall/rolecall/internal/store/storetest"
)

// tests runs the tests of this package, with a database server for those that
// ask for one.
type tests struct{ m *testing.M }

func (t tests) Run() int {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // most of their time they wait
		panic(err)
	}
	// A kill in TestChaos closes the database under a transaction, which waits
	// then for an end that does not come.
	return storetest.Run(t.m, goleak.IgnoreTopFunction("database/sql.(*Tx).awaitDone"))
}

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"rolecall": main})
}

// TestScripts runs the real command line by the scripts in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "../../testdata/script", RequireExplicitExec: true, RequireUniqueNames: true})
}
