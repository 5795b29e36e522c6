package github

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// clocked is a budget whose clock the test moves.
func clocked() (*budget, *time.Time) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return newBudget(func() time.Time { return now }), &now
}

func (b *budget) made(t *testing.T, c Class, k cost) bool {
	t.Helper()
	if until := b.call(c, k); !until.IsZero() {
		if !until.After(b.now()) {
			t.Errorf("to wait until %v, which is over", until)
		}
		return false
	}
	b.answered(k, nil)
	return true
}

var (
	getOne   = cost{resource: "core", points: 1}
	patchOne = cost{resource: "core", points: 5, content: true}
	queryOne = cost{resource: "graphql", points: 1}
)

func headers(resource string, remaining, limit int, reset time.Time) http.Header {
	h := http.Header{}
	h.Set("X-RateLimit-Resource", resource)
	h.Set("X-RateLimit-Remaining", strconv.Itoa(remaining))
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	return h
}

func TestNothingIsHeldBackBeforeGitHubSaysThatItLimits(t *testing.T) {
	b, _ := clocked()
	for range 5000 {
		if !b.made(t, Ordinary, patchOne) {
			t.Fatal("held back")
		}
	}
	if _, until := b.look(Ordinary); !until.IsZero() {
		t.Errorf("a look is held back until %v", until)
	}
}

func TestTheHourlyLimitIsNotRunInto(t *testing.T) {
	b, now := clocked()
	reset := now.Add(20 * time.Minute)
	b.call(Ordinary, queryOne)
	b.answered(queryOne, headers("graphql", 3, 5000, reset))
	for n := range 5 { // none of them is answered
		if until := b.call(Ordinary, queryOne); until.IsZero() != (n < 3) {
			t.Errorf("call %d: until %v", n, until)
		}
	}
	if !b.made(t, Ordinary, getOne) {
		t.Error("the other resource is held back as well")
	}
	*now = reset.Add(2 * time.Second)
	if until := b.call(Ordinary, queryOne); !until.IsZero() {
		t.Errorf("held back until %v after the reset", until)
	}
}

func TestASecondaryLimitIsWaitedOutAndThenKeptTo(t *testing.T) {
	b, now := clocked()
	n := 0
	for ; n < 80; n++ {
		b.made(t, Ordinary, patchOne)
	}
	until := now.Add(30 * time.Second)
	b.refused(until)
	for _, k := range []cost{getOne, queryOne, patchOne} {
		if at := b.call(Ordinary, k); !at.Equal(until) {
			t.Errorf("%+v may be asked at %v, want %v", k, at, until)
		}
	}
	// From now on at most 80 in any minute; reads were not near their limit.
	*now = until
	for second := range 300 {
		*now = until.Add(time.Duration(second) * time.Second)
		for b.made(t, Ordinary, patchOne) {
			n++
		}
		if !b.made(t, Ordinary, getOne) {
			t.Fatal("reads are held back, too")
		}
		if second%60 == 59 && b.windows["writes"].used(*now) > 80 {
			t.Fatal("more than 80 in a minute")
		}
	}
	if n < 80*5 || n > 80*7 {
		t.Errorf("%d writes in five minutes and a half", n)
	}
}

func TestWhatIsLeftIsForTheMostUrgent(t *testing.T) {
	b, now := clocked()
	for _, c := range []struct {
		remaining int
		in        Class // and all before it
	}{{5000, Background}, {1200, Late}, {300, Ordinary}, {90, Urgent}} {
		for _, class := range []Class{Urgent, Ordinary, Late, Background} {
			b.call(Urgent, getOne)
			b.answered(getOne, headers("core", c.remaining, 5000, now.Add(time.Hour)))
			over, until := b.look(class)
			if (over != nil) != (class <= c.in) {
				t.Errorf("with %d left, class %d: until %v", c.remaining, class, until)
			}
			if over != nil {
				over()
				over()
			}
		}
	}
	if b.looks != 0 {
		t.Errorf("%d looks are under way", b.looks)
	}
}

func TestTheBackgroundHasAShareOfItsOwn(t *testing.T) {
	b, now := clocked()
	n := 0
	for minute := range 120 {
		*now = now.Add(time.Minute)
		b.call(Urgent, getOne)
		b.answered(getOne, headers("core", 5000, 5000, now.Add(time.Hour)))
		for range 100 {
			over, _ := b.look(Background)
			if over == nil {
				break
			}
			for range lookCalls {
				b.made(t, Background, getOne)
				n++
			}
			over()
		}
		if used := b.windows["background"].used(*now); used > 500 {
			t.Fatalf("minute %d: %d calls in an hour", minute, used)
		}
	}
	if n < 900 || n > 1100 {
		t.Errorf("%d calls in two hours, want about 1000", n)
	}
}

func TestThoseHeldBackComeBackOneAfterTheOther(t *testing.T) {
	b, now := clocked()
	for range 80 {
		b.made(t, Ordinary, patchOne)
	}
	b.refused(now.Add(time.Second))
	*now = now.Add(2 * time.Second)
	seen := map[time.Time]bool{}
	var last time.Time
	for range 40 {
		_, until := b.look(Ordinary)
		if until.IsZero() || until.Before(last) {
			t.Fatalf("until %v after %v", until, last)
		}
		seen[until], last = true, until
	}
	if len(seen) < 40 {
		t.Errorf("%d moments for 40 looks", len(seen))
	}
	if _, until := b.look(Urgent); !until.Before(last) {
		t.Errorf("the urgent one queues behind the others: %v", until)
	}
}

func TestProcessesShareTheLimits(t *testing.T) {
	b, now := clocked()
	b.setSharers(4)
	for range 20 {
		b.made(t, Ordinary, patchOne)
	}
	b.refused(now.Add(time.Second))
	*now = now.Add(2 * time.Minute)
	n := 0
	for b.made(t, Ordinary, patchOne) {
		n++
	}
	if n != 20 {
		t.Errorf("%d writes in a minute, want a quarter of 80", n)
	}
}

func TestAnEnforcedLimitIsForgottenAfterADay(t *testing.T) {
	b, now := clocked()
	for range 80 {
		b.made(t, Ordinary, patchOne)
	}
	b.refused(now.Add(time.Second))
	*now = now.Add(25 * time.Hour)
	for range 100 {
		if !b.made(t, Ordinary, patchOne) {
			t.Fatal("held back")
		}
	}
}
