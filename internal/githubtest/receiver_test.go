package githubtest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// receiver is what the fake's deliveries go to.
type receiver struct {
	mu     sync.Mutex
	got    []received
	bad    int
	status int // answered; 202 when zero
}

type received struct {
	event, action, guid string
	payload             map[string]any
}

func receive(t *testing.T, gh *githubtest.Server) *receiver {
	t.Helper()
	r := &receiver{}
	secret := gh.App().WebhookSecret()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if req.Header.Get("X-Hub-Signature-256") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			r.bad++
		}
		var p map[string]any
		json.Unmarshal(body, &p)
		action, _ := p["action"].(string)
		r.got = append(r.got, received{req.Header.Get("X-GitHub-Event"), action, req.Header.Get("X-GitHub-Delivery"), p})
		if r.status == 0 {
			w.WriteHeader(http.StatusAccepted)
		} else {
			w.WriteHeader(r.status)
		}
	}))
	t.Cleanup(srv.Close)
	gh.App().DeliverTo(srv.URL)
	return r
}

func (r *receiver) unsigned() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bad
}

// events lists what came as "event.action", and forgets it.
func (r *receiver) events() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, g := range r.got {
		out = append(out, g.event+"."+g.action)
	}
	r.got = nil
	return out
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}
