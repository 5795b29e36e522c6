package github

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rolecall/rolecall/policy/fact"
)

// Place is a path at a commit.
type Place struct {
	Commit string // SHA
	Path   string // "" for the root directory
}

// Ask is a place to look at. Without Content and List only its tree entry is
// read.
type Ask struct {
	Place
	Content bool // its bytes; with List, those of the files in it
	List    bool // it is a directory: the names in it
}

// Object is what stands at a Place.
type Object struct {
	// Entry is the zero Entry where nothing stands there.
	Entry fact.Maybe[fact.Entry]
	// Bytes is set where contents were asked for: nil where no file stands
	// there.
	Bytes fact.Maybe[[]byte]
	// Target is where the symbolic link leads that stands there, nil where
	// none does or contents were not asked for.
	Target *fact.Maybe[string]
	// Names is set where a directory was asked for: all files directly in it,
	// sorted, nil where there is no such directory.
	Names fact.Maybe[[]string]
}

// treeEntry is one line of a directory.
type treeEntry struct {
	name string
	fact.Entry
}

// chunk is how many entries one query asks for; a content weighs as much as
// two, a directory as much as ten.
const chunk = 100

// Objects looks at many places of a repository in few calls, made at the same
// time. The answer has every place that was asked for, and with List also
// every file in it. Nothing is taken for absent but what GitHub says is.
func (c *Client) Objects(ctx context.Context, owner, repo string, asks []Ask) (map[Place]Object, error) {
	r := &objectReader{client: c, owner: owner, repo: repo, scope: c.scope(owner, repo), out: make(map[Place]Object)}
	var open []Ask
	for _, a := range merged(asks) {
		if !r.known(a) {
			open = append(open, a)
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	trees, rest := split(open)
	for commit, asks := range trees {
		g.Go(func() error { return r.fetchTree(gctx, commit, asks) })
	}
	for _, part := range chunked(rest) {
		g.Go(func() error { return r.fetch(gctx, part) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return r.out, r.fetchBlobs(ctx)
}

// merged joins asks for one place, and sorts them.
func merged(asks []Ask) []Ask {
	by := make(map[Place]Ask, len(asks))
	for _, a := range asks {
		a.Content = a.Content || by[a.Place].Content
		a.List = a.List || by[a.Place].List
		by[a.Place] = a
	}
	out := make([]Ask, 0, len(by))
	for _, a := range by {
		out = append(out, a)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Commit != out[j].Commit {
			return out[i].Commit < out[j].Commit
		}
		return out[i].Path < out[j].Path
	})
	return out
}

func chunked(asks []Ask) [][]Ask {
	var out [][]Ask
	var part []Ask
	weight := 0
	for _, a := range asks {
		w := 1
		if a.Content {
			w = 2
		}
		if a.List {
			w = 10
		}
		if weight+w > chunk && len(part) > 0 {
			out, part, weight = append(out, part), nil, 0
		}
		part, weight = append(part, a), weight+w
	}
	if len(part) > 0 {
		out = append(out, part)
	}
	return out
}

// objectReader gathers the objects of one call of Objects.
type objectReader struct {
	client      *Client
	owner, repo string
	scope       scope

	mu   sync.Mutex
	out  map[Place]Object
	need []pending
}

// pending is a file whose bytes need a call of their own.
type pending struct {
	place Place
	sha   string
}

// known answers an ask without a call, from the caches or because no call
// could answer it.
func (r *objectReader) known(a Ask) bool {
	if why := unaskable(a); why != "" {
		r.out[a.Place] = Object{Entry: fact.Unknown[fact.Entry](why), Bytes: fact.Unknown[[]byte](why), Names: fact.Unknown[[]string](why)}
		return true
	}
	key := entryKey{r.scope, a.Commit, a.Path}
	if a.Path != "" {
		e, ok := r.client.app.cache.entries.Get(key)
		if !ok || !r.fill(a.Place, e, a.Content) {
			return false
		}
		if !a.List || e.Mode != modeTree {
			r.list(a, nil)
			return true
		}
	}
	entries, ok := r.client.app.cache.dirs.get(key)
	if !ok {
		return false
	}
	for _, e := range entries {
		if !r.fill(Place{a.Commit, join(a.Path, e.name)}, e.Entry, a.Content) {
			return false
		}
	}
	r.list(a, entries)
	return true
}

// fill sets what is known of a file; false where its bytes are not.
func (r *objectReader) fill(at Place, e fact.Entry, content bool) bool {
	o := r.out[at]
	o.Entry = fact.Known(e)
	if content {
		bytes, ok := r.bytesOf(e)
		if !ok {
			return false
		}
		o.Bytes = bytes
		if e.Mode == modeLink {
			to, ok := r.client.app.cache.blobs.get(blobKey{r.scope, e.Blob})
			if !ok {
				return false
			}
			o.Target = target(fact.Known(to))
		}
	}
	r.out[at] = o
	return true
}

// bytesOf tells the content of an entry that needs no reading.
func (r *objectReader) bytesOf(e fact.Entry) (fact.Maybe[[]byte], bool) {
	switch {
	case e.Blob == "" || e.Mode == modeTree:
		return fact.Known[[]byte](nil), true
	case e.Mode == modeLink:
		return fact.Unknown[[]byte]("it is a symbolic link"), true
	case e.Mode == modeModule:
		return fact.Unknown[[]byte]("it is a submodule"), true
	}
	b, ok := r.client.app.cache.blobs.get(blobKey{r.scope, e.Blob})
	return fact.Known(b), ok
}

// git's modes of what is no plain file.
const (
	modeTree   = "040000"
	modeLink   = "120000"
	modeModule = "160000"
)

// list sets the names in a directory; nil says that there is none.
func (r *objectReader) list(a Ask, entries []treeEntry) {
	if !a.List {
		return
	}
	names := []string{}
	for _, e := range entries {
		if e.Mode != modeTree {
			names = append(names, e.name)
		}
	}
	sort.Strings(names)
	o := r.out[a.Place]
	o.Names = fact.Known(names)
	if entries == nil {
		o.Names = fact.Known[[]string](nil)
	}
	r.out[a.Place] = o
}

func unaskable(a Ask) string {
	if a.Commit == "" {
		return "its commit is not known"
	}
	if a.List && a.Path == "" {
		return ""
	}
	why := StrangePath(a.Path)
	switch why {
	case "its path has a control character", "its path has an invisible character":
		return "" // GitHub looks these up exactly as they are
	}
	return why
}

// fetch asks GitHub for one chunk.
func (r *objectReader) fetch(ctx context.Context, asks []Ask) error {
	query, vars := objectQuery(asks)
	vars["owner"], vars["name"] = r.owner, r.repo
	var answer struct {
		Repository map[string]map[string]*objectAnswer `json:"repository"`
	}
	missing, err := r.client.query(ctx, "objects", quoted(query), vars, &answer, func(path string) bool {
		return strings.HasPrefix(path, "repository.c")
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	commit := -1
	for i, a := range asks {
		if i == 0 || a.Commit != asks[i-1].Commit {
			commit++
		}
		alias, field := fmt.Sprintf("c%d", commit), fmt.Sprintf("f%d", i)
		files := answer.Repository[alias]
		got, answered := files[field]
		why := ""
		switch kind := missing["repository."+alias+"."+field]; {
		case !answered:
			why = "GitHub no longer has commit " + a.Commit
		case kind != "" && kind != NotFound:
			why = "GitHub does not let rolecall read it (" + string(kind) + ")"
		}
		if why != "" {
			r.out[a.Place] = Object{Entry: fact.Unknown[fact.Entry](why), Bytes: fact.Unknown[[]byte](why), Names: fact.Unknown[[]string](why)}
			continue
		}
		r.take(a, got)
	}
	return nil
}

// take notes the answer to one ask; nil says that nothing stands there.
func (r *objectReader) take(a Ask, got *objectAnswer) {
	cache := r.client.app.cache
	key := entryKey{r.scope, a.Commit, a.Path}
	root := a.List && a.Path == ""
	var e fact.Entry
	if got != nil && !root {
		e = entry(got.Mode, got.Oid)
	}
	if !root {
		cache.entries.Add(key, e)
		var object *contentAnswer
		if got != nil {
			object = got.Object
		}
		r.content(a.Place, e, object, a.Content)
	}
	if !a.List {
		return
	}
	var children []entryAnswer
	switch {
	case root && got != nil:
		children = got.Entries
	case e.Mode == modeTree && got.Object != nil:
		children = got.Object.Entries
	case e.Mode == modeTree:
		o := r.out[a.Place]
		o.Names = fact.Unknown[[]string]("GitHub did not list it")
		r.out[a.Place] = o
		return
	default: // no directory
		r.list(a, nil)
		return
	}
	entries := []treeEntry{}
	for _, child := range children {
		ce := entry(child.Mode, child.Oid)
		entries = append(entries, treeEntry{child.Name, ce})
		at := Place{a.Commit, join(a.Path, child.Name)}
		cache.entries.Add(entryKey{r.scope, at.Commit, at.Path}, ce)
		r.content(at, ce, child.Object, a.Content)
	}
	size := headSize
	for _, e := range entries {
		size += 128 + len(e.name)
	}
	cache.dirs.put(key, entries, size)
	r.list(a, entries)
}

// content sets a file's entry and, where asked for, its bytes, or notes that
// they need a call.
func (r *objectReader) content(at Place, e fact.Entry, got *contentAnswer, wanted bool) {
	o := r.out[at]
	o.Entry = fact.Known(e)
	if wanted {
		bytes, ok := r.bytesOf(e)
		switch {
		case ok && e.Mode == modeLink:
			o.Bytes = bytes
			r.link(&o, at, e, got)
		case ok:
			o.Bytes = bytes
		case got == nil:
			r.need = append(r.need, pending{at, e.Blob})
		case got.usable(e.Blob):
			o.Bytes = fact.Known([]byte(*got.Text))
			r.client.app.cache.blobs.put(blobKey{r.scope, e.Blob}, o.Bytes.Value, len(o.Bytes.Value)+256)
		case got.ByteSize > maxContent:
			o.Bytes = fact.Unknown[[]byte](tooLarge(got.ByteSize))
		default:
			r.need = append(r.need, pending{at, e.Blob})
		}
	}
	r.out[at] = o
}

// link sets where a link leads, or notes that this needs a call.
func (r *objectReader) link(o *Object, at Place, e fact.Entry, got *contentAnswer) {
	cache := r.client.app.cache
	key := blobKey{r.scope, e.Blob}
	to, ok := cache.blobs.get(key)
	if !ok && got != nil && got.usable(e.Blob) {
		to, ok = []byte(*got.Text), true
		cache.blobs.put(key, to, len(to)+256)
	}
	if !ok {
		o.Target = target(fact.Unknown[[]byte]("it was not read"))
		r.need = append(r.need, pending{at, e.Blob})
		return
	}
	o.Target = target(fact.Known(to))
}

func target(m fact.Maybe[[]byte]) *fact.Maybe[string] {
	return &fact.Maybe[string]{Value: string(m.Value), Unknown: m.Unknown}
}

// fetchBlobs reads the files whose text the query could not give.
func (r *objectReader) fetchBlobs(ctx context.Context) error {
	by := make(map[string][]Place)
	var order []string
	for _, p := range r.need {
		if by[p.sha] == nil {
			order = append(order, p.sha)
		}
		by[p.sha] = append(by[p.sha], p.place)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, sha := range order {
		g.Go(func() error {
			got := fact.Unknown[[]byte](fmt.Sprintf("more than %d files need a call of their own", maxBlobCalls))
			if i < maxBlobCalls {
				var err error
				if got, err = r.client.blob(gctx, r.owner, r.repo, sha); err != nil {
					return err
				}
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, at := range by[sha] {
				o := r.out[at]
				if o.Target != nil {
					o.Target = target(got)
				} else {
					o.Bytes = got
				}
				r.out[at] = o
			}
			return nil
		})
	}
	return g.Wait()
}

// entry is a tree entry as GraphQL has it: the mode as a decimal number.
func entry(mode int, oid string) fact.Entry {
	return fact.Entry{Mode: fmt.Sprintf("%06o", mode), Blob: oid}
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
