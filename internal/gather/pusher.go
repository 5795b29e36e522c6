package gather

import (
	"cmp"
	"slices"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// pusher is who pushed last something of their own. A push that added nothing
// but a clean merge of the base, as the button "Update branch" does, makes
// nobody the pusher, and does not cleanse whoever pushed before it.
//
// Where no delivery told of the head's own push, the latest known pusher
// counts: that only tightens.
func pusher(p *fact.Pull, pushes []store.Push) fact.Person {
	if len(pushes) == 0 {
		return fact.Person{}
	}
	bySHA := make(map[string]store.Push, len(pushes))
	for _, push := range pushes {
		bySHA[push.SHA] = push
	}
	commits := make(map[string]fact.Commit, len(p.Commits))
	for _, c := range p.Commits {
		commits[c.SHA] = c
	}
	push, ok := bySHA[p.Head.SHA]
	if !ok {
		return pushes[0].By
	}
	// Each step goes to a parent, so that this ends.
	for ok {
		merge := commits[push.SHA]
		_, own := commits[push.Before]
		if !merge.CleanMerge || !own || !slices.Contains(merge.Parents, push.Before) {
			return push.By
		}
		push, ok = bySHA[push.Before]
	}
	return fact.Person{} // the merges are on top of what the author opened it with
}

// pushers are the others who pushed commits that are part of the pull request:
// whom a commit names as its author is for its maker to say, who pushed it is
// not. As above, a clean merge of the base makes nobody a pusher, and neither
// does a push of which nothing is left.
func pushers(p *fact.Pull, pushes []store.Push) []fact.Person {
	commits := make(map[string]fact.Commit, len(p.Commits))
	for _, c := range p.Commits {
		commits[c.SHA] = c
	}
	var out []fact.Person
	for _, push := range pushes {
		made, left := commits[push.SHA]
		_, own := commits[push.Before]
		if !left || made.CleanMerge && own && slices.Contains(made.Parents, push.Before) {
			continue
		}
		if push.By.Login != "" && push.By.Login != p.Pusher.Login && !slices.Contains(out, push.By) {
			out = append(out, push.By)
		}
	}
	slices.SortFunc(out, func(a, b fact.Person) int { return cmp.Compare(a.Login, b.Login) })
	return out
}
