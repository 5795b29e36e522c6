package queue

import (
	"math/rand/v2"
	"time"
)

const (
	firstBackoff = time.Second
	lastBackoff  = 5 * time.Minute
	// longestHold bounds what a caller may ask for by RetryAt: GitHub's limits
	// reset within the hour.
	longestHold = 2 * time.Hour
)

// backoff is how long to wait after the given number of failures in a row, at
// least one: doubling, at most five minutes, and anywhere in the upper half of
// it, so that what failed together does not come back together.
func backoff(failures int) time.Duration {
	d := lastBackoff
	if failures < 10 {
		d = min(d, firstBackoff<<(failures-1))
	}
	return d/2 + rand.N(d/2) //nolint:gosec // it spreads load and keeps no secret
}

// retryAt returns when the error says to come back, the latest where it is
// several, zero where none says so.
func retryAt(err error, now time.Time) time.Time {
	at := asked(err)
	if !at.After(now) {
		return time.Time{}
	}
	if last := now.Add(longestHold); at.After(last) {
		return last
	}
	return at
}

// asked finds the latest RetryAt in the whole tree of err.
func asked(err error) (at time.Time) {
	everyError(err, func(err error) {
		if e, ok := err.(interface{ RetryAt() time.Time }); ok && e.RetryAt().After(at) { //nolint:errorlint // one after the other
			at = e.RetryAt()
		}
	})
	return at
}

// pending reports whether something that was sent may take effect yet.
func pending(err error) (yes bool) {
	everyError(err, func(err error) {
		e, ok := err.(interface{ Pending() bool }) //nolint:errorlint // one after the other
		yes = yes || ok && e.Pending()
	})
	return yes
}

// everyError calls do for each error in the tree of err: errors.As would stop at
// the first of a kind, which may be silent about what is asked.
func everyError(err error, do func(error)) {
	if err == nil {
		return
	}
	do(err)
	switch e := err.(type) { //nolint:errorlint // this is the unwrapping
	case interface{ Unwrap() error }:
		everyError(e.Unwrap(), do)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			everyError(inner, do)
		}
	}
}
