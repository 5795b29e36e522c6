package gather

import (
	"context"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// proposed lists the policy files that the pull request changes and that stand
// at its head.
func (r *reading) proposed() []string {
	p := &r.out.Pull
	changed := func(path string) bool {
		return slices.ContainsFunc(p.Files, func(f fact.File) bool { return f.Path == path && f.Status != fact.Removed })
	}
	var paths []string
	if changed(policy.RepoPath) {
		paths = append(paths, policy.RepoPath)
	}
	if strings.EqualFold(r.ref.Repo, ".github") && changed(policy.FloorPath) {
		paths = append(paths, policy.FloorPath)
	}
	return paths
}

// proposal loads the policy files at paths as they stand at the head. It costs
// a call where there are any, beside the others.
func (r *reading) proposal(ctx context.Context, paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	p := &r.out.Pull
	var asks []github.Ask
	for _, path := range paths {
		asks = append(asks, github.Ask{Place: github.Place{Commit: p.Head.SHA, Path: path}, Content: true})
	}
	found, err := r.client.Objects(ctx, r.ref.Owner, r.ref.Repo, asks)
	if err != nil {
		return err
	}
	out := &policy.Proposal{Paths: paths}
	floor, own := r.floor, (*policy.Source)(nil)
	for _, path := range paths {
		text := look(found, p.Head.SHA, path).Bytes
		if !text.IsKnown() {
			out.Diagnostics = append(out.Diagnostics, policy.Diagnostic{
				Severity: policy.SeverityError, Source: path, Summary: "The new version cannot be read",
				Detail: "It was not read because " + text.Unknown + ".",
			})
			continue
		}
		source := &policy.Source{Name: path, Bytes: text.Value}
		if path == policy.FloorPath {
			floor = source
		} else {
			own = source
		}
	}
	_, all := policy.Load(floor, own)
	for _, d := range all {
		if slices.Contains(paths, d.Source) {
			out.Diagnostics = append(out.Diagnostics, d)
		}
	}
	r.out.Proposal = out
	return nil
}
