package calendar_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/calendar"
	"github.com/rolecall/rolecall/policy/fact"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// feed is a calendar of these events, each given as its properties.
func feed(events ...string) []byte {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n")
	for _, e := range events {
		b.WriteString("BEGIN:VEVENT\r\n" + strings.ReplaceAll(strings.TrimSpace(e), "\n", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	b.WriteString("END:VCALENDAR\r\n")
	return []byte(b.String())
}

var from, to = at("2026-03-01T00:00:00Z"), at("2026-04-30T00:00:00Z")

// short is a shift in few words.
func short(s fact.Shift) string {
	out := s.From.Format("01-02 15:04") + " to " + s.To.Format("01-02 15:04") + " " + s.Summary
	if len(s.Attendees) > 0 {
		out += " <" + strings.Join(s.Attendees, " ") + ">"
	}
	return out
}

func TestShiftsOfAFeed(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		want   []string
	}{
		{"nothing", nil, nil},
		{"as PagerDuty publishes it", []string{"UID:1\nDTSTART;VALUE=DATE-TIME:20260302T080000Z\nDTEND;VALUE=DATE-TIME:20260309T080000Z\nATTENDEE:Ana@acme.com\nSUMMARY:On Call - Ana Alpha - Primary"},
			[]string{"03-02 08:00 to 03-09 08:00 On Call - Ana Alpha - Primary <ana@acme.com>"}},
		{"attendees by mailto, who declined left out", []string{"UID:1\nDTSTART:20260302T080000Z\nDURATION:PT12H\nATTENDEE;CN=Bo:mailto:bo@acme.com\nATTENDEE;PARTSTAT=DECLINED:mailto:cy@acme.com\nSUMMARY:x"},
			[]string{"03-02 08:00 to 03-02 20:00 x <bo@acme.com>"}},
		{"in a time zone", []string{"UID:1\nDTSTART;TZID=Europe/Berlin:20260302T090000\nDTEND;TZID=Europe/Berlin:20260302T180000\nSUMMARY:@ana"},
			[]string{"03-02 08:00 to 03-02 17:00 @ana"}},
		{"in a time zone with a prefix", []string{"UID:1\nDTSTART;TZID=/mozilla.org/20070129_1/Europe/Berlin:20260302T090000\nDURATION:PT1H\nSUMMARY:@ana"},
			[]string{"03-02 08:00 to 03-02 09:00 @ana"}},
		{"whole days", []string{"UID:1\nDTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260309\nSUMMARY:@ana", "UID:2\nDTSTART;VALUE=DATE:20260309\nSUMMARY:@bo"},
			[]string{"03-02 00:00 to 03-09 00:00 @ana", "03-09 00:00 to 03-10 00:00 @bo"}},
		{"every week, over the change to summer time", []string{"UID:1\nDTSTART;TZID=Europe/Berlin:20260323T090000\nDTEND;TZID=Europe/Berlin:20260323T180000\nRRULE:FREQ=WEEKLY;COUNT=3\nSUMMARY:@ana"},
			[]string{"03-23 08:00 to 03-23 17:00 @ana", "03-30 07:00 to 03-30 16:00 @ana", "04-06 07:00 to 04-06 16:00 @ana"}},
		{"with an exception, a moved and a cancelled recurrence", []string{
			"UID:1\nDTSTART:20260302T080000Z\nDURATION:PT8H\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE:20260303T080000Z\nSUMMARY:@ana",
			"UID:1\nRECURRENCE-ID:20260304T080000Z\nDTSTART:20260304T100000Z\nDURATION:PT2H\nSUMMARY:@bo",
			"UID:1\nRECURRENCE-ID:20260305T080000Z\nSTATUS:CANCELLED\nDTSTART:20260305T080000Z\nDURATION:PT8H\nSUMMARY:@ana",
		}, []string{"03-02 08:00 to 03-02 16:00 @ana", "03-04 10:00 to 03-04 12:00 @bo", "03-06 08:00 to 03-06 16:00 @ana"}},
		{"with a date more", []string{"UID:1\nDTSTART:20260302T080000Z\nDURATION:PT1H\nRDATE:20260310T080000Z,20260311T080000Z\nSUMMARY:@ana"},
			[]string{"03-02 08:00 to 03-02 09:00 @ana", "03-10 08:00 to 03-10 09:00 @ana", "03-11 08:00 to 03-11 09:00 @ana"}},
		{"without end, as far as the window goes", []string{"UID:1\nDTSTART:20200106T090000Z\nDURATION:P7D\nRRULE:FREQ=WEEKLY;INTERVAL=4\nSUMMARY:@ana"},
			[]string{"02-23 09:00 to 03-02 09:00 @ana", "03-23 09:00 to 03-30 09:00 @ana", "04-20 09:00 to 04-27 09:00 @ana"}},
		{"outside of the window", []string{"UID:1\nDTSTART:20250302T080000Z\nDURATION:PT1H\nSUMMARY:@ana"}, nil},
		{"a moment and a cancelled event", []string{"UID:1\nDTSTART:20260302T080000Z\nSUMMARY:@ana", "UID:2\nSTATUS:CANCELLED\nDTSTART:20260302T080000Z\nDURATION:PT1H\nSUMMARY:@ana"}, nil},
		{"a title over many lines", []string{"UID:1\nDTSTART:20260302T080000Z\nDURATION:PT1H\nSUMMARY:one\\ntwo\\, \n three"},
			[]string{"03-02 08:00 to 03-02 09:00 one two, three"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expectShifts(t, feed(c.events...), from, to, c.want)
		})
	}
}

func TestWholeDaysAreKeptAsDays(t *testing.T) {
	b := with("X-WR-TIMEZONE:Asia/Tokyo\r\n", feed(
		"UID:1\nDTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260304\nSUMMARY:two",
		"UID:2\nDTSTART;VALUE=DATE:20250405\nRRULE:FREQ=YEARLY\nSUMMARY:yearly",
		"UID:3\nDTSTART:20260410T000000\nDTEND:20260411T000000\nSUMMARY:times",
	))
	shifts, err := calendar.Parse(context.Background(), b, from, to)
	if err != nil || len(shifts) != 3 {
		t.Fatalf("%v, %v", shifts, err)
	}
	if diff := cmp.Diff([]*fact.Span{{From: "2026-03-02", To: "2026-03-03"}, {From: "2026-04-05", To: "2026-04-05"}, nil},
		[]*fact.Span{shifts[0].Days, shifts[1].Days, shifts[2].Days}); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
	// Cut by a reading in its middle, an event keeps its days.
	kept := calendar.Merge(shifts, shifts, at("2026-03-02T12:00:00Z"), time.Time{})
	if diff := cmp.Diff(shifts, kept); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
}

func TestTheFeedsOwnZoneHoldsForTimesWithoutOne(t *testing.T) {
	b := []byte(strings.Replace(string(feed("UID:1\nDTSTART;VALUE=DATE:20260302\nSUMMARY:@ana")), "PRODID:x", "PRODID:x\r\nX-WR-TIMEZONE:America/New_York", 1))
	shifts, err := calendar.Parse(context.Background(), b, from, to)
	if err != nil || len(shifts) != 1 || short(shifts[0]) != "03-02 05:00 to 03-03 05:00 @ana" {
		t.Errorf("%v, %v", shifts, err)
	}
}

// outlook is how Exchange defines a time zone: since 1601, by the rules of now.
func outlook(name string) string {
	return strings.ReplaceAll(`BEGIN:VTIMEZONE
TZID:`+name+`
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
`, "\n", "\r\n")
}

// with puts components into a feed.
func with(components string, feed []byte) []byte {
	return []byte(strings.Replace(string(feed), "PRODID:x\r\n", "PRODID:x\r\n"+components, 1))
}

func TestTimeZonesOfAFeed(t *testing.T) {
	weekly := func(zone string) []byte {
		return feed("UID:1\nDTSTART;TZID=" + zone + ":20260323T090000\nDTEND;TZID=" + zone + ":20260323T180000\nRRULE:FREQ=WEEKLY;COUNT=2\nSUMMARY:@ana")
	}
	berlin := []string{"03-23 08:00 to 03-23 17:00 @ana", "03-30 07:00 to 03-30 16:00 @ana"}
	yukon := strings.NewReplacer("+0100", "-0900", "+0200", "-0800").Replace(outlook("Custom"))
	for _, c := range []struct {
		name string
		feed []byte
		want []string
	}{
		{"by the name that Windows gives it", weekly("W. Europe Standard Time"), berlin},
		{"in quotes", weekly(`"W. Europe Standard Time"`), berlin},
		{"as the feed's own zone", with("X-WR-TIMEZONE:W. Europe Standard Time\r\n", feed("UID:1\nDTSTART;VALUE=DATE:20260302\nSUMMARY:@ana")),
			[]string{"03-01 23:00 to 03-02 23:00 @ana"}},
		{"as the feed defines it", with(outlook("Customized Time Zone"), weekly("Customized Time Zone")), berlin},
		{"defined twice, and the same", with(outlook("Ours")+outlook("Ours"), weekly("Ours")), berlin},
		{"west of Greenwich", with(yukon, weekly("Custom")), []string{"03-23 18:00 to 03-24 03:00 @ana", "03-30 17:00 to 03-31 02:00 @ana"}},
		{"a known name before the feed's definition of it", with(strings.ReplaceAll(outlook("Europe/Berlin"), "+0", "+1"), weekly("Europe/Berlin")), berlin},
		{"by dates, and a rule that ended", with("BEGIN:VTIMEZONE\r\nTZID:Ours\r\n"+
			"BEGIN:DAYLIGHT\r\nDTSTART:20100328T020000\r\nRDATE:20260329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\n"+
			"BEGIN:STANDARD\r\nDTSTART:20101031T030000\r\nRRULE:FREQ=YEARLY;UNTIL=20251026T010000Z;BYDAY=-1SU;BYMONTH=10\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n"+
			"END:VTIMEZONE\r\n", weekly("Ours")), berlin},
		{"without summer time", with("BEGIN:VTIMEZONE\r\nTZID:tzone://Microsoft/Utc\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n", weekly(`"tzone://Microsoft/Utc"`)),
			[]string{"03-23 09:00 to 03-23 18:00 @ana", "03-30 09:00 to 03-30 18:00 @ana"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expectShifts(t, c.feed, from, to, c.want)
		})
	}
	for name, c := range map[string]struct{ zone, want string }{
		"not defined":               {"", "the feed does not define it"},
		"defined in two ways":       {outlook("Ours") + strings.ReplaceAll(outlook("Ours"), "+0200", "+0300"), "in two ways"},
		"without any offset":        {"BEGIN:VTIMEZONE\r\nTZID:Ours\r\nEND:VTIMEZONE\r\n", "no offset"},
		"without a start":           {strings.ReplaceAll(outlook("Ours"), "DTSTART:", "X-START:"), "lacks a DTSTART"},
		"with an offset of nothing": {strings.Replace(outlook("Ours"), "+0200", "two", 1), `TZOFFSETFROM "two"`},
		"with an offset too large":  {strings.Replace(outlook("Ours"), "+0200", "+9900", 1), `TZOFFSETFROM "+9900"`},
		"recurring every day":       {strings.Replace(outlook("Ours"), "YEARLY", "DAILY", 1), "recurrence"},
		"put to two times at once":  {strings.NewReplacer("BYMONTH=10", "BYMONTH=3", "T030000", "T030000").Replace(outlook("Ours")), "two times at once"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := calendar.Parse(context.Background(), with(c.zone, weekly("Ours")), from, to)
			if err == nil || !strings.Contains(err.Error(), `"Ours" is not known`) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

// A definition written out says what the zone's own rules say.
func TestADefinitionIsTheZoneThatItDefines(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		local := time.Date(2026, 3, 1, 0, rapid.IntRange(0, 50*24*60).Draw(t, "minute"), 0, 0, time.UTC).Format("20060102T150405")
		b := with(outlook("Ours"), feed("UID:1\nDTSTART;TZID=Ours:"+local+"\nDURATION:PT1M\nSUMMARY:x"))
		shifts, err := calendar.Parse(context.Background(), b, from.AddDate(0, 0, -2), to)
		if err != nil || len(shifts) != 1 {
			t.Fatalf("%v, %v", shifts, err)
		}
		if want, _ := time.ParseInLocation("20060102T150405", local, berlin); !shifts[0].From.Equal(want) {
			t.Errorf("%s is %v, want %v", local, shifts[0].From, want.UTC())
		}
	})
}

// What is not understood whole is not taken: a shift that was left out could
// be the one that matters.
func TestAFeedThatIsNotUnderstoodIsRefused(t *testing.T) {
	good := "UID:1\nDTSTART:20260302T080000Z\nDURATION:PT1H\nSUMMARY:@ana"
	for name, b := range map[string][]byte{
		"no calendar":                  []byte("<html>Sign in</html>"),
		"empty":                        nil,
		"cut short":                    feed(good)[:60],
		"unknown time zone":            feed("UID:1\nDTSTART;TZID=Mars/Olympus:20260302T080000\nDURATION:PT1H"),
		"a time that is none":          feed("UID:1\nDTSTART:tomorrow\nDURATION:PT1H"),
		"no start":                     feed("UID:1\nSUMMARY:@ana"),
		"a duration that is none":      feed("UID:1\nDTSTART:20260302T080000Z\nDURATION:long"),
		"every second":                 feed(good + "\nRRULE:FREQ=SECONDLY"),
		"every hour":                   feed(good + "\nRRULE:FREQ=HOURLY"),
		"a rule that is none":          feed(good + "\nRRULE:FREQ=SOMETIMES"),
		"two rules":                    feed(good + "\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY"),
		"an exception rule":            feed(good + "\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY"),
		"since the beginning of time":  feed("UID:1\nDTSTART:19700101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"),
		"a great many times a day":     feed(good + "\nRRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8,9,10,11,12,13;BYMINUTE=1,2,3,4,5,6,7,8,9,10,11,12"),
		"this and all later":           feed(good, "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260302T080000Z\nDTSTART:20260302T080000Z\nDURATION:PT1H"),
		"too many events":              feed(strings.Split(strings.Repeat(good+"|", 10_001), "|")...),
		"too deep":                     []byte(strings.Repeat("BEGIN:VEVENT\r\n", 100_000)),
		"too large":                    make([]byte, calendar.MaxBytes+1),
		"more shifts than anybody has": feed(strings.Split(strings.TrimSuffix(strings.Repeat(good+"\nRRULE:FREQ=DAILY|", 400), "|"), "|")...),
	} {
		t.Run(name, func(t *testing.T) {
			shifts, err := calendar.Parse(context.Background(), b, from, to)
			if err == nil {
				t.Fatalf("it gave %d shifts", len(shifts))
			}
			if s := err.Error(); len(s) > 400 || strings.ContainsAny(s, "\r\n") {
				t.Errorf("the reason is no short line: %q", s)
			}
		})
	}
}

func TestRecurrencesThatNeverComeTakeNoTimeWithoutEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	never := "UID:%d\nDTSTART:20000101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31"
	var events []string
	for i := range 2000 {
		events = append(events, fmt.Sprintf(never, i))
	}
	if _, err := calendar.Parse(ctx, feed(events...), from, to); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("the error is %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(feed("UID:1\nDTSTART:20260302T080000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO\nEXDATE:20260309T080000Z\nSUMMARY:@ana"))
	f.Add(feed("UID:1\nDTSTART;TZID=Europe/Berlin:20260302T080000\nDTEND;TZID=UTC:20260302T090000\nATTENDEE:mailto:a@b", "UID:1\nRECURRENCE-ID:20260302T080000Z\nDTSTART;VALUE=DATE:20260302"))
	f.Add([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260302\nRRULE:FREQ=YEARLY;BYEASTER=1;BYSETPOS=-1\nEND:VEVENT\nEND:VCALENDAR"))
	f.Add(with(outlook("Ours"), feed("UID:1\nDTSTART;TZID=Ours:20260302T080000\nDURATION:PT1H\nSUMMARY:@ana")))
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		shifts, err := calendar.Parse(ctx, b, from, to)
		if err != nil && (len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\r\n")) {
			t.Errorf("the reason is no short line: %q", err)
		}
		for i, s := range shifts {
			switch {
			case err != nil:
				t.Fatalf("%v, and %d shifts", err, len(shifts))
			case !s.From.Before(s.To), !s.From.Before(to), !s.To.After(from):
				t.Errorf("shift %s", short(s))
			case strings.ContainsAny(s.Summary, "\r\n\x00"):
				t.Errorf("title %q", s.Summary)
			case i > 0 && s.From.Before(shifts[i-1].From):
				t.Errorf("%s comes after %s", short(s), short(shifts[i-1]))
			}
		}
	})
}

func TestWhatWasReadOfThePastStays(t *testing.T) {
	shift := func(who, from, to string) fact.Shift {
		return fact.Shift{From: at("2026-03-" + from + ":00Z"), To: at("2026-03-" + to + ":00Z"), Summary: who}
	}
	before := []fact.Shift{shift("ana", "02T09:00", "09T09:00"), shift("bo", "09T09:00", "16T09:00")}
	read := at("2026-03-05T12:00:00Z")
	for _, c := range []struct {
		name  string
		after []fact.Shift
		want  []string
	}{
		{"the same again", before, []string{"03-02 09:00 to 03-09 09:00 ana", "03-09 09:00 to 03-16 09:00 bo"}},
		{"a swap holds from this reading on", []fact.Shift{shift("eve", "02T09:00", "09T09:00"), shift("bo", "09T09:00", "16T09:00")},
			[]string{"03-02 09:00 to 03-05 12:00 ana", "03-05 12:00 to 03-09 09:00 eve", "03-09 09:00 to 03-16 09:00 bo"}},
		{"a feed that says nothing of the past", before[1:], []string{"03-02 09:00 to 03-05 12:00 ana", "03-09 09:00 to 03-16 09:00 bo"}},
		{"a past that was never read", append([]fact.Shift{shift("eve", "01T09:00", "02T09:00")}, before...), []string{"03-02 09:00 to 03-09 09:00 ana", "03-09 09:00 to 03-16 09:00 bo"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, s := range calendar.Merge(before, c.after, read, at("2025-01-01T00:00:00Z")) {
				got = append(got, short(s))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("shifts (-want +got):\n%s", diff)
			}
		})
	}
	if got := calendar.Merge(before, before, read, at("2026-03-09T09:00:00Z")); len(got) != 1 {
		t.Errorf("what ended long ago is kept: %v", got)
	}
}

// Whatever feeds come, one after the other: who held a moment that was in the
// past when a copy was read is told by the copy before for ever.
func TestNobodyGetsAShiftAfterwards(t *testing.T) {
	start := at("2026-03-01T00:00:00Z")
	hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
	holds := func(shifts []fact.Shift, t time.Time) string {
		var who []string
		for _, s := range shifts {
			if !t.Before(s.From) && t.Before(s.To) {
				who = append(who, s.Summary)
			}
		}
		return strings.Join(who, ",")
	}
	rapid.Check(t, func(t *rapid.T) {
		var kept []fact.Shift
		told := map[int]string{} // by hour, once it is past
		now := 0
		for range rapid.IntRange(1, 6).Draw(t, "readings") {
			now += rapid.IntRange(1, 40).Draw(t, "later")
			var feed []fact.Shift
			for at := 0; at < 200; {
				n := rapid.IntRange(1, 60).Draw(t, "length")
				feed = append(feed, fact.Shift{From: hour(at), To: hour(at + n), Summary: rapid.SampledFrom([]string{"ana", "bo", "cy"}).Draw(t, "who")})
				at += n
			}
			kept = calendar.Merge(kept, feed, hour(now), time.Time{})
			for h := range now {
				got := holds(kept, hour(h))
				if was, ok := told[h]; ok && was != got {
					t.Fatalf("at hour %d it was %q, and now it was %q", h, was, got)
				}
				told[h] = got
			}
		}
	})
}

// expectShifts compares what a feed says with shifts as short writes them.
func expectShifts(t *testing.T, feed []byte, from, to time.Time, want []string) {
	t.Helper()
	shifts, err := calendar.Parse(context.Background(), feed, from, to)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range shifts {
		got = append(got, short(s))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shifts (-want +got):\n%s", diff)
	}
}
