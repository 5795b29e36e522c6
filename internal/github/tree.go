package github

import (
	"context"
	"errors"

	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/policy/fact"
)

// wholeTree is from how many plain entries of one commit on its whole tree is
// read, in one call, instead of a query for every hundred.
const wholeTree = 300

// split takes out of asks the commits of which so many plain entries are
// wanted that their whole trees are cheaper.
func split(asks []Ask) (trees map[string][]Ask, rest []Ask) {
	count := make(map[string]int)
	for _, a := range asks {
		if !a.Content && !a.List {
			count[a.Commit]++
		}
	}
	trees = make(map[string][]Ask)
	for _, a := range asks {
		if !a.Content && !a.List && count[a.Commit] >= wholeTree {
			trees[a.Commit] = append(trees[a.Commit], a)
		} else {
			rest = append(rest, a)
		}
	}
	return trees, rest
}

// fetchTree reads a commit's whole tree for asks, which are plain entries of
// it. A tree that GitHub cuts short, or does not give, is asked for piece by
// piece.
// https://docs.github.com/rest/git/trees#get-a-tree
func (r *objectReader) fetchTree(ctx context.Context, commit string, asks []Ask) error {
	var tree *github.Tree
	err := r.client.do(ctx, "tree", true, func(ctx context.Context) (resp *github.Response, err error) {
		tree, resp, err = r.client.rest.Git.GetTree(ctx, r.owner, r.repo, commit, true)
		return resp, err
	})
	var e *Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &e) && e.Temporary():
		return err
	}
	if err != nil || tree.GetTruncated() {
		for _, part := range chunked(asks) {
			if err := r.fetch(ctx, part); err != nil {
				return err
			}
		}
		return nil
	}
	found := make(map[string]fact.Entry, len(tree.Entries))
	for _, t := range tree.Entries {
		found[t.GetPath()] = fact.Entry{Mode: t.GetMode(), Blob: t.GetSHA()}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range asks {
		entry := found[a.Path]
		r.client.app.cache.entries.Add(entryKey{r.scope, a.Commit, a.Path}, entry)
		o := r.out[a.Place]
		o.Entry = fact.Known(entry)
		r.out[a.Place] = o
	}
	return nil
}
