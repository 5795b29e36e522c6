package main

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// What comes in while GitHub cannot be reached is kept, from the start on.
func TestAStartWithoutGitHubKeepsDeliveries(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		w := quietWorld(t, url, policyText, githubtest.Options{})
		var down atomic.Bool
		w.gh.Inject(githubtest.Fault{Operation: "*", Times: -1, Status: http.StatusServiceUnavailable, Match: func(*http.Request, []byte) bool { return down.Load() }})
		down.Store(true)
		w.start()
		if status, body := w.get("/healthz"); status != http.StatusOK || body != "ok\n" {
			t.Errorf("/healthz: %d %q", status, body)
		}
		if status, body := w.get("/readyz"); status != http.StatusOK || !strings.Contains(body, "GitHub has not answered") {
			t.Errorf("/readyz: %d %q", status, body)
		}
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		if err := w.gh.WaitDelivered(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, d := range w.gh.Deliveries() {
			if d.Event == "pull_request" && d.StatusCode != http.StatusAccepted {
				t.Errorf("a delivery was answered %d", d.StatusCode)
			}
		}
		down.Store(false)
		within(t, 30*time.Second, "the check is there", func() bool { return len(pr.Checks()) == 1 })
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		within(t, 10*time.Second, "ready", func() bool { _, body := w.get("/readyz"); return body == "ok\n" })
	})
}

func TestAStartWithAWrongKeyFails(t *testing.T) {
	w := quietWorld(t, "", policyText, githubtest.Options{})
	w.gh.Inject(githubtest.Fault{Operation: "apps/get-authenticated", Times: -1, Status: http.StatusUnauthorized})
	app := w.gh.App()
	_, err := Start(t.Context(), Config{
		AppID: app.ID(), PrivateKey: app.PrivateKeyPEM(), WebhookSecrets: [][]byte{[]byte(app.WebhookSecret())},
		Data: t.TempDir(), Addr: "127.0.0.1:0", GitHubURL: w.gh.URL(), Log: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), "who this App is") {
		t.Errorf("the start ended in %v", err)
	}
}
