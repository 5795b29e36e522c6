package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Repository is a local git repository, bare or not. It is safe for
// concurrent use.
type Repository struct {
	dir    string
	name   string
	recent recentObjects
}

// Open finds the repository that dir is in. A shallow clone is refused, since
// its history may end before the commits at which a change began.
func Open(ctx context.Context, dir string) (*Repository, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(abs); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	r := &Repository{dir: abs}
	shallow, err := r.run(ctx, "rev-parse", "--is-shallow-repository")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("%w\nhint: install git, or put its folder into PATH", err)
	case err != nil && strings.Contains(err.Error(), "not a git repository"):
		return nil, fmt.Errorf("%w\nhint: run it in a clone, or name the clone's folder", err)
	case err != nil && strings.Contains(err.Error(), "dubious ownership"):
		return nil, fmt.Errorf("%w\nhint: if you trust it: git config --global --add safe.directory %s", err, abs)
	case err != nil:
		return nil, err
	}
	if shallow == "true" {
		return nil, errors.New("the repository is a shallow clone, which does not hold enough history\nhint: git fetch --unshallow, or a checkout of the whole history (fetch-depth: 0)")
	}
	gitDir, err := r.run(ctx, "rev-parse", "--absolute-git-dir")
	if err != nil {
		return nil, err
	}
	if filepath.Base(gitDir) == ".git" {
		gitDir = filepath.Dir(gitDir)
	}
	r.name = strings.TrimSuffix(filepath.Base(gitDir), ".git")
	return r, nil
}

// Name is the name of the repository's folder.
func (r *Repository) Name() string { return r.name }

// Resolve returns the SHA of the commit that rev names.
func (r *Repository) Resolve(ctx context.Context, rev string) (string, error) {
	sha, err := r.run(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	var exit *exec.ExitError
	if rev == "" || errors.As(err, &exit) {
		if any, err := r.run(ctx, "rev-list", "--max-count=1", "--all"); err == nil && any == "" {
			return "", fmt.Errorf("%q names no commit: the repository has none yet", rev)
		}
		return "", fmt.Errorf("%q names no commit of the repository\nhint: git fetch brings branches and tags that are not here yet", rev)
	}
	return sha, err
}

// Since reads a date as git does. Git takes what it does not know for now.
func (r *Repository) Since(ctx context.Context, date string) error {
	before := time.Now().Unix()
	said, err := r.run(ctx, "rev-parse", "--since="+date)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(strings.TrimPrefix(said, "--max-age="), 10, 64)
	if err != nil || seconds >= before && !strings.Contains(strings.ToLower(date), "now") && !strings.ContainsAny(date, "0123456789") {
		return fmt.Errorf("%q is no date that git knows\nhint: write one like 2026-01-31, or \"6 months ago\"", date)
	}
	return nil
}

// DefaultBranch is the branch that origin's HEAD points to, "" where the
// repository does not tell.
func (r *Repository) DefaultBranch(ctx context.Context) string {
	ref, err := r.run(ctx, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
	if err != nil {
		return ""
	}
	branch, _ := strings.CutPrefix(ref, "refs/remotes/origin/")
	return branch
}

// run returns what a git command prints, without its last line's end.
func (r *Repository) run(ctx context.Context, args ...string) (string, error) {
	cmd := r.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", gitError(args[0], err, stderr.String())
	}
	return strings.TrimSuffix(stdout.String(), "\n"), nil
}

func gitError(name string, err error, stderr string) error {
	said, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(stderr), "fatal: "), "\n")
	if said == "" {
		return fmt.Errorf("git %s: %w", name, err)
	}
	return failure{"git " + name + ": " + said, err}
}

// failure is what git said when it failed; the exit status says no more to
// people.
type failure struct {
	said string
	err  error
}

func (f failure) Error() string { return f.said }

func (f failure) Unwrap() error { return f.err }

// command prepares git so that nothing in the repository can make it run
// another program. The folder is no argument, so that none is taken for an
// option.
func (r *Repository) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{
		"--no-pager", "--no-optional-locks", "--no-replace-objects",
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "protocol.allow=never", "-c", "advice.graftFileDeprecated=false",
	}, args...)...)
	cmd.Dir = r.dir
	cmd.Env = environment()
	return cmd
}

// environment is the process's own without what steers git elsewhere.
func environment() []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "GIT_") && name != "GIT_CONFIG_GLOBAL" && name != "GIT_CEILING_DIRECTORIES" {
			continue
		}
		if name == "LC_ALL" || name == "LANGUAGE" || name == "PWD" {
			continue
		}
		env = append(env, e)
	}
	return append(env, "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
		// A partial clone fetches what it lacks, by programs that its
		// configuration names.
		"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none",
		// Grafts make up another history.
		"GIT_GRAFT_FILE="+os.DevNull,
	)
}
