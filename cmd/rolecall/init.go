package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/rolecall/rolecall/policy"
)

type initCmd struct {
	File     string   `arg:"" optional:"" default:".github/rolecall.hcl" help:"Where to write (${default})." type:"path"`
	Cloud    []string `placeholder:"@ORG/TEAM" help:"Who are the Cloud Engineers: teams or people."`
	Security []string `placeholder:"@ORG/TEAM" help:"Who are the Security Engineers."`
	Manager  []string `placeholder:"@LOGIN" help:"Who are the managers."`
	OnCall   []string `name:"on-call" placeholder:"@LOGIN" help:"Who takes weekly turns on call, in their order; left out: nobody."`
	Timezone string   `placeholder:"ZONE" help:"The time zone of working hours, such as Europe/Berlin; left out: UTC."`
	Observe  bool     `help:"Write a policy that decides and explains, and never blocks."`
	Force    bool     `help:"Replace a file that is there."`
}

// Run asks for what no flag gave, where somebody is there to answer, and
// writes a policy that loads.
func (c *initCmd) Run(s streams) error {
	answers := bufio.NewScanner(s.in)
	var missing []string
	for _, q := range []struct {
		into *[]string
		ask  string
		flag string
	}{
		{&c.Cloud, "Cloud Engineers (teams such as @acme/cloud, or people)", "--cloud"},
		{&c.Security, "Security Engineers", "--security"},
		{&c.Manager, "Managers", "--manager"},
	} {
		if len(*q.into) > 0 {
			continue
		}
		if !interactive(s) {
			missing = append(missing, q.flag)
			continue
		}
		fmt.Fprintf(s.out, "%s: ", q.ask)
		if !answers.Scan() {
			return errors.New("no answer: nothing was written")
		}
		*q.into = strings.FieldsFunc(answers.Text(), func(r rune) bool { return r == ' ' || r == ',' })
	}
	if len(missing) > 0 {
		return fmt.Errorf("nobody is named by %s\nhint: teams or people, such as rolecall init --cloud @acme/cloud --security @acme/security --manager @ana", strings.Join(missing, ", "))
	}
	text, err := policy.Init(policy.InitOptions{
		Cloud: c.Cloud, Security: c.Security, Managers: c.Manager, OnCall: c.OnCall,
		Start: nextMonday(time.Now()), Timezone: c.Timezone, Observe: c.Observe,
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.File), 0o755); err != nil { //nolint:gosec // a policy is for everybody to read
		return err
	}
	if err := writeNew(c.File, text, c.Force); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists and was left as it is: --force replaces it", relative(c.File))
	} else if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "wrote %s\n", relative(c.File))
	tests := strings.TrimSuffix(c.File, ".hcl") + policy.TestSuffix
	switch err := writeNew(tests, policy.InitTests(), false); { // somebody's tests are never replaced
	case errors.Is(err, fs.ErrExist):
		fmt.Fprintf(s.out, "left the tests in %s as they are\n", relative(tests))
	case err != nil:
		return err
	default:
		fmt.Fprintf(s.out, "wrote %s\n", relative(tests))
	}
	fmt.Fprintf(s.out, "next: rolecall validate %s && rolecall test %s, then commit both to the default branch\n", relative(c.File), relative(tests))
	return nil
}

// writeNew makes a file that is not there yet, or replaces one.
func writeNew(file string, text []byte, replace bool) error {
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if replace {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(file, mode, 0o644) //nolint:gosec // a policy is for everybody to read
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", relative(file), err)
	}
	return nil
}

// nextMonday is when the first turn on call begins: at nine, UTC.
func nextMonday(now time.Time) time.Time {
	now = now.UTC()
	days := (int(time.Monday-now.Weekday())+6)%7 + 1
	return time.Date(now.Year(), now.Month(), now.Day()+days, 9, 0, 0, 0, time.UTC)
}

// interactive tells whether somebody can answer a question.
func interactive(s streams) bool {
	f, ok := s.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func noColor() bool { return os.Getenv("NO_COLOR") != "" }
