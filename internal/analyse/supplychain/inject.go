package supplychain

import (
	"slices"
	"strings"
)

// outside returns what an expression takes from whoever opened, named or wrote
// what the workflow runs for, as "github.event.issue.title". In a script it is
// code of theirs, put there before the shell reads it. What may be such text
// counts: only what GitHub makes itself, or who may write to the repository, is
// left out.
// Source: https://docs.github.com/actions/concepts/security/script-injections
func outside(expr string) []string {
	var found []string
	lower := strings.ToLower(expr) // as GitHub compares names
	quotes := 0
	for at := 0; ; {
		i := strings.Index(lower[at:], "github")
		if i < 0 {
			return found
		}
		start := at + i
		quotes += strings.Count(lower[at:start], "'")
		at = start + len("github")
		if quotes%2 == 1 {
			continue // in a text
		}
		if start > 0 && (wordByte(lower[start-1]) || lower[start-1] == '.' || lower[start-1] == '-') {
			continue
		}
		if at < len(lower) && (wordByte(lower[at]) || lower[at] == '-') {
			continue // a longer name
		}
		if path := append([]string{"github"}, keysAt(lower[at:])...); written(path) {
			found = append(found, strings.Join(path, "."))
		}
	}
}

// maxKey is how long a key in brackets may be, and maxKeys how many there are.
const maxKey, maxKeys = 200, 10

// keysAt reads the keys that follow a context's name, by dots and brackets; one
// that is computed, or stands for all, is "*".
func keysAt(s string) []string {
	var keys []string
	for len(keys) < maxKeys {
		s = strings.TrimLeft(s, " \t\r\n")
		switch {
		case strings.HasPrefix(s, "."):
			s = strings.TrimLeft(s[1:], " \t\r\n")
			n := 0
			for n < len(s) && (wordByte(s[n]) || s[n] == '-') {
				n++
			}
			if n == 0 {
				s = strings.TrimPrefix(s, "*")
				keys = append(keys, "*")
				continue
			}
			keys, s = append(keys, s[:n]), s[n:]
		case strings.HasPrefix(s, "["):
			// GitHub's own keys are short: so much is read to know one.
			inner, _, closed := strings.Cut(s[1:min(len(s), maxKey)], "]")
			name, ok := strings.CutPrefix(strings.TrimSpace(inner), "'")
			name, quoted := strings.CutSuffix(name, "'")
			if !closed || !ok || !quoted || strings.Contains(name, "'") {
				name = "*"
			}
			keys = append(keys, name)
			if !closed {
				return keys
			}
			s = s[len("[")+len(inner)+len("]"):]
		default:
			return keys
		}
	}
	return append(keys, "*")
}

var (
	// trusted are the keys of an event whose text is of who may write to the
	// repository, or of GitHub.
	trusted = []string{"action", "after", "before", "client_payload", "created", "deleted", "deployment", "deployment_status", "enterprise", "forced", "inputs", "installation", "merge_group", "number", "organization", "ref", "ref_type", "release", "repository", "schedule", "sender"}
	// plainKeys end in a number, a hash, a name of an account or repository, a
	// time or one of a few words: no code can be written with them.
	plainKeys = []string{
		"active_lock_reason", "additions", "assignee", "author_association", "changed_files", "comments", "commits_url", "conclusion", "deletions", "draft", "event", "fork", "full_name",
		"head_sha", "id", "locked", "login", "mergeable", "merged", "merge_commit_sha", "node_id", "number", "private", "run_attempt", "run_id", "run_number", "sha", "state", "status", "type", "visibility",
	}
)

// written reports whether somebody from outside may have written what stands at
// the keys.
func written(path []string) bool {
	switch {
	case len(path) == 1:
		return true // all of it
	case path[1] == "head_ref" || path[1] == "*":
		return true
	case path[1] != "event":
		return false
	case len(path) == 2:
		return true
	}
	if len(path) > 4 && path[2] == "pull_request" && path[3] == "base" {
		return false // of this repository itself
	}
	last := path[len(path)-1]
	return !slices.Contains(trusted, path[2]) && !slices.Contains(plainKeys, last) && !strings.HasSuffix(last, "_at") && !strings.HasSuffix(last, "_id") && !strings.HasSuffix(last, "url")
}
