package githubtest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"slices"
	"sort"
	"strings"
)

// Bounds of what is given in one answer.
const (
	maxCompareFiles = 300       // https://docs.github.com/en/rest/commits/commits#compare-two-commits
	maxPullFiles    = 3000      // https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files
	maxPullCommits  = 250       // https://docs.github.com/en/rest/pulls/pulls#list-commits-on-a-pull-request
	maxContents     = 1 << 20   // https://docs.github.com/en/rest/repos/contents#get-repository-content
	maxRawContents  = 100 << 20 // the same page
	maxTreeEntries  = 100_000   // https://docs.github.com/en/rest/git/trees#get-a-tree
)

// at resolves a ref of the repository or ends in 404.
func (r *request) at(repo *Repo, ref string) *commit {
	c := repo.resolve(ref)
	if c == nil {
		notFound()
	}
	return c
}

func getContent(r *request) *response {
	repo := r.repo()
	p := strings.Trim(r.PathValue("path"), "/")
	ref := or(r.query.Get("ref"), repo.defaultBranch)
	c := repo.resolve(ref)
	if c == nil {
		refuse(404, "No commit found for the ref %s", ref)
	}
	e, found := repo.objects.lookup(c.tree, p)
	if !found {
		notFound()
	}
	if e.mode == ModeSymlink { // a link to a file is followed
		target := path.Join(path.Dir(p), string(repo.objects.blobs[e.sha]))
		if to, found := repo.objects.lookup(c.tree, target); found && (to.mode == ModeFile || to.mode == ModeExecutable) {
			e = to
		}
	}
	if e.kind() == "tree" {
		out := []any{}
		for _, child := range repo.objects.trees[e.sha] {
			out = append(out, r.contentObject(repo, ref, path.Join(p, child.name), child, false))
		}
		return ok(out)
	}
	size := len(repo.objects.blobs[e.sha])
	if strings.Contains(r.Header.Get("Accept"), "raw") && e.kind() == "blob" {
		if size > maxRawContents {
			refuse(403, "This API returns blobs up to 100 MB in size.")
		}
		return &response{status: 200, raw: repo.objects.blobs[e.sha], header: http.Header{"Content-Type": {"application/vnd.github.raw+json; charset=utf-8"}}}
	}
	if size > maxRawContents {
		refuse(403, "This API returns blobs up to 100 MB in size.")
	}
	return ok(r.contentObject(repo, ref, p, e, true))
}

func (r *request) contentObject(repo *Repo, ref, p string, e entry, whole bool) object {
	escaped := (&url.URL{Path: p}).EscapedPath()
	self := r.s.api("/repos/%s/contents/%s?ref=%s", repo.fullName(), escaped, url.QueryEscape(ref))
	git := r.s.api("/repos/%s/git/blobs/%s", repo.fullName(), e.sha)
	kind := "file"
	switch {
	case e.kind() == "tree":
		kind, git = "dir", r.s.api("/repos/%s/git/trees/%s", repo.fullName(), e.sha)
	case e.mode == ModeSubmodule:
		kind, git = "submodule", r.s.api("/repos/%s/git/trees/%s", repo.fullName(), e.sha)
	case e.mode == ModeSymlink:
		kind = "symlink"
	}
	page := r.s.page("/%s/blob/%s/%s", repo.fullName(), url.PathEscape(ref), escaped)
	data := repo.objects.blobs[e.sha]
	o := object{
		"type": kind, "size": len(data), "name": path.Base(p), "path": p, "sha": e.sha, "url": self, "git_url": git, "html_url": page,
		"download_url": nil, "_links": object{"self": self, "git": git, "html": page},
	}
	if kind == "file" || kind == "symlink" {
		o["download_url"] = r.s.page("/raw/%s/%s/%s", repo.fullName(), url.PathEscape(ref), escaped)
	}
	if !whole {
		return o
	}
	switch kind {
	case "file":
		if len(data) > maxContents {
			o["encoding"], o["content"] = "none", ""
		} else {
			o["encoding"], o["content"] = "base64", encode64(data)
		}
	case "symlink":
		o["target"] = string(data)
	case "submodule":
		o["submodule_git_url"] = r.s.page("/%s/submodule.git", repo.fullName())
	}
	return o
}

// mayPush refuses a person without write access.
func (r *request) mayPush(repo *Repo) {
	if r.c.installation == nil && permissionRank[repo.permissionOf(r.c.user)] < permissionRank["push"] {
		refuse(403, "Must have push access to view repository collaborators.")
	}
}

func putContent(r *request) *response {
	repo := r.repo()
	r.mayPush(repo)
	var in struct {
		Message string `json:"message"`
		Content string `json:"content"`
		SHA     string `json:"sha"`
		Branch  string `json:"branch"`
	}
	r.decode(&in)
	branch := or(in.Branch, repo.defaultBranch)
	tip := repo.branches[branch]
	if tip == "" {
		refuse(404, "Branch %s not found", branch)
	}
	data, err := base64.StdEncoding.DecodeString(in.Content)
	if err != nil {
		unprocessable("content is not valid Base64")
	}
	p := r.PathValue("path")
	old, existed := repo.objects.lookup(repo.objects.commits[tip].tree, p)
	if existed && old.sha != in.SHA {
		refuse(409, "%s does not match %s", p, old.sha)
	}
	c := repo.commit(tip, Commit{Message: in.Message, Files: Files{p: data}}, r.c.user)
	repo.push(branch, c.sha, r.c.user)
	e, _ := repo.objects.lookup(c.tree, p)
	commit := r.s.commitObject(repo, c)["commit"].(object)
	body := object{
		"content": r.contentObject(repo, branch, p, e, false),
		"commit":  with(commit, object{"sha": c.sha, "node_id": "C_" + c.sha, "html_url": r.s.page("/%s/commit/%s", repo.fullName(), c.sha), "parents": r.s.commitObject(repo, c)["parents"]}),
	}
	if existed {
		return ok(body)
	}
	return created(body)
}

func getBlob(r *request) *response {
	repo := r.repo()
	sha := r.PathValue("file_sha")
	data, found := repo.objects.blobs[sha]
	if !found {
		notFound()
	}
	return ok(object{
		"sha": sha, "node_id": "B_" + sha, "size": len(data), "url": r.s.api("/repos/%s/git/blobs/%s", repo.fullName(), sha),
		"encoding": "base64", "content": encode64(data),
	})
}

func getTree(r *request) *response {
	repo := r.repo()
	ref := r.PathValue("tree_sha")
	sha := ref
	if c := repo.resolve(ref); c != nil {
		sha = c.tree
	}
	if _, found := repo.objects.trees[sha]; !found {
		notFound()
	}
	entries := []any{}
	truncated := false
	var walk func(prefix, sha string)
	walk = func(prefix, sha string) {
		for _, e := range repo.objects.trees[sha] {
			if len(entries) >= maxTreeEntries {
				truncated = true
				return
			}
			o := object{"path": prefix + e.name, "mode": e.mode, "type": e.kind(), "sha": e.sha}
			switch e.kind() {
			case "blob":
				o["size"] = len(repo.objects.blobs[e.sha])
				o["url"] = r.s.api("/repos/%s/git/blobs/%s", repo.fullName(), e.sha)
			case "tree":
				o["url"] = r.s.api("/repos/%s/git/trees/%s", repo.fullName(), e.sha)
			}
			entries = append(entries, o)
			if e.kind() == "tree" && r.query.Has("recursive") {
				walk(prefix+e.name+"/", e.sha)
			}
		}
	}
	walk("", sha)
	return ok(object{"sha": sha, "url": r.s.api("/repos/%s/git/trees/%s", repo.fullName(), sha), "tree": entries, "truncated": truncated})
}

func (r *request) refObject(repo *Repo, branch string) object {
	sha := repo.branches[branch]
	return object{
		"ref": "refs/heads/" + branch, "node_id": "REF_" + sha, "url": r.s.api("/repos/%s/git/refs/heads/%s", repo.fullName(), branch),
		"object": object{"sha": sha, "type": "commit", "url": r.s.api("/repos/%s/git/commits/%s", repo.fullName(), sha)},
	}
}

func getRef(r *request) *response {
	repo := r.repo()
	branch, isBranch := strings.CutPrefix(r.PathValue("ref"), "heads/")
	if _, found := repo.branches[branch]; !isBranch || !found {
		notFound()
	}
	return ok(r.refObject(repo, branch))
}

func createRef(r *request) *response {
	repo := r.repo()
	r.mayPush(repo)
	var in struct{ Ref, SHA string }
	r.decode(&in)
	branch, isBranch := strings.CutPrefix(in.Ref, "refs/heads/")
	if !isBranch || repo.objects.commits[in.SHA] == nil {
		unprocessable("Object does not exist")
	}
	if repo.branches[branch] != "" {
		unprocessable("Reference already exists")
	}
	repo.push(branch, in.SHA, r.c.user)
	return created(r.refObject(repo, branch))
}

// compareEnd resolves one side of BASE...HEAD, which may name a fork as
// "owner:branch".
func (r *request) compareEnd(repo *Repo, name string) *commit {
	if owner, branch, ok := strings.Cut(name, ":"); ok {
		for _, o := range r.s.repoOrder {
			if o.objects == repo.objects && strings.EqualFold(o.owner.login, owner) && !o.deleted {
				return r.at(o, branch)
			}
		}
		notFound()
	}
	return r.at(repo, name)
}

func getComparison(r *request) *response {
	repo := r.repo()
	baseName, headName, ok3 := strings.Cut(r.PathValue("basehead"), "...")
	if !ok3 {
		notFound()
	}
	base, head := r.compareEnd(repo, baseName), r.compareEnd(repo, headName)
	c := repo.objects.compare(base.sha, head.sha)
	if c.mergeBase == "" {
		refuse(404, "No common ancestor between %s and %s.", baseName, headName)
	}
	behind := len(repo.objects.between(head.sha, base.sha))
	status := "diverged"
	switch {
	case base.sha == head.sha:
		status = "identical"
	case behind == 0:
		status = "ahead"
	case len(c.commits) == 0:
		status = "behind"
	}
	commits := c.commits
	first := true
	if r.query.Has("page") || r.query.Has("per_page") {
		from, to := r.page(len(commits), 100)
		commits, first = commits[from:to], from == 0
	} else if len(commits) > maxPullCommits {
		commits = commits[len(commits)-maxPullCommits:]
	}
	files := []any{}
	if first { // the first page alone has files
		files = list(c.files[:min(len(c.files), maxCompareFiles)], func(f *fileChange) object { return r.s.fileObject(repo, head.sha, f) })
	}
	at := r.s.api("/repos/%s/compare/%s...%s", repo.fullName(), base.sha, head.sha)
	page := r.s.page("/%s/compare/%s...%s", repo.fullName(), base.sha, head.sha)
	return ok(object{
		"url": at, "html_url": page, "permalink_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch",
		"base_commit": r.s.commitObject(repo, base), "merge_base_commit": r.s.commitObject(repo, repo.objects.commits[c.mergeBase]),
		"status": status, "ahead_by": len(c.commits), "behind_by": behind, "total_commits": len(c.commits),
		"commits": list(commits, func(x *commit) object { return r.s.commitObject(repo, x) }), "files": files,
	})
}

// history lists the commits that a commit descends from, itself included,
// newest first.
func (o *objects) history(sha string) []*commit {
	all := o.between("", sha)
	slices.Reverse(all)
	return all
}

func listCommits(r *request) *response {
	repo := r.repo()
	tip := r.at(repo, or(r.query.Get("sha"), repo.defaultBranch))
	all := repo.objects.history(tip.sha)
	if p := r.query.Get("path"); p != "" {
		all = slices.DeleteFunc(all, func(c *commit) bool {
			here, _ := repo.objects.lookup(c.tree, p)
			for _, parent := range c.parents {
				if pc := repo.objects.commits[parent]; pc != nil {
					if there, _ := repo.objects.lookup(pc.tree, p); there.sha == here.sha && there.mode == here.mode {
						return true
					}
				}
			}
			return len(c.parents) == 0 && here.sha == ""
		})
	}
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], func(c *commit) object { return r.s.commitObject(repo, c) }))
}

func getCommit(r *request) *response {
	repo := r.repo()
	c := repo.resolve(r.PathValue("ref"))
	if c == nil {
		unprocessable("No commit found for SHA: " + r.PathValue("ref"))
	}
	var from string
	if len(c.parents) > 0 && repo.objects.commits[c.parents[0]] != nil {
		from = repo.objects.commits[c.parents[0]].tree
	}
	files := repo.objects.diff(from, c.tree)
	additions, deletions := 0, 0
	for _, f := range files {
		additions += f.additions
		deletions += f.deletions
	}
	files = files[:min(len(files), maxPullFiles)]
	first, last := 0, min(len(files), maxCompareFiles)
	if r.query.Has("page") || r.query.Has("per_page") {
		first, last = r.page(len(files), maxCompareFiles)
	}
	return ok(with(r.s.commitObject(repo, c), object{
		"stats": object{"additions": additions, "deletions": deletions, "total": additions + deletions},
		"files": list(files[first:last], func(f *fileChange) object { return r.s.fileObject(repo, c.sha, f) }),
	}))
}

// listCommitPulls lists the open pull requests that contain the commit, and
// merged ones that brought it in.
func listCommitPulls(r *request) *response {
	repo := r.repo()
	c := r.at(repo, r.PathValue("commit_sha"))
	var all []*Pull
	for _, p := range repo.issues {
		if !p.isPull || p.closed && !p.merged {
			continue
		}
		if p.mergeCommit == c.sha || p.head.sha == c.sha || slices.Contains(p.changes().commits, c) {
			all = append(all, p)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].number < all[j].number })
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], r.s.listedPull))
}
