package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rolecall/rolecall/internal/analyse/recent"
	"github.com/rolecall/rolecall/policy/fact"
)

// maxContent bounds the files whose content is read, as GitHub's bound does
// for the server.
const maxContent = 1 << 20

// maxObject bounds the commits and trees that are read.
const maxObject = 64 << 20

// Git's modes of what is no plain file.
const (
	modeTree   = "040000"
	modeLink   = "120000"
	modeModule = "160000"
)

// process is a git command that answers one question after the other.
type process struct {
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr tail
}

// tail keeps the beginning of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := 4096 - t.buf.Len(); room > 0 {
		t.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (r *Repository) start(ctx context.Context, args ...string) (*process, error) {
	p := &process{name: args[0], cmd: r.command(ctx, args...)}
	p.cmd.Stderr = &p.stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 1<<16)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("git %s: %w", p.name, err)
	}
	return p, nil
}

// failed says why the process did not answer, once it has ended.
func (p *process) failed(err error) error {
	p.in.Close()
	if waited := p.cmd.Wait(); waited != nil {
		err = waited
	}
	return gitError(p.name, err, p.stderr.buf.String())
}

// close ends the process.
func (p *process) close() {
	p.in.Close()
	_, _ = io.Copy(io.Discard, p.out)
	_ = p.cmd.Wait() // it has said all that it was asked
}

// treeEntry is one line of a directory.
type treeEntry struct {
	name string
	fact.Entry
}

// recentObjects are what all readers of a repository read of it not long ago:
// an object's SHA names what it holds for good.
type recentObjects struct {
	commits recent.Cache[string, commit]
	trees   recent.Cache[string, []treeEntry]
	blobs   recent.Cache[string, []byte]
}

// How much of each half of it is kept: commits and entries of trees by their
// number, the contents of files in bytes.
const (
	keptCommits = 4096
	keptEntries = 64 << 10
	keptBytes   = 6 << 20
)

// objects reads git's objects by their SHA.
type objects struct {
	*process
	recent *recentObjects
}

func (r *Repository) objects(ctx context.Context) (*objects, error) {
	p, err := r.start(ctx, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	return &objects{process: p, recent: &r.recent}, nil
}

// errMissing is an object that the repository does not hold.
var errMissing = errors.New("the repository does not hold it")

// errLarge is an object beyond the bound; its size comes with it.
var errLarge = errors.New("it is too large")

// read returns an object of the given kind, of at most limit bytes.
func (o *objects) read(sha, kind string, limit int64) (body []byte, size int64, err error) {
	if !isSHA(sha) {
		return nil, 0, fmt.Errorf("%q is no object's name", sha)
	}
	if _, err := io.WriteString(o.in, sha+"\n"); err != nil {
		return nil, 0, o.failed(err)
	}
	head, err := o.out.ReadString('\n')
	if err != nil {
		return nil, 0, o.failed(err)
	}
	parts := strings.Fields(head)
	if len(parts) == 2 && parts[1] == "missing" {
		return nil, 0, errMissing
	}
	if len(parts) != 3 || parts[0] != sha {
		return nil, 0, fmt.Errorf("git cat-file: unexpected answer %q", head)
	}
	if size, err = strconv.ParseInt(parts[2], 10, 64); err != nil {
		return nil, 0, fmt.Errorf("git cat-file: %w", err)
	}
	if size > limit || parts[1] != kind {
		if _, err := io.CopyN(io.Discard, o.out, size+1); err != nil {
			return nil, 0, o.failed(err)
		}
		if parts[1] != kind {
			return nil, size, fmt.Errorf("%s is a %s and no %s", sha, parts[1], kind)
		}
		return nil, size, errLarge
	}
	body = make([]byte, size+1)
	if _, err := io.ReadFull(o.out, body); err != nil {
		return nil, 0, o.failed(err)
	}
	return body[:size:size], size, nil
}

func isSHA(s string) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}

// tree lists a directory by its SHA.
func (o *objects) tree(sha string) ([]treeEntry, error) {
	if t, ok := o.recent.trees.Get(sha); ok {
		return t, nil
	}
	body, _, err := o.read(sha, "tree", maxObject)
	if err != nil {
		return nil, err
	}
	t, err := parseTree(body, len(sha)/2)
	if err != nil {
		return nil, fmt.Errorf("tree %s: %w", sha, err)
	}
	o.recent.trees.Put(sha, t, len(t), keptEntries)
	return t, nil
}

// parseTree reads a tree object whose names of objects have n bytes.
func parseTree(body []byte, n int) ([]treeEntry, error) {
	var out []treeEntry
	for len(body) > 0 {
		mode, rest, ok := bytes.Cut(body, []byte{' '})
		name, rest, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(rest) < n || len(mode) > 6 {
			return nil, errors.New("it is damaged")
		}
		out = append(out, treeEntry{string(name), fact.Entry{
			Mode: strings.Repeat("0", 6-len(mode)) + string(mode), Blob: hex.EncodeToString(rest[:n]),
		}})
		body = rest[n:]
	}
	return out, nil
}

// at finds what stands at a path below the tree root; the zero Entry is
// nothing. The root itself has the path "".
func (o *objects) at(root, path string) (fact.Entry, error) {
	e := fact.Entry{Mode: modeTree, Blob: root}
	if path == "" {
		return e, nil
	}
	for part := range strings.SplitSeq(path, "/") {
		if e.Mode != modeTree {
			return fact.Entry{}, nil
		}
		t, err := o.tree(e.Blob)
		if err != nil {
			return fact.Entry{}, err
		}
		i := slices.IndexFunc(t, func(e treeEntry) bool { return e.name == part })
		if i < 0 {
			return fact.Entry{}, nil
		}
		e = t[i].Entry
	}
	return e, nil
}

// content is what an entry holds, as the server's reader has it: nil where no
// file stands, unknown where it is no plain file, too large or missing.
func (o *objects) content(e fact.Entry) (fact.Maybe[[]byte], error) {
	switch {
	case e.Blob == "" || e.Mode == modeTree:
		return fact.Known[[]byte](nil), nil
	case e.Mode == modeLink:
		return fact.Unknown[[]byte]("it is a symbolic link"), nil
	case e.Mode == modeModule:
		return fact.Unknown[[]byte]("it is a submodule"), nil
	}
	return o.blob(e)
}

// target is where a symbolic link leads.
func (o *objects) target(e fact.Entry) (fact.Maybe[string], error) {
	m, err := o.blob(e)
	return fact.Maybe[string]{Value: string(m.Value), Unknown: m.Unknown}, err
}

func (o *objects) blob(e fact.Entry) (fact.Maybe[[]byte], error) {
	if body, ok := o.recent.blobs.Get(e.Blob); ok {
		return fact.Known(body), nil
	}
	body, size, err := o.read(e.Blob, "blob", maxContent)
	switch {
	case errors.Is(err, errMissing):
		return fact.Unknown[[]byte](errMissing.Error()), nil
	case errors.Is(err, errLarge):
		return fact.Unknown[[]byte](fmt.Sprintf("it has %d bytes, and rolecall reads %d", size, maxContent)), nil
	case err != nil:
		return fact.Maybe[[]byte]{}, err
	}
	o.recent.blobs.Put(e.Blob, body, len(body), keptBytes)
	return fact.Known(body), nil
}
