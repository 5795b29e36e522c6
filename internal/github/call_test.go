package github_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/github"
)

func TestTheGraphQLAddressDerivesFromTheRESTRoot(t *testing.T) {
	for _, c := range []struct{ prefix, want string }{
		{"/", "POST /graphql"},
		{"", "POST /graphql"},
		{"/api/v3/", "POST /api/graphql"},
		{"/api/v3", "POST /api/graphql"},
	} {
		t.Run("for the root "+strconv.Quote(c.prefix), func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) })
			_, err := s.app(t, c.prefix).Client(7).Pull(context.Background(), pull, github.PullOptions{})
			if err == nil || len(s.calls) != 1 || s.calls[0] != c.want {
				t.Fatalf("called %v (%v), want %s", s.calls, err, c.want)
			}
		})
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	good := github.Config{URL: "https://api.github.com/", AppID: 1, PrivateKey: key()}
	for name, change := range map[string]func(*github.Config){
		"an address that is none":           func(c *github.Config) { c.URL = "api.github.com" },
		"an address with a password":        func(c *github.Config) { c.URL = "https://u:p@api.github.com" },
		"no App":                            func(c *github.Config) { c.AppID = 0 },
		"a key that is none":                func(c *github.Config) { c.PrivateKey = []byte("-----BEGIN hunter2-----") },
		"a key with the secret in its text": func(c *github.Config) { c.PrivateKey = []byte("hunter2") },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			_, err := github.NewApp(c)
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error quotes the key: %v", err)
			}
		})
	}
	if _, err := github.NewApp(good); err != nil {
		t.Error(err)
	}
}

func TestWhatBecomesOfACallIsToldByItsStatusHeadersAndWords(t *testing.T) {
	t.Parallel()
	reset := time.Now().Add(20 * time.Minute).Truncate(time.Second)
	far := time.Now().Add(30 * 24 * time.Hour)
	for _, c := range []struct {
		name    string
		status  int
		header  map[string]string
		message string
		want    github.Kind
		retry   time.Duration // from now; 0: none
	}{
		{"a missing thing", 404, nil, "Not Found", github.NotFound, 0},
		{"a missing permission", 403, nil, "Resource not accessible by integration", github.Permission, 0},
		{"another refusal", 403, nil, "Although you appear to have the correct authorization credentials, the organization has an IP allow list enabled", github.Forbidden, 0},
		{"the primary limit by 403", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000", "X-RateLimit-Reset": strconv.FormatInt(reset.Unix(), 10)}, "API rate limit exceeded", github.RateLimited, 20 * time.Minute},
		{"the primary limit by 429", 429, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(reset.Unix(), 10)}, "API rate limit exceeded", github.RateLimited, 20 * time.Minute},
		{"a secondary limit with a time", 403, map[string]string{"Retry-After": "30"}, "You have exceeded a secondary rate limit", github.RateLimited, 30 * time.Second},
		{"a secondary limit without one", 429, nil, "You have exceeded a secondary rate limit", github.RateLimited, time.Minute},
		{"a limit with a senseless time", 429, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(far.Unix(), 10)}, "API rate limit exceeded", github.RateLimited, 65 * time.Minute},
		{"a request that GitHub will not do", 422, nil, "Validation Failed", github.Unprocessable, 0},
		{"a clash", 409, nil, "Conflict", github.Conflict, 0},
		{"a failure of GitHub's", 502, nil, "Bad Gateway", github.Transient, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				for k, v := range c.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(c.status)
				_ = json.NewEncoder(w).Encode(map[string]string{"message": c.message})
			})
			// Each by a client of its own, for one that was refused because of a
			// limit asks no more.
			_, read := s.app(t, "/").Client(7).Pull(context.Background(), pull, github.PullOptions{})
			calls := map[string]error{
				"writing":         s.app(t, "/").Client(7).AddLabel(context.Background(), pull, "security"),
				"reading GraphQL": read,
			}
			for how, err := range calls {
				var e *github.Error
				if !errors.As(err, &e) {
					t.Fatalf("%s: %v is no github.Error", how, err)
				}
				if e.Kind != c.want || e.Status != c.status {
					t.Errorf("%s: %v with status %d, want %s", how, e.Kind, e.Status, c.want)
				}
				if wait := time.Until(e.RetryAt()); c.retry == 0 && !e.RetryAt().IsZero() || c.retry > 0 && (wait > c.retry+2*time.Second || wait < c.retry-5*time.Second) {
					t.Errorf("%s: to be tried in %v, want %v", how, wait, c.retry)
				}
				if e.Temporary() != (c.want == github.RateLimited || c.want == github.Transient) {
					t.Errorf("%s: temporary is %v", how, e.Temporary())
				}
			}
		})
	}
}

func TestErrorsOfGraphQLComeWithStatus200(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, errors string
		want         github.Kind
	}{
		{"rate limited", `[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]`, github.RateLimited},
		{"a secondary limit without a type", `[{"message":"You have exceeded a secondary rate limit"}]`, github.RateLimited},
		{"no such repository", `[{"type":"NOT_FOUND","path":["repository"],"message":"Could not resolve"}]`, github.NotFound},
		{"a permission", `[{"type":"FORBIDDEN","path":["repository","pullRequest","reviews"],"message":"Resource not accessible by integration"}]`, github.Permission},
		{"a time-out", `[{"message":"Something went wrong while executing your query. This may be the result of a timeout"}]`, github.Transient},
		{"a query that GitHub refuses", `[{"message":"Field 'x' doesn't exist on type 'PullRequest'"}]`, github.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, `{"data":null,"errors":%s}`, c.errors)
			})
			_, err := s.app(t, "/").Client(7).Pull(context.Background(), pull, github.PullOptions{})
			var e *github.Error
			if !errors.As(err, &e) || e.Kind != c.want {
				t.Fatalf("%v, want %s", err, c.want)
			}
			if (e.Kind == github.RateLimited) == e.RetryAt().IsZero() {
				t.Errorf("to be tried at %v", e.RetryAt())
			}
		})
	}
}

func TestReadsAreTriedAgainAndWritesAreNot(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	client := s.app(t, "/").Client(7)
	_, err := client.Compare(context.Background(), "acme", "infra", "a", "b")
	if err == nil || len(s.calls) != 3 {
		t.Errorf("a read was tried %d times (%v), want 3", len(s.calls), err)
	}
	var e *github.Error
	if errors.As(err, &e) && e.Pending() {
		t.Error("a read that failed may take effect yet")
	}
	s.calls = nil
	err = client.RemoveReviewers(context.Background(), pull, nil, []string{"cloud"})
	if err == nil || len(s.calls) != 1 {
		t.Errorf("a write was tried %d times (%v), want once", len(s.calls), err)
	}
	if !errors.As(err, &e) || !e.Pending() {
		t.Error("nobody knows what became of a write that was not answered")
	}
	if body := s.bodies[len(s.bodies)-1]; !strings.Contains(body, `"reviewers":[]`) {
		t.Errorf("GitHub wants the list of people even where it is empty: %s", body)
	}
}

func TestACallThatIsCancelledIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	_, err := s.app(t, "/").Client(7).Compare(ctx, "acme", "infra", "a", "b")
	if err == nil || len(s.calls) != 1 {
		t.Errorf("tried %d times: %v", len(s.calls), err)
	}
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	refuse := 1
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if refuse > 0 {
			refuse--
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `[]`)
	})
	client := s.app(t, "/").Client(7)
	if err := client.AddLabel(context.Background(), pull, "security"); err != nil {
		t.Fatal(err)
	}
	if len(s.calls) != 2 || s.tokens != 2 || s.auth[0] == s.auth[1] {
		t.Errorf("%d calls with %d tokens", len(s.calls), s.tokens)
	}
	refuse = 2
	var e *github.Error
	if err := client.AddLabel(context.Background(), pull, "security"); !errors.As(err, &e) || e.Kind != github.Unauthorized {
		t.Errorf("refused twice: %v", err)
	}
}

func TestATokenIsFetchedOnceForAllCallsOfAnInstallation(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `[]`) })
	app := s.app(t, "/")
	done := make(chan error)
	for range 10 {
		go func() { done <- app.Client(7).AddLabel(context.Background(), pull, "security") }()
	}
	for range 10 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if s.tokens != 1 {
		t.Errorf("%d tokens were fetched", s.tokens)
	}
}

func TestNoSecretReachesAnErrorOrTheLog(t *testing.T) {
	secrets := []string{
		"ghs_0123456789012345678901234567890123", "v1.0123456789abcdef0123456789abcdef01234567",
		"github_pat_11ABCDEFG0123456789", "ghs_12345_" + strings.Repeat("eyJhbGciOi", 50),
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]any{"message": "refused " + strings.Join(secrets, ", ") + " and " + r.Header.Get("Authorization")})
	})
	client := s.app(t, "/").Client(7)
	_, read := client.Pull(context.Background(), pull, github.PullOptions{})
	said := fmt.Sprint(read, client.AddLabel(context.Background(), pull, "x"), s.log.String())
	for _, secret := range append(secrets, strings.TrimPrefix(s.auth[0], "token ")) {
		if strings.Contains(said, secret) {
			t.Errorf("%q was told: %s", secret, said)
		}
	}
	if !strings.Contains(said, "[secret]") {
		t.Errorf("nothing was struck out of %s", said)
	}
}

// tally is a Metrics.
type tally struct {
	mu    sync.Mutex
	calls map[string]int
	left  map[string]int
}

func (m *tally) Call(operation, outcome string, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls[operation+" "+outcome]++
}

func (m *tally) RateLimit(installation int64, resource string, remaining, limit int, _ time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left[fmt.Sprint(installation, " ", resource)] = remaining
}

func TestCallsAndBudgetsAreCounted(t *testing.T) {
	status := http.StatusOK
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "5000")
		w.Header().Set("X-RateLimit-Remaining", "4321")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
		if strings.HasSuffix(r.URL.Path, "/graphql") {
			w.Header().Set("X-RateLimit-Resource", "graphql")
			w.Header().Set("X-RateLimit-Remaining", "1234")
			fmt.Fprint(w, `{"errors":[{"type":"NOT_FOUND","path":["repository"],"message":"no"}]}`)
			return
		}
		w.WriteHeader(status)
		fmt.Fprint(w, `[]`)
	})
	m := &tally{calls: map[string]int{}, left: map[string]int{}}
	app, err := github.NewApp(github.Config{URL: s.URL, AppID: 99, PrivateKey: key(), Metrics: m})
	if err != nil {
		t.Fatal(err)
	}
	client := app.Client(7)
	_, _ = client.Pull(context.Background(), pull, github.PullOptions{})
	_ = client.AddLabel(context.Background(), pull, "x")
	status = http.StatusUnprocessableEntity
	_ = client.AddLabel(context.Background(), pull, "x")
	want := map[string]int{"installation token ok": 1, "pull not_found": 1, "add label ok": 1, "add label unprocessable": 1}
	if diff := cmp.Diff(want, m.calls); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"7 core": 4321, "7 graphql": 1234}, m.left); diff != "" {
		t.Error(diff)
	}
}
