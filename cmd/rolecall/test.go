package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/policy"
)

type testCmd struct {
	Paths    []string `arg:"" optional:"" name:"path" help:"Test files (*.rolecall_test.hcl), and folders to look for them in. Left out: the folder that you are in."`
	Only     string   `name:"run" placeholder:"REGEXP" help:"Run only the tests whose names match."`
	Verbose  bool     `short:"v" help:"Name the tests that pass, too."`
	Policy   string   `placeholder:"FILE" help:"The policy; left out: NAME.hcl beside NAME.rolecall_test.hcl, or else rolecall.hcl." type:"path"`
	Floor    string   `placeholder:"FILE" help:"The organisation's policy, where there is one." type:"path"`
	Coverage string   `enum:"show,require,off" default:"show" help:"Which rules no test brings into force or leaves unmet: show them, require that there are none, or off (${default})."`
	Format   string   `enum:"terminal,json,junit" default:"terminal" help:"One of ${enum}."`
}

// Help is the long help.
func (c *testCmd) Help() string {
	return "Exit code 0: every test passes; 1: one fails, or a file does not load; 3: with --coverage=require, all pass and a rule is not covered."
}

// goFlags takes -run for --run, as the tests of Go are run.
func goFlags(args []string) []string {
	if len(args) == 0 || args[0] != "test" {
		return args
	}
	out := slices.Clone(args)
	for i, a := range out {
		if a == "-run" || len(a) > 5 && a[:5] == "-run=" {
			out[i] = "-" + a
		}
	}
	return out
}

// tested is what became of the tests of one policy.
type tested struct {
	policy   string // its file
	coverage *policytest.Coverage
	files    []testedFile
}

type testedFile struct {
	name    string
	broken  bool // it did not load
	skipped int
	results []policytest.Result
}

// Run runs the tests, file by file.
func (c *testCmd) Run(s streams) error {
	only, err := regexp.Compile(c.Only)
	if err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	files, err := c.files()
	if err != nil {
		return err
	}
	var all []*tested
	byPolicy := map[string]*tested{}
	policies := map[string]*policy.Policy{}
	for _, file := range files {
		of := c.Policy
		if of == "" {
			of = testedBy(file)
		}
		if of == "" && c.Floor == "" {
			return fmt.Errorf("%s: there is no policy beside it\nhint: name it with --policy FILE", shownPath(file))
		}
		t := byPolicy[of]
		if t == nil {
			p, name, err := c.load(s, of)
			if err != nil {
				return err
			}
			t = &tested{policy: name, coverage: policytest.NewCoverage(p)}
			all, byPolicy[of], policies[of] = append(all, t), t, p
		}
		one, err := runFile(s, file, policies[of], only, t.coverage)
		if err != nil {
			return err
		}
		t.files = append(t.files, one)
	}
	if err := c.show(s, all); err != nil {
		return err
	}
	return c.verdict(s, all)
}

// files lists the test files that were named or found.
func (c *testCmd) files() ([]string, error) {
	paths := c.Paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && !info.IsDir() && !isTest(p) {
			return nil, fmt.Errorf("%s is no test file: their names end in %s", shownPath(p), policy.TestSuffix)
		}
	}
	files, err := policyFiles(paths)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f string) bool { return !isTest(f) })
	if len(files) == 0 {
		return nil, errors.New("there are no tests\nhint: write them beside the policy, in a file such as .github/rolecall" + policy.TestSuffix)
	}
	return files, nil
}

func shownPath(file string) string { return relative(absolute(file)) }

// load loads the policy that tests are about, and its name.
func (c *testCmd) load(s streams, of string) (*policy.Policy, string, error) {
	var floor, own *policy.Source
	var err error
	if c.Floor != "" {
		if floor, err = readPolicy(c.Floor); err != nil {
			return nil, "", err
		}
	}
	if of != "" && (c.Floor == "" || absolute(of) != absolute(c.Floor)) {
		if own, err = readPolicy(absolute(of)); err != nil {
			return nil, "", err
		}
	}
	name := ""
	for _, source := range []*policy.Source{floor, own} {
		if source != nil {
			name = source.Name
		}
	}
	p, diags := load(floor, own)
	if p == nil { // warnings are for validate
		if err := explained(s, diags); err != nil {
			return nil, "", err
		}
		return nil, "", fmt.Errorf("%s: the policy does not load", name)
	}
	return p, name, nil
}

// runFile runs the tests of one file whose names match.
func runFile(s streams, file string, p *policy.Policy, only *regexp.Regexp, coverage *policytest.Coverage) (testedFile, error) {
	source, err := readPolicy(absolute(file))
	if err != nil {
		return testedFile{}, err
	}
	out := testedFile{name: filepath.ToSlash(source.Name)}
	suite, diags := policytest.Load(source, p)
	if err := explained(s, diags); err != nil {
		return testedFile{}, err
	}
	if suite == nil {
		out.broken = true
		return out, nil
	}
	for _, t := range suite.Tests {
		if !only.MatchString(t.Name) {
			out.skipped++
			continue
		}
		r := suite.Run(t)
		coverage.Add(r.Decision)
		out.results = append(out.results, r)
	}
	return out, nil
}

func (t testedFile) failed() int {
	n := 0
	for _, r := range t.results {
		if len(r.Failures) > 0 {
			n++
		}
	}
	return n
}

// verdict is the exit code.
func (c *testCmd) verdict(s streams, all []*tested) error {
	run, uncovered := 0, false
	for _, t := range all {
		uncovered = uncovered || len(t.coverage.NeverInForce())+len(t.coverage.NeverWaiting()) > 0
		for _, f := range t.files {
			if f.broken || f.failed() > 0 {
				return exitCode(exitError)
			}
			run += len(f.results)
		}
	}
	if run == 0 {
		fmt.Fprintln(s.err, "rolecall: no test ran: none has a name that --run matches")
	}
	if uncovered && c.Coverage == "require" {
		return exitCode(exitRequired)
	}
	return nil
}
