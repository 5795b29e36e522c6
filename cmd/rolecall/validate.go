package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/term"

	"github.com/rolecall/rolecall/policy"
)

type validateCmd struct {
	Files []string `arg:"" optional:"" name:"file" help:"Policy files of repositories, each checked by itself." type:"path"`
	Floor string   `placeholder:"FILE" help:"The organisation's policy: it is checked too, and the files are checked under it." type:"path"`
}

// Run prints every diagnostic and fails where one of them is an error.
func (c *validateCmd) Run(s streams) error {
	if len(c.Files) == 0 && c.Floor == "" {
		return errors.New("no file to check: name a policy file, such as " + policy.RepoPath)
	}
	var floor *policy.Source
	if c.Floor != "" {
		f, err := readPolicy(c.Floor)
		if err != nil {
			return err
		}
		if ok, err := validate(s, f, f, nil); err != nil || !ok {
			return cmp.Or(err, error(exitCode(exitError)))
		}
		floor = f
	}
	broken := 0
	for _, file := range c.Files {
		source, err := readPolicy(file)
		if err != nil {
			return err
		}
		ok, err := validate(s, source, floor, source)
		if err != nil {
			return err
		}
		if !ok {
			broken++
		}
	}
	if broken > 0 {
		return exitCode(exitError)
	}
	return nil
}

// validate prints what there is to say of one source, and whether it loads.
func validate(s streams, of, floor, repo *policy.Source) (ok bool, err error) {
	_, diags := policy.Load(floor, repo)
	if err := policy.FormatDiagnostics(s.out, diags, isTerminal(s)); err != nil {
		return false, err
	}
	if hasErrors(diags) {
		return false, nil
	}
	fmt.Fprintf(s.out, "%s: ok\n", of.Name)
	return true, nil
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
