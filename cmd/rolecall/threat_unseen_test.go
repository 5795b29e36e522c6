package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy/fact"
)

// What tells git, or GitHub, how other files are read, shown or merged: it can
// hide a change, or make one where no other file changes.
func TestThreat14WhatSaysHowOthersAreRead(t *testing.T) {
	how := map[string]githubtest.Files{
		"left out of diffs":         {".gitattributes": "*.go linguist-generated\nnet/** -diff\n"},
		"taken for binary":          {"net/.gitattributes": "*.tf binary\n"},
		"merged by taking one side": {".gitattributes": "go.sum merge=ours\n"},
		"left out of archives":      {".gitattributes": "*_test.go export-ignore\n"},
		"in another encoding":       {".gitattributes": "*.go text working-tree-encoding=UTF-7\n"},
		"filtered":                  {".gitattributes": "*.go filter=lfs diff=lfs merge=lfs\n"},
		"in another spelling":       {".GitAttributes": "*.go -diff\n"},
		"submodules from elsewhere": {".gitmodules": "[submodule \"x\"]\n\tpath = x\n\turl = https://evil.example/x\n"},
		"large files elsewhere":     {".lfsconfig": "[lfs]\n\turl = https://evil.example/lfs\n"},
		"and taken away":            {"old/.gitattributes": githubtest.Delete},
		"":                          {"docs/attributes.md": "*.go -diff\n"},
	}
	attack{
		naive:  noPathMatches(func(p string) bool { return strings.HasSuffix(p, ".go") || strings.HasSuffix(p, ".tf") }),
		caught: waitsForSecurity, control: shown{"success", "No rule"},
		says: []string{"it concerns `"},
	}.together(t, named(how), func(w *world, trick string) *githubtest.Pull {
		if trick == "" {
			w.repo.Commit("main", "Attributes", githubtest.Files{"old/.gitattributes": "*.go text\n"})
		}
		pr := w.open("dan", how[trick])
		pr.Approve("ana")
		return pr
	})
}

// named are the names of what there is, but "".
func named[V any](all map[string]V) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return name == "" })
}

// pointer is what stands in the tree for a large file.
func pointer(oid byte) string {
	return "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat(string(oid), 64) + "\nsize 12345\n"
}

// After the approval something changes that has no lines to show: a mode, the
// ends of lines, the case or form of a name, where a link or submodule leads,
// which large file it is.
func TestThreat03ApproveThenPushWhatHasNoLines(t *testing.T) {
	type change struct{ first, then githubtest.Files }
	changes := map[string]change{
		"a mode":                         {githubtest.Files{"instances/run.sh": "x\n"}, githubtest.Files{"instances/run.sh": githubtest.Executable("x\n")}},
		"ends of lines":                  {githubtest.Files{"instances/run.sh": "#!/bin/sh\nx\n"}, githubtest.Files{"instances/run.sh": "#!/bin/sh\r\nx\r\n"}},
		"the last line's end":            {githubtest.Files{"instances/run.sh": "x\n"}, githubtest.Files{"instances/run.sh": "x"}},
		"a byte order mark":              {githubtest.Files{"instances/run.sh": "#!/bin/sh\nx\n"}, githubtest.Files{"instances/run.sh": "\ufeff#!/bin/sh\nx\n"}},
		"the case of a name":             {githubtest.Files{"instances/a.sh": "x\n"}, githubtest.Files{"instances/a.sh": githubtest.Delete, "instances/A.sh": "x\n"}},
		"the normal form of a name":      {githubtest.Files{"instances/\u00e9.sh": "x\n"}, githubtest.Files{"instances/\u00e9.sh": githubtest.Delete, "instances/e\u0301.sh": "x\n"}},
		"where a link leads":             {githubtest.Files{"instances/l": githubtest.Symlink("../a")}, githubtest.Files{"instances/l": githubtest.Symlink("../b")}},
		"a link in a file's place":       {githubtest.Files{"instances/l": "../a"}, githubtest.Files{"instances/l": githubtest.Symlink("../a")}},
		"the commit of a submodule":      {githubtest.Files{"instances/m": githubtest.Submodule("2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")}, githubtest.Files{"instances/m": githubtest.Submodule("de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3")}},
		"a submodule in a link's place":  {githubtest.Files{"instances/m": githubtest.Symlink("../a")}, githubtest.Files{"instances/m": githubtest.Submodule("de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3")}},
		"which large file a pointer has": {githubtest.Files{"instances/model.bin": pointer('a')}, githubtest.Files{"instances/model.bin": pointer('b')}},
		"":                               {githubtest.Files{"instances/other.sh": "x\n"}, githubtest.Files{"docs/x.md": "x\n"}},
	}
	// What a reader of lines makes of a text.
	words := strings.NewReplacer("\r", "", "\ufeff", "", "../b", "../a", pointer('b'), "", pointer('a'), "")
	attack{
		policy: folderPolicy,
		// The words in the folder are the same.
		naive: func(w *world, pr *githubtest.Pull, p fact.Pull) bool {
			at := func(sha string) (all string) {
				for _, f := range p.Files {
					text, _ := w.repo.Read(sha, f.Path)
					old, _ := w.repo.Read(sha, f.PreviousPath)
					all += strings.TrimSpace(words.Replace(text + old))
				}
				return strings.TrimSpace(all)
			}
			then, now := at(p.Reviews[0].Commit), at(pr.Head())
			return then == now || then == "" || now == ""
		},
		caught: waitsForSecurity, control: passes,
		says: []string{"instances/"},
	}.together(t, named(changes), func(w *world, trick string) *githubtest.Pull {
		pr := w.open("dan", changes[trick].first)
		pr.Approve("sam")
		w.settle()
		w.pass(2 * time.Second)
		pr.Push("dan", changes[trick].then)
		return pr
	})
}

// A large file is in the tree as a pointer alone: one that takes the place of
// code hides what it is, and what it is exchanged for.
func TestThreat14CodeBehindAPointer(t *testing.T) {
	for path, test := range variants(map[string]struct{ was string }{
		"p/p.go":         {"package p\n\n// F is.\nfunc F() {}\n"},
		"p/exchanged.go": {pointer('a')},
	}) {
		t.Run(path, attack{
			policy: cosmeticPolicy,
			play: func(w *world, trick bool) *githubtest.Pull {
				w.repo.Commit("main", "A package", githubtest.Files{path: test.was, "p/q.go": "package p\n\n// G is.\nfunc G() {}\n"})
				if trick {
					return w.open("dan", githubtest.Files{path: pointer('b')})
				}
				return w.open("dan", githubtest.Files{"p/q.go": "package p\n\n// G is here.\nfunc G() {}\n"})
			},
			// There is no code in it.
			naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
				now, _ := w.repo.Read(pr.Head(), path)
				return !strings.Contains(now, "func ")
			},
			caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: shown{"success", "No rule"},
			says: []string{path},
		}.run)
	}
}
