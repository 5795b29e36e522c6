package githubtest

import (
	"slices"
	"strings"
)

// webhook is an event on its way to the Apps that are told of it.
type webhook struct {
	event  string
	action string
	repo   *Repo // or nil
	org    *Org  // or nil
	sender *User
	only   *App          // tell only this App; nil: all that subscribe
	target *Installation // of installation events
	// payload renders what is particular to the event. It is called only
	// where somebody is told.
	payload func() object
}

// alwaysSent are the events that every App is sent without subscribing.
var alwaysSent = []string{"installation", "installation_repositories", "github_app_authorization", "ping"}

// emit tells the Apps of an event. The lock is held: the payload shows the
// state of this moment, and deliveries are numbered in the order of events.
func (s *Server) emit(w webhook) {
	if w.org == nil && w.repo != nil {
		w.org = w.repo.org
	}
	var payload object
	for _, a := range s.apps {
		if len(a.hooks) == 0 || w.only != nil && w.only != a {
			continue
		}
		if !a.events[w.event] && !slices.Contains(alwaysSent, w.event) {
			// Check runs and suites reach the App that they belong to by
			// its write permission alone.
			if w.only == nil || !strings.HasPrefix(w.event, "check_") {
				continue
			}
		}
		var i *Installation
		switch {
		case w.target != nil:
			if w.target.app != a {
				continue
			}
			i = w.target
		case w.repo != nil:
			i = s.reaching(a, w.repo)
		case w.org != nil:
			i = s.installationOn(a, w.org.login)
		}
		if i == nil || i.suspended && w.target == nil || !i.receives(w.event) {
			continue
		}
		if payload == nil {
			payload = w.payload()
			if w.action != "" {
				payload["action"] = w.action
			}
			if w.repo != nil {
				payload["repository"] = s.repoJSON(w.repo)
			}
			if w.org != nil {
				payload["organization"] = s.orgObject(w.org)
			}
			payload["sender"] = s.accountJSON(&w.sender.account)
		}
		p := payload
		if w.target == nil {
			p = with(payload, object{"installation": object{"id": i.id, "node_id": nodeID("Installation", i.id)}})
		}
		s.deliver(a, i, w, p)
	}
}

// eventPermissions is what an installation must have been granted to be sent
// an event. https://docs.github.com/en/webhooks/webhook-events-and-payloads
var eventPermissions = map[string][]string{
	"pull_request": {"pull_requests"}, "pull_request_review": {"pull_requests"}, "issue_comment": {"issues", "pull_requests"},
	"check_run": {"checks"}, "check_suite": {"checks"}, "membership": {"members"}, "team": {"members"}, "organization": {"members"},
	"push": {"contents"}, "merge_group": {"merge_queues"},
}

func (i *Installation) receives(event string) bool {
	needs := eventPermissions[event]
	return len(needs) == 0 || slices.ContainsFunc(needs, func(p string) bool { return i.permissions[p] != "" })
}

func (s *Server) emitPull(p *Pull, action string, by *User, extra object) {
	if p.head.repo.deleted && p.repo.deleted {
		return
	}
	s.emit(webhook{event: "pull_request", action: action, repo: p.repo, sender: by, payload: func() object {
		o := object{"number": p.number, "pull_request": s.pullObject(p)}
		for k, v := range extra {
			switch x := v.(type) {
			case *User:
				v = s.userObject(x)
			case *Team:
				v = s.teamObject(x)
			case *Label:
				v = s.labelObject(p.repo, x)
			}
			o[k] = v
		}
		return o
	}})
}

func (s *Server) emitReview(r *Review, action string, by *User) {
	s.emit(webhook{event: "pull_request_review", action: action, repo: r.pull.repo, sender: by, payload: func() object {
		return object{"review": s.reviewObject(r, strings.ToLower(r.state)), "pull_request": s.simplePullObject(r.pull)}
	}})
}

func (s *Server) emitComment(c *Comment, action string, by *User, extra object) {
	s.emit(webhook{event: "issue_comment", action: action, repo: c.pull.repo, sender: by, payload: func() object {
		return with(object{"issue": s.issueObject(c.pull), "comment": s.commentObject(c)}, extra)
	}})
}

// emitCheck tells of a check run: being rerequested or acted on goes to its
// own App only, the rest to every App that subscribes (behaviour 18).
func (s *Server) emitCheck(c *CheckRun, action string, by *User, extra object) {
	w := webhook{event: "check_run", action: action, repo: c.repo, sender: by, payload: func() object {
		return with(object{"check_run": s.checkObject(c)}, extra)
	}}
	if action == "rerequested" || action == "requested_action" {
		w.only = c.app
	}
	s.emit(w)
}

func (s *Server) emitSuite(c *checkSuite, action string, by *User) {
	w := webhook{event: "check_suite", action: action, repo: c.repo, sender: by, payload: func() object {
		o := s.suiteObject(c)
		if action == "rerequested" { // the contract has neither here
			delete(o, "rerequestable")
			delete(o, "runs_rerequestable")
		}
		return object{"check_suite": o}
	}}
	if action != "completed" {
		w.only = c.app
	}
	s.emit(w)
}

// maxPushCommits is how many commits a push event lists.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
const maxPushCommits = 2048

func (s *Server) emitPush(r *Repo, branch, before, after string, forced bool, by *User) {
	s.emit(webhook{event: "push", repo: r, sender: by, payload: func() object {
		var commits []any
		var head any
		if after != "" {
			made := r.objects.between(before, after)
			if before == "" {
				made = r.objects.between(r.branches[r.defaultBranch], after)
			}
			if len(made) > maxPushCommits {
				made = made[len(made)-maxPushCommits:]
			}
			for _, c := range made {
				commits = append(commits, s.pushCommit(r, c))
			}
			head = s.pushCommit(r, r.objects.commits[after])
		}
		if commits == nil {
			commits = []any{}
		}
		return object{
			"ref": "refs/heads/" + branch, "before": or(before, noSHA), "after": or(after, noSHA), "created": before == "", "deleted": after == "",
			"forced": forced, "base_ref": nil, "compare": s.page("/%s/compare/%s...%s", r.fullName(), or(before, noSHA), or(after, noSHA)),
			"commits": commits, "head_commit": head, "pusher": object{"name": by.login, "email": by.email},
		}
	}})
}

func (s *Server) pushCommit(r *Repo, c *commit) object {
	var from string
	if len(c.parents) > 0 && r.objects.commits[c.parents[0]] != nil {
		from = r.objects.commits[c.parents[0]].tree
	}
	added, removed, modified := []string{}, []string{}, []string{}
	r.objects.diffTrees("", from, c.tree, func(path string, old, new entry) {
		switch {
		case old.sha == "":
			added = append(added, path)
		case new.sha == "":
			removed = append(removed, path)
		default:
			modified = append(modified, path)
		}
	})
	slices.Sort(added)
	slices.Sort(removed)
	slices.Sort(modified)
	person := func(sig signature) object {
		o := object{"name": sig.name, "email": sig.email}
		if u := s.userAt(sig.email); u != nil {
			o["username"] = u.login
		}
		return o
	}
	return object{
		"id": c.sha, "tree_id": c.tree, "distinct": true, "message": c.text(), "timestamp": stamp(c.committer.at),
		"url": s.page("/%s/commit/%s", r.fullName(), c.sha), "author": person(c.author), "committer": person(c.committer),
		"added": added, "removed": removed, "modified": modified,
	}
}

func (s *Server) emitGroup(g *MergeGroup, action string, extra object) {
	s.emit(webhook{event: "merge_group", action: action, repo: g.repo, sender: s.bot("github-merge-queue"), payload: func() object {
		return with(object{"merge_group": object{
			"head_sha": g.headSHA, "head_ref": "refs/heads/" + g.headRef, "base_ref": "refs/heads/" + g.baseRef, "base_sha": g.baseSHA,
			"head_commit": simpleCommit(g.repo.objects.commits[g.headSHA]),
		}}, extra)
	}})
}

func (s *Server) emitOrganization(o *Org, action string, m *member) {
	s.emit(webhook{event: "organization", action: action, org: o, sender: s.user("app-owner"), payload: func() object {
		if action == "member_invited" {
			return object{
				"user": s.userObject(m.user), "invitation": object{
					"id": m.user.id, "node_id": nodeID("User", m.user.id), "login": m.user.login, "email": nil, "role": "direct_member",
					"created_at": stamp(s.now()), "failed_at": nil, "failed_reason": nil, "inviter": s.userObject(s.user("app-owner")),
					"team_count": 0, "invitation_teams_url": s.api("/organizations/%d/invitations/%d/teams", o.id, m.user.id),
				},
			}
		}
		state := "active"
		if m.pending {
			state = "pending"
		}
		return object{"membership": object{
			"url": s.api("/orgs/%s/memberships/%s", o.login, m.user.login), "state": state, "role": m.role,
			"organization_url": s.api("/orgs/%s", o.login), "user": s.userObject(m.user),
		}}
	}})
}

func (s *Server) emitTeam(t *Team, action string, r *Repo) {
	s.emit(webhook{event: "team", action: action, org: t.org, sender: s.user("app-owner"), payload: func() object {
		o := object{"team": s.teamObject(t)}
		if r != nil {
			o["repository"] = s.repoObject(r)
		}
		if action == "edited" {
			o["changes"] = object{}
		}
		return o
	}})
}

func (s *Server) emitMembership(t *Team, action string, u *User) {
	s.emit(webhook{event: "membership", action: action, org: t.org, sender: s.user("app-owner"), payload: func() object {
		return object{"scope": "team", "member": s.userObject(u), "team": s.teamObject(t)}
	}})
}

func (s *Server) emitInstallation(i *Installation, action string, by *User) {
	s.emit(webhook{event: "installation", action: action, target: i, sender: by, payload: func() object {
		o := object{"installation": s.installationObject(i)}
		if action == "created" || action == "deleted" {
			o["repositories"] = list(i.covered(), shortRepo)
		}
		return o
	}})
}

func (s *Server) emitInstallationRepositories(i *Installation, action string, repos []*Repo) {
	s.emit(webhook{event: "installation_repositories", action: action, target: i, sender: s.user("app-owner"), payload: func() object {
		o := s.installationObject(i)
		return object{
			"installation": o, "repository_selection": o["repository_selection"], "repositories_added": []any{}, "repositories_removed": []any{},
			"repositories_" + action: list(repos, shortRepo), "requester": nil,
		}
	}})
}

// covered lists the repositories that the installation reaches.
func (i *Installation) covered() []*Repo {
	var out []*Repo
	for _, r := range i.s.repoOrder {
		if r.owner == i.account && !r.deleted && (i.selected == nil || i.selected[r]) {
			out = append(out, r)
		}
	}
	return out
}
