package gather

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Proposed is the policy as it would be once the pull request is merged.
type Proposed struct {
	// Policy is nil where it does not load.
	Policy *policy.Policy
	// Floor and Own are the new versions of the organisation's and of the
	// repository's policy; nil where it is not changed.
	Floor, Own *policy.Source
	// Tests are the policy's test files as they stand at the head.
	Tests []policy.Source
}

// touched is what of the policy a pull request changes.
type touched struct {
	paths  []string        // policies that stand at the head
	gone   []string        // policies that it removes
	tested map[string]bool // folders whose policy or tests change
}

// touched finds what of the policy the pull request changes.
func (r *reading) touched() touched {
	organisation := strings.EqualFold(r.ref.Repo, ".github")
	t := touched{tested: map[string]bool{}}
	for _, f := range r.out.Pull.Files {
		for _, name := range f.Paths() {
			dir := folder(name)
			switch {
			case dir != folder(policy.RepoPath) && (dir != "" || !organisation):
			case strings.HasSuffix(name, policy.TestSuffix):
				t.tested[dir] = true
			case name == policy.RepoPath || organisation && name == policy.FloorPath:
				if name == f.Path && f.Status != fact.Removed {
					t.paths, t.tested[dir] = append(t.paths, name), true
				} else {
					t.gone = append(t.gone, name)
				}
			}
		}
	}
	slices.Sort(t.paths)
	return t
}

// proposal loads the policy files that the pull request changes as they stand
// at its head, and reads their tests. It costs a call where there are any,
// beside the others.
func (r *reading) proposal(ctx context.Context, t touched) error {
	p, paths := &r.out.Pull, t.paths
	if len(t.tested)+len(t.gone) == 0 {
		return nil
	}
	var asks []github.Ask
	for dir := range t.tested {
		asks = append(asks, github.Ask{Place: github.Place{Commit: p.Head.SHA, Path: dir}, Content: true, List: true})
	}
	for _, path := range paths {
		asks = append(asks, github.Ask{Place: github.Place{Commit: p.Head.SHA, Path: path}, Content: true})
	}
	found, err := r.client.Objects(ctx, r.ref.Owner, r.ref.Repo, asks)
	if err != nil {
		return err
	}
	out, from := &policy.Proposal{Paths: paths}, &Proposed{Policy: r.out.Policy}
	for _, path := range t.gone {
		out.Diagnostics = append(out.Diagnostics, policy.Diagnostic{
			Severity: policy.SeverityWarning, Source: path, Summary: "The policy is removed",
			Detail: "A policy that was there and is gone fails the check of every pull request. Before this is merged, no longer require the check.",
		})
	}
	floor := r.floor
	for _, path := range paths {
		at := look(found, p.Head.SHA, path)
		if !at.Bytes.IsKnown() {
			out.Diagnostics = append(out.Diagnostics, policy.Diagnostic{
				Severity: policy.SeverityError, Source: path, Summary: "The new version cannot be read",
				Detail: "It was not read because " + at.Bytes.Unknown + ".",
			})
			continue
		}
		source := &policy.Source{Name: path, Blob: at.Entry.Value.Blob, Bytes: at.Bytes.Value}
		if path == policy.FloorPath {
			floor, from.Floor = source, source
		} else {
			from.Own = source
		}
	}
	if len(paths) > 0 {
		var all []policy.Diagnostic
		from.Policy, all = policy.Load(floor, from.Own)
		for _, d := range all {
			if slices.Contains(paths, d.Source) {
				out.Diagnostics = append(out.Diagnostics, d)
			}
		}
		if !out.Loads() {
			from.Policy = nil
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(t.tested)) {
		r.tests(out, from, found, dir)
	}
	r.out.Proposal, r.out.Proposed = out, from
	return nil
}

// folder is the folder of a path, "" for the root.
func folder(name string) string {
	return strings.TrimSuffix(name[:strings.LastIndexByte(name, '/')+1], "/")
}

// tests adds the test files of a folder: those that are named for the policy,
// or for no other file beside them.
func (r *reading) tests(out *policy.Proposal, from *Proposed, found map[github.Place]github.Object, dir string) {
	at := look(found, r.out.Pull.Head.SHA, dir)
	if !at.Names.IsKnown() {
		out.Failed = append(out.Failed, policy.TestFailure{Source: dir, Message: "the tests cannot be read: " + at.Names.Unknown})
		return
	}
	for _, name := range at.Names.Value {
		of, isTest := strings.CutSuffix(name, policy.TestSuffix)
		if !isTest || of+".hcl" != policy.FloorPath && slices.Contains(at.Names.Value, of+".hcl") {
			continue
		}
		full := path.Join(dir, name)
		text := look(found, r.out.Pull.Head.SHA, full).Bytes
		if !text.IsKnown() {
			out.Failed = append(out.Failed, policy.TestFailure{Source: full, Message: "it cannot be read: " + text.Unknown})
			continue
		}
		from.Tests = append(from.Tests, policy.Source{Name: full, Bytes: text.Value})
	}
}
