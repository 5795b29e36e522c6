package github

import (
	"log/slog"
	"net/http"
	"time"
)

// Config is what an App needs to speak to GitHub.
type Config struct {
	// URL is the REST root: "https://api.github.com/" by default, and
	// "https://HOST/api/v3/" for GitHub Enterprise Server. The GraphQL
	// address derives from it.
	URL        string
	AppID      int64
	PrivateKey []byte // PEM, PKCS#1 or PKCS#8
	// Transport carries all requests; http.DefaultTransport's settings where
	// nil.
	Transport http.RoundTripper
	Logger    *slog.Logger // slog.Default() where nil
	Metrics   Metrics      // none where nil
	// Timeout bounds one attempt at one call, its answer included; 30
	// seconds where zero.
	Timeout time.Duration
	// Cache is about how many bytes of immutable objects are kept in memory,
	// so that they are not asked for again; 32 MB where zero.
	Cache int
}

// Metrics counts what goes over the wire. It must be safe for concurrent use.
type Metrics interface {
	// Call counts one request: its operation ("pull", "compare"), what became
	// of it ("ok", a [Kind], or "held" where the budget did not let it be made)
	// and how long it took.
	Call(operation, outcome string, took time.Duration)
	// RateLimit reports what GitHub says is left of an installation's budget
	// for a resource ("core", "graphql"); installation 0 is the App itself.
	RateLimit(installation int64, resource string, remaining, limit int, reset time.Time)
}

type noMetrics struct{}

func (noMetrics) Call(string, string, time.Duration)           {}
func (noMetrics) RateLimit(int64, string, int, int, time.Time) {}
