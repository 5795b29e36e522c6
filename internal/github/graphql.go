package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-github/v60/github"
)

// Fixed queries are githubv4's structs, so that a query and its answer cannot
// differ. Queries over many objects need an alias for each, which structs
// cannot have: they are sent as text, over the same transport.
//
// githubv4 keeps neither the type nor the path of an error, and these alone
// tell "there is none" from "come back later". So the transport beneath it
// reads the envelope first.

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

type outcomeKey struct{}

// graphqlError is one entry of a GraphQL answer's "errors".
type graphqlError struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Path    []any  `json:"path"`
}

// envelope is the transport of GraphQL: it turns the errors of an answer,
// which come with status 200, into an [Error].
type envelope struct{ next http.RoundTripper }

func (t envelope) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data    jsontext.Value `json:"data"`
		Errors  []graphqlError `json:"errors"`
		Message string         `json:"message"`
	}
	bad := json.Unmarshal(body, &answer, lenient)
	if resp.StatusCode != http.StatusOK {
		e := &Error{Status: resp.StatusCode, Message: clean(answer.Message)}
		e.Kind, e.Until = kindOf(resp.StatusCode, resp.Header, answer.Message, time.Now())
		return nil, e
	}
	if bad != nil {
		return nil, &Error{Status: resp.StatusCode, Kind: Transient, Message: "the answer is no JSON", cause: bad}
	}
	o, _ := req.Context().Value(outcomeKey{}).(*outcome)
	for _, ge := range answer.Errors {
		if !o.tolerates(ge) {
			return nil, ge.asError(resp.Header)
		}
	}
	if len(answer.Data) == 0 || bytes.Equal(answer.Data, []byte("null")) {
		return nil, &Error{Status: resp.StatusCode, Kind: Transient, Message: "the answer holds no data"}
	}
	body = append(append([]byte(`{"data":`), answer.Data...), '}')
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// tolerates notes an error that the query can do without. Only refusals are
// tolerated, never a failure that may be over soon.
func (o *outcome) tolerates(e graphqlError) bool {
	if o == nil || o.optional == nil || len(e.Path) == 0 {
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

// query sends a fixed query and fills q from the answer. Fields that are
// optional may be refused without failing the whole; which were is returned.
func (c *Client) query(ctx context.Context, op string, q any, variables map[string]any, optional func(string) bool) (map[string]Kind, error) {
	var o *outcome
	err := c.do(ctx, op, true, func(ctx context.Context) (*github.Response, error) {
		o = &outcome{optional: optional}
		return nil, unwrapURL(c.graph.Query(context.WithValue(ctx, outcomeKey{}, o), q, variables))
	})
	return o.missing, err
}

// queryText sends a query given as text and decodes its data into out.
func (c *Client) queryText(ctx context.Context, op, text string, variables map[string]any, out any, optional func(string) bool) (map[string]Kind, error) {
	body, err := json.Marshal(map[string]any{"query": text, "variables": variables}, lenient)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	var o *outcome
	err = c.do(ctx, op, true, func(ctx context.Context) (*github.Response, error) {
		o = &outcome{optional: optional}
		req, err := http.NewRequestWithContext(context.WithValue(ctx, outcomeKey{}, o), http.MethodPost, c.app.graphql, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := c.graphHTTP.Do(req)
		if err != nil {
			return nil, unwrapURL(err)
		}
		defer resp.Body.Close()
		return nil, json.UnmarshalRead(resp.Body, &struct {
			Data any `json:"data"`
		}{out}, lenient)
	})
	return o.missing, err
}

// unwrapURL finds our own error below the ones of net/http.
func unwrapURL(err error) error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	return err
}
