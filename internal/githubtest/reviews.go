package githubtest

import (
	"slices"
	"strings"
)

// reviewStates are the states of reviews by what they are submitted as.
var reviewStates = map[string]string{"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}

// Review submits a review of the head as it stands: "approve",
// "request_changes" or "comment".
func (p *Pull) Review(login, event, body string) *Review {
	defer p.s.lock()()
	return p.mustReview(login, event, body, p.head.sha)
}

// ReviewAt submits a review that was written on an earlier commit.
func (p *Pull) ReviewAt(login, event, body, sha string) *Review {
	defer p.s.lock()()
	p.repo.mustHave(sha)
	return p.mustReview(login, event, body, sha)
}

// Approve is an approving review of the head.
func (p *Pull) Approve(login string) *Review { return p.Review(login, "approve", "") }

func (p *Pull) mustReview(login, event, body, sha string) *Review {
	state := reviewStates[strings.ToUpper(event)]
	if state == "" {
		p.s.misuse("no review is submitted as %q", event)
	}
	if why := p.mayReview(p.s.user(login), state); why != "" {
		p.s.misuse("%s: %s", login, why)
	}
	return p.review(p.s.user(login), state, body, sha, nil)
}

// mayReview tells why GitHub would not take the review; "" where it would.
func (p *Pull) mayReview(u *User, state string) string {
	if u == p.author && state == "APPROVED" {
		return "Can not approve your own pull request"
	}
	if u == p.author && state == "CHANGES_REQUESTED" {
		return "Can not request changes on your own pull request"
	}
	return ""
}

// review submits a review. The reviewer is no longer asked, and neither is a
// team that they are in (behaviour 7).
func (p *Pull) review(u *User, state, body, sha string, app *App) *Review {
	r := &Review{
		s: p.s, pull: p, id: p.s.nextID(), author: u, state: state, body: body, commit: sha, delivered: sha, submitted: p.s.now(), app: app,
	}
	p.reviews = append(p.reviews, r)
	p.requestedUsers = slices.DeleteFunc(p.requestedUsers, func(o *User) bool { return o == u })
	p.requestedTeams = slices.DeleteFunc(p.requestedTeams, func(t *Team) bool {
		return slices.ContainsFunc(t.all(), func(m *member) bool { return m.user == u })
	})
	p.event(&Event{kind: "reviewed", actor: u, review: r})
	p.s.emitReview(r, "submitted", u)
	return r
}

// ID is the review's database ID.
func (r *Review) ID() int64 { return r.id }

// Commit is the commit that GitHub shows for the review now.
func (r *Review) Commit() string {
	defer r.s.lock()()
	return r.commit
}

// State is the review's state in GitHub's upper case.
func (r *Review) State() string {
	defer r.s.lock()()
	return r.state
}

// Dismiss dismisses the review.
func (r *Review) Dismiss(login, message string) {
	defer r.s.lock()()
	if r.state != "APPROVED" && r.state != "CHANGES_REQUESTED" {
		r.s.misuse("Can not dismiss a %s pull request review", strings.ToLower(r.state))
	}
	r.dismiss(r.s.user(login), message)
}

func (r *Review) dismiss(by *User, message string) {
	was := r.state
	r.state = "DISMISSED"
	r.pull.event(&Event{kind: "review_dismissed", actor: by, review: r, message: message, state: strings.ToLower(was)})
	r.s.emitReview(r, "dismissed", by)
}

// MoveTo makes GitHub show another commit for the review, as has been seen
// after force-pushes (behaviour 2). No event tells of it.
func (r *Review) MoveTo(sha string) {
	defer r.s.lock()()
	r.commit = sha
}

// Dismiss dismisses the person's latest approval or request for changes.
func (p *Pull) Dismiss(reviewer, by string) {
	defer p.s.lock()()
	for _, r := range slices.Backward(p.reviews) {
		if r.author == p.s.user(reviewer) && (r.state == "APPROVED" || r.state == "CHANGES_REQUESTED") {
			r.dismiss(p.s.user(by), "dismissed")
			return
		}
	}
	p.s.misuse("%s has no review that could be dismissed", reviewer)
}

// maxRequested is the number of people and teams that may be asked at once.
// https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/proposing-changes-to-your-work-with-pull-requests/requesting-a-pull-request-review
const maxRequested = 15

// Request asks people, and teams as "org/slug", for their review.
func (p *Pull) Request(by string, reviewers ...string) {
	defer p.s.lock()()
	for _, name := range reviewers {
		users, teams := p.reviewers([]string{name})
		if why := p.mayAsk(users, teams); why != "" {
			p.s.misuse("%s: %s", name, why)
		}
		p.request(p.s.user(by), users, teams)
	}
}

// Unrequest takes requests back.
func (p *Pull) Unrequest(by string, reviewers ...string) {
	defer p.s.lock()()
	users, teams := p.reviewers(reviewers)
	p.unrequest(p.s.user(by), users, teams)
}

func (p *Pull) reviewers(names []string) (users []*User, teams []*Team) {
	for _, name := range names {
		org, slug, isTeam := strings.Cut(name, "/")
		if !isTeam {
			users = append(users, p.s.user(name))
			continue
		}
		o := p.s.orgs[strings.ToLower(org)]
		if o == nil || o.teams[strings.ToLower(slug)] == nil {
			p.s.misuse("there is no team %s", name)
		}
		teams = append(teams, o.teams[strings.ToLower(slug)])
	}
	return users, teams
}

// mayAsk tells why GitHub would refuse the whole call; "" where it would not.
// https://docs.github.com/en/rest/pulls/review-requests (and behaviour 19)
func (p *Pull) mayAsk(users []*User, teams []*Team) string {
	for _, u := range users {
		if u == p.author {
			return "Review cannot be requested from pull request author."
		}
		if p.repo.permissionOf(u) == "" || p.repo.permissionOf(u) == "pull" && !p.collaborates(u) {
			return "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + p.repo.fullName() + " repository."
		}
	}
	for _, t := range teams {
		if t.permissionOn(p.repo) == "" || t.secret {
			return "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + p.repo.fullName() + " repository."
		}
	}
	asked := len(p.requestedUsers) + len(p.requestedTeams)
	for _, u := range users {
		if !slices.Contains(p.requestedUsers, u) {
			asked++
		}
	}
	for _, t := range teams {
		if !slices.Contains(p.requestedTeams, t) {
			asked++
		}
	}
	if asked > maxRequested {
		return "A pull request may have at most 15 requested reviewers."
	}
	return ""
}

// collaborates tells whether the person has access of their own right, not
// only because the repository is public.
func (p *Pull) collaborates(u *User) bool {
	r := p.repo
	if r.private {
		return r.permissionOf(u) != ""
	}
	if r.collaborators[u.key()] != "" || r.owner == &u.account {
		return true
	}
	if r.org == nil {
		return false
	}
	if r.org.isMember(u) {
		return true
	}
	for _, t := range r.org.order {
		if t.permissionOn(r) != "" && slices.ContainsFunc(t.all(), func(m *member) bool { return m.user == u }) {
			return true
		}
	}
	return false
}

func (p *Pull) request(by *User, users []*User, teams []*Team) {
	for _, u := range users {
		if slices.Contains(p.requestedUsers, u) {
			continue
		}
		p.requestedUsers = append(p.requestedUsers, u)
		p.event(&Event{kind: "review_requested", actor: by, user: u})
		p.s.emitPull(p, "review_requested", by, object{"requested_reviewer": u})
	}
	for _, t := range teams {
		if slices.Contains(p.requestedTeams, t) {
			continue
		}
		p.event(&Event{kind: "review_requested", actor: by, team: t})
		if people := t.assignees(p); len(people) > 0 {
			p.request(by, people, nil)
			continue
		}
		p.requestedTeams = append(p.requestedTeams, t)
		p.s.emitPull(p, "review_requested", by, object{"requested_team": t})
	}
}

func (p *Pull) unrequest(by *User, users []*User, teams []*Team) {
	for _, u := range users {
		if i := slices.Index(p.requestedUsers, u); i >= 0 {
			p.requestedUsers = slices.Delete(p.requestedUsers, i, i+1)
			p.event(&Event{kind: "review_request_removed", actor: by, user: u})
			p.s.emitPull(p, "review_request_removed", by, object{"requested_reviewer": u})
		}
	}
	for _, t := range teams {
		if i := slices.Index(p.requestedTeams, t); i >= 0 {
			p.requestedTeams = slices.Delete(p.requestedTeams, i, i+1)
			p.event(&Event{kind: "review_request_removed", actor: by, team: t})
			p.s.emitPull(p, "review_request_removed", by, object{"requested_team": t})
		}
	}
}

// Requested lists who is asked now: logins, then teams as "org/slug", each in
// the order of their asking.
func (p *Pull) Requested() []string {
	defer p.s.lock()()
	var out []string
	for _, u := range p.requestedUsers {
		out = append(out, u.login)
	}
	for _, t := range p.requestedTeams {
		out = append(out, t.org.login+"/"+t.slug)
	}
	return out
}
