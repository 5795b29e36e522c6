// Command rolecall is a GitHub App that makes sure every pull request is
// reviewed by the people whose role calls for it, and the tools for writing
// its policies. Here are flags and wiring only; what rolecall does lives in
// the packages below internal and policy.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit codes of rolecall.
const (
	exitOK       = 0
	exitError    = 1
	exitUsage    = 2
	exitRequired = 3 // reviews are required
)

// cli is the whole command line, one field for each subcommand.
type cli struct {
	Serve      serveCmd      `cmd:"" help:"Run the GitHub App: receive webhooks, decide, report."`
	Demo       demoCmd       `cmd:"" help:"Play the life of a pull request against a GitHub of its own, on this machine."`
	Init       initCmd       `cmd:"" help:"Write a policy to start from."`
	Import     importCmd     `cmd:"" help:"Make a policy of CODEOWNERS, or of a policy-bot policy."`
	LSP        lspCmd        `cmd:"" name:"lsp" help:"Serve editors: a language server for policies."`
	Validate   validateCmd   `cmd:"" help:"Check policy files."`
	Fmt        fmtCmd        `cmd:"" help:"Bring policies and their tests into canonical layout."`
	Test       testCmd       `cmd:"" help:"Run the tests of policies."`
	Check      checkCmd      `cmd:"" help:"Decide on a range of commits of a local repository."`
	Explain    explainCmd    `cmd:"" help:"Explain the decision on one pull request, as a tree."`
	Simulate   simulateCmd   `cmd:"" help:"Try a draft policy on a pull request, writing nothing."`
	Diff       diffCmd       `cmd:"" help:"Show what a range of commits does, as far as rolecall knows it."`
	Backtest   backtestCmd   `cmd:"" help:"Replay policies over the history of a local repository."`
	Audit      auditCmd      `cmd:"" help:"Read the record: verify it, export it, decide again from it."`
	Doctor     doctorCmd     `cmd:"" help:"Look over how rolecall is set up for a repository on GitHub."`
	Ownership  ownershipCmd  `cmd:"" help:"Show what nobody owns: paths, projects without a DRI, roles with too few people."`
	Handoff    handoffCmd    `cmd:"" help:"Show what is left to do: reviews owed, overdue, stuck and waiting."`
	Load       loadCmd       `cmd:"" help:"Show who carries how many reviews."`
	Measure    measureCmd    `cmd:"" hidden:"" help:"Measure a rolecall server against a fake GitHub."`
	FakeGithub fakeGithubCmd `cmd:"" name:"fake-github" hidden:"" help:"Serve a fake GitHub, for tests and load."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exitCode is an error that asks for an exit code and says nothing more.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// run performs the command line args and returns the process's exit code.
func run(ctx context.Context, args []string, s streams) int {
	var c cli
	code := -1
	parser, err := kong.New(&c,
		kong.Name("rolecall"),
		kong.Description("Every pull request is reviewed by the people whose role calls for it."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(s.out, s.err),
		kong.Exit(func(n int) { code = n }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		fmt.Fprintf(s.err, "rolecall: %v\n", err)
		return exitError
	}
	if len(args) == 0 {
		if _, err := parser.Parse([]string{"--help"}); err != nil {
			fmt.Fprintf(s.err, "rolecall: %v\n", err)
		}
		return exitUsage
	}
	parsed, err := parser.Parse(goFlags(args))
	if code >= 0 { // --help was answered
		return code
	}
	if err != nil {
		fmt.Fprintf(s.err, "rolecall: %v\n", err)
		var wrong *kong.ParseError
		if errors.As(err, &wrong) && wrong.Context.Selected() != nil {
			fmt.Fprintf(s.err, "hint: %s --help says what the command takes\n", wrong.Context.Selected().FullPath())
		} else {
			fmt.Fprintln(s.err, "hint: rolecall --help lists the commands")
		}
		return exitUsage
	}
	err = parsed.Run()
	var exit exitCode
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return int(exit)
	}
	fmt.Fprintf(s.err, "rolecall: %s\n", plainly(err))
	return exitError
}

// plainly words an error; what the system says of a file is not for people.
func plainly(err error) string {
	said := err.Error()
	var file *fs.PathError
	if !errors.As(err, &file) {
		return said
	}
	why := ""
	switch {
	case errors.Is(file, fs.ErrNotExist):
		why = "there is no such file or folder"
	case errors.Is(file, fs.ErrPermission):
		why = "it may not be read or written"
	case errors.Is(file, syscall.EISDIR):
		why = "it is a folder, and a file is needed"
	default:
		return said
	}
	return strings.Replace(said, file.Error(), relative(file.Path)+": "+why, 1)
}
