package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/calendar"
	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// How often the work in the background is done. A calendar's change of mind is
// seen within five minutes; a repository's history is learned as pull requests
// merge, and read anew each month in case deliveries were lost.
const (
	calendarEvery = 5 * time.Minute
	busyEvery     = 15 * time.Minute
	historyEvery  = 30 * 24 * time.Hour
	historyBack   = 180 * 24 * time.Hour
)

// How far around now a calendar's shifts are kept: a review counts by who was
// on call when it was given.
const (
	calendarBack  = 400 * 24 * time.Hour
	calendarAhead = 60 * 24 * time.Hour
	parseTime     = 10 * time.Second
)

// chores is the work in the background that is about people.
type chores struct {
	app   *github.App
	store *store.Store
	queue *queue.Queue
	fetch *calendar.Fetcher
	now   func() time.Time
	every time.Duration // between two readings of a calendar
	log   *slog.Logger
}

func (c *chores) kinds() map[string]queue.Chore {
	return map[string]queue.Chore{
		gather.ChoreCalendar: {Do: c.calendar, Timeout: time.Minute},
		gather.ChoreHistory:  {Do: c.history},
		gather.ChoreBusy:     {Do: c.busy},
	}
}

// calendar reads one feed. Where that fails the last good copy stays, and the
// reason is kept for those who rely on it. Whoever does is looked at again
// when either changes.
func (c *chores) calendar(ctx context.Context, chore store.Chore) (time.Time, error) {
	before, err := c.store.Calendar(ctx, chore.Name)
	if err != nil {
		return time.Time{}, err
	}
	after := before
	now := c.now().UTC()
	shifts, failure := c.shifts(ctx, chore.Name, now)
	if failure != nil {
		if ctx.Err() != nil {
			return time.Time{}, fmt.Errorf("calendar: %w", ctx.Err())
		}
		after.Problem = failure.Error()
		c.log.WarnContext(ctx, "a calendar could not be read", "reason", after.Problem, "last_read", before.ReadAt)
	} else {
		past := before.Shifts
		if past == nil && !before.ReadAt.IsZero() {
			past = []fact.Shift{} // it was read, and nobody was in it
		}
		after = store.Calendar{ReadAt: now, Shifts: calendar.Merge(past, shifts, now, now.Add(-calendarBack))}
	}
	if err := c.store.PutCalendar(ctx, chore.Name, after); err != nil {
		return time.Time{}, err
	}
	first := before.ReadAt.IsZero() != after.ReadAt.IsZero()
	if first || before.Problem != after.Problem || !reflect.DeepEqual(upcoming(before.Shifts, now), upcoming(after.Shifts, now)) {
		if err := c.tell(ctx, chore.Name); err != nil {
			return time.Time{}, err
		}
	}
	next := time.Now().Add(c.every)
	if failure != nil { // later and later, and never so late that it is forgotten
		next = time.Now().Add(min(c.every*time.Duration(1+chore.Failures), time.Hour))
	}
	return next, nil
}

func (c *chores) shifts(ctx context.Context, url string, now time.Time) ([]fact.Shift, error) {
	feed, err := c.fetch.Fetch(ctx, url)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, parseTime)
	defer cancel()
	return calendar.Parse(ctx, feed, now.Add(-calendarBack), now.Add(calendarAhead))
}

// upcoming are the shifts that have not ended.
func upcoming(shifts []fact.Shift, now time.Time) []fact.Shift {
	var out []fact.Shift
	for _, s := range shifts {
		if s.To.After(now) {
			out = append(out, s)
		}
	}
	return out
}

// tell has the pull requests looked at whose policies name the feed.
func (c *chores) tell(ctx context.Context, url string) error {
	users, err := c.store.CalendarUsers(ctx, url)
	if err != nil {
		return err
	}
	var targets []queue.Target
	for _, u := range users {
		targets = append(targets, queue.Target{
			Kind: queue.Organization, Org: u.Owner, Ref: fact.Ref{Installation: u.Installation}, Why: "a calendar changed",
		})
	}
	if len(targets) == 0 {
		return nil
	}
	return c.queue.Add(ctx, targets...)
}

// history reads who worked on which files of a repository.
func (c *chores) history(ctx context.Context, chore store.Chore) (time.Time, error) {
	owner, repo, _ := strings.Cut(chore.Name, "/")
	read, err := c.app.Client(chore.Installation).History(ctx, owner, repo, c.now().Add(-historyBack))
	if gone(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("history of %s: %w", chore.Name, err)
	}
	var pulls []store.Merged
	for _, m := range read {
		p := store.Merged{Number: m.Number, At: m.At, Reviewers: m.Reviewers, Lines: m.Lines}
		if !m.Author.Bot {
			p.Author = m.Author.Login
		}
		pulls = append(pulls, p)
	}
	ref := fact.Ref{Installation: chore.Installation, Owner: owner, Repo: repo}
	for len(pulls) > 0 { // in writes that nobody has to wait for
		n := min(len(pulls), 50)
		if err := c.store.Learn(ctx, ref, pulls[:n]...); err != nil {
			return time.Time{}, err
		}
		pulls = pulls[n:]
	}
	c.log.InfoContext(ctx, "learned who knows a repository", "repository", chore.Name, "pulls", len(read))
	return time.Now().Add(historyEvery), nil
}

// busy asks which of an owner's people are busy, while any pull request waits.
func (c *chores) busy(ctx context.Context, chore store.Chore) (time.Time, error) {
	next := time.Now().Add(busyEvery)
	open, err := c.store.KnownPulls(ctx, chore.Installation, chore.Name)
	if err != nil || len(open) == 0 {
		return next, err
	}
	logins, err := c.store.KnownPeople(ctx, chore.Name)
	if err != nil || len(logins) == 0 {
		return next, err
	}
	busy, unknown, err := c.app.Client(chore.Installation).Busy(ctx, logins)
	if gone(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("who of %s is busy: %w", chore.Name, err)
	}
	return next, c.store.SetBusy(ctx, chore.Name, busy, unknown)
}

// gone reports whether GitHub will not answer however often it is asked, as
// where an installation has ended.
func gone(err error) bool {
	var e *github.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Kind {
	case github.NotFound, github.Forbidden, github.Permission:
		return true
	}
	return false
}
