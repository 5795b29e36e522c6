package replay

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
)

// lineage is what a branch's history says of each of its commits, read once:
// whether another one holds it. Without it, git has to walk the history for
// each change.
type lineage struct{ commits map[[maxSHA]byte]place }

// maxSHA is the size of the longest names of objects, in bytes.
const maxSHA = 32

// place is a commit's place in a history. Its line are the first parents, from
// the tip on.
type place struct {
	// holder is the place on the line, from the tip, of the oldest commit that
	// holds this one: itself, if it is on the line.
	holder int32
	online bool
}

// maxLineage bounds the commits of which a lineage is kept: each takes some
// sixty bytes.
const maxLineage = 500_000

// lineage reads that of tip; nil where its history is too large for it.
func (r *Repository) lineage(ctx context.Context, tip string) (*lineage, error) {
	l := &lineage{commits: make(map[[maxSHA]byte]place)}
	var next [maxSHA]byte // on the line
	onLine := int32(-1)
	errTooLarge := errors.New("the history is too large")
	// No commit comes before one that holds it.
	err := r.lines(ctx, []string{"rev-list", "--topo-order", "--parents", tip}, func(line string) error {
		commit := strings.Fields(line)
		if len(commit) == 0 {
			return nil
		}
		if len(l.commits) > maxLineage {
			return errTooLarge
		}
		key := nameOf(commit[0])
		if onLine < 0 || key == next {
			onLine++
			l.commits[key] = place{onLine, true}
			if next = ([maxSHA]byte{}); len(commit) > 1 {
				next = nameOf(commit[1])
			}
		}
		at := l.commits[key]
		for _, parent := range commit[1:] {
			p := nameOf(parent)
			l.commits[p] = place{holder: max(l.commits[p].holder, at.holder)}
		}
		return nil
	})
	if errors.Is(err, errTooLarge) {
		return nil, nil
	}
	return l, err
}

func nameOf(sha string) (name [maxSHA]byte) {
	_, _ = hex.Decode(name[:], []byte(sha)[:min(len(sha), 2*maxSHA)]) // git writes nothing else
	return name
}

// holds reports whether one commit, which is to be on the line, holds another;
// known is false where it is not.
func (l *lineage) holds(one string) (holds func(other string) bool, known bool) {
	at, ok := l.commits[nameOf(one)]
	if !ok || !at.online {
		return nil, false
	}
	return func(other string) bool {
		o, ok := l.commits[nameOf(other)]
		return ok && o.holder >= at.holder
	}, true
}

// newest returns that of several commits which holds all others; false where
// the lineage does not tell.
func (l *lineage) newest(commits []string) (string, bool) {
	best, found := place{}, ""
	for _, sha := range commits {
		at := l.commits[nameOf(sha)]
		if !at.online {
			return sha, len(commits) == 1
		}
		if found == "" || at.holder < best.holder {
			best, found = at, sha
		}
	}
	return found, found != ""
}

// branchOf finds the commits of head that base does not have, oldest first,
// and where the two lines part; known is false where that takes more than a
// lineage.
func (l *lineage) branchOf(o *objects, base, head string) (own []commit, mergeBase string, known bool) {
	if l == nil {
		return nil, "", false
	}
	inBase, ok := l.holds(base)
	if !ok {
		return nil, "", false
	}
	var outside []string
	for at := head; !inBase(at); {
		c, err := o.commit(at)
		if err != nil || len(c.Parents) == 0 {
			return nil, "", false
		}
		own = append(own, c)
		at = ""
		for _, p := range c.Parents {
			switch {
			case inBase(p):
				outside = append(outside, p)
			case at == "" || at == p:
				at = p
			default:
				return nil, "", false // which of the two is older is git's to say
			}
		}
		if at == "" {
			break
		}
	}
	if len(own) == 0 {
		return nil, head, true
	}
	mergeBase, known = l.newest(outside)
	for i, j := 0, len(own)-1; i < j; i, j = i+1, j-1 {
		own[i], own[j] = own[j], own[i]
	}
	return own, mergeBase, known
}
