package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rolecall/rolecall/internal/adopt"
	"github.com/rolecall/rolecall/internal/report"
)

type importCmd struct {
	Codeowners importCodeownersCmd `cmd:"" help:"Make a policy of a CODEOWNERS file."`
	PolicyBot  importPolicyBotCmd  `cmd:"" name:"policy-bot" help:"Make a policy of a policy-bot policy.yml."`
}

// importInto is what every import has.
type importInto struct {
	Out    string   `short:"o" placeholder:"FILE" help:"Where to write; left out: standard output." type:"path"`
	Force  bool     `help:"Replace a file that is there."`
	Keeper []string `placeholder:"@ORG/TEAM" help:"Who must approve changes of the policy itself: teams or people; left out: whom the file names for it."`
}

type importCodeownersCmd struct {
	importInto
	File string `arg:"" optional:"" help:"The file; left out: where GitHub looks for it." type:"path"`
}

type importPolicyBotCmd struct {
	importInto
	Repository string `placeholder:"OWNER/NAME" help:"The repository that the policy is for, where the file asks which one it is."`
	File       string `arg:"" optional:"" help:"The file; left out: .policy.yml." type:"path"`
}

// Run writes the policy, and the notes where they are not in the way of it.
func (c *importCodeownersCmd) Run(s streams) error {
	return c.write(s, c.File, []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}, "", adopt.Codeowners)
}

// Run writes the policy, and the notes where they are not in the way of it.
func (c *importPolicyBotCmd) Run(s streams) error {
	return c.write(s, c.File, []string{".policy.yml", "policy.yml"}, c.Repository, adopt.PolicyBot)
}

func (c *importInto) write(s streams, file string, places []string, repository string, read func([]byte, adopt.Options) (adopt.Import, error)) error {
	text, name, err := firstFile(file, places)
	if err != nil {
		return err
	}
	imported, err := read(text, adopt.Options{Name: filepath.Base(name), Keepers: c.Keeper, Repository: repository})
	for _, n := range imported.Notes {
		fmt.Fprintf(s.err, "note: %s\n", report.Visible(n.String()))
	}
	if err != nil {
		return err
	}
	if c.Out == "" {
		_, err := s.out.Write(imported.Policy)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.Out), 0o755); err != nil { //nolint:gosec // a policy is for everybody to read
		return err
	}
	if err := writeNew(c.Out, imported.Policy, c.Force); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists and was left as it is: --force replaces it", relative(c.Out))
	} else if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "wrote %s\nnext: rolecall validate %[1]s\n", relative(c.Out))
	return nil
}

// firstFile reads the file that is named, or the first of the places that is
// there.
func firstFile(file string, places []string) (text []byte, name string, err error) {
	if file != "" {
		places = []string{file}
	}
	for _, name := range places {
		text, err := os.ReadFile(name)
		if file == "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		return text, name, nil
	}
	return nil, "", fmt.Errorf("there is no %s here: name the file", strings.Join(places, ", nor "))
}
