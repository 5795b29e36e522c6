package githubtest

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
	"time"
)

// Modes of tree entries, as git writes them.
const (
	ModeFile       = "100644"
	ModeExecutable = "100755"
	ModeSymlink    = "120000"
	ModeSubmodule  = "160000"
	modeTree       = "040000"
)

// entry is one name of a tree.
type entry struct {
	name string
	mode string // six digits
	sha  string
}

func (e entry) kind() string {
	switch e.mode {
	case modeTree:
		return "tree"
	case ModeSubmodule:
		return "commit"
	}
	return "blob"
}

// signature is an author or committer as a commit records it.
type signature struct {
	name, email string
	at          time.Time
}

func (s signature) String() string {
	return fmt.Sprintf("%s <%s> %d %s", s.name, s.email, s.at.Unix(), s.at.Format("-0700"))
}

// commit is a git commit.
type commit struct {
	sha       string
	tree      string
	parents   []string
	author    signature
	committer signature
	message   string
	pushed    time.Time // when it came to GitHub
	pusher    *User     // nil for what came with an import
}

// text is the message as GitHub shows it, without the newline at its end.
func (c *commit) text() string { return strings.TrimRight(c.message, "\n") }

// headline is the first line of the message.
func (c *commit) headline() string {
	line, _, _ := strings.Cut(c.message, "\n")
	return line
}

// objects is the object store that a repository shares with its forks.
type objects struct {
	blobs       map[string][]byte
	trees       map[string][]entry
	commits     map[string]*commit
	comparisons map[string]*comparison // by "base...head"
}

func newObjects() *objects {
	return &objects{
		blobs:       map[string][]byte{},
		trees:       map[string][]entry{},
		commits:     map[string]*commit{},
		comparisons: map[string]*comparison{},
	}
}

func hashObject(kind string, data []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

func (o *objects) putBlob(data []byte) string {
	sha := hashObject("blob", data)
	if _, ok := o.blobs[sha]; !ok {
		o.blobs[sha] = bytes.Clone(data)
	}
	return sha
}

// putTree stores entries in git's order, in which a tree sorts as if its name
// ended in a slash.
func (o *objects) putTree(entries []entry) string {
	key := func(e entry) string {
		if e.mode == modeTree {
			return e.name + "/"
		}
		return e.name
	}
	sort.Slice(entries, func(i, j int) bool { return key(entries[i]) < key(entries[j]) })
	var b bytes.Buffer
	for _, e := range entries {
		raw, _ := hex.DecodeString(e.sha)
		fmt.Fprintf(&b, "%s %s\x00%s", strings.TrimPrefix(e.mode, "0"), e.name, raw)
	}
	sha := hashObject("tree", b.Bytes())
	if _, ok := o.trees[sha]; !ok {
		o.trees[sha] = entries
	}
	return sha
}

func (o *objects) putCommit(c commit) *commit {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", c.tree)
	for _, p := range c.parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n\n%s", c.author, c.committer, c.message)
	c.sha = hashObject("commit", b.Bytes())
	if have, ok := o.commits[c.sha]; ok {
		return have
	}
	o.commits[c.sha] = &c
	return &c
}

// edit returns the tree with some of its paths set to new entries, or removed
// where the entry has no SHA. A directory that becomes empty goes away, as
// does a file whose path becomes a directory.
func (o *objects) edit(tree string, changes map[string]entry) string {
	if len(changes) == 0 && tree != "" {
		return tree
	}
	here := map[string]entry{}
	for _, e := range o.trees[tree] {
		here[e.name] = e
	}
	below := map[string]map[string]entry{}
	for path, e := range changes {
		first, rest, nested := strings.Cut(path, "/")
		if nested {
			if below[first] == nil {
				below[first] = map[string]entry{}
			}
			below[first][rest] = e
			continue
		}
		if e.sha == "" {
			delete(here, first)
			continue
		}
		e.name = first
		here[first] = e
	}
	for name, inner := range below {
		was := ""
		if e, ok := here[name]; ok && e.mode == modeTree {
			was = e.sha
		} else if ok && !adds(inner) {
			continue // removing below what is no directory
		}
		sub := o.edit(was, inner)
		if len(o.trees[sub]) == 0 {
			delete(here, name)
			continue
		}
		here[name] = entry{name: name, mode: modeTree, sha: sub}
	}
	entries := make([]entry, 0, len(here))
	for _, e := range here {
		entries = append(entries, e)
	}
	return o.putTree(entries)
}

func adds(changes map[string]entry) bool {
	for _, e := range changes {
		if e.sha != "" {
			return true
		}
	}
	return false
}

// lookup finds what stands at a path below a tree, a directory included; ""
// is the tree itself.
func (o *objects) lookup(tree, path string) (entry, bool) {
	at := entry{mode: modeTree, sha: tree}
	if path == "" {
		return at, true
	}
next:
	for _, name := range strings.Split(path, "/") {
		if at.mode != modeTree {
			return entry{}, false
		}
		for _, e := range o.trees[at.sha] {
			if e.name == name {
				at = e
				continue next
			}
		}
		return entry{}, false
	}
	return at, true
}

// ancestors returns the commit and all that it descends from.
func (o *objects) ancestors(sha string) map[string]bool {
	seen := map[string]bool{}
	todo := []string{sha}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		c := o.commits[at]
		if c == nil || seen[at] {
			continue
		}
		seen[at] = true
		todo = append(todo, c.parents...)
	}
	return seen
}

// mergeBase returns the best common ancestor, "" where there is none. Of
// several (a criss-cross) it gives the one that was committed last, as git
// does.
func (o *objects) mergeBase(a, b string) string {
	if a == b {
		return a
	}
	ofA := o.ancestors(a)
	if ofA[b] {
		return b
	}
	ofB := o.ancestors(b)
	if ofB[a] {
		return a
	}
	var common []*commit
	for sha := range ofA {
		if ofB[sha] {
			common = append(common, o.commits[sha])
		}
	}
	below := map[string]bool{} // reachable from another common commit
	for _, c := range common {
		for _, p := range c.parents {
			below[p] = true
		}
	}
	var best *commit
	for _, c := range common {
		if below[c.sha] {
			continue
		}
		if best == nil || c.committer.at.After(best.committer.at) ||
			c.committer.at.Equal(best.committer.at) && c.sha < best.sha {
			best = c
		}
	}
	if best == nil {
		return ""
	}
	return best.sha
}

// between lists the commits reachable from head and not from base, parents
// before children and otherwise by committer date, oldest first.
func (o *objects) between(base, head string) []*commit {
	not := o.ancestors(base)
	var out []*commit
	state := map[string]int{} // 1: waiting for its parents, 2: done
	type frame struct {
		c    *commit
		next int
	}
	var stack []frame
	push := func(sha string) {
		if c := o.commits[sha]; c != nil && !not[sha] && state[sha] == 0 {
			state[sha] = 1
			stack = append(stack, frame{c: c})
		}
	}
	push(head)
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next < len(top.c.parents) {
			top.next++
			push(top.c.parents[top.next-1])
			continue
		}
		state[top.c.sha] = 2
		out = append(out, top.c)
		stack = stack[:len(stack)-1]
	}
	return out
}
