package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hexops/gotextdiff"
	"github.com/hexops/gotextdiff/myers"
	"github.com/hexops/gotextdiff/span"

	"github.com/rolecall/rolecall/policy"
)

type fmtCmd struct {
	Files []string `arg:"" optional:"" name:"path" help:"Policies, test files, and folders to look for them in; - reads one file from the standard input and writes it to the standard output. Left out: the folder that you are in."`
	Check bool     `help:"Write nothing, and exit with 3 where a file is not in canonical layout."`
	Diff  bool     `help:"Show what changes."`
	Write bool     `negatable:"" default:"true" help:"Write what changes back to the files."`
}

// Help is the long help.
func (c *fmtCmd) Help() string {
	return "Lists the files that change. Exit code 0: all is well; 1: a file does not parse, or cannot be read or written; 3: with --check, a file would change."
}

// Run brings files into canonical layout. Every file is tried.
func (c *fmtCmd) Run(s streams) error {
	if len(c.Files) == 1 && c.Files[0] == "-" {
		text, err := io.ReadAll(s.in)
		if err != nil {
			return err
		}
		return c.standard(s, text)
	}
	paths := c.Files
	if len(paths) == 0 {
		paths = []string{"."}
	}
	files, err := policyFiles(paths)
	if err != nil {
		return err
	}
	var failed error
	changed := false
	for _, file := range files {
		if file == "-" {
			return errors.New("- stands alone: one file is read from the standard input")
		}
		one, err := c.file(s, file)
		changed = changed || one
		if err != nil {
			failed = errors.Join(failed, err)
		}
	}
	switch {
	case failed != nil:
		return failed
	case changed && c.Check:
		return exitCode(exitRequired)
	}
	return nil
}

// standard formats from the standard input to the standard output.
func (c *fmtCmd) standard(s streams, text []byte) error {
	formatted, err := formatted(s, "standard input", text)
	if err != nil {
		return err
	}
	same := bytes.Equal(text, formatted)
	switch {
	case c.Diff && !same:
		fmt.Fprint(s.out, diffOf("standard input", text, formatted))
	case !c.Check && !c.Diff:
		if _, err := s.out.Write(formatted); err != nil {
			return err
		}
	}
	if c.Check && !same {
		return exitCode(exitRequired)
	}
	return nil
}

// file formats one file and reports whether it changes.
func (c *fmtCmd) file(s streams, file string) (changed bool, err error) {
	name := relative(absolute(file))
	text, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	formatted, err := formatted(s, name, text)
	if err != nil || bytes.Equal(text, formatted) {
		return false, err
	}
	fmt.Fprintln(s.out, name)
	if c.Diff {
		fmt.Fprint(s.out, diffOf(name, text, formatted))
	}
	if c.Check || !c.Write {
		return true, nil
	}
	return true, replaceFile(file, formatted)
}

func absolute(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		return abs
	}
	return file
}

// formatted is the canonical layout of text; what does not parse is said on
// the standard error.
func formatted(s streams, name string, text []byte) ([]byte, error) {
	out, diags := policy.Format(&policy.Source{Name: name, Bytes: text})
	if policy.HasErrors(diags) {
		if err := explained(s, diags); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s was left as it is", name)
	}
	return out, nil
}

// replaceFile puts text in the place of a file's content in one step, so that
// nothing is lost where it is interrupted. A link's target is replaced.
func replaceFile(file string, text []byte) (err error) {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(target), ".rolecall-fmt-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return os.Rename(f.Name(), target)
}

// diffOf is a unified diff from one text of a file to another.
func diffOf(name string, before, after []byte) string {
	edits := myers.ComputeEdits(span.URIFromPath(name), string(before), string(after))
	return fmt.Sprint(gotextdiff.ToUnified("old/"+name, "new/"+name, string(before), edits))
}
