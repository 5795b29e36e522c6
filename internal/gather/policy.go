package gather

import (
	"context"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy"
)

// floorMark stands for an organisation's floor where the records keep which
// policies were seen. No repository can have this name.
const floorMark = ".github:" + policy.FloorPath

// policy loads what stands on the default branches, and tells a policy that
// is gone from one that never was.
func (r *reading) policy(ctx context.Context) error {
	draft := r.g.options.Draft
	own, err := r.drafted(draft.Own, false), error(nil)
	if own == nil {
		if own, err = r.source(ctx, r.facts.Policy, r.ref.Repo, policy.RepoPath, false); err != nil {
			return err
		}
	}
	floor := r.drafted(draft.Floor, true)
	if floor == nil {
		if floor, err = r.source(ctx, r.facts.Floor, floorMark, r.ref.Owner+"/.github: "+policy.FloorPath, true); err != nil {
			return err
		}
	}
	r.floor = floor
	if own == nil && floor == nil && !r.out.Gone && r.facts.Policy.Problem == "" {
		own = r.g.options.DefaultPolicy
		if own != nil {
			r.out.Sources = append(r.out.Sources, policy.SourceRef{Name: own.Name, Blob: own.Blob})
		}
	}
	r.out.Floor, r.out.Own = floor, own
	switch {
	case r.out.Gone:
		return nil
	case own == nil && floor == nil:
		// A floor that cannot be read matters only where somebody uses
		// rolecall at all.
		r.out.Missing = true
		return nil
	case draft.Floor == nil && r.facts.Floor.Problem != "":
		r.gone(r.ref.Owner+"/.github: "+policy.FloorPath, "The organisation's policy cannot be read",
			"It was not read because "+r.facts.Floor.Problem+". Let rolecall's installation read the repository .github.")
		return nil
	}
	r.out.Policy, r.out.Diagnostics = r.g.sources.load(floor, own)
	return nil
}

// source is the policy in file, nil where there is none. Where there once was
// one, it notes that it is gone.
func (r *reading) source(ctx context.Context, file github.PolicyFile, repo, name string, floor bool) (*policy.Source, error) {
	if file.Found && file.Problem == "" {
		r.out.Sources = append(r.out.Sources, policy.SourceRef{Name: name, Blob: file.Blob, Floor: floor})
		return &policy.Source{Name: name, Blob: file.Blob, Bytes: file.Bytes}, r.g.sources.saw(ctx, r.g.records, r.ref.Owner, repo)
	}
	if file.Found {
		r.out.Sources = append(r.out.Sources, policy.SourceRef{Name: name, Blob: file.Blob, Floor: floor})
		r.gone(name, "The policy cannot be read", "It was not read because "+file.Problem+".")
		return nil, r.g.sources.saw(ctx, r.g.records, r.ref.Owner, repo)
	}
	seen, err := r.g.records.PolicySeen(ctx, r.ref.Owner, repo)
	switch {
	case err != nil:
		return nil, err
	case seen && file.Problem != "":
		r.gone(name, "The policy cannot be read", "There was one, and now it was not read because "+file.Problem+".")
	case seen:
		r.gone(name, "The policy is gone", "There was a policy at this path, and now there is none. Bring it back, or no longer require the check.")
	case file.Problem != "" && !floor:
		r.gone(name, "The policy cannot be read", "It was not read because "+file.Problem+".")
	}
	return nil, nil
}

// drafted notes a draft among the sources, nil where there is none.
func (r *reading) drafted(s *policy.Source, floor bool) *policy.Source {
	if s != nil {
		r.out.Sources = append(r.out.Sources, policy.SourceRef{Name: s.Name, Blob: s.Blob, Floor: floor})
	}
	return s
}

func (r *reading) gone(source, summary, detail string) {
	r.out.Gone = true
	r.out.Diagnostics = append(r.out.Diagnostics, policy.Diagnostic{
		Severity: "error", Source: source, Summary: summary, Detail: detail,
	})
}

// sources keeps policies that were loaded, by what they were loaded from, and
// remembers which were recorded as seen.
type sources struct {
	loaded *lru.Cache[sourceKey, loaded]
	seen   sync.Map // "owner/repo" → struct{}
}

type sourceKey struct{ floor, floorName, own, ownName string }

type loaded struct {
	policy      *policy.Policy
	diagnostics []policy.Diagnostic
}

func newSources() *sources {
	c, err := lru.New[sourceKey, loaded](256)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &sources{loaded: c}
}

func (s *sources) load(floor, own *policy.Source) (*policy.Policy, []policy.Diagnostic) {
	var key sourceKey
	cacheable := true
	if floor != nil {
		key.floor, key.floorName = floor.Blob, floor.Name
		cacheable = floor.Blob != ""
	}
	if own != nil {
		key.own, key.ownName = own.Blob, own.Name
		cacheable = cacheable && own.Blob != ""
	}
	if got, ok := s.loaded.Get(key); ok && cacheable {
		return got.policy, got.diagnostics
	}
	p, diagnostics := policy.Load(floor, own)
	if cacheable {
		s.loaded.Add(key, loaded{p, diagnostics})
	}
	return p, diagnostics
}

// saw records once that a policy exists.
func (s *sources) saw(ctx context.Context, records Records, owner, repo string) error {
	key := owner + "/" + repo
	if _, known := s.seen.Load(key); known {
		return nil
	}
	if err := records.SetPolicySeen(ctx, owner, repo); err != nil {
		return err
	}
	s.seen.Store(key, struct{}{})
	return nil
}
