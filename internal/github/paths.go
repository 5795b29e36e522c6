package github

import (
	"context"
	"sort"

	"github.com/google/go-github/v60/github"
)

// Paths lists the files of a commit, sorted. A tree that GitHub cuts short is
// [TooLarge].
// https://docs.github.com/rest/git/trees#get-a-tree
func (c *Client) Paths(ctx context.Context, owner, repo, commit string) ([]string, error) {
	var tree *github.Tree
	err := c.do(ctx, "tree", true, func(ctx context.Context) (resp *github.Response, err error) {
		tree, resp, err = c.rest.Git.GetTree(ctx, owner, repo, commit, true)
		return resp, err
	})
	if err != nil {
		return nil, err
	}
	if tree.GetTruncated() {
		return nil, &Error{Op: "tree", Kind: TooLarge, Message: "the repository has more files than GitHub lists at once: run the command in a clone of it"}
	}
	var out []string
	for _, e := range tree.Entries {
		if e.GetType() != "tree" {
			out = append(out, e.GetPath())
		}
	}
	sort.Strings(out)
	return out, nil
}
