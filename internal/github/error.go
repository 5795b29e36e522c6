package github

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Kind is what became of a call that failed.
type Kind string

const (
	// NotFound is a thing that is not there, or that this installation may
	// not know of: GitHub does not tell the two apart.
	NotFound Kind = "not_found"
	// Unauthorized is a key or token that GitHub does not accept, such as
	// that of an installation that is suspended or gone.
	Unauthorized Kind = "unauthorized"
	// Permission is a permission that the installation does not grant.
	Permission Kind = "permission"
	// Forbidden is any other refusal, such as an organisation's IP allow list.
	Forbidden Kind = "forbidden"
	// Unprocessable is a request that GitHub understood and will not do
	// (422): one reviewer of several without access, a diff too large.
	Unprocessable Kind = "unprocessable"
	// Conflict is a clash with another change (409).
	Conflict Kind = "conflict"
	// RateLimited is a primary or secondary limit; [Error.RetryAt] says when
	// to come back.
	RateLimited Kind = "rate_limited"
	// Transient is a failure that may be over soon: 5xx, the network, a
	// time-out, an answer cut short.
	Transient Kind = "transient"
	// TooLarge is an answer beyond rolecall's bounds.
	TooLarge Kind = "too_large"
	// Invalid is an answer that makes no sense, or a request that GitHub's
	// schema refuses: an error of rolecall's, or a change of GitHub's.
	Invalid Kind = "invalid"
)

// Error is a call to GitHub that failed. It is found with errors.As.
type Error struct {
	Op      string // what was tried, "create check run"
	Kind    Kind
	Status  int       // HTTP status; 0 where there was none
	Message string    // GitHub's own words, bounded, with secrets taken out
	Until   time.Time // for RateLimited: not before then
	pending bool
	cause   error
}

func (e *Error) Error() string {
	s := e.Op + ": " + string(e.Kind)
	if e.Status != 0 && e.Status != 200 {
		s += fmt.Sprintf(" (%d)", e.Status)
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Unwrap gives access to the cause, such as context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.cause }

// RetryAt is the moment before which the call must not be tried again; zero
// where GitHub named none.
func (e *Error) RetryAt() time.Time { return e.Until }

// Pending reports whether the call was to change something and may do so yet,
// although it failed: nobody knows what became of it.
func (e *Error) Pending() bool { return e.pending }

// Temporary reports whether the same call may succeed later without anybody
// doing anything.
func (e *Error) Temporary() bool { return e.Kind == RateLimited || e.Kind == Transient }

// Absent reports whether GitHub says that there is no such thing for this
// installation, or no such installation: it may be deleted, moved or out of
// reach, and GitHub does not tell which.
func Absent(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Kind == NotFound || e.Kind == Unauthorized && e.Status == http.StatusNotFound)
}

// Refusal says why GitHub will not answer a question, in words that fit after
// "because"; "" for no error, and for one that may be over soon.
func Refusal(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Kind {
	case NotFound:
		return "GitHub has none of that name, or hides it from rolecall"
	case Permission:
		return "rolecall's installation lacks the permission to read it"
	case Forbidden:
		return "GitHub forbids rolecall to read it"
	case TooLarge:
		return "there is more of it than rolecall reads"
	case Unprocessable:
		return "GitHub cannot show it"
	}
	return ""
}
