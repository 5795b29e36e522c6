package replay

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// commit is a commit object.
type commit struct {
	fact.Commit
	author   fact.Person
	reviewed []fact.Person // whom its trailers name as reviewers
	title    string
	body     string
}

// commit reads one commit.
func (o *objects) commit(sha string) (commit, error) {
	if c, ok := o.recent.commits.Get(sha); ok {
		return c, nil
	}
	body, _, err := o.read(sha, "commit", maxObject)
	if err != nil {
		return commit{}, fmt.Errorf("commit %s: %w", sha, err)
	}
	c := parseCommit(sha, string(body))
	// Its message is of any length.
	o.recent.commits.Put(sha, c, 1+len(body)/4096, keptCommits)
	return c, nil
}

// coAuthor is a trailer wherever it stands in a message: GitHub asks for it at
// the end, and one more contributor only tightens.
// https://docs.github.com/en/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
var coAuthor = regexp.MustCompile(`(?im)^[ \t]*co-authored-by:[ \t]*([^<\n]*)<([^<>\n]*)>`)

// reviewer is a trailer that names who reviewed a change, as Linux and Gerrit
// write it.
// https://docs.kernel.org/process/submitting-patches.html
var reviewer = regexp.MustCompile(`(?im)^(?:reviewed|acked|approved)-by:[ \t]*([^<\n]*)<([^<>\n]*)>`)

func parseCommit(sha, text string) commit {
	head, message, _ := strings.Cut(text, "\n\n")
	c := commit{Commit: fact.Commit{SHA: sha}}
	add := func(p fact.Person) {
		if !slices.Contains(c.People, p) {
			c.People = append(c.People, p)
		}
	}
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.Tree = value
		case "parent":
			c.Parents = append(c.Parents, value)
		case "author":
			name, email, _ := signature(value)
			c.author = identity(name, email)
			add(c.author)
		case "committer":
			name, email, at := signature(value)
			c.At = at
			if !webFlow(name, email) {
				add(identity(name, email))
			}
		}
	}
	for _, m := range coAuthor.FindAllStringSubmatch(message, -1) {
		add(identity(strings.TrimSpace(m[1]), strings.TrimSpace(m[2])))
	}
	for _, m := range reviewer.FindAllStringSubmatch(message, -1) {
		if who := identity(strings.TrimSpace(m[1]), strings.TrimSpace(m[2])); !slices.Contains(c.reviewed, who) {
			c.reviewed = append(c.reviewed, who)
		}
	}
	title, rest, _ := strings.Cut(strings.TrimSpace(message), "\n")
	c.title, c.body = strings.ToValidUTF8(title, "\uFFFD"), strings.ToValidUTF8(strings.TrimSpace(rest), "\uFFFD")
	return c
}

// signature takes "Name <email> seconds zone" apart.
func signature(s string) (name, email string, at time.Time) {
	open, end := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if open < 0 || end < open {
		return strings.TrimSpace(s), "", time.Time{}
	}
	name, email = strings.TrimSpace(s[:open]), s[open+1:end]
	if f := strings.Fields(s[end+1:]); len(f) > 0 {
		if n, err := strconv.ParseInt(f[0], 10, 64); err == nil {
			at = time.Unix(n, 0).UTC()
		}
	}
	return name, email, at
}

// webFlow tells GitHub itself, which commits what is made on its pages.
// https://docs.github.com/authentication/managing-commit-signature-verification/about-commit-signature-verification
func webFlow(name, email string) bool { return name == "GitHub" && email == "noreply@github.com" }

// ownAddress is the address that GitHub gives an account for its commits.
// https://docs.github.com/en/account-and-profile/reference/email-addresses-reference#your-noreply-email-address
var ownAddress = regexp.MustCompile(`^(?:\d+\+)?([a-z0-9][a-z0-9_-]*)(\[bot\])?@users\.noreply\.github\.com$`)

// identity is the account that an address belongs to, where it tells.
func identity(name, email string) fact.Person {
	if m := ownAddress.FindStringSubmatch(strings.ToLower(email)); m != nil {
		return fact.Person{Login: fact.Login(m[1]), Bot: m[2] != ""}
	}
	return fact.Person{Name: strings.ToValidUTF8(name, "\uFFFD"), Email: strings.ToValidUTF8(email, "\uFFFD")}
}
