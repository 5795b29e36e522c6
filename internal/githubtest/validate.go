package githubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/santhosh-tekuri/jsonschema/v6"

	contract "github.com/rolecall/rolecall/testdata/github"
)

// validator holds requests, answers and webhooks to GitHub's contract. A nil
// validator holds nothing to anything.
type validator struct {
	routes   map[string]*routers.Route // by operation ID
	webhooks map[string]*jsonschema.Schema
}

var loadValidator = sync.OnceValues(func() (*validator, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(contract.REST)
	if err != nil {
		return nil, fmt.Errorf("load GitHub's OpenAPI document: %w", err)
	}
	v := &validator{routes: map[string]*routers.Route{}, webhooks: map[string]*jsonschema.Schema{}}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			v.routes[op.OperationID] = &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}
		}
	}
	// The published schema of this one answer asks that an account be a user
	// and an enterprise at once, where elsewhere it says either (behaviour 13).
	account := v.routes["apps/list-installations"].Operation.Responses.Status(200).Value.
		Content.Get("application/json").Schema.Value.Items.Value.Properties["account"].Value
	account.AnyOf, account.AllOf = account.AllOf, nil
	// It also knows no pull request whose head repository was deleted
	// (behaviour 15).
	for _, name := range []string{"pull-request", "pull-request-simple"} {
		repo := doc.Components.Schemas[name].Value.Properties["head"].Value.Properties["repo"]
		nullable := *repo.Value
		nullable.Nullable = true
		repo.Ref, repo.Value = "", &nullable
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(contract.Webhooks))
	if err != nil {
		return nil, fmt.Errorf("load GitHub's webhook schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.RegisterFormat(&jsonschema.Format{Name: "uri-template", Validate: uriTemplate})
	if err := c.AddResource("webhooks.json", schema); err != nil {
		return nil, fmt.Errorf("load GitHub's webhook schema: %w", err)
	}
	for name := range schema.(map[string]any)["definitions"].(map[string]any) {
		if !strings.Contains(name, "$") {
			continue
		}
		s, err := c.Compile("webhooks.json#/definitions/" + name)
		if err != nil {
			return nil, fmt.Errorf("compile GitHub's webhook schema: %w", err)
		}
		v.webhooks[name] = s
	}
	return v, nil
})

var validation = &openapi3filter.Options{
	AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
	IncludeResponseStatus: false,
	MultiError:            false,
}

func (v *validator) input(r *request) *openapi3filter.RequestValidationInput {
	route := v.routes[r.op.id]
	if route == nil {
		return nil
	}
	params := map[string]string{}
	for _, part := range strings.Split(route.Path, "/") {
		if strings.HasPrefix(part, "{") {
			name := strings.Trim(part, "{}")
			params[name] = r.PathValue(name)
		}
	}
	clone := r.Clone(context.Background())
	body := r.body
	switch {
	case bytes.Equal(bytes.TrimSpace(body), []byte("null")):
		body = nil // clients send it for "no options", and GitHub takes it
	case r.op.id == "issues/add-labels" && bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")):
		body = append(append([]byte(`{"labels":`), body...), '}') // behaviour 12
	}
	clone.Body = io.NopCloser(bytes.NewReader(body))
	clone.ContentLength = int64(len(body))
	if len(body) > 0 {
		clone.Header.Set("Content-Type", "application/json")
	}
	return &openapi3filter.RequestValidationInput{Request: clone, PathParams: params, Route: route, Options: validation}
}

// request holds a call to the contract. The lock is held.
func (v *validator) request(s *Server, r *request) {
	if v == nil {
		return
	}
	in := v.input(r)
	if in == nil {
		return
	}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		s.problem("a request breaks GitHub's contract for %s: %s %s: %s\n%s", r.op.id, r.Method, r.URL.Path, brief(err), r.body)
	}
}

// response holds an answer to the contract.
func (v *validator) response(s *Server, r *request, status int, h http.Header, data []byte) {
	if v == nil || status == 401 || status == 429 || status >= 500 {
		return
	}
	in := v.input(r)
	if in == nil {
		return
	}
	if status == 403 && r.header.Get("X-Accepted-GitHub-Permissions") == "" {
		return // a rate limit, or a bar that the contract lists for no operation in particular
	}
	if in.Route.Operation.Responses.Status(status) == nil {
		if status == 403 || status == 404 || status == 422 {
			return // GitHub answers these anywhere
		}
		defer s.lock()()
		s.problem("%s has no answer %d in GitHub's contract", r.op.id, status)
		return
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: status, Header: h, Options: validation, Body: io.NopCloser(bytes.NewReader(data)),
	}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		defer s.lock()()
		s.problem("an answer of the fake breaks GitHub's contract for %s (%d): %s", r.op.id, status, brief(err))
	}
}

// webhook holds a payload to its schema. The lock is held.
func (v *validator) webhook(s *Server, w webhook, body []byte) {
	if v == nil {
		return
	}
	name := w.event + "$" + w.action
	if w.action == "" {
		name = w.event + "$event"
	}
	schema := v.webhooks[name]
	if schema == nil {
		s.problem("the webhook schema has no %s", name)
		return
	}
	var payload any
	if err := json.Unmarshal(body, &payload); err != nil {
		s.problem("webhook %s: %v", name, err)
		return
	}
	if w.event == "pull_request_review" {
		fillHeadRepo(payload)
	}
	if err := schema.Validate(payload); err != nil {
		s.problem("webhook %s breaks GitHub's contract: %s", name, brief(err))
	}
}

// fillHeadRepo puts a repository where there is none any more: the schema of
// reviews, unlike that of pull requests, does not know that (behaviour 15).
func fillHeadRepo(payload any) {
	p, _ := payload.(object)
	pull, _ := p["pull_request"].(object)
	if head, _ := pull["head"].(object); head != nil && head["repo"] == nil {
		base, _ := pull["base"].(object)
		head["repo"] = base["repo"]
	}
}

// uriTemplate takes the place of the library's own check, which splits at
// slashes first and so refuses GitHub's "{/sha}".
func uriTemplate(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	open := false
	for _, c := range s {
		if c == '{' && open || c == '}' && !open || c == ' ' {
			return errors.New("not a URI template")
		}
		open = open != (c == '{' || c == '}')
	}
	if open {
		return errors.New("a brace is not closed")
	}
	return nil
}

// brief cuts an error to what a person reads.
func brief(err error) string {
	var schema *openapi3.SchemaError
	text := err.Error()
	if errors.As(err, &schema) {
		text = fmt.Sprintf("%s at /%s", schema.Reason, strings.Join(schema.JSONPointer(), "/"))
		if schema.Origin != nil {
			text += ": " + schema.Origin.Error()
		}
	}
	return text[:min(len(text), 1200)]
}
