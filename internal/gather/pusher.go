package gather

import (
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
