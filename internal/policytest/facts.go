package policytest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/internal/command"
	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// The commits of a test's pull request. They only have to differ.
var (
	headSHA      = strings.Repeat("a", 40)
	baseSHA      = strings.Repeat("b", 40)
	mergeBaseSHA = strings.Repeat("c", 40)
)

// facts makes what gather and analyse make of a pull request.
func (g *given) facts(p *policy.Policy) fact.Pull {
	pull := fact.Pull{
		Ref: fact.Ref{Owner: "test", Repo: "test", Number: g.number}, Now: g.now,
		Title: g.title, Body: g.body, Author: fact.Person{Login: g.author, Bot: g.bot}, State: "open", Draft: g.draft, Fork: g.fork,
		CreatedAt: g.now.Add(-24 * time.Hour), UpdatedAt: g.now,
		Base: fact.Branch{Ref: g.base, SHA: baseSHA}, Head: fact.Branch{Ref: g.head, SHA: headSHA}, DefaultBranch: "main", MergeBase: mergeBaseSHA,
		Pusher: fact.Person{Login: g.pusher},
	}
	if g.created != nil {
		pull.CreatedAt = g.created(g.now)
	}
	trees := g.trees()
	pull.Files = trees.files()
	g.timeline(&pull)
	g.reviewed(&pull, trees, p.Needs().Patches)
	pull.Findings = analyse.Analyse(pull.Files, trees.contents(pull.Files, p.Needs().Names))
	pull.Roster = g.people(p, &pull)
	return pull
}

// spread is when the nth of several things happened, where nobody says.
func spread(at when, now time.Time, before time.Duration, n int) time.Time {
	if at != nil {
		return at(now)
	}
	return now.Add(-before + time.Duration(n)*time.Second)
}

// timeline fills in what happened to the pull request, reviews left out.
func (g *given) timeline(pull *fact.Pull) {
	pull.Labels = slices.Clone(g.labels)
	for i, l := range g.labelEvents {
		pull.LabelEvents = append(pull.LabelEvents, fact.LabelEvent{
			Label: l.label, Added: l.added, By: fact.Person{Login: l.by}, At: spread(l.at, g.now, 4*time.Hour, i),
		})
		pull.Labels = slices.DeleteFunc(pull.Labels, func(s string) bool { return strings.EqualFold(s, l.label) })
		if l.added {
			pull.Labels = append(pull.Labels, l.label)
		}
	}
	commits := g.commits
	if len(commits) == 0 {
		commits = []commit{{people: []string{g.author}}}
	}
	for i, c := range commits {
		one := fact.Commit{SHA: fmt.Sprintf("%040x", i+1), Tree: headSHA, At: pull.CreatedAt, CleanMerge: c.cleanMerge}
		if i == len(commits)-1 {
			one.SHA = headSHA
		}
		for _, login := range c.people {
			one.People = append(one.People, fact.Person{Login: login, Bot: g.bot && login == g.author})
		}
		pull.Commits = append(pull.Commits, one)
	}
	for i, c := range g.comments {
		one := fact.Comment{
			ID: int64(i + 1), Author: fact.Person{Login: c.by}, Body: c.body, Edited: c.edited, Access: c.access,
			At: spread(c.at, g.now, 3*time.Hour, i),
		}
		pull.Comments = append(pull.Comments, one)
		pull.Commands = append(pull.Commands, command.Parse(one)...)
	}
}

// reviewed fills in the reviews, and what stood there when they were given.
func (g *given) reviewed(pull *fact.Pull, t *trees, patches bool) {
	for i, r := range g.reviews {
		sha := headSHA
		if r.beforePush != nil {
			sha = fmt.Sprintf("%07x%033x", 0xd000000+i, 0)
			if pull.Snapshots == nil {
				pull.Snapshots = map[string]fact.Snapshot{}
			}
			pull.Snapshots[sha] = t.snapshot(sha, r.beforePush, patches)
		}
		pull.Reviews = append(pull.Reviews, fact.Review{
			ID: int64(i + 1), Author: fact.Person{Login: r.by}, State: r.state, At: spread(r.at, g.now, 2*time.Hour, i), Commit: sha, Delivered: sha,
		})
	}
}

// people says who holds the policy's roles: the test where it does, and the
// policy's own names. Who else is in a team is not known.
func (g *given) people(p *policy.Policy, pull *fact.Pull) fact.Roster {
	in := roster.Input{Teams: map[string]fact.Maybe[[]string]{}, Now: g.now}
	for _, team := range p.Needs().Teams {
		in.Teams[team] = fact.Unknown[[]string]("the test does not say who is in @" + team)
		if members, ok := g.teams[team]; ok {
			in.Teams[team] = fact.Known(members)
		}
	}
	for _, r := range pull.Reviews {
		in.Times = append(in.Times, r.At)
	}
	for _, c := range pull.Commands {
		in.Times = append(in.Times, c.At)
	}
	out := roster.Resolve(p, in)
	for _, def := range p.Roles() {
		logins, ok := g.roles[def.Name]
		if !ok {
			continue
		}
		holders := fact.Holders{List: []fact.Holder{}}
		for _, login := range logins {
			holders.List = append(holders.List, fact.Holder{Login: login, Via: "the test"})
		}
		out.Roles[def.Key()] = holders
	}
	return out
}

// trees are the two sides of a change.
type trees struct {
	given         *given
	before, after map[string]*file // by path on that side
	paths         []string         // of the files that change, sorted
}

func (g *given) trees() *trees {
	t := &trees{given: g, before: map[string]*file{}, after: map[string]*file{}, paths: slices.Sorted(maps.Keys(g.files))}
	for _, name := range t.paths {
		f := g.files[name]
		f.mode = cmp.Or(f.mode, "100644")
		f.previousMode = cmp.Or(f.previousMode, f.mode)
		if f.before != nil {
			t.before[cmp.Or(f.previous, name)] = &f
		}
		if f.after != nil {
			t.after[name] = &f
		}
	}
	return t
}

// files lists the change as GitHub would.
func (t *trees) files() []fact.File {
	out := make([]fact.File, 0, len(t.paths))
	for _, name := range t.paths {
		g := t.given.files[name]
		f := fact.File{Path: name, PreviousPath: g.previous, Status: fact.Modified}
		old := cmp.Or(g.previous, name)
		f.Base, f.Head = fact.Known(entryOf(t.before[old], false)), fact.Known(entryOf(t.after[name], true))
		switch {
		case g.before == nil:
			f.Status = fact.Added
		case g.after == nil:
			f.Status = fact.Removed
		case g.previous != "" && g.previous != name:
			f.Status = fact.Renamed
		case f.Base.Value.Blob == f.Head.Value.Blob:
			f.Status = fact.Changed
		}
		f.Patch, f.Additions, f.Deletions = patch(g.before, g.after)
		out = append(out, f)
	}
	return out
}

func entryOf(f *file, head bool) fact.Entry {
	switch {
	case f == nil:
		return fact.Entry{}
	case head:
		return fact.Entry{Mode: f.mode, Blob: blob(*f.after)}
	}
	return fact.Entry{Mode: f.previousMode, Blob: blob(*f.before)}
}

// blob names a text as git names a blob: equal texts, equal names.
func blob(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:20])
}

// snapshot is what stood at the changed paths before a push.
func (t *trees) snapshot(sha string, then map[string]*string, patches bool) fact.Snapshot {
	s := fact.Snapshot{Commit: sha, MergeBase: fact.Known(mergeBaseSHA), Head: map[string]fact.Entry{}, Base: map[string]fact.Entry{}}
	if patches {
		s.Patches = map[string]string{}
	}
	stood := func(p string) {
		if s.Base[p] = entryOf(t.before[p], false); t.before[p] == nil {
			if text, ok := t.given.unchanged[p]; ok {
				s.Base[p] = fact.Entry{Mode: "100644", Blob: blob(text)}
			}
		}
		s.Head[p] = entryOf(t.after[p], true)
		text, ok := then[p]
		switch {
		case ok && text == nil:
			s.Head[p] = fact.Entry{}
		case ok:
			s.Head[p] = fact.Entry{Mode: "100644", Blob: blob(*text)}
			if f := t.after[p]; f != nil {
				s.Head[p] = fact.Entry{Mode: f.mode, Blob: blob(*text)}
			}
		}
	}
	for name, f := range t.given.files {
		stood(name)
		if f.previous != "" {
			stood(f.previous)
		}
		if patches {
			after := f.after
			if text, ok := then[name]; ok {
				after = text
			}
			if p, _, _ := patch(f.before, after); p.IsKnown() {
				s.Patches[name] = p.Value
			}
		}
	}
	for name := range then {
		stood(name)
	}
	return s
}

// contents reads what an analysis wants on both sides.
func (t *trees) contents(files []fact.File, names []string) fact.Contents {
	texts := func(files map[string]*file, head bool) map[string]fact.Maybe[[]byte] {
		out := map[string]fact.Maybe[[]byte]{}
		for name, text := range t.given.unchanged {
			out[name] = fact.Known([]byte(text))
		}
		for name, f := range files {
			text := f.before
			if head {
				text = f.after
			}
			out[name] = fact.Known([]byte(*text))
			if f.unreadable {
				out[name] = fact.Unknown[[]byte]("the test says that it is unreadable")
			}
		}
		return out
	}
	base, head := texts(t.before, false), texts(t.after, true)
	var c fact.Contents
	var wants []analyse.Want
	for more := analyse.Wants(files, names, c); len(more) > 0; more = analyse.Wants(files, names, c) {
		wants = append(wants, more...)
		c = fact.Contents{Base: side(base, wants), Head: side(head, wants), Rounds: c.Rounds + 1}
	}
	return c
}

func side(texts map[string]fact.Maybe[[]byte], wants []analyse.Want) fact.Side {
	s := fact.Side{Files: map[string]fact.Maybe[[]byte]{}, Dirs: map[string]fact.Maybe[[]string]{}}
	var dirs map[string][]string // made where one is wanted
	for _, w := range wants {
		if !w.Dir {
			s.Files[w.Path] = texts[w.Path] // the zero Maybe is known to be absent
			continue
		}
		if dirs == nil {
			dirs = map[string][]string{}
			for _, name := range slices.Sorted(maps.Keys(texts)) {
				dir := path.Dir(name)
				if dir == "." {
					dir = ""
				}
				dirs[dir] = append(dirs[dir], path.Base(name))
			}
		}
		s.Dirs[w.Path] = fact.Known(dirs[w.Path])
		for _, name := range dirs[w.Path] {
			full := strings.TrimPrefix(w.Path+"/"+name, "/")
			s.Files[full] = texts[full]
		}
	}
	return s
}
