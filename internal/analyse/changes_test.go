package analyse_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/policy/fact"
)

var update = flag.Bool("update", false, "write the findings of each case in testdata/changes as they are now")

// everything names all findings that a policy can ask for.
var everything = []string{"files", "go", "terraform", "dependencies", "workflows"}

// TestChanges holds the labelled corpus of changes to its findings.
func TestChanges(t *testing.T) {
	files, err := filepath.Glob("../../testdata/changes/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 200 {
		t.Fatalf("the corpus has %d cases, want at least 200", len(files))
	}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			archive := txtar.Parse(src)
			c := readChange(t, archive)
			c.onlyWanted()
			got, err := json.MarshalIndent(analyse.Analyse(c.files, c.contents), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want.json" })
			if *update {
				if i >= 0 {
					archive.Files[i].Data = got
				} else {
					archive.Files = append(archive.Files, txtar.File{Name: "want.json", Data: got})
				}
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if i < 0 {
				t.Fatal("the case has no want.json: run with -update, and read what it writes")
			}
			if diff := cmp.Diff(string(archive.Files[i].Data), string(got)); diff != "" {
				t.Errorf("findings differ (-want +got):\n%s", diff)
			}
		})
	}
}

// change is a case of the corpus: two trees and what changes between them.
type change struct {
	files    []fact.File
	contents fact.Contents
}

// readChange reads a case. Files below before/ and after/ are the two trees;
// a name in quotes is one of Go's string syntax. The lines of the comment
// that start with "!" say what trees cannot:
//
//	! rename OLD NEW      they are one file
//	! mode PATH BASE HEAD modes other than 100644
//	! unread PATH         its contents could not be read
//	! unlisted            no directory was listed
//	! modeless            no modes are known
func readChange(t testing.TB, archive *txtar.Archive) *change {
	t.Helper()
	before, after := map[string][]byte{}, map[string][]byte{}
	for _, f := range archive.Files {
		if p, ok := strings.CutPrefix(f.Name, "before/"); ok {
			before[unquoted(t, p)] = append([]byte{}, f.Data...)
		} else if p, ok := strings.CutPrefix(f.Name, "after/"); ok {
			after[unquoted(t, p)] = append([]byte{}, f.Data...)
		} else if f.Name != "want.json" {
			t.Fatalf("%s is neither before/, after/ nor want.json", f.Name)
		}
	}
	renamed, modes, unread := map[string]string{}, map[string][2]string{}, map[string]bool{}
	listed, modeless := true, false
	for line := range strings.Lines(string(archive.Comment)) {
		order, ok := strings.CutPrefix(strings.TrimSpace(line), "! ")
		if !ok {
			continue
		}
		switch words := strings.Fields(order); words[0] {
		case "rename":
			renamed[words[2]] = words[1]
		case "mode":
			modes[unquoted(t, words[1])] = [2]string{words[2], words[3]}
		case "unread":
			unread[words[1]] = true
		case "unlisted":
			listed = false
		case "modeless":
			modeless = true
		default:
			t.Fatalf("unknown order %q", order)
		}
	}

	c := &change{contents: fact.Contents{Base: side(before, unread, listed), Head: side(after, unread, listed)}}
	for p, mode := range modes {
		link(&c.contents.Base, p, mode[0], before)
		link(&c.contents.Head, p, mode[1], after)
	}
	paths := map[string]bool{}
	for p := range before {
		paths[p] = true
	}
	for p := range after {
		paths[p] = true
	}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		was, is := before[p], after[p]
		f := fact.File{Path: p, Patch: fact.Unknown[string]("the corpus has no patches")}
		_, gone := before[p]
		_, here := after[p]
		switch {
		case renamed[p] != "":
			f.Status, f.PreviousPath = fact.Renamed, renamed[p]
		case slices.Contains(slices.Collect(maps.Values(renamed)), p):
			continue
		case gone && here && bytes.Equal(was, is) && modes[p] == [2]string{}:
			continue
		case gone && here:
			f.Status = fact.Modified
		case gone:
			f.Status = fact.Removed
		default:
			f.Status = fact.Added
		}
		mode := modes[p]
		if mode == [2]string{} {
			mode = [2]string{"100644", "100644"}
		}
		f.Base, f.Head = fact.Known(fact.Entry{}), fact.Known(fact.Entry{})
		if f.Status != fact.Added {
			f.Base.Value.Mode = mode[0]
		}
		if f.Status != fact.Removed {
			f.Head.Value.Mode = mode[1]
		}
		if modeless {
			f.Base = fact.Unknown[fact.Entry]("its mode was not read")
			f.Head = f.Base
		}
		c.files = append(c.files, f)
	}
	return c
}

// onlyWanted leaves of the contents what Wants asks for, so that each case
// holds that, too.
func (c *change) onlyWanted() {
	paths, dirs := map[string]bool{}, map[string]bool{}
	for all := c.contents; ; {
		wants := analyse.Wants(c.files, everything, c.contents)
		if len(wants) == 0 {
			return
		}
		for _, w := range wants {
			if w.Dir {
				dirs[w.Path] = true
			} else {
				paths[w.Path] = true
			}
		}
		c.contents = only(all, paths, dirs, c.contents.Rounds+1)
	}
}

// only leaves of the contents some paths and directories.
func only(all fact.Contents, paths, dirs map[string]bool, rounds int) fact.Contents {
	out := fact.Contents{Base: clone(all.Base), Head: clone(all.Head), Rounds: rounds}
	for _, s := range []*fact.Side{&out.Base, &out.Head} {
		for p := range s.Files {
			if !paths[p] && !dirs[parent(p)] {
				delete(s.Files, p)
			}
		}
		for d := range s.Dirs {
			if !dirs[d] {
				delete(s.Dirs, d)
			}
		}
		// What was asked for and is not in the tree is known to be absent.
		for p := range paths {
			if _, ok := s.Files[p]; !ok {
				s.Files[p] = fact.Known[[]byte](nil)
			}
		}
		if s.Dirs == nil {
			continue
		}
		for d := range dirs {
			if _, ok := s.Dirs[d]; !ok {
				s.Dirs[d] = fact.Known[[]string](nil)
			}
		}
	}
	return out
}

func clone(s fact.Side) fact.Side {
	return fact.Side{Files: maps.Clone(s.Files), Dirs: maps.Clone(s.Dirs), Links: s.Links}
}

// link makes a symbolic link of what stands at a path.
func link(s *fact.Side, p, mode string, tree map[string][]byte) {
	if data, ok := tree[p]; ok && mode == "120000" {
		if s.Links == nil {
			s.Links = map[string]fact.Maybe[string]{}
		}
		s.Links[p] = fact.Known(strings.TrimSuffix(string(data), "\n"))
		s.Files[p] = fact.Unknown[[]byte]("it is a symbolic link")
	}
}

func side(tree map[string][]byte, unread map[string]bool, listed bool) fact.Side {
	s := fact.Side{Files: map[string]fact.Maybe[[]byte]{}}
	if listed {
		s.Dirs = map[string]fact.Maybe[[]string]{}
	}
	for p, data := range tree {
		s.Files[p] = fact.Known(data)
		if unread[p] {
			s.Files[p] = fact.Unknown[[]byte]("it is larger than GitHub gives out")
		}
		if listed {
			d := s.Dirs[parent(p)]
			d.Value = append(d.Value, p[strings.LastIndexByte(p, '/')+1:])
			s.Dirs[parent(p)] = d
		}
	}
	return s
}

func parent(p string) string { return p[:max(0, strings.LastIndexByte(p, '/'))] }

func unquoted(t testing.TB, p string) string {
	t.Helper()
	if !strings.HasPrefix(p, `"`) {
		return p
	}
	s, err := strconv.Unquote(p)
	if err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	return s
}
