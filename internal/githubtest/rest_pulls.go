package githubtest

import (
	"cmp"
	"slices"
	"strings"
)

func (r *request) pull() *Pull {
	p := r.repo().issues[int(r.number("pull_number"))]
	if p == nil || !p.isPull {
		notFound()
	}
	return p
}

// selected keeps the issues that a list asks for by state, newest first unless
// told otherwise.
func (r *request) selected(all []*Pull) []*Pull {
	state := or(r.query.Get("state"), "open")
	all = slices.DeleteFunc(all, func(p *Pull) bool { return state != "all" && p.state() != state })
	slices.SortFunc(all, func(a, b *Pull) int {
		by := cmp.Compare(a.number, b.number)
		if r.query.Get("sort") == "updated" {
			by = cmp.Or(a.updated.Compare(b.updated), by)
		}
		if r.query.Get("direction") == "asc" {
			return by
		}
		return -by
	})
	return all
}

func listPulls(r *request) *response {
	repo := r.repo()
	var all []*Pull
	for _, p := range repo.issues {
		if !p.isPull {
			continue
		}
		if base := r.query.Get("base"); base != "" && p.base.ref != base {
			continue
		}
		if head := r.query.Get("head"); head != "" && !strings.EqualFold(p.head.repo.owner.login+":"+p.head.ref, head) {
			continue
		}
		all = append(all, p)
	}
	all = r.selected(all)
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], r.s.listedPull))
}

func createPull(r *request) *response {
	repo := r.repo()
	var in struct {
		Title, Head, Base, Body string
		Draft                   bool
	}
	r.decode(&in)
	from := repo
	branch := in.Head
	if owner, name, found := strings.Cut(in.Head, ":"); found {
		branch, from = name, nil
		for _, o := range r.s.repoOrder {
			if o.objects == repo.objects && strings.EqualFold(o.owner.login, owner) && !o.deleted {
				from = o
			}
		}
		if from == nil {
			unprocessable("Validation Failed", object{"resource": "PullRequest", "field": "head", "code": "invalid"})
		}
	}
	p, err := repo.openPull(r.c.user, in.Title, in.Body, in.Base, from, branch, in.Draft)
	if err != nil {
		unprocessable("Validation Failed", object{"resource": "PullRequest", "code": "custom", "message": err.Error()})
	}
	return created(r.s.wholePull(p))
}

func getPull(r *request) *response { return ok(r.s.pullObject(r.pull())) }

func updatePull(r *request) *response {
	p := r.pull()
	var in struct {
		Title, Body, State, Base *string
	}
	r.decode(&in)
	title, body := p.title, p.body
	set(&title, in.Title)
	set(&body, in.Body)
	p.edit(title, body, r.c.user)
	if in.Base != nil {
		if err := p.retarget(*in.Base, r.c.user); err != nil {
			unprocessable("Validation Failed", object{"resource": "PullRequest", "field": "base", "code": "invalid"})
		}
	}
	r.setState(p, in.State)
	return ok(r.s.wholePull(p))
}

func (r *request) setState(p *Pull, state *string) {
	switch {
	case state == nil:
	case *state == "closed":
		p.close(r.c.user)
	case *state == "open":
		if err := p.reopen(r.c.user); err != nil {
			unprocessable("Validation Failed", object{"resource": "PullRequest", "field": "state", "code": "invalid", "message": err.Error()})
		}
	}
}

func listPullFiles(r *request) *response {
	p := r.pull()
	most := cmp.Or(r.s.o.FileLimit, maxPullFiles)
	files := p.changes().files
	files = files[:min(len(files), most)]
	from, to := r.page(len(files), 100)
	return ok(list(files[from:to], func(f *fileChange) object { return r.s.fileObject(p.head.repo, p.head.sha, f) }))
}

func listPullCommits(r *request) *response {
	p := r.pull()
	all := p.changes().commits
	all = all[:min(len(all), maxPullCommits)]
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], func(c *commit) object { return r.s.commitObject(p.repo, c) }))
}

func listReviews(r *request) *response {
	p := r.pull()
	from, to := r.page(len(p.reviews), 100)
	return ok(list(p.reviews[from:to], func(v *Review) object { return r.s.reviewObject(v, v.state) }))
}

func createReview(r *request) *response {
	p := r.pull()
	var in struct {
		CommitID string `json:"commit_id"`
		Body     string
		Event    string
	}
	r.decode(&in)
	state := reviewStates[in.Event]
	if state == "" {
		unprocessable("Unprocessable Entity: the fake submits reviews at once; give an event")
	}
	if why := p.mayReview(r.c.user, state); why != "" {
		unprocessable("Unprocessable Entity", why)
	}
	if in.Body == "" && state != "APPROVED" {
		unprocessable("Unprocessable Entity", "Body is required")
	}
	sha := or(in.CommitID, p.head.sha)
	if p.repo.objects.commits[sha] == nil {
		unprocessable("Unprocessable Entity", "Commit not found")
	}
	var app *App
	if r.c.installation != nil {
		app = r.c.app
	}
	return ok(r.s.reviewObject(p.review(r.c.user, state, in.Body, sha, app), state))
}

func dismissReview(r *request) *response {
	p := r.pull()
	id := r.number("review_id")
	var in struct{ Message string }
	r.decode(&in)
	for _, v := range p.reviews {
		if v.id != id {
			continue
		}
		if v.state != "APPROVED" && v.state != "CHANGES_REQUESTED" {
			unprocessable("Can not dismiss a " + strings.ToLower(v.state) + " pull request review")
		}
		v.dismiss(r.c.user, in.Message)
		return ok(r.s.reviewObject(v, v.state))
	}
	notFound()
	return nil
}

func listRequested(r *request) *response {
	p := r.pull()
	return ok(object{"users": list(p.requestedUsers, r.s.userObject), "teams": list(p.requestedTeams, r.s.listedTeam)})
}

type reviewersInput struct {
	Reviewers     []string `json:"reviewers"`
	TeamReviewers []string `json:"team_reviewers"`
}

// reviewers resolves the names of a call. A name that nobody has is a 422 for
// the whole call.
func (r *request) reviewers(p *Pull) (users []*User, teams []*Team) {
	var in reviewersInput
	r.decode(&in)
	for _, login := range in.Reviewers {
		u := r.s.users[strings.ToLower(login)]
		if u == nil {
			u = r.s.users[strings.ToLower(login)+"[bot]"]
		}
		if u == nil {
			unprocessable("Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + p.repo.fullName() + " repository.")
		}
		users = append(users, u)
	}
	for _, slug := range in.TeamReviewers {
		if p.repo.org == nil || p.repo.org.teams[strings.ToLower(slug)] == nil {
			unprocessable("Could not resolve to a node with the global id of '" + slug + "'.")
		}
		teams = append(teams, p.repo.org.teams[strings.ToLower(slug)])
	}
	return users, teams
}

func requestReviewers(r *request) *response {
	p := r.pull()
	users, teams := r.reviewers(p)
	if why := p.mayAsk(users, teams); why != "" {
		unprocessable(why)
	}
	p.request(r.c.user, users, teams)
	return created(r.s.listedPull(p))
}

func removeReviewers(r *request) *response {
	p := r.pull()
	users, teams := r.reviewers(p)
	p.unrequest(r.c.user, users, teams)
	return ok(r.s.listedPull(p))
}

// listedPull is a pull request as REST lists it: its teams have a type.
func (s *Server) listedPull(p *Pull) object {
	return with(s.simplePullObject(p), object{"requested_teams": list(p.requestedTeams, s.listedTeam)})
}

// wholePull is a pull request as REST gives one: with its counts, and whether
// git could merge it.
func (s *Server) wholePull(p *Pull) object {
	o := with(s.pullObject(p), object{"requested_teams": list(p.requestedTeams, s.listedTeam)})
	if base := p.repo.branches[p.base.ref]; !p.closed && base != "" {
		_, conflicts := p.repo.objects.merge(base, p.head.sha)
		o["mergeable"], o["mergeable_state"] = len(conflicts) == 0, "clean"
		switch {
		case len(conflicts) > 0:
			o["mergeable_state"] = "dirty"
		case p.draft:
			o["mergeable_state"] = "draft"
		case p.blocked() != "":
			o["mergeable_state"] = "blocked"
		}
	}
	return o
}
