package github_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy/fact"
)

var pull = fact.Ref{Installation: 7, Owner: "acme", Repo: "infra", Number: 12}

// key is a fresh private key, made once.
var key = sync.OnceValue(func() []byte {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)})
})

// wireServer answers installation tokens by itself and everything else by
// answer, and keeps what it was sent.
type wireServer struct {
	*httptest.Server
	answer http.HandlerFunc
	mu     sync.Mutex
	calls  []string // "POST /graphql"
	bodies []string
	auth   []string
	tokens int
	log    bytes.Buffer
}

func serve(t *testing.T, answer http.HandlerFunc) *wireServer {
	t.Helper()
	s := &wireServer{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		if strings.HasSuffix(r.URL.Path, "/access_tokens") {
			s.tokens++
			n := s.tokens
			s.mu.Unlock()
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"token":"ghs_0123456789012345678901234567890123%02d","expires_at":%q}`, n, time.Now().Add(time.Hour).Format(time.RFC3339))
			return
		}
		s.calls = append(s.calls, r.Method+" "+r.URL.Path)
		s.bodies = append(s.bodies, string(body))
		s.auth = append(s.auth, r.Header.Get("Authorization"))
		s.mu.Unlock()
		s.answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *wireServer) app(t *testing.T, prefix string) *github.App {
	t.Helper()
	a, err := github.NewApp(github.Config{
		URL: s.URL + prefix, AppID: 99, PrivateKey: key(),
		Logger: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
