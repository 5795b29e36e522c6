package github

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-github/v60/github"
)

// A query's text and what its answer is read into stand side by side, and a
// test holds that each has just what the other has. Queries over many objects
// need an alias for each, and have their text made.

// query is a fixed query, whose answer's data is a T.
type query[T any] struct {
	op   string
	text jsontext.Value // as a JSON string
}

// fixed is the query of a text, which is sent without its line breaks.
func fixed[T any](op, text string) query[T] { return query[T]{op, quoted(text)} }

func quoted(text string) jsontext.Value {
	out, err := jsontext.AppendQuote(nil, strings.Join(strings.Fields(text), " "))
	if err != nil {
		panic(err) // queries are ASCII
	}
	return out
}

// ask sends the query. Fields that are optional may be refused without failing
// the whole; which were is returned.
func (q query[T]) ask(ctx context.Context, c *Client, variables map[string]any, optional func(string) bool) (T, map[string]Kind, error) {
	var out T
	missing, err := c.query(ctx, q.op, q.text, variables, &out, optional)
	return out, missing, err
}

// outcome collects, for one query, the fields that GitHub would not answer
// and that the query can do without.
type outcome struct {
	// optional tells whether the field at a path ("floor",
	// "repository.pullRequest.reviewRequests.nodes.0.requestedReviewer") may
	// be missing; nil for none.
	optional func(path string) bool
	// missing has the kind of each of these that did fail, by path.
	missing map[string]Kind
}

// graphqlError is one entry of a GraphQL answer's "errors".
type graphqlError struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Path    []any  `json:"path"`
}

// query sends the text of a query and reads the data of its answer into out.
// An answer's errors, which come with status 200, become an [Error].
func (c *Client) query(ctx context.Context, op string, text jsontext.Value, variables map[string]any, out any, optional func(string) bool) (map[string]Kind, error) {
	body, err := json.Marshal(struct {
		Query     jsontext.Value `json:"query"`
		Variables map[string]any `json:"variables"`
	}{text, variables}, lenient)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	var o *outcome
	err = c.do(ctx, op, true, func(ctx context.Context) (*github.Response, error) {
		o = &outcome{optional: optional}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.app.graphql, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("User-Agent", userAgent)
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		return nil, o.read(resp, out)
	})
	return o.missing, err
}

// read reads an answer's data into out; what stood there before may remain.
func (o *outcome) read(resp *http.Response, out any) error {
	body := answers.Get().(*bytes.Buffer) //nolint:forcetypeassert // nothing else is in it
	defer done(body)
	if _, err := body.ReadFrom(resp.Body); err != nil {
		return err
	}
	var answer struct {
		Data    jsontext.Value `json:"data"`
		Errors  []graphqlError `json:"errors"`
		Message string         `json:"message"`
	}
	bad := json.Unmarshal(body.Bytes(), &answer, lenient)
	if resp.StatusCode != http.StatusOK {
		e := &Error{Status: resp.StatusCode, Message: clean(answer.Message)}
		e.Kind, e.Until = kindOf(resp.StatusCode, resp.Header, answer.Message, time.Now())
		return e
	}
	if bad != nil {
		return &Error{Status: resp.StatusCode, Kind: Transient, Message: "the answer is no JSON", cause: bad}
	}
	for _, ge := range answer.Errors {
		if !o.tolerates(ge) {
			return ge.asError(resp.Header)
		}
	}
	if len(answer.Data) == 0 || answer.Data.Kind() == 'n' {
		return &Error{Status: resp.StatusCode, Kind: Transient, Message: "the answer holds no data"}
	}
	return json.Unmarshal(answer.Data, out, lenient)
}

// tolerates notes an error that the query can do without. Only refusals are
// tolerated, never a failure that may be over soon.
func (o *outcome) tolerates(e graphqlError) bool {
	if o.optional == nil || len(e.Path) == 0 {
		return false
	}
	kind, path := e.kind(), e.at()
	if (kind != NotFound && kind != Forbidden && kind != Permission) || !o.optional(path) {
		return false
	}
	if o.missing == nil {
		o.missing = make(map[string]Kind)
	}
	o.missing[path] = kind
	return true
}

// at is the error's path with dots.
func (e graphqlError) at() string {
	parts := make([]string, len(e.Path))
	for i, p := range e.Path {
		parts[i] = fmt.Sprint(p)
	}
	return strings.Join(parts, ".")
}

func (e graphqlError) kind() Kind {
	low := strings.ToLower(e.Message)
	switch e.Type {
	case "NOT_FOUND":
		return NotFound
	case "RATE_LIMITED", "RATE_LIMIT":
		return RateLimited
	case "FORBIDDEN", "INSUFFICIENT_SCOPES":
		if strings.Contains(low, "not accessible by integration") {
			return Permission
		}
		return Forbidden
	case "UNPROCESSABLE":
		return Unprocessable
	case "SERVICE_UNAVAILABLE", "INTERNAL", "LOADING":
		return Transient
	}
	switch {
	case strings.Contains(low, "rate limit"):
		return RateLimited
	case strings.Contains(low, "something went wrong"), strings.Contains(low, "timeout"), strings.Contains(low, "timed out"):
		return Transient
	}
	return Invalid
}

func (e graphqlError) asError(h http.Header) *Error {
	out := &Error{Kind: e.kind(), Status: http.StatusOK}
	out.Message = clean(e.Message)
	if len(e.Path) > 0 {
		out.Message = clean(e.Message + " (at " + e.at() + ")")
	}
	if out.Kind == RateLimited {
		out.Until = retryAt(h, time.Now())
	}
	return out
}
