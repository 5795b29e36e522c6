package gather

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// The kinds of the work that gather wants done in the background. Nothing of
// it is waited for, and none of it is done on behalf of one event.
const (
	ChoreCalendar = "calendar" // fetch the feed of that address
	ChoreHistory  = "history"  // read who changed what in the repository "owner/repo"
	ChoreBusy     = "busy"     // ask which of the owner's people are busy
)

// people adds what the store knows of people and calendars.
func (r *reading) people(ctx context.Context, files []fact.File, in *roster.Input) error {
	p := &r.out.Pull
	known, err := r.g.records.People(ctx, r.ref)
	if err != nil {
		return err
	}
	in.Load = map[string]roster.Load{}
	for login, n := range known.Open {
		in.Load[login] = roster.Load{Open: n, Recent: known.Recent[login]}
	}
	busy := maps.Clone(known.Busy)
	maps.Copy(busy, in.Busy) // what the pull request's own query says is newer
	in.Busy = busy
	for _, c := range known.Choices {
		if slices.ContainsFunc(p.Requests, func(r fact.Request) bool { return r.Login == c.Login && r.Team == c.Team }) {
			p.Choices = append(p.Choices, c)
		}
	}
	lines, err := r.g.records.Knowledge(ctx, r.ref, files)
	if err != nil {
		return err
	}
	in.Knows = make(map[string]roster.Knows, len(lines))
	for login, k := range lines {
		in.Knows[login] = roster.Knows(k)
	}
	in.Calendars = map[string]roster.Calendar{}
	for _, feed := range r.out.Policy.Calendars() {
		if err := r.g.records.UseCalendar(ctx, feed, store.CalendarUser{Installation: r.ref.Installation, Owner: r.ref.Owner}); err != nil {
			return err
		}
		c, err := r.g.records.Calendar(ctx, feed)
		if err != nil {
			return err
		}
		in.Calendars[feed] = roster.Calendar(c)
	}
	return nil
}

// want has the background keep what is known of people up to date, while there
// is an open pull request to choose reviewers for.
func (r *reading) want(ctx context.Context, people fact.Roster) error {
	if r.out.Pull.State != "open" {
		return nil
	}
	wants := []store.Chore{
		{Kind: ChoreHistory, Name: strings.ToLower(r.ref.Owner + "/" + r.ref.Repo), Installation: r.ref.Installation},
		{Kind: ChoreBusy, Name: strings.ToLower(r.ref.Owner), Installation: r.ref.Installation},
	}
	for _, feed := range r.out.Policy.Calendars() {
		wants = append(wants, store.Chore{Kind: ChoreCalendar, Name: feed})
	}
	var logins []string
	for _, d := range r.out.Policy.Roles() {
		for _, h := range people.Roles[d.Key()].List {
			logins = append(logins, h.Login)
		}
	}
	slices.Sort(logins)
	if err := r.g.records.KnowPeople(ctx, r.ref.Owner, slices.Compact(logins)); err != nil {
		return err
	}
	return r.g.records.Want(ctx, wants...)
}
