package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// The steps that are taken while a review that is due does not come, each
// when as much working time as the policy allows has passed once more.
const (
	stepRemind = 1 // those who are asked are reminded
	stepNext   = 2 // one more person is asked
	stepOnCall = 3 // whoever is on call sees to it
)

// Overdue is a requirement whose deadline has passed.
type Overdue struct {
	Role    string        `json:"role"`
	Project string        `json:"project,omitempty"`
	Step    int           `json:"step"`   // 1 remind, 2 the next person, 3 whoever is on call
	Since   time.Time     `json:"since"`  // since when somebody is asked
	Within  time.Duration `json:"within"` // working time
	// Asked are those who were asked, logins and "org/slug", without OnCall.
	Asked []string `json:"asked,omitempty"`
	// OnCall is whom it goes to in the last step; "" for nobody.
	OnCall string `json:"on_call,omitempty"`
}

// Marker is the invisible first line of the comment that reminds of it.
// Finding it in one of rolecall's own comments tells that the step was taken,
// whatever became of the database.
func (o Overdue) Marker() string {
	return fmt.Sprintf("%s%d:%s -->", o.prefix(), o.Step, o.OnCall)
}

func (o Overdue) prefix() string {
	return fmt.Sprintf("<!-- rolecall:overdue:%s:%s:", o.Role, o.Project)
}

// Behind lists the requirements of an open pull request whose deadline has
// passed by pull.Now, each with the step that it has come to and whom it went
// to, in the order of the rules. Where nobody is asked nothing is late.
func Behind(d policy.Decision, pull fact.Pull) []Overdue {
	if pull.State != "open" || !asksPeople(d, pull) {
		return nil
	}
	a := newAsking(pull, "")
	a.settle(d)
	return a.behind
}

// late returns how many steps are due for a requirement, and has those taken
// that were not yet. Who has begun a review, or was told that they are
// refused, has taken it up: nothing is late then. Everything is derived from
// GitHub's own times, so that it comes out the same on an empty database.
func (a *asking) late(u unmetRole) int {
	o := Overdue{Role: u.holder(), Project: u.Project, Within: u.Within}
	for _, r := range a.told(o) { // whoever it went to once is let see to it
		if _, login := r.step(o); login != "" {
			a.useful[reviewer{login: login}] = true
		}
	}
	if u.Within <= 0 || u.Ask == "none" || len(u.Blockers) > 0 || slices.ContainsFunc(u.May, a.engaged) {
		return 0
	}
	if a.reminded[o.prefix()] {
		return 0 // another rule asks for the same
	}
	a.reminded[o.prefix()] = true
	since, asked := a.since(u)
	if since.IsZero() {
		if a.askable(u.Requirement) || !a.hours(u).Open(a.pull.Now) {
			a.wake(a.hours(u).Add(a.pull.Now, u.Within)) // somebody is asked now, or when they work
			return 0
		}
		since = a.ready() // there is nobody to ask
	}
	o.Since, o.Asked = since, asked
	hours := a.hours(u)
	for step := stepRemind; step <= stepOnCall; step++ {
		due := hours.Add(since, time.Duration(step)*u.Within)
		if due.IsZero() || due.After(a.pull.Now) {
			a.wake(due)
			break
		}
		o.Step = step
	}
	if o.Step > 0 {
		a.remind(o, u)
	}
	return o.Step
}

// since is when the first of those who are asked for a requirement now was
// asked; zero where nobody is.
func (a *asking) since(u unmetRole) (since time.Time, asked []string) {
	for _, r := range a.pull.Requests { // not who is only about to be asked
		w := reviewer{r.Login, r.Team}
		if !slices.Contains(u.May, w.login) && !slices.Contains(u.Teams, w.team) {
			continue
		}
		at := a.pull.Now
		if events := a.events[w]; len(events) > 0 && events[len(events)-1].Added {
			at = events[len(events)-1].At
		}
		asked = append(asked, w.String())
		if since.IsZero() || at.Before(since) {
			since = at
		}
	}
	slices.Sort(asked)
	return since, asked
}

// ready is when the pull request took its present form, as far as that is
// known; never after now.
func (a *asking) ready() time.Time {
	at := a.pull.CreatedAt
	for _, c := range a.pull.Commits {
		if c.At.After(at) && !c.At.After(a.pull.Now) {
			at = c.At
		}
	}
	for _, p := range a.pull.ForcePushes {
		if p.At.After(at) {
			at = p.At
		}
	}
	if at.IsZero() {
		return a.pull.Now
	}
	return at
}

// remind takes the latest step that is due, unless it was taken: by a comment
// that is there, or that somebody deleted.
func (a *asking) remind(o Overdue, u unmetRole) {
	told := a.told(o)
	if o.Step == stepOnCall {
		o.OnCall = a.onDuty(u)
		for _, c := range told {
			if step, login := c.step(o); step == stepOnCall && login != "" {
				o.OnCall = login // who was asked then stays asked
			}
		}
		if o.OnCall != "" && !slices.Contains(u.May, o.OnCall) {
			w := reviewer{login: o.OnCall}
			a.useful[w] = true
			p := a.pull.Roster.People[o.OnCall]
			a.ask(w, o.Since, fact.Choice{Login: o.OnCall, Role: u.holder(), Project: u.Project, Cause: fact.ChosenOnCall, Open: p.Open, Changed: p.Changed, Reviewed: p.Reviewed})
		}
	}
	a.behind = append(a.behind, o)
	for _, c := range told {
		if step, _ := c.step(o); step >= o.Step {
			return
		}
	}
	deleted := slices.ContainsFunc(a.pull.DeletedComments, func(d fact.DeletedComment) bool {
		return d.Author.Login == a.self && !d.At.Before(o.Since)
	})
	if deleted {
		return
	}
	o.Asked = slices.DeleteFunc(slices.Clone(o.Asked), func(who string) bool { return who == o.OnCall })
	a.overdue = append(a.overdue, Action{Kind: Remind, Overdue: o, Why: fmt.Sprintf("%s is overdue, step %d of %d", o.Role, o.Step, stepOnCall)})
}

// reminder is one of rolecall's own comments that reminds of a requirement.
type reminder string

// told are the reminders of a requirement since somebody is asked for it.
func (a *asking) told(o Overdue) []reminder {
	var out []reminder
	for _, c := range a.pull.Comments {
		if c.Own && !c.At.Before(o.Since) && strings.HasPrefix(c.Body, o.prefix()) {
			out = append(out, reminder(c.Body))
		}
	}
	return out
}

// step reads the step, and whom it went to, from the comment's first line.
func (r reminder) step(o Overdue) (step int, login string) {
	rest, _, _ := strings.Cut(strings.TrimPrefix(string(r), o.prefix()), " -->")
	if n, err := fmt.Sscanf(rest, "%d:", &step); n != 1 || err != nil {
		return 0, ""
	}
	_, login, _ = strings.Cut(rest, ":")
	return step, login
}

// onDuty is whoever is on call now and can be asked: for a role whose name
// says so, else for any that people hold by turns. "" where that is nobody, or
// where it is the role itself that is overdue.
func (a *asking) onDuty(u unmetRole) string {
	if a.role(u.holder()).OnCall {
		return ""
	}
	var named, others []string
	for key, h := range a.pull.Roster.Roles {
		for _, x := range h.List {
			if !h.OnCall || !x.At(a.pull.Now) || a.unreachable(x.Login) {
				continue
			}
			if strings.Contains(key, "on-call") || strings.Contains(key, "oncall") {
				named = append(named, x.Login)
			} else {
				others = append(others, x.Login)
			}
		}
	}
	if len(named) == 0 {
		named = others
	}
	if len(named) == 0 {
		return ""
	}
	return slices.Min(named)
}
