package replay

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// History yields, newest first, every change that went into a branch: what
// each merge on its line of first parents brought, and each commit made on it.
// The commit at the root brings no change.
func (r *Repository) History(ctx context.Context, tip, since string, yield func(Change) error) error {
	args := []string{"rev-list", "--first-parent", "--parents"}
	if since != "" {
		args = append(args, "--since="+since)
	}
	return r.lines(ctx, append(args, tip), func(line string) error {
		commit := strings.Fields(line)
		switch len(commit) {
		case 1:
			return nil
		case 3:
			return yield(Change{Base: commit[1], Head: commit[2], Name: short(commit[0]), Merge: commit[0]})
		}
		return yield(Change{Base: commit[1], Head: commit[0], Name: short(commit[0])})
	})
}

// Pulls yields, by their numbers, the pull requests whose heads the repository
// holds. One that was merged is taken as it was then.
func (r *Repository) Pulls(ctx context.Context, tip string, yield func(Change) error) error {
	type merge struct{ into, by string }
	merged := make(map[string]merge) // by head
	err := r.lines(ctx, []string{"rev-list", "--first-parent", "--merges", "--parents", tip}, func(line string) error {
		if c := strings.Fields(line); len(c) == 3 {
			merged[c[2]] = merge{c[1], c[0]}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.lines(ctx, []string{"for-each-ref", "--sort=version:refname", "--format=%(objectname) %(objecttype) %(refname)", "refs/pull/*/head"}, func(line string) error {
		f := strings.Fields(line)
		if len(f) != 3 || f[1] != "commit" {
			return nil
		}
		m, is := merged[f[0]]
		if !is {
			m.into = tip
		}
		number := strings.TrimSuffix(strings.TrimPrefix(f[2], "refs/pull/"), "/head")
		return yield(Change{Base: m.into, Head: f[0], Name: "#" + number, Merge: m.by})
	})
}

// lines hands on each line that a git command prints, as it comes.
func (r *Repository) lines(ctx context.Context, args []string, each func(string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := r.command(ctx, args...)
	var stderr tail
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("git %s: %w", args[0], err)
	}
	scan := bufio.NewScanner(out)
	for scan.Scan() {
		if err := each(scan.Text()); err != nil {
			cancel()
			_ = cmd.Wait() // what each said counts
			return err
		}
	}
	if err := cmd.Wait(); err != nil {
		return gitError(args[0], err, stderr.buf.String())
	}
	return scan.Err()
}
