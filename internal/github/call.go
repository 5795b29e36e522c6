package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"
)

// attempts is how often a read is tried; the waits between are short, since
// whatever lasts longer is the queue's to wait for.
const attempts = 3

// opKey carries the operation's name to the wire.
type opKey struct{}

// do performs one operation: reads are tried again after a transient failure,
// writes never, and both once more with a new token after a 401.
func (c *Client) do(ctx context.Context, op string, read bool, call func(context.Context) (*github.Response, error)) error {
	ctx = context.WithValue(ctx, opKey{}, op)
	ctx = context.WithValue(ctx, installationKey{}, c.installation)
	renewed := false
	for n := 1; ; n++ {
		used := c.auth.current()
		start := time.Now()
		resp, err := c.once(ctx, call)
		var e *Error
		if err != nil {
			e = classify(op, resp, err)
			e.pending = !read && e.Kind == Transient
		}
		c.count(op, e, time.Since(start))
		c.learn(e)
		switch {
		case e == nil:
			return nil
		case ctx.Err() != nil:
			return e
		case e.Kind == Unauthorized && !renewed:
			renewed = true
			c.auth.forget(used)
		case e.Kind == Transient && read && n < attempts:
			if !pause(ctx, backoff(n)) {
				return e
			}
		default:
			return e
		}
	}
}

// once makes a call and bounds its time. The client's own Timeout would leave
// a goroutine behind until it is over whenever GitHub refuses something:
// go-github closes another body than the one it was given.
func (c *Client) once(ctx context.Context, call func(context.Context) (*github.Response, error)) (*github.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.app.timeout)
	defer cancel()
	return call(ctx)
}

func (c *Client) count(op string, e *Error, took time.Duration) {
	outcome := "ok"
	if e != nil {
		outcome = string(e.Kind)
		if e.Kind == RateLimited && e.Status == 0 {
			outcome = "held"
		}
		c.app.log.Debug("GitHub call failed", "operation", op, "installation", c.installation, "error", e)
	}
	c.app.metrics.Call(op, outcome, took)
}

// learn has the budget know of a limit that GitHub enforced. An error without
// a status is our own refusal.
func (c *Client) learn(e *Error) {
	if e != nil && e.Kind == RateLimited && e.Status != 0 {
		c.budget.refused(e.Until)
	}
}

// backoff is around 200 ms, then 800 ms.
func backoff(n int) time.Duration {
	base := 50 * time.Millisecond << (2 * n)
	return base/2 + rand.N(base) //nolint:gosec // spreads retries, and hides nothing
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// classify turns any failure into an Error; resp is nil where there was no
// answer, and for GraphQL.
func classify(op string, resp *github.Response, err error) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		if ours.Op == "" {
			ours.Op = op
		}
		return ours
	}
	e := &Error{Op: op, Kind: Transient, Message: clean(messageOf(err)), cause: err}
	var token *ghinstallation.HTTPError
	var network *url.Error
	switch {
	case errors.As(err, &token) && token.Response != nil:
		// Without a token nothing was asked, so nothing is known to be missing.
		e.Status = token.Response.StatusCode
		e.Kind, e.Until = kindOf(e.Status, token.Response.Header, "", time.Now())
		if !e.Temporary() {
			e.Kind = Unauthorized
		}
		e.Message = fmt.Sprintf("GitHub gives no token for installation %d", token.InstallationID)
	case resp != nil && resp.Response != nil:
		e.Status = resp.StatusCode
		e.Kind, e.Until = kindOf(e.Status, resp.Header, e.Message, time.Now())
	case !errors.As(err, &network) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
		e.Kind = Invalid // the answer came, and does not have the shape that was asked for
	}
	// go-github remembers limits, and refuses calls without asking GitHub.
	var primary *github.RateLimitError
	if errors.As(err, &primary) && primary.Rate.Reset.After(time.Now()) {
		e.Kind, e.Until = RateLimited, primary.Rate.Reset.Time
	}
	var secondary *github.AbuseRateLimitError
	if errors.As(err, &secondary) && secondary.RetryAfter != nil {
		e.Kind, e.Until = RateLimited, time.Now().Add(*secondary.RetryAfter)
	}
	return e
}

// kindOf reads a status, its headers and GitHub's words.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
func kindOf(status int, h http.Header, message string, now time.Time) (Kind, time.Time) {
	low := strings.ToLower(message)
	switch {
	case status == http.StatusTooManyRequests,
		status == http.StatusForbidden && (h.Get("Retry-After") != "" || h.Get("X-RateLimit-Remaining") == "0" || strings.Contains(low, "rate limit")):
		return RateLimited, retryAt(h, now)
	case status == http.StatusUnauthorized:
		return Unauthorized, time.Time{}
	case status == http.StatusForbidden && strings.Contains(low, "not accessible by integration"):
		return Permission, time.Time{}
	case status == http.StatusForbidden, status == http.StatusUnavailableForLegalReasons:
		return Forbidden, time.Time{}
	case status == http.StatusNotFound, status == http.StatusGone:
		return NotFound, time.Time{}
	case status == http.StatusConflict:
		return Conflict, time.Time{}
	case status == http.StatusUnprocessableEntity, status == http.StatusNotAcceptable:
		return Unprocessable, time.Time{}
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusAccepted:
		return Transient, time.Time{}
	case status >= 200 && status < 300: // the answer broke off, or is not JSON
		return Transient, time.Time{}
	}
	return Invalid, time.Time{}
}

// retryAt is when GitHub takes calls again: by Retry-After, else by the
// primary limit's reset, else in a minute, as GitHub asks for secondary
// limits. It is never further away than a little over an hour, which is how
// long a limit lasts.
func retryAt(h http.Header, now time.Time) time.Time {
	at := now.Add(time.Minute)
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s >= 0 {
		at = now.Add(time.Duration(s) * time.Second)
	} else if s, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil && h.Get("X-RateLimit-Remaining") == "0" {
		at = time.Unix(s, 0)
	}
	if last := now.Add(65 * time.Minute); at.After(last) {
		return last
	}
	if at.Before(now) {
		return now.Add(time.Second)
	}
	return at
}

// messageOf is GitHub's own message, with what it says of single fields.
func messageOf(err error) string {
	var api *github.ErrorResponse
	if errors.As(err, &api) {
		parts := []string{api.Message}
		for _, f := range api.Errors {
			if m := strings.TrimSpace(f.Message); m != "" {
				parts = append(parts, m)
			} else if f.Field != "" {
				parts = append(parts, f.Field+" "+f.Code)
			}
		}
		return strings.Join(parts, "; ")
	}
	var primary *github.RateLimitError
	if errors.As(err, &primary) {
		return primary.Message
	}
	var secondary *github.AbuseRateLimitError
	if errors.As(err, &secondary) {
		return secondary.Message
	}
	return err.Error()
}

// secret matches GitHub's tokens, old and new, and signed claims.
var secret = regexp.MustCompile(`gh[a-z]_[A-Za-z0-9_.\-]{8,}|github_pat_\w+|v1\.[0-9a-f]{40}|eyJ[\w\-]+(\.[\w\-]+){1,2}|(?i:bearer|token) [\w.\-]{20,}`)

// clean bounds a message and takes secrets out of it.
func clean(s string) string {
	s = secret.ReplaceAllString(strings.ToValidUTF8(s, "�"), "[secret]")
	return cut(strings.Join(strings.Fields(s), " "), 400)
}

// wire is the lowest transport: it bounds answers, reads the rate limits, and
// counts the calls that ghinstallation makes on its own.
type wire struct {
	next    http.RoundTripper
	metrics Metrics
}

// maxAnswer bounds one answer of GitHub. A comparison of 300 files with their
// patches, the largest that is asked for, stays well below.
const maxAnswer = 48 << 20

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := w.next.RoundTrip(req)
	installation := int64(0)
	token := strings.HasSuffix(req.URL.Path, "/access_tokens")
	if token {
		outcome := "ok"
		if err != nil {
			outcome = string(Transient)
		} else if resp.StatusCode/100 != 2 {
			kind, _ := kindOf(resp.StatusCode, resp.Header, "", start)
			outcome = string(kind)
		}
		w.metrics.Call("installation token", outcome, time.Since(start))
	}
	if err != nil {
		return nil, err
	}
	if id, ok := req.Context().Value(installationKey{}).(int64); ok && !token {
		installation = id
	}
	w.limits(installation, resp.Header)
	resp.Body = &bounded{r: resp.Body, left: maxAnswer}
	return resp, nil
}

// installationKey carries the installation to the wire.
type installationKey struct{}

func (w *wire) limits(installation int64, h http.Header) {
	if resource, l, ok := hourlyOf(h); ok {
		w.metrics.RateLimit(installation, resource, l.remaining, l.limit, l.reset)
	}
}

// hourlyOf reads what an answer says of a primary limit.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit
func hourlyOf(h http.Header) (resource string, l hourly, ok bool) {
	remaining, err1 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	limit, err2 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	reset, err3 := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return "", hourly{}, false
	}
	resource = h.Get("X-RateLimit-Resource")
	switch resource {
	case "core", "graphql", "search":
	default:
		resource = "core"
	}
	return resource, hourly{limit: limit, remaining: remaining, reset: time.Unix(reset, 0).UTC()}, true
}

// bounded fails a read beyond its bound, rather than pretending that the
// answer ended there.
type bounded struct {
	r    io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, &Error{Kind: TooLarge, Message: "the answer is larger than rolecall reads"}
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}

func (b *bounded) Close() error { return b.r.Close() }
