package githubtest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// This file renders records as GitHub's JSON. The shapes are those of
// webhooks, which allow nothing beside what they name; what REST adds is added
// by the operation that answers with it.

// stamp is a time as GitHub writes it; null for none.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// orNull is null for an empty string.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// list renders every element.
func list[T any](in []T, render func(T) object) []any {
	out := make([]any, 0, len(in))
	for _, x := range in {
		out = append(out, render(x))
	}
	return out
}

// with is a copy of an object with more in it.
func with(o object, more object) object {
	o = maps.Clone(o)
	maps.Copy(o, more)
	return o
}

// without is a copy of an object without some keys.
func without(o object, keys ...string) object {
	o = maps.Clone(o)
	for _, k := range keys {
		delete(o, k)
	}
	return o
}

func (s *Server) userObject(u *User) object { return s.accountObject(&u.account) }

func (s *Server) accountObject(a *account) object {
	if a.rendered != nil {
		return a.rendered
	}
	at := s.api("/users/%s", url.PathEscape(a.login))
	a.rendered = object{
		"login": a.login, "id": a.id, "node_id": a.nodeID(), "type": a.kind, "site_admin": false,
		"avatar_url": s.page("/avatars/%d", a.id), "gravatar_id": "", "url": at, "html_url": s.page("/%s", url.PathEscape(a.login)),
		"followers_url": at + "/followers", "following_url": at + "/following{/other_user}", "gists_url": at + "/gists{/gist_id}",
		"starred_url": at + "/starred{/owner}{/repo}", "subscriptions_url": at + "/subscriptions", "organizations_url": at + "/orgs",
		"repos_url": at + "/repos", "events_url": at + "/events{/privacy}", "received_events_url": at + "/received_events",
	}
	return a.rendered
}

// accountJSON is an account as one piece, for payloads that repeat it.
func (s *Server) accountJSON(a *account) jsontext.Value {
	if a.encoded == nil {
		a.encoded = encode(s.accountObject(a))
	}
	return a.encoded
}

// marshal writes JSON, with the second version of Go's: most of what the fake
// does under load is that.
func marshal(v any, o ...json.Options) ([]byte, error) {
	return json.Marshal(v, append(o, json.FormatNilSliceAsNull(true), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))...)
}

// unmarshal reads JSON as marshal writes it.
func unmarshal(data []byte, v any) error {
	return json.Unmarshal(data, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.MatchCaseInsensitiveNames(true))
}

func encode(o object) jsontext.Value {
	data, err := marshal(o)
	if err != nil {
		panic(err) // strings, numbers and lists of them: cannot fail
	}
	return data
}

func (s *Server) orgObject(o *Org) object {
	at := s.api("/orgs/%s", o.login)
	return object{
		"login": o.login, "id": o.id, "node_id": o.nodeID(), "url": at, "repos_url": at + "/repos", "events_url": at + "/events",
		"hooks_url": at + "/hooks", "issues_url": at + "/issues", "members_url": at + "/members{/member}",
		"public_members_url": at + "/public_members{/member}", "avatar_url": s.page("/avatars/%d", o.id), "description": "",
	}
}

// repoKey is what a rendered repository depends on.
type repoKey struct {
	private, deleted bool
	pushed           time.Time
	open             int
	branch           string
}

func (s *Server) repoObject(r *Repo) object {
	key := repoKey{r.private, r.deleted, r.pushed, len(r.open), r.defaultBranch}
	if r.rendered != nil && r.renderedFor == key {
		return r.rendered
	}
	at, page := s.api("/repos/%s", r.fullName()), s.page("/%s", r.fullName())
	visibility := "public"
	if r.private {
		visibility = "private"
	}
	r.renderedFor, r.encoded = key, nil
	r.rendered = object{
		"id": r.id, "node_id": nodeID("Repository", r.id), "name": r.name, "full_name": r.fullName(), "private": r.private,
		"owner": s.accountObject(r.owner), "html_url": page, "description": nil, "fork": r.parent != nil, "url": at,
		"forks_url": at + "/forks", "keys_url": at + "/keys{/key_id}", "collaborators_url": at + "/collaborators{/collaborator}",
		"teams_url": at + "/teams", "hooks_url": at + "/hooks", "issue_events_url": at + "/issues/events{/number}",
		"events_url": at + "/events", "assignees_url": at + "/assignees{/user}", "branches_url": at + "/branches{/branch}",
		"tags_url": at + "/tags", "blobs_url": at + "/git/blobs{/sha}", "git_tags_url": at + "/git/tags{/sha}",
		"git_refs_url": at + "/git/refs{/sha}", "trees_url": at + "/git/trees{/sha}", "statuses_url": at + "/statuses/{sha}",
		"languages_url": at + "/languages", "stargazers_url": at + "/stargazers", "contributors_url": at + "/contributors",
		"subscribers_url": at + "/subscribers", "subscription_url": at + "/subscription", "commits_url": at + "/commits{/sha}",
		"git_commits_url": at + "/git/commits{/sha}", "comments_url": at + "/comments{/number}",
		"issue_comment_url": at + "/issues/comments{/number}", "contents_url": at + "/contents/{+path}",
		"compare_url": at + "/compare/{base}...{head}", "merges_url": at + "/merges", "archive_url": at + "/{archive_format}{/ref}",
		"downloads_url": at + "/downloads", "issues_url": at + "/issues{/number}", "pulls_url": at + "/pulls{/number}",
		"milestones_url": at + "/milestones{/number}", "notifications_url": at + "/notifications{?since,all,participating}",
		"labels_url": at + "/labels{/name}", "releases_url": at + "/releases{/id}", "deployments_url": at + "/deployments",
		"created_at": stamp(r.created), "updated_at": stamp(r.pushed), "pushed_at": stamp(r.pushed),
		"git_url": "git://" + page[len("http://"):] + ".git", "ssh_url": "git@" + page[len("http://"):] + ".git", "clone_url": page + ".git",
		"svn_url": page, "homepage": nil, "size": 1, "stargazers_count": 0, "watchers_count": 0, "language": nil,
		"has_issues": true, "has_projects": true, "has_downloads": true, "has_wiki": true, "has_pages": false, "has_discussions": false,
		"forks_count": 0, "mirror_url": nil, "archived": false, "disabled": r.deleted, "open_issues_count": len(r.open), "license": nil,
		"forks": 0, "open_issues": len(r.open), "watchers": 0, "default_branch": r.defaultBranch, "is_template": false,
		"web_commit_signoff_required": false, "topics": []any{}, "visibility": visibility, "custom_properties": object{},
	}
	return r.rendered
}

// repoJSON is a repository as one piece, for payloads that repeat it.
func (s *Server) repoJSON(r *Repo) jsontext.Value {
	o := s.repoObject(r)
	if r.encoded == nil {
		r.encoded = encode(o)
	}
	return r.encoded
}

// shortRepo is a repository as installation events list it.
func shortRepo(r *Repo) object {
	return object{"id": r.id, "node_id": nodeID("Repository", r.id), "name": r.name, "full_name": r.fullName(), "private": r.private}
}

// team privacy: GitHub calls teams that are not secret "closed".
func (t *Team) privacy() string {
	if t.secret {
		return "secret"
	}
	return "closed"
}

func (s *Server) teamObject(t *Team) object {
	at := s.api("/organizations/%d/team/%d", t.org.id, t.id)
	o := object{
		"name": t.name, "id": t.id, "node_id": nodeID("Team", t.id), "slug": t.slug, "description": "", "privacy": t.privacy(),
		"notification_setting": "notifications_enabled", "url": at, "html_url": s.page("/orgs/%s/teams/%s", t.org.login, t.slug),
		"members_url": at + "/members{/member}", "repositories_url": at + "/repos", "permission": "pull",
	}
	if t.parent != nil {
		p := s.teamObject(t.parent)
		delete(p, "parent")
		o["parent"] = p
	} else {
		o["parent"] = nil
	}
	return o
}

func (s *Server) labelObject(r *Repo, l *Label) object {
	return object{
		"id": l.id, "node_id": nodeID("Label", l.id), "url": s.api("/repos/%s/labels/%s", r.fullName(), url.PathEscape(l.name)),
		"name": l.name, "color": l.color, "default": false, "description": l.description,
	}
}

func (p *Pull) state() string {
	if p.closed {
		return "closed"
	}
	return "open"
}

func (s *Server) branchEndObject(e branchEnd) object {
	o := object{
		"label": e.repo.owner.login + ":" + e.ref, "ref": e.ref, "sha": e.sha, "user": s.accountJSON(e.repo.owner), "repo": nil,
	}
	if e.repo.deleted {
		o["label"] = "unknown repository"
	} else {
		o["repo"] = s.repoJSON(e.repo)
	}
	return o
}

// simplePullObject is a pull request as lists and review events have it.
func (s *Server) simplePullObject(p *Pull) object {
	at, page := s.api("/repos/%s/pulls/%d", p.repo.fullName(), p.number), p.htmlURL()
	issue := s.api("/repos/%s/issues/%d", p.repo.fullName(), p.number)
	statuses := s.api("/repos/%s/statuses/%s", p.repo.fullName(), p.head.sha)
	link := func(href string) object { return object{"href": href} }
	o := object{
		"url": at, "id": p.id, "node_id": p.nodeID(), "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch",
		"issue_url": issue, "number": p.number, "state": p.state(), "locked": p.locked, "title": p.title, "user": s.accountJSON(&p.author.account),
		"body": orNull(p.body), "created_at": stamp(p.created), "updated_at": stamp(p.updated), "closed_at": stamp(p.closedAt),
		"merged_at": stamp(p.mergedAt), "merge_commit_sha": orNull(p.mergeCommit), "assignee": nil,
		"assignees":           list(p.assignees, s.userObject),
		"requested_reviewers": list(p.requestedUsers, s.userObject), "requested_teams": list(p.requestedTeams, s.teamObject),
		"labels": list(p.labels, func(l *Label) object { return s.labelObject(p.repo, l) }), "milestone": nil, "draft": p.draft,
		"commits_url": at + "/commits", "review_comments_url": at + "/comments",
		"review_comment_url": s.api("/repos/%s/pulls/comments{/number}", p.repo.fullName()), "comments_url": issue + "/comments",
		"statuses_url": statuses, "head": s.branchEndObject(p.head), "base": s.branchEndObject(p.base),
		"_links": object{
			"self": link(at), "html": link(page), "issue": link(issue), "comments": link(issue + "/comments"),
			"review_comments": link(at + "/comments"), "review_comment": link(s.api("/repos/%s/pulls/comments{/number}", p.repo.fullName())),
			"commits": link(at + "/commits"), "statuses": link(statuses),
		},
		"author_association": p.repo.association(p.author), "auto_merge": s.autoMergeObject(p.autoMerge), "active_lock_reason": nil,
	}
	if len(p.assignees) > 0 {
		o["assignee"] = s.userObject(p.assignees[0])
	}
	return o
}

// pullObject is a pull request with its counts.
func (s *Server) pullObject(p *Pull) object {
	c := p.changes()
	o := with(s.simplePullObject(p), object{
		"merged": p.merged, "mergeable": nil, "rebaseable": nil, "mergeable_state": "unknown", "merged_by": nil,
		"comments": len(p.comments), "review_comments": 0, "maintainer_can_modify": false, "commits": len(c.commits),
		"additions": c.additions, "deletions": c.deletions, "changed_files": len(c.files),
	})
	if p.mergedBy != nil {
		o["merged_by"] = s.userObject(p.mergedBy)
	}
	return o
}

func (s *Server) reactionsObject(c *Comment) object {
	o := object{"url": "", "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0, "heart": 0, "rocket": 0, "eyes": 0}
	if c == nil {
		o["url"] = s.api("/reactions")
		return o
	}
	o["url"] = s.api("/repos/%s/issues/comments/%d/reactions", c.pull.repo.fullName(), c.id)
	for _, r := range c.reacted {
		o["total_count"] = o["total_count"].(int) + 1
		o[r.content] = o[r.content].(int) + 1
	}
	return o
}

func (s *Server) issueObject(p *Pull) object {
	at := s.api("/repos/%s/issues/%d", p.repo.fullName(), p.number)
	o := object{
		"url": at, "repository_url": s.api("/repos/%s", p.repo.fullName()), "labels_url": at + "/labels{/name}", "comments_url": at + "/comments",
		"events_url": at + "/events", "html_url": p.htmlURL(), "id": p.issueID, "node_id": p.nodeID(), "number": p.number,
		"title": p.title, "user": s.userObject(p.author), "labels": list(p.labels, func(l *Label) object { return s.labelObject(p.repo, l) }),
		"state": p.state(), "locked": p.locked, "assignee": nil, "assignees": list(p.assignees, s.userObject), "milestone": nil,
		"comments": len(p.comments), "created_at": stamp(p.created), "updated_at": stamp(p.updated), "closed_at": stamp(p.closedAt),
		"author_association": p.repo.association(p.author), "active_lock_reason": nil, "body": orNull(p.body),
		"reactions": s.reactionsObject(nil), "timeline_url": at + "/timeline", "performed_via_github_app": nil, "state_reason": nil,
	}
	if len(p.assignees) > 0 {
		o["assignee"] = s.userObject(p.assignees[0])
	}
	if p.isPull {
		page := p.htmlURL()
		o["draft"] = p.draft
		o["pull_request"] = object{
			"url": s.api("/repos/%s/pulls/%d", p.repo.fullName(), p.number), "html_url": page, "diff_url": page + ".diff",
			"patch_url": page + ".patch", "merged_at": stamp(p.mergedAt),
		}
	}
	return o
}

func (s *Server) commentObject(c *Comment) object {
	o := object{
		"url":       s.api("/repos/%s/issues/comments/%d", c.pull.repo.fullName(), c.id),
		"html_url":  fmt.Sprintf("%s#issuecomment-%d", c.pull.htmlURL(), c.id),
		"issue_url": s.api("/repos/%s/issues/%d", c.pull.repo.fullName(), c.pull.number), "id": c.id, "node_id": nodeID("IssueComment", c.id),
		"user": s.userObject(c.author), "created_at": stamp(c.created), "updated_at": stamp(c.updated),
		"author_association": c.pull.repo.association(c.author), "performed_via_github_app": nil, "body": c.body,
		"reactions": s.reactionsObject(c),
	}
	if c.app != nil {
		o["performed_via_github_app"] = s.appObject(c.app)
	}
	return o
}

// reviewObject is a review; REST writes its state in upper case, webhooks in
// lower.
func (s *Server) reviewObject(r *Review, state string) object {
	page := fmt.Sprintf("%s#pullrequestreview-%d", r.pull.htmlURL(), r.id)
	pull := s.api("/repos/%s/pulls/%d", r.pull.repo.fullName(), r.pull.number)
	return object{
		"id": r.id, "node_id": nodeID("PullRequestReview", r.id), "user": s.userObject(r.author), "body": r.body, "commit_id": r.commit,
		"submitted_at": stamp(r.submitted), "state": state, "html_url": page, "pull_request_url": pull,
		"author_association": r.pull.repo.association(r.author),
		"_links":             object{"html": object{"href": page}, "pull_request": object{"href": pull}},
	}
}

func (s *Server) appObject(a *App) object {
	events := slices.Sorted(maps.Keys(a.events))
	if events == nil {
		events = []string{}
	}
	return object{
		"id": a.id, "slug": a.slug, "node_id": nodeID("App", a.id), "owner": s.accountObject(a.owner), "name": a.name, "description": "",
		"external_url": s.page("/"), "html_url": s.page("/apps/%s", a.slug), "created_at": stamp(a.created), "updated_at": stamp(a.created),
		"permissions": maps.Clone(a.permissions), "events": events,
	}
}

func (s *Server) installationObject(i *Installation) object {
	selection := "all"
	if i.selected != nil {
		selection = "selected"
	}
	o := object{
		"id": i.id, "account": s.accountObject(i.account), "repository_selection": selection,
		"access_tokens_url": s.api("/app/installations/%d/access_tokens", i.id), "repositories_url": s.api("/installation/repositories"),
		"html_url": s.page("/organizations/%s/settings/installations/%d", i.account.login, i.id), "app_id": i.app.id, "app_slug": i.app.slug,
		"target_id": i.account.id, "target_type": i.account.kind, "permissions": maps.Clone(i.permissions), "events": s.appObject(i.app)["events"],
		"created_at": stamp(i.created), "updated_at": stamp(i.updated), "single_file_name": nil, "has_multiple_single_files": false,
		"single_file_paths": []any{}, "suspended_at": nil, "suspended_by": nil,
	}
	if i.suspended {
		o["suspended_at"], o["suspended_by"] = stamp(i.updated), s.userObject(s.user("app-owner"))
	}
	return o
}

func (s *Server) runPulls(r *Repo, sha string) []any {
	out := []any{}
	for _, p := range s.pullsAt(r, sha) {
		end := func(e branchEnd) object {
			return object{"ref": e.ref, "sha": e.sha, "repo": object{"id": e.repo.id, "url": s.api("/repos/%s", e.repo.fullName()), "name": e.repo.name}}
		}
		if p.head.repo != r { // behaviour 8: pull requests from forks are not listed
			continue
		}
		out = append(out, object{
			"url": s.api("/repos/%s/pulls/%d", r.fullName(), p.number), "id": p.id, "number": p.number, "head": end(p.head), "base": end(p.base),
		})
	}
	return out
}

// pullsAt lists the repository's open pull requests whose head is the commit.
func (s *Server) pullsAt(r *Repo, sha string) []*Pull {
	var out []*Pull
	for _, p := range s.openBySHA[sha] {
		if p.repo == r {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *Pull) int { return a.number - b.number })
	return out
}

func (s *Server) checkObject(c *CheckRun) object {
	at := s.api("/repos/%s/check-runs/%d", c.repo.fullName(), c.id)
	page := s.page("/%s/runs/%d", c.repo.fullName(), c.id)
	pulls := s.runPulls(c.repo, c.sha)
	return object{
		"id": c.id, "node_id": nodeID("CheckRun", c.id), "head_sha": c.sha, "external_id": c.externalID, "url": at, "html_url": page,
		"details_url": or(c.detailsURL, page), "status": c.status, "conclusion": orNull(c.conclusion), "started_at": stamp(c.started),
		"completed_at": stamp(c.completed),
		"output": object{
			"title": orNull(c.title), "summary": orNull(c.summary), "text": orNull(c.text),
			"annotations_count": len(c.annotations), "annotations_url": at + "/annotations",
		},
		"name": c.name,
		"check_suite": object{
			"id": c.suite.id, "node_id": nodeID("CheckSuite", c.suite.id), "head_branch": orNull(c.suite.branch), "head_sha": c.sha,
			"status": c.suite.status, "conclusion": orNull(c.suite.conclusion), "url": s.api("/repos/%s/check-suites/%d", c.repo.fullName(), c.suite.id),
			"before": noSHA, "after": c.sha, "pull_requests": pulls, "app": s.appObject(c.app),
			"created_at": stamp(c.suite.created), "updated_at": stamp(c.suite.updated),
		},
		"app": s.appObject(c.app), "pull_requests": pulls,
	}
}

func (s *Server) suiteObject(c *checkSuite) object {
	at := s.api("/repos/%s/check-suites/%d", c.repo.fullName(), c.id)
	runs := 0
	for _, run := range c.repo.runs[c.sha] {
		if run.suite == c {
			runs++
		}
	}
	o := object{
		"id": c.id, "node_id": nodeID("CheckSuite", c.id), "head_branch": orNull(c.branch), "head_sha": c.sha, "status": c.status,
		"conclusion": orNull(c.conclusion), "url": at, "before": noSHA, "after": c.sha, "pull_requests": s.runPulls(c.repo, c.sha),
		"app": s.appObject(c.app), "created_at": stamp(c.created), "updated_at": stamp(c.updated), "rerequestable": true, "runs_rerequestable": true,
		"latest_check_runs_count": runs, "check_runs_url": at + "/check-runs", "head_commit": nil,
	}
	if head := c.repo.objects.commits[c.sha]; head != nil {
		o["head_commit"] = simpleCommit(head)
	}
	return o
}

// simpleCommit is a commit as check suites and merge groups have it.
func simpleCommit(c *commit) object {
	return object{
		"id": c.sha, "tree_id": c.tree, "message": c.text(), "timestamp": stamp(c.committer.at),
		"author": object{"name": c.author.name, "email": c.author.email}, "committer": object{"name": c.committer.name, "email": c.committer.email},
	}
}

// commitObject is a commit as REST has it.
func (s *Server) commitObject(r *Repo, c *commit) object {
	at := s.api("/repos/%s/commits/%s", r.fullName(), c.sha)
	person := func(sig signature) any {
		if u := s.userAt(sig.email); u != nil {
			return s.userObject(u)
		}
		return nil
	}
	sig := func(g signature) object { return object{"name": g.name, "email": g.email, "date": stamp(g.at)} }
	return object{
		"url": at, "sha": c.sha, "node_id": "C_" + c.sha, "html_url": s.page("/%s/commit/%s", r.fullName(), c.sha), "comments_url": at + "/comments",
		"commit": object{
			"url": s.api("/repos/%s/git/commits/%s", r.fullName(), c.sha), "author": sig(c.author), "committer": sig(c.committer),
			"message": c.text(), "comment_count": 0, "tree": object{"sha": c.tree, "url": s.api("/repos/%s/git/trees/%s", r.fullName(), c.tree)},
			"verification": object{"verified": false, "reason": "unsigned", "payload": nil, "signature": nil, "verified_at": nil},
		},
		"author": person(c.author), "committer": person(c.committer),
		"parents": list(c.parents, func(p string) object {
			return object{"sha": p, "url": s.api("/repos/%s/commits/%s", r.fullName(), p), "html_url": s.page("/%s/commit/%s", r.fullName(), p)}
		}),
	}
}

func (s *Server) fileObject(r *Repo, sha string, f *fileChange) object {
	blob := f.new.sha
	if blob == "" {
		blob = f.old.sha
	}
	path := (&url.URL{Path: f.path}).EscapedPath()
	o := object{
		"sha": blob, "filename": f.path, "status": f.status, "additions": f.additions, "deletions": f.deletions,
		"changes": f.additions + f.deletions, "blob_url": s.page("/%s/blob/%s/%s", r.fullName(), sha, path),
		"raw_url": s.page("/%s/raw/%s/%s", r.fullName(), sha, path), "contents_url": s.api("/repos/%s/contents/%s?ref=%s", r.fullName(), path, sha),
	}
	if f.hasPatch {
		o["patch"] = f.patch
	}
	if f.previous != "" {
		o["previous_filename"] = f.previous
	}
	return o
}

// encode64 is base64 in lines of 60 characters, as GitHub gives contents.
func encode64(data []byte) string {
	s := base64.StdEncoding.EncodeToString(data)
	var out []byte
	for len(s) > 60 {
		out = append(append(out, s[:60]...), '\n')
		s = s[60:]
	}
	return string(append(append(out, s...), '\n'))
}
