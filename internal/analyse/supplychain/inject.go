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
	quotes, counted := 0, 0
	for start, rest := range mentions(lower, "github") {
		quotes += strings.Count(lower[counted:start], "'")
		counted = start
		if quotes%2 == 1 {
			continue // in a text
		}
		if path := append([]string{"github"}, keysAt(rest)...); written(path) {
			found = append(found, strings.Join(path, "."))
		}
	}
	return found
}

var (
	// trusted are the keys of an event whose text is of who may write to the
	// repository, or of GitHub.
	trusted = []string{"action", "after", "before", "client_payload", "created", "deleted", "deployment", "deployment_status", "enterprise", "forced", "inputs", "installation", "merge_group", "number", "organization", "ref", "ref_type", "release", "repository", "schedule", "sender"}
	// plainKeys end in a number, a hash, a name of an account or repository, a
	// time or one of a few words: no code can be written with them.
	plainKeys = []string{
		"active_lock_reason", "additions", "assignee", "author_association", "changed_files", "comments", "conclusion", "deletions", "draft", "event", "fork", "full_name",
		"head_sha", "id", "locked", "login", "mergeable", "merged", "merge_commit_sha", "number", "private", "run_attempt", "run_number", "sha", "state", "status", "type", "visibility",
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
