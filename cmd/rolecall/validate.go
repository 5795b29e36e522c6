package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/term"

	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/policy"
)

type validateCmd struct {
	Files  []string `arg:"" optional:"" name:"path" help:"Policies of repositories, each checked by itself, test files, and folders to look for them in. Left out: the folder that you are in." type:"path"`
	Floor  string   `placeholder:"FILE" help:"The organisation's policy: it is checked too, and the files are checked under it." type:"path"`
	Format string   `enum:"terminal,json" default:"terminal" help:"One of ${enum}."`
}

// validated is what there is to say of one file.
type validated struct {
	File        string              `json:"file"`
	Valid       bool                `json:"valid"`
	Diagnostics []policy.Diagnostic `json:"diagnostics"`
}

// Run prints every diagnostic and fails where one of them is an error.
func (c *validateCmd) Run(s streams) error {
	paths := c.Files
	if len(paths) == 0 && c.Floor == "" {
		paths = []string{"."}
	}
	files, err := policyFiles(paths)
	if err != nil {
		return err
	}
	if len(files) == 0 && c.Floor == "" {
		return errors.New("no file to check: name a policy file, such as " + policy.RepoPath)
	}
	var floor *policy.Source
	out := []validated{}
	broken := false
	add := func(file string, diags []policy.Diagnostic) {
		v := validated{file, !policy.HasErrors(diags), append([]policy.Diagnostic{}, diags...)}
		out = append(out, v)
		broken = broken || !v.Valid
	}
	if c.Floor != "" {
		if floor, err = readPolicy(c.Floor); err != nil {
			return err
		}
		_, diags := policy.Load(floor, nil)
		add(floor.Name, diags)
	}
	for _, file := range files {
		if broken && floor != nil && len(out) == 1 {
			break // under a floor that does not load nothing can be said of the rest
		}
		if c.Floor != "" && absolute(file) == absolute(c.Floor) {
			continue
		}
		source, err := readPolicy(absolute(file))
		if err != nil {
			return err
		}
		diags, err := validate(source, file, floor)
		if err != nil {
			return err
		}
		add(source.Name, diags)
	}
	if err := c.show(s, out, broken); err != nil {
		return err
	}
	if broken {
		return exitCode(exitError)
	}
	return nil
}

// validate says what there is to say of one source: a policy, an organisation's
// that says it is one, or tests of the policy beside them.
func validate(source *policy.Source, file string, floor *policy.Source) ([]policy.Diagnostic, error) {
	switch {
	case isTest(file):
		of := testedBy(file)
		if of == "" {
			return nil, fmt.Errorf("%s: there is no policy beside it\nhint: tests of NAME.hcl are in NAME.rolecall_test.hcl, in the same folder", source.Name)
		}
		own, err := readPolicy(absolute(of))
		if err != nil {
			return nil, err
		}
		p, diags := load(floor, own)
		if p == nil {
			return diags, nil
		}
		_, diags = policytest.Load(source, p)
		return diags, nil
	default:
		_, diags := load(floor, source)
		return diags, nil
	}
}

// load loads a policy under a floor, or as one where it says that it is.
func load(floor, own *policy.Source) (*policy.Policy, []policy.Diagnostic) {
	if floor == nil && own != nil && policy.IsFloor(own) {
		return policy.Load(own, nil)
	}
	return policy.Load(floor, own)
}

// validateJSON is what --format json prints.
type validateJSON struct {
	Valid bool        `json:"valid"` // every file is
	Files []validated `json:"files"`
}

func (c *validateCmd) show(s streams, all []validated, broken bool) error {
	if c.Format == "json" {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(validateJSON{!broken, all})
	}
	for _, v := range all {
		if err := policy.FormatDiagnostics(s.out, v.Diagnostics, isTerminal(s)); err != nil {
			return err
		}
		if v.Valid {
			fmt.Fprintf(s.out, "%s: ok\n", v.File)
		}
	}
	return nil
}

// relative shortens an absolute path to one below the working folder, where
// it is one.
func relative(file string) string {
	here, err := filepath.Abs(".")
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(here, file); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return file
}

// isTerminal tells whether output may be coloured: it goes to a terminal, and
// NO_COLOR is not set.
func isTerminal(s streams) bool {
	f, ok := s.out.(interface{ Fd() uintptr })
	return ok && !noColor() && term.IsTerminal(int(f.Fd()))
}
