package plan

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// maxReviewers is how many people and teams GitHub lets be asked at once.
// https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/proposing-changes-to-your-work-with-pull-requests/requesting-a-pull-request-review
const maxReviewers = 15

// reviewer is a person or a team.
type reviewer struct{ login, team string }

func (r reviewer) String() string { return r.login + r.team }

// asking collects whom a decision needs.
type asking struct {
	pull   fact.Pull
	self   string
	asked  map[reviewer]bool                // on GitHub now
	events map[reviewer][]fact.RequestEvent // about each, oldest first
	review map[string]fact.Review           // the latest review of each person
	useful map[reviewer]bool                // can still help
	chosen map[reviewer]bool                // somebody counts on them
	fresh  []reviewer                       // to be asked

	choices  map[reviewer]fact.Choice   // why somebody is to be asked
	serves   map[reviewer][]fact.Choice // what whoever is asked or to be asked is good for now
	behind   []Overdue                  // what is late
	overdue  []Action                   // reminders of it that are due
	reminded map[string]bool            // requirements whose deadline was looked at
	next     time.Time                  // when time alone changes who is asked; zero: never
	closed   map[string]Closed          // roles of which somebody is asked once they work, by name
}

// asks is who is to be asked and who is not any more.
type asks struct {
	actions []Action
	// asked is who is asked in the end, logins and "org/slug", sorted, and
	// choices say why, as far as is known.
	asked   []string
	choices []fact.Choice
	closed  []Closed  // by role
	next    time.Time // when time alone changes any of this; zero: never
}

// requests withdraws what rolecall asked for and nobody needs any longer, asks
// for the reviews that are missing, and reminds of those that are overdue. A
// draft asks nobody and keeps what it has; so does a policy that only
// observes, or that cannot be read.
func requests(d policy.Decision, pull fact.Pull, o Options) asks {
	a := newAsking(pull, o.Self)
	var out asks
	if asksPeople(d, pull) {
		fresh := a.settle(d)
		gone := a.unneeded()
		for _, w := range gone {
			delete(a.asked, w)
		}
		if room := max(maxReviewers-len(a.asked)+len(fresh), 0); len(fresh) > room {
			for _, w := range fresh[room:] {
				delete(a.asked, w)
			}
			fresh = fresh[:room]
		}
		request := about(fresh, Action{Kind: Request, Why: "reviews are missing"})
		for _, w := range fresh {
			request.Choices = append(request.Choices, a.choices[w])
		}
		for _, action := range []Action{
			about(gone, Action{Kind: Withdraw, Why: "nobody needs these reviews any longer"}),
			request,
		} {
			if len(action.Logins)+len(action.Teams) > 0 {
				out.actions = append(out.actions, action)
			}
		}
		for _, r := range a.overdue { // it tells those who are asked because of it
			for _, c := range request.Choices {
				if c.Cause == fact.ChosenNext && c.Role == r.Overdue.Role && c.Project == r.Overdue.Project {
					r.Logins = append(r.Logins, c.Login)
				}
			}
			out.actions = append(out.actions, r)
		}
		out.next = a.next
		for _, role := range slices.Sorted(maps.Keys(a.closed)) {
			out.closed = append(out.closed, a.closed[role])
		}
	}
	known := map[string]fact.Choice{}
	for _, c := range pull.Choices {
		known[c.Who()] = c
	}
	for w := range a.asked {
		out.asked = append(out.asked, w.String())
		if c, ok := a.choices[w]; ok {
			known[w.String()] = c
		}
	}
	slices.Sort(out.asked)
	for _, who := range out.asked {
		if c, ok := known[who]; ok {
			out.choices = append(out.choices, a.stillFor(c))
		}
	}
	return out
}

// stillFor is the choice as it was, unless what it was for is not what the
// reviewer is needed for any longer: a DRI who was replaced may go on being
// asked for another role.
func (a *asking) stillFor(c fact.Choice) fact.Choice {
	now := a.serves[reviewer{c.Login, c.Team}]
	if len(now) == 0 || slices.ContainsFunc(now, func(n fact.Choice) bool { return n.Role == c.Role && n.Project == c.Project }) {
		return c
	}
	return now[0]
}

func asksPeople(d policy.Decision, pull fact.Pull) bool {
	return !pull.Draft && !d.Observe && d.Status != policy.Broken
}

// settle names whom to ask, so that looking again once they are asked would
// name nobody else: who is asked can change which alternative is taken.
func (a *asking) settle(d policy.Decision) (fresh []reviewer) {
	for range maxReviewers {
		a.chosen, a.useful, a.fresh = map[reviewer]bool{}, map[reviewer]bool{}, nil
		a.serves = map[reviewer][]fact.Choice{}
		a.behind, a.overdue, a.reminded, a.next, a.closed = nil, nil, map[string]bool{}, time.Time{}, map[string]Closed{}
		a.require(d)
		a.wanted(d)
		if len(a.fresh) == 0 {
			break
		}
		for _, w := range a.fresh {
			a.asked[w] = true
		}
		fresh = append(fresh, a.fresh...)
	}
	return fresh
}

func newAsking(pull fact.Pull, self string) *asking {
	a := &asking{
		pull: pull, self: self,
		asked: map[reviewer]bool{}, events: map[reviewer][]fact.RequestEvent{},
		review: map[string]fact.Review{}, choices: map[reviewer]fact.Choice{},
	}
	for _, r := range pull.Requests {
		a.asked[reviewer{r.Login, r.Team}] = true
	}
	for _, e := range pull.RequestEvents {
		w := reviewer{e.Login, e.Team}
		a.events[w] = append(a.events[w], e)
	}
	for _, r := range pull.Reviews {
		a.review[r.Author.Login] = r
	}
	return a
}

// want sees to it that enough people are asked for a requirement, and more
// once its deadline has passed.
func (a *asking) want(u unmetRole) {
	late := a.late(u)
	teams := a.reachable(u.Teams)
	missing := u.Need - len(u.Counted) - len(u.Blockers) // who blocks knows already
	switch {
	case u.Ask == "none":
	case u.Ask == "all":
		a.people(u, len(u.May), 0)
	case u.Ask == "team" && len(teams) > 0:
		for _, team := range teams {
			switch w := (reviewer{team: team}); {
			case a.answers(w, u.May):
				a.chosen[w] = true
			case a.asked[w] || a.open(u):
				a.ask(w, time.Time{}, fact.Choice{Team: team, Role: u.Role, Project: u.Project})
			default:
				a.close(u)
			}
		}
		if late >= stepNext {
			a.people(u, 0, 1)
		}
	default:
		for _, team := range teams { // the whole team is asked: let it answer
			if w := (reviewer{team: team}); a.counts(w) {
				missing--
			}
		}
		a.people(u, max(missing, 0), count(late >= stepNext))
	}
}

// reachable leaves out the teams whom GitHub does not let be asked: those of
// other organisations, and those that it refused.
func (a *asking) reachable(teams []string) []string {
	return slices.DeleteFunc(slices.Clone(teams), func(team string) bool {
		org, _, _ := strings.Cut(team, "/")
		return !strings.EqualFold(org, a.pull.Owner) || a.pull.Roster.People[team].NoAccess
	})
}

// answers reports whether a team that was asked need not be asked again: one
// of its people is at it, or GitHub's own assignment has put people in its
// place, who are let stay.
// https://docs.github.com/en/organizations/organizing-members-into-teams/managing-code-review-settings-for-your-team
func (a *asking) answers(team reviewer, may []string) bool {
	events := slices.DeleteFunc(slices.Clone(a.events[team]), func(e fact.RequestEvent) bool { return !e.Added })
	if len(events) == 0 || a.asked[team] {
		return false
	}
	found := false
	for _, login := range slices.Concat(may, a.members(team.team, events[len(events)-1].At)) {
		w := reviewer{login: login}
		if a.asked[w] {
			a.useful[w] = true
		}
		found = found || a.asked[w] || a.engaged(login)
	}
	return found
}

// members are a team's people; where they cannot be told, whoever rolecall
// asked since the team was.
func (a *asking) members(team string, since time.Time) []string {
	if members, ok := a.pull.Roster.Teams[team]; ok && members.IsKnown() {
		return members.Value
	}
	var out []string
	for w, events := range a.events {
		if last := events[len(events)-1]; w.login != "" && last.Added && last.By.Login == a.self && !last.At.Before(since) {
			out = append(out, w.login)
		}
	}
	return out
}

// people has n of those who may meet the requirement asked, and some more
// because it is late: first whoever is asked or at it already, then the best
// of the others. Who is away does not count, though a request to them stays.
// Outside of the role's working hours nobody new is asked.
func (a *asking) people(u unmetRole, n, more int) {
	order := a.ranked(u.holder(), u.May)
	open := a.open(u)
	var choice fact.Choice
	for _, login := range order {
		if p := a.pull.Roster.People[login]; login != a.pull.Author.Login && !p.NoAccess {
			choice.Others++
			choice.Busy += count(p.Busy)
			choice.Away += count(a.away(login))
			choice.OnCall += count(a.onCall(login, u.holder()))
		}
	}
	choice.Others = max(choice.Others-1, 0)
	for _, login := range order {
		if n+more <= 0 {
			return
		}
		w := reviewer{login: login}
		at := a.counts(w) && !a.away(login) || a.engaged(login)
		if u.distinct && u.taken[login] || !at && (!open || a.refused(w, time.Time{}) || a.unreachable(login)) {
			continue
		}
		u.taken[login] = true
		p := a.pull.Roster.People[login]
		if !a.engaged(login) {
			a.wake(p.AwayFrom) // somebody else is needed then
		}
		choice.Login, choice.Role, choice.Project, choice.Cause = login, u.holder(), u.Project, fact.ChosenFirst
		choice.Open, choice.Changed, choice.Reviewed = p.Open, p.Changed, p.Reviewed
		if n <= 0 {
			choice.Cause = fact.ChosenNext
		}
		a.ask(w, time.Time{}, choice)
		if n > 0 {
			n--
		} else {
			more--
		}
	}
	if !open && n > 0 && slices.ContainsFunc(u.May, func(login string) bool { return !a.unreachable(login) }) {
		a.close(u)
	}
	a.wakeFor(u)
}

// close notes that somebody is asked once the role's people work.
func (a *asking) close(u unmetRole) {
	h := a.hours(u)
	if opens := h.Opens(a.pull.Now); h != nil && !opens.IsZero() {
		a.closed[u.holder()] = Closed{Role: u.holder(), Opens: opens, Timezone: h.Timezone}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// open reports whether the role's people may be asked now; if not, it is seen
// to that they are once they work.
func (a *asking) open(u unmetRole) bool {
	h := a.hours(u)
	if h.Open(a.pull.Now) {
		return true
	}
	a.wake(h.Opens(a.pull.Now))
	return false
}

// hours are the working hours of the role that is asked; nil: always.
func (a *asking) hours(u unmetRole) *fact.Hours { return a.role(u.holder()).Hours }

// role is what the roster says of a role, whoever's policy names it.
func (a *asking) role(name string) fact.Holders {
	if h, ok := a.pull.Roster.Roles[policy.RoleDef{Name: name}.Key()]; ok {
		return h
	}
	return a.pull.Roster.Roles[policy.RoleDef{Name: name, Floor: true}.Key()]
}

// wake has the pull request looked at again at a time, at the latest.
func (a *asking) wake(at time.Time) {
	if at.After(a.pull.Now) && (a.next.IsZero() || at.Before(a.next)) {
		a.next = at
	}
}

// wakeFor looks again when somebody who is away may be asked.
func (a *asking) wakeFor(u unmetRole) {
	for _, login := range u.May {
		a.wake(a.pull.Roster.People[login].AwayTo)
	}
}

// away reports whether the policy says that somebody is away.
func (a *asking) away(login string) bool {
	return a.pull.Roster.People[login].AwayTo.After(a.pull.Now)
}

// unreachable reports who is never asked: the author, whoever GitHub would not
// have, and people whom the policy says are away.
func (a *asking) unreachable(login string) bool {
	return login == a.pull.Author.Login || a.pull.Roster.People[login].NoAccess || a.away(login)
}

// ask adds a reviewer, unless they are asked or at it already, or somebody has
// not wanted them asked since.
func (a *asking) ask(w reviewer, since time.Time, why fact.Choice) {
	a.serves[w] = append(a.serves[w], why)
	switch {
	case a.counts(w):
	case a.engaged(w.login):
	case a.refused(w, since):
		return
	default:
		a.fresh = append(a.fresh, w)
		a.choices[w] = why
	}
	a.chosen[w] = true
}

// engaged reports whether the person has answered a request with something
// that is neither an approval nor dismissed: asking again would only nag.
func (a *asking) engaged(login string) bool {
	r, ok := a.review[login]
	return login != "" && ok && (r.State == fact.Commented || r.State == fact.ChangesRequested)
}

// refused reports whether somebody other than rolecall has taken back a
// request to this reviewer since: they are not asked again.
func (a *asking) refused(w reviewer, since time.Time) bool {
	events := a.events[w]
	if len(events) == 0 {
		return false
	}
	last := events[len(events)-1]
	return !last.Added && last.By.Login != a.self && !last.At.Before(since)
}

// wanted asks whom /request names. That decides nothing, and is done once: who
// was asked, or has reviewed, since the command need not be asked again.
func (a *asking) wanted(d policy.Decision) {
	for _, v := range d.Commands {
		c := v.Command
		if !v.Accepted || c.Name != "request" || len(c.Args) != 1 {
			continue
		}
		who := []string{fact.Login(c.Args[0])}
		if !strings.HasPrefix(c.Args[0], "@") {
			who = a.holders(c.Args[0])
		}
		done := false
		for _, login := range who {
			a.useful[reviewer{login: login}] = true
			done = done || a.heard(reviewer{login: login}, c.At)
		}
		if done {
			continue
		}
		for _, login := range a.ranked(c.Args[0], who) {
			if w := (reviewer{login: login}); !a.unreachable(login) && !a.refused(w, c.At) {
				p := a.pull.Roster.People[login]
				a.ask(w, c.At, fact.Choice{Login: login, Cause: fact.ChosenByPeople, Open: p.Open, Changed: p.Changed, Reviewed: p.Reviewed})
				break
			}
		}
	}
}

// holders are the people in a role now, whoever's policy names it.
func (a *asking) holders(role string) []string {
	var out []string
	for _, key := range []string{role, policy.RoleDef{Name: role, Floor: true}.Key()} {
		for _, h := range a.pull.Roster.Roles[key].List {
			if h.At(a.pull.Now) && !slices.Contains(out, h.Login) {
				out = append(out, h.Login)
			}
		}
	}
	return out
}

// heard reports whether the reviewer is asked, or was asked or has reviewed
// since.
func (a *asking) heard(w reviewer, since time.Time) bool {
	if a.counts(w) {
		return true
	}
	if r, ok := a.review[w.login]; ok && !r.At.Before(since) {
		return true
	}
	return slices.ContainsFunc(a.events[w], func(e fact.RequestEvent) bool { return e.Added && !e.At.Before(since) })
}

// unneeded returns the reviewers whom rolecall asked and who can no longer help.
func (a *asking) unneeded() []reviewer {
	var out []reviewer
	for _, r := range a.pull.Requests {
		w := reviewer{r.Login, r.Team}
		events := a.events[w]
		if !a.useful[w] && len(events) > 0 && events[len(events)-1].Added && events[len(events)-1].By.Login == a.self {
			out = append(out, w)
		}
	}
	return out
}

// about returns the action for these reviewers.
func about(reviewers []reviewer, a Action) Action {
	for _, r := range reviewers {
		if r.team != "" {
			a.Teams = append(a.Teams, r.team)
		} else {
			a.Logins = append(a.Logins, r.login)
		}
	}
	return a
}
