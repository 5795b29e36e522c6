package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/calendar"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/internal/survey"
)

// oncall is a calendar's server on loopback.
type oncall struct {
	*httptest.Server
	mu     sync.Mutex
	feed   string
	status int
	reads  int
}

func newOncall(t *testing.T) *oncall {
	o := &oncall{status: http.StatusOK}
	o.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.reads++
		w.WriteHeader(o.status)
		_, _ = w.Write([]byte(o.feed))
	}))
	t.Cleanup(o.Close)
	return o
}

// turn is one shift of the feed.
type turn struct {
	title    string
	from, to time.Time
}

func (o *oncall) serve(status int, turns ...turn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
	for i, s := range turns {
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nUID:%d\r\nDTSTART:%s\r\nDTEND:%s\r\nSUMMARY:%s\r\nEND:VEVENT\r\n", i,
			s.from.UTC().Format("20060102T150405Z"), s.to.UTC().Format("20060102T150405Z"), s.title)
	}
	b.WriteString("END:VCALENDAR\r\n")
	o.feed, o.status = b.String(), status
}

// eachOnCall is eachWith for a policy that names the calendar as CALENDAR, on
// one clock with GitHub.
func eachOnCall(t *testing.T, policyText string, test func(*testing.T, *world, *oncall)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		o := newOncall(t)
		w := newWorld(t, url, strings.ReplaceAll(policyText, "CALENDAR", o.URL+"/oncall.ics?token=secret"), githubtest.Options{})
		w.stop()
		roots := x509.NewCertPool()
		roots.AddCert(o.Certificate())
		w.config = func(c *Config) {
			c.Calendars = calendar.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots}
		}
		w.start()
		test(t, w, o)
	})
}

// again has the background's work of one kind done now.
func (w *world) again(kind string) {
	w.t.Helper()
	w.settle()
	db := w.server.store
	err := db.Write(w.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, db.Query(`UPDATE chores SET due_at = 0 WHERE kind = ?1`), kind)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.settle()
}

// recheck has a pull request looked at again.
func (w *world) recheck(pr *githubtest.Pull) {
	w.t.Helper()
	pr.ClickAction("dan", "rolecall: main", "recheck")
	w.settle()
}

const oncallPolicy = `
policy {
  keepers = ["manager"]
}

role "on-call-engineer" {
  title    = "On-call Engineer"
  calendar = "CALENDAR"
  people   = { "Bo Berg" = "@bo" }
}

role "manager" { members = ["@mia"] }

rule "instances" {
  changes = terraform.files
  require "on-call-engineer" {}
}
`

func TestWhoeverTheCalendarNamesIsOnCall(t *testing.T) {
	eachOnCall(t, oncallPolicy, func(t *testing.T, w *world, o *oncall) {
		now := w.clock()
		ana := turn{"@ana", now.Add(-24 * time.Hour), now.Add(time.Hour)}
		bo := turn{"On Call - Bo Berg - Primary", now.Add(time.Hour), now.Add(14 * 24 * time.Hour)}
		o.serve(http.StatusOK, ana, bo)
		terraform := func(n int) githubtest.Files {
			return githubtest.Files{fmt.Sprintf("net%d/main.tf", n): "resource \"google_project\" \"p\" {}\n"}
		}
		pr := w.open("dan", terraform(1))
		w.expect(pr, "in_progress", "Waiting for On-call Engineer")
		if got := pr.Requested(); !slices.Equal(got, []string{"ana"}) {
			t.Errorf("asked are %v, want who is on call", got)
		}
		pr.Approve("bo") // his turn has not come
		w.expect(pr, "in_progress", "Waiting for On-call Engineer")

		// Given a minute before the hand-over, an approval stays.
		w.pass(59 * time.Minute)
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.pass(2 * time.Minute)
		w.recheck(pr)
		w.expect(pr, "success", "Every role")

		next := w.open("dan", terraform(2))
		w.expect(next, "in_progress", "Waiting for On-call Engineer")
		if got := next.Requested(); !slices.Equal(got, []string{"bo"}) {
			t.Errorf("asked are %v, want who is on call now", got)
		}
		next.Approve("ana") // her turn is over
		w.expect(next, "in_progress", "Waiting for On-call Engineer")

		// The feed fails: the last copy stands, and the check says how old it is.
		o.serve(http.StatusInternalServerError)
		w.again("calendar")
		c := w.expect(next, "in_progress", "Waiting for On-call Engineer")
		if !strings.Contains(c.Summary, "could not be read lately") || !strings.Contains(c.Summary, "answers 500") || !strings.Contains(c.Summary, "is gone by") || strings.Contains(c.Summary, "secret") {
			t.Errorf("the check does not say that the calendar fails:\n%s", c.Summary)
		}
		// A feed that is none lets nobody in who was not there before.
		o.serve(http.StatusOK, turn{"@eve", now.Add(-24 * time.Hour), now.Add(24 * time.Hour)})
		o.mu.Lock()
		o.feed = strings.Replace(o.feed, "END:VEVENT", "RRULE:FREQ=SECONDLY\r\nEND:VEVENT", 1)
		o.mu.Unlock()
		w.again("calendar")
		next.Approve("eve")
		w.expect(next, "in_progress", "Waiting for On-call Engineer")
		next.Approve("bo")
		w.expect(next, "success", "Every role")

		// Nobody gets a shift afterwards: eve has it from this reading on.
		past := w.open("dan", terraform(3))
		w.settle()
		past.Approve("eve")
		w.expect(past, "in_progress", "Waiting for On-call Engineer")
		w.pass(2 * time.Second)
		o.serve(http.StatusOK, turn{"@eve", now.Add(-24 * time.Hour), now.Add(21 * 24 * time.Hour)})
		w.again("calendar")
		w.recheck(past)
		w.expect(past, "in_progress", "Waiting for On-call Engineer")
		w.pass(2 * time.Second)
		past.Approve("eve")
		w.expect(past, "success", "Every role")
		w.recheck(pr)
		w.expect(pr, "success", "Every role")

		// A copy that is too old says nothing any more.
		o.serve(http.StatusServiceUnavailable)
		w.again("calendar")
		w.pass(8 * 24 * time.Hour)
		old := w.open("dan", terraform(4))
		c = w.expect(old, "action_required", "Nobody can approve as On-call Engineer")
		if !strings.Contains(c.Summary, "too long ago") {
			t.Errorf("the check does not say why:\n%s", c.Summary)
		}
	})
}

const peoplePolicy = `
policy {
  keepers = ["manager"]
}

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

role "on-call-engineer" {
  title    = "On-call Engineer"
  calendar = "CALENDAR"
}

role "manager" { members = ["@mia"] }

rule "go" {
  changes = go.files
  require "cloud-engineer" { within = "8h" }
}
`

// historyReads counts the calls that read a repository's history.
func (w *world) historyReads() (n int) {
	for _, c := range w.gh.Calls() {
		if strings.Contains(c.Body, "states: [MERGED]") || strings.Contains(c.Body, "states:[MERGED]") {
			n++
		}
	}
	return n
}

func TestWhoKnowsTheFilesAndHasTimeIsAsked(t *testing.T) {
	eachOnCall(t, peoplePolicy, func(t *testing.T, w *world, o *oncall) {
		o.serve(http.StatusOK, turn{"@olga", w.clock().Add(-time.Hour), w.clock().Add(14 * 24 * time.Hour)})
		// What happened before rolecall came.
		w.stop()
		before := w.open("bo", githubtest.Files{"net/net.go": "package net\n\n" + strings.Repeat("// a\n", 40)})
		before.Approve("cy")
		before.MustMerge("bo")
		w.start()

		first := w.open("dan", githubtest.Files{"README.md": "# x\n", "new.go": "package main\n"})
		w.expect(first, "in_progress", "Waiting for Cloud Engineer")
		w.settle()
		if n := w.historyReads(); n != 1 {
			t.Errorf("the history was read in %d calls, want one", n)
		}
		known := w.open("dan", githubtest.Files{"net/net.go": "package net\n\n// b\n"})
		c := w.expect(known, "in_progress", "Waiting for Cloud Engineer")
		if got := known.Requested(); !slices.Equal(got, []string{"bo"}) {
			t.Errorf("asked are %v, want bo, who wrote the file", got)
		}
		if !strings.Contains(c.Summary, "`@bo`: asked as Cloud Engineer: no other open review, changed 42 lines of these files lately; 2 others") &&
			!strings.Contains(c.Summary, "`@bo`: asked as Cloud Engineer: 1 other open review, changed 42 lines of these files lately; 2 others") {
			t.Errorf("the check does not say why:\n%s", c.Summary)
		}

		// Events keep it fresh, at no call.
		learned := w.open("dan", githubtest.Files{"dns/dns.go": "package dns\n\n" + strings.Repeat("// a\n", 30)})
		w.settle()
		learned.Approve("cy")
		w.settle()
		learned.MustMerge("dan")
		w.settle()
		again := w.open("mia", githubtest.Files{"dns/dns.go": "package dns\n\n// b\n"})
		w.expect(again, "in_progress", "Waiting for Cloud Engineer")
		if got := again.Requested(); !slices.Equal(got, []string{"cy"}) {
			t.Errorf("asked are %v, want cy, who reviewed the file", got)
		}
		if n := w.historyReads(); n != 1 {
			t.Errorf("the history was read in %d calls, want no more than before", n)
		}

		// Who is busy is not asked, though they know the file.
		w.gh.User("cy").Busy(true)
		w.again("busy")
		w.recheck(again)
		if got := again.Requested(); !slices.Equal(got, []string{"cy"}) {
			t.Errorf("asked are %v: nobody is swapped for being busy", got)
		}
		busy := w.open("mia", githubtest.Files{"dns/dns.go": "package dns\n\n// c\n"})
		c = w.expect(busy, "in_progress", "Waiting for Cloud Engineer")
		if got := busy.Requested(); len(got) != 1 || got[0] == "cy" {
			t.Errorf("asked are %v, want somebody who is not busy", got)
		}
		if !strings.Contains(c.Summary, "1 busy") {
			t.Errorf("the check does not say that one is busy:\n%s", c.Summary)
		}

		// A load of reviews outweighs knowledge.
		w.gh.User("cy").Busy(false)
		w.again("busy")
		for i := range 4 {
			loaded := w.open("mia", githubtest.Files{fmt.Sprintf("docs/%d.md", i): "x\n", fmt.Sprintf("x%d.go", i): "package x\n"})
			w.settle()
			for _, r := range loaded.Requested() {
				loaded.Unrequest("mia", r)
			}
			w.settle()
			loaded.Request("mia", "cy")
			w.settle()
		}
		heavy := w.open("mia", githubtest.Files{"dns/dns.go": "package dns\n\n// d\n"})
		w.expect(heavy, "in_progress", "Waiting for Cloud Engineer")
		if got := heavy.Requested(); len(got) != 1 || got[0] == "cy" {
			t.Errorf("asked are %v, want somebody with less to do than cy", got)
		}
		// Wiped, everybody who is asked stays asked, and no check is written anew.
		w.fresh(heavy)
		w.fresh(known)
	})
}

// reminders are the bodies of rolecall's own comments, without their markers.
func reminders(pr *githubtest.Pull) []string {
	var out []string
	for _, c := range pr.Comments() {
		if _, body, ok := strings.Cut(c.Body(), " -->\n"); ok {
			out = append(out, strings.TrimSpace(body))
		}
	}
	return out
}

func TestADeadlineIsKeptThroughARestartOnAnEmptyDatabase(t *testing.T) {
	eachOnCall(t, peoplePolicy, func(t *testing.T, w *world, o *oncall) {
		w.org.Member("olga")
		o.serve(http.StatusOK, turn{"@olga", w.clock().Add(-time.Hour), w.clock().Add(5 * 24 * time.Hour)})
		pr := w.open("dan", githubtest.Files{"net/net.go": "package net\n"})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		first := pr.Requested()
		if len(first) != 1 {
			t.Fatalf("asked are %v", first)
		}
		w.pass(7 * time.Hour)
		w.recheck(pr)
		if got := reminders(pr); len(got) != 0 {
			t.Errorf("reminded too early: %v", got)
		}
		w.pass(time.Hour + time.Second)
		w.recheck(pr)
		w.recheck(pr)
		if got := reminders(pr); len(got) != 1 || !strings.HasPrefix(got[0], "@"+first[0]+": this pull request has waited 8 working hours for your review as Cloud Engineer") {
			t.Errorf("reminders: %v", got)
		}
		w.wipe()
		w.recheck(pr)
		w.fresh(pr)
		if got := reminders(pr); len(got) != 1 {
			t.Errorf("reminded again on an empty database: %v", got)
		}
		w.pass(8 * time.Hour)
		w.recheck(pr)
		second := pr.Requested()
		if got := reminders(pr); len(second) != 2 || len(got) != 2 || !strings.Contains(got[1], "you are asked too") {
			t.Errorf("asked are %v, reminders: %v", second, got)
		}
		w.pass(8 * time.Hour)
		w.recheck(pr)
		third := pr.Requested()
		if got := reminders(pr); !slices.Contains(third, "olga") || len(third) != 3 || len(got) != 3 || !strings.HasPrefix(got[2], "@olga: you are on call") {
			t.Errorf("asked are %v, reminders: %v", third, got)
		}
		w.wipe()
		w.pass(24 * time.Hour)
		w.recheck(pr)
		w.fresh(pr)
		if got := reminders(pr); len(got) != 3 || !slices.Equal(pr.Requested(), third) {
			t.Errorf("asked are %v, reminders: %v", pr.Requested(), got)
		}
		var steps []string
		entries, err := w.server.store.AuditEntries(t.Context(), w.ref(pr), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Kind == "remind" {
				steps = append(steps, e.Kind)
			}
		}
		if len(steps) != 0 {
			t.Errorf("the empty database has %v on record", steps)
		}
		// An approval by one of them ends it for the others.
		pr.Approve(first[0])
		w.expect(pr, "success", "Every role")
		if got := pr.Requested(); len(got) != 0 {
			t.Errorf("still asked are %v", got)
		}
	})
}

// The queue wakes by itself when a deadline passes, and the step is on record.
func TestADeadlineWakesTheQueue(t *testing.T) {
	short := strings.Replace(strings.Replace(peoplePolicy, `within = "8h"`, `within = "2s"`, 1), "calendar = \"CALENDAR\"", "members = [\"@olga\"]", 1)
	w := newWorld(t, storetest.SQLite(t), short, githubtest.Options{})
	pr := w.open("dan", githubtest.Files{"net/net.go": "package net\n"})
	w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
	for until := time.Now().Add(20 * time.Second); len(reminders(pr)) == 0 && time.Now().Before(until); {
		time.Sleep(20 * time.Millisecond)
	}
	w.settle()
	if got := reminders(pr); len(got) == 0 || !strings.Contains(got[0], "your review as Cloud Engineer") {
		t.Fatalf("reminders: %v", got)
	}
	entries, err := w.server.store.AuditEntries(t.Context(), w.ref(pr), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(entries, func(e store.Entry) bool {
		return e.Kind == "remind" && strings.Contains(fmt.Sprintf("%s", e.Data), `"step":1`)
	}) {
		t.Errorf("no reminder is on record: %+v", entries)
	}
	if !slices.ContainsFunc(entries, func(e store.Entry) bool {
		return e.Kind == "request" && strings.Contains(fmt.Sprintf("%s", e.Data), `"choices":[{"login"`)
	}) {
		t.Errorf("why somebody was asked is not on record: %+v", entries)
	}
	var h survey.Handoff
	if err := json.Unmarshal([]byte(w.command("handoff", "--database-url", w.database, "--format", "json")), &h); err != nil {
		t.Fatal(err)
	}
	if len(h.Overdue) != 1 || h.Overdue[0].Role != "cloud-engineer" || h.Overdue[0].Step == 0 || len(h.Overdue[0].On) == 0 {
		t.Errorf("whoever takes over is not told: %+v", h)
	}
}

func TestNobodyIsAskedOnAHolidayOfTheCalendar(t *testing.T) {
	text := strings.Replace(peoplePolicy, "calendar = \"CALENDAR\"", "members = [\"@olga\"]", 1)
	text = strings.Replace(text, "members = [\"@acme/cloud\"]", `members = ["@acme/cloud"]
  hours   = { timezone = "UTC", days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], from = "00:00", to = "24:00", holidays = ["CALENDAR"] }`, 1)
	eachOnCall(t, text, func(t *testing.T, w *world, o *oncall) {
		today := w.clock().UTC().Truncate(24 * time.Hour)
		o.serve(http.StatusOK, turn{"Christmas", today, today.Add(48 * time.Hour)})
		w.settle()
		w.open("dan", githubtest.Files{"a.go": "package a\n"}) // from here on the calendar is read
		w.settle()
		pr := w.open("dan", githubtest.Files{"net/net.go": "package net\n"})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if got := pr.Requested(); len(got) != 0 {
			t.Errorf("on a holiday %v are asked", got)
		}
		o.serve(http.StatusInternalServerError)
		w.again("calendar")
		c := w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if !strings.Contains(c.Summary, "he holidays of Cloud Engineer could not be read lately (`its server answers 500`)") || strings.Contains(c.Summary, "secret") {
			t.Errorf("the check does not say that the holidays are old:\n%s", c.Summary)
		}
		w.pass(48 * time.Hour)
		w.recheck(pr)
		if got := pr.Requested(); len(got) != 1 {
			t.Errorf("after the holiday %v are asked", got)
		}
	})
}
