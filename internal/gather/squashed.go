package gather

import (
	"context"
	"slices"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// maxSquashed bounds the pushes that are looked into.
const maxSquashed = 20

// squashed finds, of those whose word would count here, who pushed commits that
// a force-push has taken out since, though what they did to a changed file is
// not undone: whoever squashes or rewrites another's commits puts their own name
// on them. Who pushed is known from deliveries alone; it only ever tightens.
//
// Of a file that they changed, and that is neither what it was before their push
// nor unchanged now, it cannot be told whose lines are left: it counts as
// theirs.
func (r *reading) squashed(ctx context.Context, paths []string) ([]fact.Person, error) {
	p := &r.out.Pull
	pushes := gone(p, r.pushes)
	var out []fact.Person
	if len(pushes) > maxSquashed {
		for _, push := range pushes[maxSquashed:] {
			out = append(out, push.By)
		}
		pushes = pushes[:maxSquashed]
	}
	var asks []github.Ask
	for _, push := range pushes {
		for _, sha := range []string{push.Before, push.SHA, p.Head.SHA} {
			asks = append(asks, asksOf(sha, paths)...)
		}
	}
	if len(asks) == 0 {
		return out, nil
	}
	found, err := r.client.Objects(ctx, r.ref.Owner, r.ref.Repo, asks)
	if err := unlessRefused(err); err != nil {
		return nil, err
	}
	for _, push := range pushes {
		if slices.ContainsFunc(paths, func(path string) bool {
			at := func(sha string) fact.Maybe[fact.Entry] { return look(found, sha, path).Entry }
			before, then, now := at(push.Before), at(push.SHA), at(p.Head.SHA)
			return !before.IsKnown() || !then.IsKnown() || !now.IsKnown() || then != before && now != before
		}) {
			out = append(out, push.By)
		}
	}
	return out, nil
}

// gone lists the pushes of commits that are no longer part of the pull request,
// by others than its author who have spoken here, the latest first.
func gone(p *fact.Pull, pushes []store.Push) []store.Push {
	left := make(map[string]bool, len(p.Commits))
	for _, c := range p.Commits {
		left[c.SHA] = true
	}
	spoke := make(map[string]bool)
	for _, v := range p.Reviews {
		spoke[fact.Login(v.Author.Login)] = v.State == fact.Approved || spoke[fact.Login(v.Author.Login)]
	}
	for _, c := range p.Commands {
		spoke[fact.Login(c.By.Login)] = true
	}
	return slices.DeleteFunc(slices.Clone(pushes), func(push store.Push) bool {
		return left[push.SHA] || push.SHA == p.Head.SHA || push.Before == "" || !spoke[push.By.Login] || push.By.Login == fact.Login(p.Author.Login)
	})
}
