package github

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/policy/fact"
)

// App is a GitHub App. It is safe for concurrent use.
type App struct {
	id      int64
	rest    *url.URL // ends in "/"
	graphql string
	key     *rsa.PrivateKey
	token   string // in the key's place
	wire    http.RoundTripper
	timeout time.Duration
	log     *slog.Logger
	metrics Metrics
	cache   *cache
	self    *Client // speaks as the App itself

	mu       sync.Mutex
	clients  map[int64]*Client
	identity Identity
	sharers  int // processes that share the limits
}

// Identity is who the App is on GitHub.
type Identity struct {
	ID    int64
	Slug  string
	Login string // of its bot account, in the one form of fact.Login
}

// NewApp checks c and returns an App; it makes no call.
func NewApp(c Config) (*App, error) {
	if c.AppID <= 0 {
		return nil, errors.New("the App's ID must be more than zero")
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(c.PrivateKey)
	if err != nil {
		// The error of the parser may quote its input.
		return nil, errors.New("the App's private key is no RSA key in PEM form")
	}
	a, err := newApp(c)
	if err != nil {
		return nil, err
	}
	a.key = key
	a.self = a.newClient(0)
	return a, nil
}

// newApp is an App without credentials.
func newApp(c Config) (*App, error) {
	if c.URL == "" {
		c.URL = "https://api.github.com/"
	}
	root, err := url.Parse(strings.TrimRight(c.URL, "/") + "/")
	if err != nil || root.Host == "" || (root.Scheme != "https" && root.Scheme != "http") {
		return nil, fmt.Errorf("GitHub's address %q is no http or https URL", c.URL)
	}
	if root.User != nil || root.RawQuery != "" || root.Fragment != "" {
		return nil, errors.New("GitHub's address must hold no user, query or fragment")
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = noMetrics{}
	}
	if c.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = maxConcurrent
		t.ResponseHeaderTimeout = c.Timeout
		c.Transport = t
	}
	a := &App{
		id:      c.AppID,
		rest:    root,
		graphql: graphqlURL(root),
		timeout: c.Timeout,
		log:     c.Logger,
		metrics: c.Metrics,
		cache:   newCache(cmp.Or(max(c.Cache, 0), defaultCache)),
		clients: make(map[int64]*Client),
	}
	a.wire = &wire{next: c.Transport, metrics: c.Metrics}
	return a, nil
}

// userAgent is what GitHub wants every caller to name itself by.
// https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent
const userAgent = "rolecall"

// graphqlURL derives the GraphQL address from the REST root.
// https://docs.github.com/enterprise-server/graphql/guides/forming-calls-with-graphql
func graphqlURL(rest *url.URL) string {
	u := *rest
	u.Path = strings.TrimSuffix(u.Path, "v3/")
	return u.String() + "graphql"
}

// Client is the App as one of its installations. It is safe for concurrent
// use.
type Client struct {
	app          *App
	installation int64 // 0 for the App itself
	rest         *github.Client
	http         *http.Client
	auth         *renewable
	budget       *budget
}

// Client returns the client of an installation. All callers share it, and
// with it one token, which is fetched once and renewed before it ends.
func (a *App) Client(installation int64) *Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.clients[installation]
	if !ok {
		c = a.newClient(installation)
		a.clients[installation] = c
	}
	return c
}

func (a *App) newClient(installation int64) *Client {
	c := &Client{app: a, installation: installation, budget: newBudget(time.Now)}
	c.budget.setSharers(a.sharers)
	c.auth = &renewable{make: func() http.RoundTripper { return a.authenticated(installation) }}
	c.http = &http.Client{
		Transport: metered{c.auth, c.budget}, // calls bound their own time
		// An API redirects only for what moved; a body is not sent twice.
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > 3 || req.URL.Host != a.rest.Host {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
	c.rest = github.NewClient(c.http)
	c.rest.BaseURL = a.rest
	c.rest.UserAgent = userAgent
	return c
}

// authenticated returns a new transport with a token of its own. Every
// installation has an AppsTransport of its own, because ghinstallation writes
// to it while it renews a token.
func (a *App) authenticated(installation int64) http.RoundTripper {
	if a.token != "" {
		return bearer{a.token, a.wire}
	}
	app := ghinstallation.NewAppsTransportFromPrivateKey(a.wire, a.id, a.key)
	app.BaseURL = strings.TrimRight(a.rest.String(), "/")
	if installation == 0 {
		return appOnly{app}
	}
	t := ghinstallation.NewFromAppsTransport(app, installation)
	// Without options it would send "null", which GitHub's contract does not
	// allow; an empty object asks for all that the installation grants, which
	// the manifest keeps narrow.
	t.InstallationTokenOptions = &github.InstallationTokenOptions{}
	t.Client = &http.Client{Transport: a.wire, Timeout: a.timeout}
	return t
}

// appOnly gives AppsTransport requests that it may change.
type appOnly struct{ next http.RoundTripper }

func (t appOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.next.RoundTrip(req.Clone(req.Context()))
}

// renewable is an authenticating transport that can be told to forget its
// token, as when GitHub refuses it before its time because the installation
// was suspended and taken up again.
type renewable struct {
	make func() http.RoundTripper

	mu  sync.Mutex
	cur http.RoundTripper
}

func (r *renewable) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.current().RoundTrip(req)
	var refused *ghinstallation.HTTPError
	if errors.As(err, &refused) && refused.Response != nil && refused.Response.Body != nil {
		refused.Response.Body.Close()
	}
	return resp, err
}

func (r *renewable) current() http.RoundTripper {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cur == nil {
		r.cur = r.make()
	}
	return r.cur
}

// forget drops the token of used, unless another caller has done so already.
func (r *renewable) forget(used http.RoundTripper) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cur == used {
		r.cur = nil
	}
}

// Identity asks GitHub once who the App is.
func (a *App) Identity(ctx context.Context) (Identity, error) {
	a.mu.Lock()
	known := a.identity
	a.mu.Unlock()
	if known.ID != 0 {
		return known, nil
	}
	err := a.self.do(ctx, "app", true, func(ctx context.Context) (*github.Response, error) {
		app, resp, err := a.self.rest.Apps.Get(ctx, "")
		if err == nil {
			known = Identity{ID: app.GetID(), Slug: app.GetSlug(), Login: fact.Login(app.GetSlug())}
		}
		return resp, err
	})
	if err != nil {
		return Identity{}, err
	}
	a.mu.Lock()
	a.identity = known
	a.mu.Unlock()
	return known, nil
}

// ID is the App's number, as it was configured.
func (a *App) ID() int64 { return a.id }
