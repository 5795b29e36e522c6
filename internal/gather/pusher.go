package gather

import (
	"cmp"
	"context"
	"slices"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// pusher is who pushed last something of their own. A push that added nothing
// but a clean merge of the base, as the button "Update branch" does, makes
// nobody the pusher, and does not cleanse whoever pushed before it.
//
// It goes by what is known of the head itself: deliveries come in any order,
// and one that comes late, or twice, tells of a push that others followed.
// Only where nothing tells who pushed the head does the latest known push of
// somebody's own count, which may be wrong, and only tightens.
func pusher(p *fact.Pull, pushes []store.Push) fact.Person {
	if by := forced(p); by.Login != "" {
		return by
	}
	if len(pushes) == 0 {
		return fact.Person{}
	}
	bySHA := make(map[string]store.Push, len(pushes))
	for _, push := range slices.Backward(pushes) {
		bySHA[push.SHA] = push // the latest to a commit counts
	}
	commits := make(map[string]fact.Commit, len(p.Commits))
	for _, c := range p.Commits {
		commits[c.SHA] = c
	}
	// Each step goes to a parent, so that this ends.
	for at := p.Head.SHA; ; {
		push, known := bySHA[at]
		before := push.Before
		if !known {
			before = ownParent(commits, at)
			if _, head := bySHA[before]; !head {
				break // it may have come together with what it is on top of
			}
		}
		if !cleanMerge(commits, at, before) {
			if known {
				return push.By
			}
			break
		}
		if _, head := bySHA[before]; !head {
			return fact.Person{} // the merges are on top of what the author opened it with
		}
		at = before
	}
	for _, push := range pushes {
		if !cleanMerge(commits, push.SHA, push.Before) {
			return push.By
		}
	}
	return fact.Person{}
}

// forced is who forced the head to where it is, by GitHub's own timeline. If
// it was moved since, it came back by force, and that was later.
func forced(p *fact.Pull) fact.Person {
	if n := len(p.ForcePushes); n > 0 && p.ForcePushes[n-1].After == p.Head.SHA {
		return p.ForcePushes[n-1].By
	}
	return fact.Person{}
}

// cleanMerge reports whether a commit is provably nothing but a merge of the
// base into another commit of the pull request.
func cleanMerge(commits map[string]fact.Commit, sha, into string) bool {
	_, own := commits[into]
	return commits[sha].CleanMerge && own && slices.Contains(commits[sha].Parents, into)
}

// ownParent is the one parent of a merge of the base that is a commit of the
// pull request; "" where there is none.
func ownParent(commits map[string]fact.Commit, sha string) string {
	for _, parent := range commits[sha].Parents {
		if _, own := commits[parent]; own {
			return parent
		}
	}
	return ""
}

// untold finds who pushed what the pull request's own deliveries did not tell:
// the head, where other pushes were told and that one is late or lost; and, once
// somebody approves, what was there when it was opened, since a commit that was
// pushed before may bear any name. It is in the deliveries of the branch; where
// those were lost, GitHub is asked. Branches of forks are out of reach.
func (r *reading) untold(ctx context.Context) ([]store.Push, error) {
	p := &r.out.Pull
	commits := map[string]bool{p.Head.SHA: true}
	for _, c := range p.Commits {
		commits[c.SHA] = true
	}
	told := map[string]bool{}
	for _, push := range r.pushes {
		told[push.SHA] = true
	}
	// missing reports whether it is still not known who pushed the head, or what
	// the first known push was on top of.
	missing := func() (head, first bool) {
		head = !told[p.Head.SHA] && forced(p).Login == ""
		return head, head || slices.ContainsFunc(r.pushes, func(push store.Push) bool { return commits[push.Before] && !told[push.Before] })
	}
	head, first := missing()
	if p.State != "open" || p.Fork || !(head && len(r.pushes) > 0) && !(first && approvedByOthers(p)) {
		return nil, nil
	}
	var out []store.Push
	add := func(push store.Push) bool {
		if told[push.SHA] || !commits[push.SHA] {
			return false
		}
		told[push.SHA] = true // the latest to a commit counts
		r.rename(&push)
		out = append(out, push)
		return true
	}
	known, err := r.g.records.BranchPushes(ctx, r.ref, p.Head.Ref)
	if err != nil {
		return nil, err
	}
	for _, push := range known {
		add(push)
	}
	if _, first = missing(); !first {
		return out, nil
	}
	all, err := r.client.BranchPushes(ctx, r.ref.Owner, r.ref.Repo, p.Head.Ref)
	if err != nil {
		return out, unlessRefused(err)
	}
	for _, got := range all {
		push := store.Push{SHA: got.SHA, Before: got.Before, By: got.By, Account: got.Account, At: got.At}
		if add(push) {
			if err := r.g.records.SeePush(ctx, r.ref, p.Head.Ref, push); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// approvedByOthers reports whether somebody but the author has approved.
func approvedByOthers(p *fact.Pull) bool {
	return slices.ContainsFunc(p.Reviews, func(v fact.Review) bool {
		return v.State == fact.Approved && fact.Login(v.Author.Login) != fact.Login(p.Author.Login)
	})
}

// pushers are the others who pushed commits that are part of the pull request:
// whom a commit names as its author is for its maker to say, who pushed it is
// not. As above, a clean merge of the base makes nobody a pusher, and neither
// does a push of which nothing is left; the squashed are those of whom something
// is.
func pushers(p *fact.Pull, pushes []store.Push, squashed ...fact.Person) []fact.Person {
	commits := make(map[string]fact.Commit, len(p.Commits))
	for _, c := range p.Commits {
		commits[c.SHA] = c
	}
	var out []fact.Person
	add := func(who fact.Person) {
		if who.Login != "" && who.Login != p.Pusher.Login && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	for _, push := range pushes {
		if _, left := commits[push.SHA]; left && !cleanMerge(commits, push.SHA, push.Before) {
			add(push.By)
		}
	}
	for _, who := range squashed {
		add(who)
	}
	slices.SortFunc(out, func(a, b fact.Person) int { return cmp.Compare(a.Login, b.Login) })
	return out
}
