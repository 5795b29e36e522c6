package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
)

func (c *testCmd) show(s streams, all []*tested) error {
	switch c.Format {
	case "json":
		return showTestsJSON(s.out, all)
	case "junit":
		return showTestsJUnit(s.out, all)
	}
	for _, t := range all {
		for _, f := range t.files {
			if err := c.showFile(s, f); err != nil {
				return err
			}
		}
		if c.Coverage != "off" && (c.Only == "" || c.Coverage == "require") {
			showCoverage(s.out, t)
		}
	}
	return nil
}

func (c *testCmd) showFile(s streams, f testedFile) error {
	for _, r := range f.results {
		switch {
		case len(r.Failures) > 0:
			if err := showFailure(s.out, r, isTerminal(s)); err != nil {
				return err
			}
		case c.Verbose:
			fmt.Fprintf(s.out, "--- PASS: %s (%s:%d)\n", report.Visible(r.Name), f.name, r.Line)
		}
	}
	skipped := ""
	if f.skipped > 0 {
		skipped = fmt.Sprintf(", %d not run", f.skipped)
	}
	switch failed := f.failed(); {
	case f.broken:
		fmt.Fprintf(s.out, "FAIL  %s: it does not load\n", f.name)
	case failed > 0:
		fmt.Fprintf(s.out, "FAIL  %s: %d of %s failed%s\n", f.name, failed, countOf(len(f.results), "test"), skipped)
	default:
		fmt.Fprintf(s.out, "ok    %s: %s passed%s\n", f.name, countOf(len(f.results), "test"), skipped)
	}
	return nil
}

// showFailure prints what a test expected, what came, and the tree that says
// why.
func showFailure(w io.Writer, r policytest.Result, color bool) error {
	fmt.Fprintf(w, "--- FAIL: %s (%s:%d)\n", report.Visible(r.Name), r.File, r.Line)
	for _, f := range r.Failures {
		fmt.Fprintf(w, "    line %d: %s\n      want %s\n      got  %s\n", f.Line, f.What, report.Visible(f.Want), report.Visible(f.Got))
	}
	var tree strings.Builder
	if err := report.Tree(&tree, r.Decision, color); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for line := range strings.Lines(tree.String()) {
		fmt.Fprint(w, "    "+line)
	}
	fmt.Fprintln(w)
	return nil
}

func showCoverage(w io.Writer, t *tested) {
	never, met := t.coverage.NeverInForce(), t.coverage.NeverWaiting()
	fmt.Fprintf(w, "%s: %d of %s in force and waiting in a test\n", t.policy, t.coverage.Rules()-len(never)-len(met), countOf(t.coverage.Rules(), "rule"))
	for _, l := range []struct {
		what  string
		rules []string
	}{{"never in force", never}, {"in force, but never waiting", met}} {
		if len(l.rules) > 0 {
			fmt.Fprintf(w, "  %s: %s\n", l.what, oneLine(strings.Join(l.rules, ", ")))
		}
	}
}

func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// testedJSON is what --format json prints; its names stay as they are.
type testedJSON struct {
	Policy       string         `json:"policy"`
	Rules        int            `json:"rules"`
	NeverInForce []string       `json:"never_in_force"`
	NeverWaiting []string       `json:"never_waiting"`
	Files        []testFileJSON `json:"files"`
}

type testFileJSON struct {
	File   string     `json:"file"`
	Broken bool       `json:"broken,omitempty"`
	Tests  []testJSON `json:"tests"`
}

type testJSON struct {
	Name     string           `json:"name"`
	Line     int              `json:"line"`
	Passed   bool             `json:"passed"`
	Failures []failureJSON    `json:"failures,omitempty"`
	Decision *policy.Decision `json:"decision,omitempty"` // where it failed
}

type failureJSON struct {
	Line int    `json:"line"`
	What string `json:"what"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

func showTestsJSON(w io.Writer, all []*tested) error {
	out := []testedJSON{}
	for _, t := range all {
		one := testedJSON{Policy: t.policy, Rules: t.coverage.Rules(), NeverInForce: t.coverage.NeverInForce(), NeverWaiting: t.coverage.NeverWaiting()}
		for _, f := range t.files {
			file := testFileJSON{File: f.name, Broken: f.broken, Tests: []testJSON{}}
			for _, r := range f.results {
				test := testJSON{Name: r.Name, Line: r.Line, Passed: len(r.Failures) == 0}
				for _, x := range r.Failures {
					test.Failures = append(test.Failures, failureJSON(x))
				}
				if !test.Passed {
					test.Decision = &r.Decision
				}
				file.Tests = append(file.Tests, test)
			}
			one.Files = append(one.Files, file)
		}
		out = append(out, one)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// The form that the test reports of most continuous integration take.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure"`
		Error   *junitFailure `xml:"error"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func showTestsJUnit(w io.Writer, all []*tested) error {
	var out junitSuites
	for _, t := range all {
		for _, f := range t.files {
			suite := junitSuite{Name: f.name, Tests: len(f.results), Failures: f.failed()}
			if f.broken {
				suite.Tests, suite.Errors = 1, 1
				suite.Cases = []junitCase{{Name: "the file loads", Class: t.policy, File: f.name, Error: &junitFailure{Message: "it does not load"}}}
			}
			for _, r := range f.results {
				one := junitCase{Name: r.Name, Class: t.policy, File: f.name, Line: r.Line}
				if len(r.Failures) > 0 {
					var text strings.Builder
					if err := showFailure(&text, r, false); err != nil {
						return err
					}
					x := r.Failures[0]
					one.Failure = &junitFailure{Message: fmt.Sprintf("%s: want %s, got %s", x.What, x.Want, x.Got), Text: text.String()}
				}
				suite.Cases = append(suite.Cases, one)
			}
			out.Suites = append(out.Suites, suite)
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
