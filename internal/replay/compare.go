package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// comparer lists the files that differ between two trees.
type comparer struct {
	*process
	// plain is without lines counted and renames found, which need contents.
	plain bool
}

// endMark is a line that names no object: git echoes it after the answer.
const endMark = "end"

func (r *Repository) comparer(ctx context.Context, plain bool) (*comparer, error) {
	args := []string{"diff-tree", "--stdin", "-r", "--raw", "--no-abbrev", "-z", "--no-ext-diff", "--no-textconv", "--no-relative", "--ignore-submodules=none"}
	if plain {
		args = append(args, "--no-renames")
	} else {
		args = append(args, "-M", "-l1000", "--numstat")
	}
	p, err := r.start(ctx, args...)
	if err != nil {
		return nil, err
	}
	return &comparer{p, plain}, nil
}

// statuses are GitHub's names of git's letters.
var statuses = map[byte]string{'A': fact.Added, 'D': fact.Removed, 'M': fact.Modified, 'R': fact.Renamed, 'T': fact.Changed}

// files compares two trees by their SHA.
func (c *comparer) files(old, new string) ([]fact.File, error) {
	if !isSHA(old) || !isSHA(new) {
		return nil, errors.New("a tree to compare has no name")
	}
	if _, err := fmt.Fprintf(c.in, "%s %s\n%s\n", old, new, endMark); err != nil {
		return nil, c.failed(err)
	}
	if head, err := c.out.ReadString('\n'); err != nil {
		return nil, c.failed(err)
	} else if head != old+" "+new+"\n" {
		return nil, fmt.Errorf("git diff-tree: unexpected answer %q", head)
	}
	var files []fact.File
	at := make(map[string]int) // by path
	for {
		first, err := c.out.ReadByte()
		if err != nil {
			return nil, c.failed(err)
		}
		switch first {
		case endMark[0]:
			if rest, err := c.out.ReadString('\n'); err != nil {
				return nil, c.failed(err)
			} else if rest != endMark[1:]+"\n" {
				return nil, fmt.Errorf("git diff-tree: unexpected line %q", rest)
			}
			return files, nil
		case ':':
			f, err := c.raw()
			if err != nil {
				return nil, c.failed(err)
			}
			at[f.Path] = len(files)
			files = append(files, f)
		default:
			if err := c.out.UnreadByte(); err != nil {
				return nil, err
			}
			path, added, deleted, err := c.lines()
			if err != nil {
				return nil, c.failed(err)
			}
			i, ok := at[path]
			if !ok {
				return nil, fmt.Errorf("git diff-tree: lines of %q, which is not in the list", path)
			}
			files[i].Additions, files[i].Deletions = added, deleted
		}
	}
}

// token reads up to the next zero byte.
func (c *comparer) token() (string, error) {
	s, err := c.out.ReadString(0)
	if err != nil {
		return "", errors.Join(io.ErrUnexpectedEOF, err)
	}
	return s[:len(s)-1], nil
}

// raw reads ":mode mode sha sha X", a path, and the new path of a rename.
func (c *comparer) raw() (fact.File, error) {
	meta, err := c.token()
	if err != nil {
		return fact.File{}, err
	}
	m := strings.Fields(meta)
	if len(m) != 5 {
		return fact.File{}, fmt.Errorf("unexpected record %q", meta)
	}
	f := fact.File{
		Status: statuses[m[4][0]],
		Base:   fact.Known(entryOf(m[0], m[2])), Head: fact.Known(entryOf(m[1], m[3])),
		Patch: fact.Unknown[string]("patches are not made from a local repository"),
	}
	if f.Status == "" {
		return fact.File{}, fmt.Errorf("unexpected status %q", m[4])
	}
	if f.Path, err = c.token(); err != nil {
		return fact.File{}, err
	}
	if f.Status == fact.Renamed {
		f.PreviousPath = f.Path
		if f.Path, err = c.token(); err != nil {
			return fact.File{}, err
		}
	}
	return f, nil
}

// entryOf is a side of a record: git writes zeros where nothing stands.
func entryOf(mode, sha string) fact.Entry {
	if mode == "000000" {
		return fact.Entry{}
	}
	return fact.Entry{Mode: mode, Blob: sha}
}

// lines reads "added deleted path", where a rename has an empty path and the
// old and new one after it. Files that are no text have dashes.
func (c *comparer) lines() (path string, added, deleted int, err error) {
	s, err := c.token()
	if err != nil {
		return "", 0, 0, err
	}
	p := strings.SplitN(s, "\t", 3)
	if len(p) != 3 {
		return "", 0, 0, fmt.Errorf("unexpected lines %q", s)
	}
	added, deleted, path = number(p[0]), number(p[1]), p[2]
	if path == "" {
		if _, err = c.token(); err == nil {
			path, err = c.token()
		}
	}
	return path, added, deleted, err
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
