package calendar_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/calendar"
)

// server answers over https on loopback.
func server(t *testing.T, h http.HandlerFunc) (url string, roots *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.URL, roots
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func TestAFeedIsFetchedOverHTTPS(t *testing.T) {
	url, roots := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		if r.Header.Get("Referer") != "" {
			t.Errorf("the address is given away: %s", r.Header.Get("Referer"))
		}
		_, _ = w.Write([]byte("feed " + r.URL.RawQuery))
	})
	f := calendar.NewFetcher(calendar.Options{Allow: loopback, Roots: roots})
	for path, want := range map[string]string{"/a.ics?token=x": "feed token=x", "/moved?token=y": "feed "} {
		if b, err := f.Fetch(context.Background(), url+path); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", path, b, err)
		}
	}
}

func TestAFetchIsBounded(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name, path, want string
		handler          http.HandlerFunc
	}{
		{"too large", "/", "larger", endless},
		{"too slow", "/", "in time", func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		}},
		{"an error", "/", "answers 503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }},
		{"redirects without end", "/", "too often", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }},
		{"a redirect to plain http", "/", "not plain https", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.com/", http.StatusFound)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, roots := server(t, c.handler)
			f := calendar.NewFetcher(calendar.Options{Allow: loopback, Roots: roots, Timeout: 500 * time.Millisecond})
			_, err := f.Fetch(context.Background(), url+c.path+"?token=secret")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error gives the address away: %v", err)
			}
		})
	}
}

// What a name resolves to is judged when it is dialled, so neither an address
// nor a name nor a redirect leads inside.
func TestNothingInsideIsReached(t *testing.T) {
	hit := false
	url, roots := server(t, func(http.ResponseWriter, *http.Request) { hit = true })
	closed := calendar.NewFetcher(calendar.Options{Roots: roots})
	local := strings.Replace(url, "127.0.0.1", "localhost", 1)
	for _, address := range []string{url, local, strings.Replace(url, "127.0.0.1", "[::ffff:127.0.0.1]", 1), strings.Replace(url, "127.0.0.1", "0.0.0.0", 1)} {
		if _, err := closed.Fetch(context.Background(), address); err == nil || !strings.Contains(err.Error(), "not allowed") && !strings.Contains(err.Error(), "cannot be reached") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if hit {
		t.Error("the server was reached")
	}
	// A public server that is allowed here stands for one that redirects inside.
	redirecting, more := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://169.254.169.254/latest/meta-data", http.StatusFound)
	})
	f := calendar.NewFetcher(calendar.Options{Allow: loopback, Roots: more})
	if _, err := f.Fetch(context.Background(), redirecting); err == nil || !strings.Contains(err.Error(), "not allowed") {
		t.Errorf("a redirect inside: %v", err)
	}
	for _, address := range []string{"http://example.com/a.ics", "file:///etc/passwd", "https://user:pass@example.com/", "ftp://example.com", "https://", ""} {
		if _, err := f.Fetch(context.Background(), address); err == nil || !strings.Contains(err.Error(), "not plain https") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
