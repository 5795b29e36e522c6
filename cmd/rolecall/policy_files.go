package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// isTest reports whether a file is one of a policy's tests.
func isTest(file string) bool { return strings.HasSuffix(file, policy.TestSuffix) }

// policyFiles lists the policies and their tests among the paths, each once:
// a file is taken as it is named; below a folder it is what is called
// rolecall.hcl, every test file, and the policy that a test file is named for.
// Other clones below it are none of its own.
func policyFiles(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, path)
			continue
		}
		err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			switch name := d.Name(); {
			case err != nil:
				return err
			case d.IsDir() && file != path && (strings.HasPrefix(name, ".") && name != ".github" || name == "node_modules" || name == "vendor" || isClone(file)):
				return filepath.SkipDir
			case d.IsDir():
			case isTest(name):
				out = append(out, file)
				if of := testedBy(file); of != "" {
					out = append(out, of)
				}
			case name == policy.FloorPath:
				out = append(out, file)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// isClone reports whether a folder is the root of a git repository.
func isClone(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}

// testedBy is the policy that a test file is about: NAME.hcl beside
// NAME.rolecall_test.hcl, or else rolecall.hcl; "" where neither is there.
func testedBy(test string) string {
	for _, file := range []string{
		strings.TrimSuffix(test, policy.TestSuffix) + ".hcl",
		filepath.Join(filepath.Dir(test), policy.FloorPath),
	} {
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
	}
	return ""
}

// explained prints the diagnostics of a file, to be read by people.
func explained(s streams, diags []policy.Diagnostic) error {
	if err := policy.FormatDiagnostics(s.err, diags, isTerminal(streams{out: s.err})); err != nil {
		return err
	}
	if len(diags) > 0 {
		fmt.Fprintln(s.err)
	}
	return nil
}
