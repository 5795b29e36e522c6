package github

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/google/go-github/v60/github"
	"golang.org/x/sync/errgroup"

	"github.com/rolecall/rolecall/policy/fact"
)

// Comparison is what two commits have between them, from their merge base to
// the head. It is immutable, and shared: callers must not change it.
type Comparison struct {
	Base, Head string // SHAs
	MergeBase  string // SHA
	// Commits is how many commits the head has that the base lacks.
	Commits int
	// Files is at most 300; Complete is false where GitHub may know of more.
	// Their tree entries are unknown, but for the side on which nothing stands.
	Files    []fact.File
	Complete bool
}

// maxCompareFiles is how many files GitHub lists in a comparison.
// https://docs.github.com/rest/commits/commits#compare-two-commits
const maxCompareFiles = 300

// maxListedFiles is how many files GitHub lists of a pull request.
// https://docs.github.com/rest/pulls/pulls#list-pull-requests-files
const maxListedFiles = 3000

// parallel bounds how many calls one reading makes at the same time, well
// below the 100 that GitHub allows.
const parallel = 6

// Compared returns a comparison that was made before, without a call.
func (c *Client) Compared(owner, repo, base, head string) (Comparison, bool) {
	return c.app.cache.compares.get(compareKey{c.scope(owner, repo), base, head})
}

// ComparedHead reports whether head was compared before, with any base.
func (c *Client) ComparedHead(owner, repo, head string) bool {
	return c.app.cache.heads.Contains(headKey{c.scope(owner, repo), head})
}

// Compare returns what head has that base lacks, both given as SHAs. A fork's
// head is compared in the base repository, whose object store holds it for
// as long as the pull request exists. Commits without a common ancestor are
// [NotFound], a difference that GitHub cannot show is [Unprocessable].
func (c *Client) Compare(ctx context.Context, owner, repo, base, head string) (Comparison, error) {
	key := compareKey{c.scope(owner, repo), base, head}
	if got, ok := c.app.cache.compares.get(key); ok {
		return got, nil
	}
	// One commit a page: only their number matters, and the files are all on
	// the first page.
	got, err := get[comparison](ctx, c, "compare", fmt.Sprintf("repos/%s/%s/compare/%s...%s?per_page=1", owner, repo, url.PathEscape(base), url.PathEscape(head)))
	if err != nil {
		return Comparison{}, err
	}
	out := Comparison{
		Base: base, Head: head,
		MergeBase: got.MergeBase.SHA,
		Commits:   got.Commits,
		Complete:  len(got.Files) < maxCompareFiles,
	}
	if out.MergeBase == "" {
		return Comparison{}, &Error{Op: "compare", Kind: NotFound, Message: "the commits have no common ancestor"}
	}
	out.Files = files(got.Files)
	c.app.cache.compares.put(key, out, weight(out.Files))
	c.app.cache.heads.Add(headKey{key.scope, head}, struct{}{})
	return out, nil
}

// comparison is what matters of GitHub's answer: go-github's type would have
// all of the commits and their people taken apart too.
type comparison struct {
	MergeBase struct {
		SHA string `json:"sha"`
	} `json:"merge_base_commit"`
	Commits int                  `json:"total_commits"`
	Files   []*github.CommitFile `json:"files"`
}

// weight is about what files take in memory.
func weight(files []fact.File) int {
	n := 512
	for _, f := range files {
		n += 256 + len(f.Path) + len(f.PreviousPath) + len(f.Patch.Value)
	}
	return n
}

// Files lists the files of a pull request, at most 3,000, in pages that are
// read at the same time; changed is how many GitHub says there are, mergeBase
// and head are the commits that they lie between. It fails with [Transient]
// where the pull request was pushed to meanwhile.
func (c *Client) Files(ctx context.Context, ref fact.Ref, mergeBase, head string, changed int) ([]fact.File, error) {
	key := compareKey{c.scope(ref.Owner, ref.Repo), fmt.Sprintf("files of %d from %s", ref.Number, mergeBase), head}
	if got, ok := c.app.cache.compares.get(key); ok {
		return got.Files, nil
	}
	pages := make([][]*github.CommitFile, (min(max(changed, 1), maxListedFiles)+99)/100)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i := range pages {
		g.Go(func() error {
			return c.do(gctx, "files", true, func(ctx context.Context) (resp *github.Response, err error) {
				pages[i], resp, err = c.rest.PullRequests.ListFiles(ctx, ref.Owner, ref.Repo, ref.Number, &github.ListOptions{Page: i + 1, PerPage: 100})
				return resp, err
			})
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	// The list goes by number, not by SHA.
	now, err := c.head(ctx, ref)
	if err != nil {
		return nil, err
	}
	if now != head {
		return nil, &Error{Op: "files", Kind: Transient, Message: "the pull request was pushed to while its files were listed"}
	}
	var all []fact.File
	seen := make(map[string]bool)
	for _, p := range pages {
		for _, f := range files(p) {
			if !seen[f.Path] {
				seen[f.Path] = true
				all = append(all, f)
			}
		}
	}
	c.app.cache.compares.put(key, Comparison{Files: all}, weight(all))
	return all, nil
}

// head is the SHA at which a pull request stands.
func (c *Client) head(ctx context.Context, ref fact.Ref) (string, error) {
	got, _, err := headOf.ask(ctx, c, map[string]any{"owner": ref.Owner, "name": ref.Repo, "number": ref.Number}, nil)
	return got.Repository.PullRequest.HeadRefOid, err
}

var headOf = fixed[struct {
	Repository struct {
		PullRequest struct {
			HeadRefOid string `json:"headRefOid"`
		} `json:"pullRequest"`
	} `json:"repository"`
}]("head", `
	query head($owner: String!, $name: String!, $number: Int!) {
		repository(owner: $owner, name: $name) {
			pullRequest(number: $number) { headRefOid }
		}
	}`)

const (
	noEntry = "its tree entry was not read"
	noPatch = "GitHub gives no patch for it"
)

func files(in []*github.CommitFile) []fact.File {
	out := make([]fact.File, 0, len(in))
	for _, f := range in {
		file := fact.File{
			Path:      f.GetFilename(),
			Status:    f.GetStatus(),
			Additions: f.GetAdditions(),
			Deletions: f.GetDeletions(),
			Base:      fact.Unknown[fact.Entry](noEntry),
			Head:      fact.Unknown[fact.Entry](noEntry),
			Patch:     fact.Unknown[string](noPatch),
		}
		if p := f.GetPreviousFilename(); p != "" && p != file.Path {
			file.PreviousPath = p
		}
		switch file.Status {
		case fact.Added, fact.Copied:
			file.Base = fact.Known(fact.Entry{})
		case fact.Removed:
			file.Head = fact.Known(fact.Entry{})
		}
		if f.Patch != nil {
			file.Patch = fact.Known(*f.Patch)
		}
		out = append(out, file)
	}
	return out
}

// StrangePath says what is wrong with a path that git or GitHub may have
// altered, or that does not look like what it is; "" where nothing is. Such a
// path is kept, and what stands there counts as unknown.
func StrangePath(path string) string {
	if path == "" || strings.HasPrefix(path, "/") {
		return "its path is not relative"
	}
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "" || part == "." || part == "..":
			return "its path has an empty part, or one of dots"
		case strings.EqualFold(part, ".git"):
			return "its path leads into git's own folder"
		}
	}
	for _, r := range path {
		switch {
		case r == unicode.ReplacementChar:
			return "its path is not UTF-8"
		case unicode.IsControl(r):
			return "its path has a control character"
		case unicode.Is(unicode.Bidi_Control, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r), unicode.Is(unicode.Cf, r):
			return "its path has an invisible character"
		}
	}
	return ""
}
