package replay

import (
	"context"
	"strings"
)

// Paths lists the files of a commit, in git's order.
func (r *Repository) Paths(ctx context.Context, sha string) ([]string, error) {
	out, err := r.run(ctx, "ls-tree", "-r", "-z", "--name-only", "--full-tree", sha)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), nil
}
