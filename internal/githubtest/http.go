package githubtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// object is a JSON object.
type object = map[string]any

// response is what an operation answers.
type response struct {
	status int
	body   any // marshalled; nil for none
	raw    []byte
	header http.Header
}

// refusal ends an operation with an answer that is not a success. Operations
// panic with it; serve alone recovers it.
type refusal response

func refuse(status int, format string, args ...any) {
	panic(refusal{status: status, body: object{
		"message": fmt.Sprintf(format, args...), "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status),
	}})
}

func notFound() { refuse(404, "Not Found") }

func forbidden() { refuse(403, "Resource not accessible by integration") }

// unprocessable is GitHub's 422, with errors as GitHub lists them.
func unprocessable(message string, errors ...any) {
	body := object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": "422"}
	if len(errors) > 0 {
		body["errors"] = errors
	}
	panic(refusal{status: 422, body: body})
}

// request is a call on its way through an operation.
type request struct {
	*http.Request
	s      *Server
	op     *operation
	c      *caller
	body   []byte
	query  url.Values
	header http.Header // of the answer
}

// decode reads the body into v.
func (r *request) decode(v any) {
	if len(r.body) == 0 {
		return
	}
	if err := unmarshal(r.body, v); err != nil {
		refuse(400, "Problems parsing JSON")
	}
}

// number reads a number out of the path.
func (r *request) number(name string) int64 {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil {
		notFound()
	}
	return n
}

// page cuts out of a list of n items the page that the call asks for, and
// sets the Link header. GitHub gives 30 a page unless told, and at most most.
func (r *request) page(n, most int) (from, to int) {
	per, err := strconv.Atoi(r.query.Get("per_page"))
	if err != nil || per < 1 {
		per = 30
	}
	per = min(per, most)
	page, err := strconv.Atoi(r.query.Get("page"))
	if err != nil || page < 1 {
		page = 1
	}
	last := max(1, (n+per-1)/per)
	link := func(p int, rel string) string {
		u := *r.URL
		q := u.Query()
		q.Set("page", strconv.Itoa(p))
		u.RawQuery = q.Encode()
		return fmt.Sprintf("<%s%s>; rel=%q", r.s.root, u.RequestURI(), rel)
	}
	var links []string
	if page > 1 {
		links = append(links, link(min(page-1, last), "prev"))
	}
	if page < last {
		links = append(links, link(page+1, "next"), link(last, "last"))
	}
	if page > 1 {
		links = append(links, link(1, "first"))
	}
	if len(links) > 0 {
		r.header.Set("Link", strings.Join(links, ", "))
	}
	from = min(n, (page-1)*per)
	return from, min(n, from+per)
}

// handler answers every call, and shows pages where no operation is meant.
func (s *Server) handler() http.Handler {
	pages := s.pages()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op := s.route(r)
		if op == nil {
			if _, pattern := pages.Handler(r); pattern != "" {
				pages.ServeHTTP(w, r)
				return
			}
		}
		s.serve(w, r, op)
	})
}

// serve takes a call through faults, authentication, limits, permissions and
// validation to its operation.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, op *operation) {
	s.under.Add(1)
	defer s.under.Add(-1)
	call := Call{Method: r.Method, Path: r.URL.RequestURI(), Start: time.Now()}
	body, err := io.ReadAll(io.LimitReader(r.Body, 32<<20))
	if err != nil {
		return
	}
	call.Body = string(body[:min(len(body), 64<<10)])
	if op != nil {
		call.Operation = op.id
	}
	if op == graphQLOperation {
		call.Query = graphQLName(body)
	}
	defer func() { // a test that asks of the fake what GitHub has not must not pass
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler { //nolint:errorlint // a sentinel, thrown as it is
				unlock := s.lock()
				s.problem("%s %s: %v", call.Method, call.Path, p)
				unlock()
			}
			panic(p)
		}
	}()
	defer func() { // the log has the call before its caller has the answer
		if call.End.IsZero() {
			call.End = time.Now()
			s.calls.add(call)
		}
	}()
	leave, crowded := s.limits.enter(r.Header.Get("Authorization"))
	if crowded != nil {
		s.write(w, &call, crowded, nil)
		return
	}
	defer leave()
	if s.o.Latency > 0 {
		time.Sleep(s.o.Latency)
	}
	if op == nil {
		call.Status = 404
		unlock := s.lock()
		s.problem("a call to an unknown route: %s %s", r.Method, r.URL.Path)
		unlock()
		s.write(w, &call, &response{status: 404, body: object{"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}}, nil)
		return
	}
	f := s.faults.take(op.id, call.Query, r, body)
	if f == nil {
		f = &Fault{}
	}
	time.Sleep(f.Delay)
	if f.Before != nil {
		f.Before()
	}
	req := &request{Request: r, s: s, op: op, body: body, query: r.URL.Query(), header: http.Header{}}
	var answer *response
	if f.Status != 0 {
		answer = &response{status: f.Status, raw: []byte(f.Body), header: f.Header}
		if f.Body == "" {
			message := http.StatusText(f.Status)
			if f.Quote {
				message += ": Authorization: " + r.Header.Get("Authorization")
			}
			answer.body = object{"message": message, "documentation_url": "https://docs.github.com/rest"}
		}
	} else {
		answer = s.answer(req)
	}
	if req.c != nil {
		call.Caller = req.c.name()
	}
	if f.After != nil {
		f.After()
	}
	time.Sleep(f.Late)
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	for k, v := range answer.header {
		req.header[http.CanonicalHeaderKey(k)] = v
	}
	answer.header = req.header
	s.write(w, &call, answer, req)
}

// answer runs the operation under the lock.
func (s *Server) answer(r *request) (answer *response) {
	defer s.lock()()
	defer func() {
		if p := recover(); p != nil {
			refused, ok := p.(refusal)
			if !ok {
				panic(p)
			}
			answer = (*response)(&refused)
		}
	}()
	s.authenticate(r)
	who := r.c.name()
	resource := "core"
	if r.op == graphQLOperation {
		resource = "graphql"
	}
	if !r.op.free {
		refused, b := s.limits.spend(who, resource, r.Method != http.MethodGet && r.Method != http.MethodHead, r.op.content)
		b.header(r.header)
		if refused != nil {
			return refused
		}
	}
	s.check.request(s, r)
	r.op.permit(r)
	return r.op.do(r)
}

func (s *Server) write(w http.ResponseWriter, call *Call, a *response, r *request) {
	data := a.raw
	if a.body != nil && a.raw == nil || a.body != nil && len(a.raw) == 0 {
		var err error
		if data, err = marshal(a.body, json.Deterministic(true)); err != nil {
			data, a.status = []byte(`{"message":"Server Error"}`), 500
			unlock := s.lock()
			s.problem("%s %s: %v", call.Method, call.Path, err)
			unlock()
		}
	}
	h := w.Header()
	for k, v := range a.header {
		h[k] = v
	}
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	h.Set("X-GitHub-Request-Id", strconv.FormatInt(call.Start.UnixNano(), 36))
	h.Set("Date", s.now().Format(http.TimeFormat))
	if len(data) > 0 && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if r != nil && call.Method == http.MethodGet && a.status == 200 {
		// GitHub's ETags are tied to the token (behaviour 4).
		sum := sha256.Sum256(append([]byte(r.Header.Get("Authorization")+"\x00"), data...))
		tag := `W/"` + hex.EncodeToString(sum[:]) + `"`
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			s.limits.refund(r.c.name())
			a.status, data = 304, nil
		}
	}
	if r != nil {
		s.check.response(s, r, a.status, h, data)
	}
	call.Status, call.End = a.status, time.Now()
	s.calls.add(*call)
	w.WriteHeader(a.status)
	w.Write(data)
}

// refund gives back a call that was answered 304, which GitHub does not count.
func (l *limiter) refund(who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.windows[who+" core"]; w != nil && w.used > 0 {
		w.used--
	}
}

// name is who the caller is, for the log and the limits.
func (c *caller) name() string {
	switch {
	case c == nil:
		return ""
	case c.installation != nil:
		return fmt.Sprintf("%s/%d", c.app.slug, c.installation.id)
	case c.user != nil:
		return c.user.login
	case c.app != nil:
		return c.app.slug
	}
	return "anonymous"
}
