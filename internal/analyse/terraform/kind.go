package terraform

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/rolecall/rolecall/policy/fact"
)

//go:embed kinds.txt
var kindsText string

//go:embed replace.txt
var replaceText string

// kindRow is a line of kinds.txt.
type kindRow struct {
	kind     string
	instance bool
	empty    bool // holds nothing itself that could be lost
	patterns []string
}

var kinds = sync.OnceValue(func() []kindRow {
	var rows []kindRow
	for _, words := range table(kindsText) {
		kind, instance := strings.CutSuffix(words[0], "!")
		kind, empty := strings.CutSuffix(kind, "~")
		rows = append(rows, kindRow{kind, instance, empty, words[1:]})
	}
	return rows
})

// replacing is a line of replace.txt.
type replacing struct {
	pattern string
	args    []string
}

var replacements = sync.OnceValue(func() []replacing {
	var rows []replacing
	for _, words := range table(replaceText) {
		rows = append(rows, replacing{words[0], words[1:]})
	}
	return rows
})

func table(s string) [][]string {
	var rows [][]string
	for line := range strings.Lines(s) {
		if words := strings.Fields(line); len(words) > 1 && words[0] != "#" {
			rows = append(rows, words)
		}
	}
	return rows
}

// kindOf tells what a resource type touches, and whether it is a whole
// machine, cluster, database or project.
func kindOf(typ string) (fact.Maybe[string], bool) {
	if row := rowOf(typ); row != nil {
		return fact.Known(row.kind), row.instance
	}
	return fact.Unknown[string]("nothing is known of the type " + typ), false
}

// stateful reports whether an object of the type holds what its destruction
// loses.
func stateful(typ string) bool {
	row := rowOf(typ)
	return row != nil && !row.empty && (row.kind == "data" || row.kind == "secret" || row.kind == "key")
}

func rowOf(typ string) *kindRow {
	rows := kinds()
	for i := range rows {
		for _, p := range rows[i].patterns {
			if match(p, typ) {
				return &rows[i]
			}
		}
	}
	return nil
}

// forces returns the dotted arguments of a type that force its replacement,
// with any index left out.
func forces(typ string) map[string]bool {
	args := map[string]bool{}
	for _, r := range replacements() {
		if match(r.pattern, typ) {
			for _, a := range r.args {
				args[a] = true
			}
		}
	}
	return args
}

// match reports whether the pattern, where * is any text, matches all of s.
func match(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}
