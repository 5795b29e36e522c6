package main

import (
	"encoding/base64"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/rolecall/rolecall/internal/githubtest"
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
	testscript.RunT(looked{t}, testscript.Params{
		Dir: "../../testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"github": scriptGitHub, "calls": scriptCalls},
	})
}

// scripted are the fakes of the scripts that run, by their names.
var scripted sync.Map

// scriptGitHub starts a fake GitHub from a seed file and says in the environment how
// to reach it: GITHUB_URL, the App's APP_ID and PRIVATE_KEY as APP and KEY, and
// the token of the person named as TOKEN.
func scriptGitHub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: github SEED LOGIN")
	}
	gh, err := githubtest.Start(githubtest.Options{})
	ts.Check(err)
	ts.Defer(func() { gh.Close() })
	ts.Check(gh.Seed([]byte(ts.ReadFile(args[0]))))
	gh.ResetCalls()
	app := gh.App()
	ts.Setenv("GITHUB_URL", gh.URL())
	ts.Setenv("APP", fmt.Sprint(app.ID()))
	ts.Setenv("KEY", base64.StdEncoding.EncodeToString(app.PrivateKeyPEM()))
	ts.Setenv("TOKEN", gh.User(args[1]).Token())
	ts.Setenv("HTML", strings.TrimSuffix(gh.URL(), "/"))
	scripted.Store(ts.Name(), gh)
}

// scriptCalls fails where GitHub was not asked at all, or was asked to write, or
// where its contract was broken.
func scriptCalls(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || args[0] != "readonly" {
		ts.Fatalf("usage: calls readonly")
	}
	known, ok := scripted.Load(ts.Name())
	if !ok {
		ts.Fatalf("no github was started")
	}
	gh := known.(*githubtest.Server)
	all := gh.Calls()
	if len(all) == 0 {
		ts.Fatalf("GitHub was not asked at all")
	}
	for _, c := range all {
		if c.Operation == "graphql" && strings.Contains(c.Body, "mutation") {
			ts.Fatalf("a mutation: %s", c.Body)
		}
	}
	for _, c := range githubtest.Writes(all) {
		ts.Fatalf("GitHub was written to: %s %s", c.Method, c.Path)
	}
	for _, p := range gh.Problems() {
		ts.Fatalf("GitHub's contract was broken: %s", p)
	}
	gh.ResetCalls()
}
