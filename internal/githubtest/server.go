package githubtest

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a fake GitHub is started with. The zero value serves on a
// free port of loopback, by the real clock, with no limits, and validates
// everything against GitHub's contract.
type Options struct {
	// Addr is the address to listen on; a free port of loopback when empty.
	Addr string
	// Prefix is what the REST root's path starts with: "/api/v3" makes it a
	// GitHub Enterprise Server, whose GraphQL is at /api/graphql.
	Prefix string
	// Now is the clock; time.Now when nil. GitHub keeps whole seconds, so the
	// fake's own times are cut to them.
	Now func() time.Time
	// TokenNow is the clock by which installation tokens expire; Now when nil.
	// A test that puts Now forward by days keeps its tokens by it.
	TokenNow func() time.Time
	// Latency is added to every call.
	Latency time.Duration
	// Limits switches GitHub's rate limits on; see [RealLimits].
	Limits Limits
	// NoValidation switches off the validation of requests, responses and
	// webhooks, for load.
	NoValidation bool
	// MoveReviewsOnForcePush makes a force-push move the commit of earlier
	// reviews to the new head, which has been seen in the field (behaviour 2).
	MoveReviewsOnForcePush bool
	// LongTokens gives installations tokens of some 520 characters in place of
	// 40.
	LongTokens bool
	// FileLimit is the number of files beyond which the file list of a pull
	// request stops; GitHub's own 3,000 when zero.
	FileLimit int
	// AppID, PrivateKey (PEM) and WebhookSecret are those of the App under
	// test; made up where they are not given.
	AppID         int64
	PrivateKey    []byte
	WebhookSecret string
	// Log is told of every call, in the order of their ends; nil for none. Bodies
	// and tokens are left out.
	Log *slog.Logger
	// DeliveryTimeout is how long a receiver has to answer; GitHub's own 10 s
	// when zero.
	DeliveryTimeout time.Duration
}

// Server is a fake GitHub.
type Server struct {
	o    Options
	tb   TB // nil when standalone
	http *http.Server
	root string // URL of the server without prefix

	mu           sync.Mutex // guards all state below, records included
	ids          int64
	users        map[string]*User
	usersByEmail map[string]*User
	usersByToken map[string]*User
	orgs         map[string]*Org
	orgOrder     []*Org
	repos        map[string]*Repo
	moved        map[string]*Repo // by the names that they had
	repoOrder    []*Repo
	apps         []*App
	app          *App // the main one: the App under test
	installed    []*Installation
	tokens       map[string]*token
	credentials  map[string]bool            // that calls brought, good or not
	openByHead   map[string]map[int64]*Pull // open pull requests by Repo.headKey of their head
	openBySHA    map[string]map[int64]*Pull // open pull requests by the SHA of their head
	unfinished   []*CheckRun                // in the order of their making; some may be completed since
	armed        map[int64]*Pull            // pull requests with auto-merge, by ID
	problems     []string

	calls  callLog
	under  atomic.Int64 // calls that are being answered
	faults faultList
	limits limiter
	post   postOffice
	check  *validator // nil: no validation
}

// TB is what the fake needs of a testing.TB.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// New starts a fake GitHub for a test. When the test ends it is stopped, and
// the test fails for every call to an unknown route, every answer, request or
// webhook that breaks GitHub's contract, and every fault that was not used.
func New(tb TB, o Options) *Server {
	tb.Helper()
	s, err := start(o, tb)
	if err != nil {
		tb.Fatalf("githubtest: %v", err)
	}
	tb.Cleanup(func() {
		s.Close()
		for _, p := range s.Problems() {
			tb.Errorf("githubtest: %s", p)
		}
	})
	return s
}

// Start starts a fake GitHub outside tests. The caller closes it.
func Start(o Options) (*Server, error) { return start(o, nil) }

func start(o Options, tb TB) (*Server, error) {
	s := &Server{
		o: o, tb: tb,
		users: map[string]*User{}, usersByEmail: map[string]*User{}, usersByToken: map[string]*User{},
		orgs: map[string]*Org{}, repos: map[string]*Repo{}, moved: map[string]*Repo{}, tokens: map[string]*token{}, credentials: map[string]bool{},
		openByHead: map[string]map[int64]*Pull{}, openBySHA: map[string]map[int64]*Pull{},
		armed: map[int64]*Pull{},
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if !o.NoValidation {
		v, err := loadValidator()
		if err != nil {
			return nil, err
		}
		s.check = v
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s.root = "http://" + l.Addr().String()
	s.calls.log = o.Log
	s.limits.init(s)
	s.post.init(s)
	app, err := s.newApp("rolecall", defaultPermissions, defaultEvents)
	if err != nil {
		l.Close()
		return nil, err
	}
	if err := app.configure(o); err != nil {
		l.Close()
		return nil, err
	}
	s.app = app
	s.http = &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // what it would say of panics is in Problems
	}
	go func() { _ = s.http.Serve(l) }() // ends with an error always: that it was closed
	return s, nil
}

// Close stops the server and its deliveries.
func (s *Server) Close() {
	s.post.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	// Not Shutdown, which waits for seconds for a connection that a client made
	// and has not used.
	_ = s.WaitAnswered(ctx)
	s.http.Close()
}

// URL is the REST root, with a slash at its end.
func (s *Server) URL() string { return s.root + s.o.Prefix + "/" }

// GraphQLURL is the address of the GraphQL endpoint.
func (s *Server) GraphQLURL() string { return s.root + s.graphQLPath() }

func (s *Server) graphQLPath() string {
	if s.o.Prefix == "" {
		return "/graphql"
	}
	return strings.TrimSuffix(s.o.Prefix, "/v3") + "/graphql"
}

// api is the address of something below the REST root.
func (s *Server) api(format string, args ...any) string {
	return s.root + s.o.Prefix + fmt.Sprintf(format, args...)
}

// page is the address of a page for people.
func (s *Server) page(format string, args ...any) string {
	return s.root + fmt.Sprintf(format, args...)
}

// Problems lists what went wrong so far: calls to unknown routes, breaches of
// the contract, and faults that were not used.
func (s *Server) Problems() []string {
	unused := s.faults.unused()
	defer s.lock()()
	return append(append([]string(nil), s.problems...), unused...)
}

// Now is the fake's clock, cut to seconds, in UTC.
func (s *Server) Now() time.Time { return s.now() }

func (s *Server) tokenNow() time.Time {
	if s.o.TokenNow != nil {
		return s.o.TokenNow().UTC().Truncate(time.Second)
	}
	return s.now()
}

func (s *Server) now() time.Time {
	if s.o.Now != nil {
		return s.o.Now().UTC().Truncate(time.Second)
	}
	return time.Now().UTC().Truncate(time.Second)
}

// lock takes the lock of the state and returns what gives it back.
func (s *Server) lock() func() {
	s.mu.Lock()
	s.expire()
	return s.unlock
}

func (s *Server) unlock() {
	if len(s.armed) > 0 {
		s.mergeArmed()
	}
	s.mu.Unlock()
}

// nextID makes a database ID. The lock is held.
func (s *Server) nextID() int64 {
	s.ids++
	return 1000 + s.ids
}

// problem records a breach that fails the test. The lock is held.
func (s *Server) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// misuse stops a test, or program, that asks of the fake what GitHub has not.
func (s *Server) misuse(format string, args ...any) {
	panic("githubtest: " + fmt.Sprintf(format, args...))
}

// nodePrefixes are how GitHub starts the global IDs of each kind.
var nodePrefixes = map[string]string{
	"User": "U", "Organization": "O", "Bot": "BOT", "Repository": "R", "PullRequest": "PR", "Issue": "I",
	"IssueComment": "IC", "PullRequestReview": "PRR", "Team": "T", "Label": "LA", "CheckRun": "CR", "CheckSuite": "CS",
	"App": "A", "Status": "SC", "Reaction": "REA", "Event": "E", "Commit": "C", "Installation": "MDIzOk", "MergeGroup": "MG",
	"MergeQueueEntry": "MQE",
}

// nodeID is the global ID of a record.
func nodeID(kind string, id int64) string { return fmt.Sprintf("%s_%d", nodePrefixes[kind], id) }
