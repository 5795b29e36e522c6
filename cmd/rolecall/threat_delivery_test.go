package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	gogithub "github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// delivery is a request as GitHub sends it, for a test to spoil.
func delivery(url, event, guid string, body []byte, sign func([]byte) (header, value string)) *http.Request {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		panic(err) // the address is the test's own
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", guid)
	if sign != nil {
		r.Header.Set(sign(body))
	}
	return r
}

func hmacOf(h func() hash.Hash, prefix, header, secret string) func([]byte) (string, string) {
	return func(body []byte) (string, string) {
		m := hmac.New(h, []byte(secret))
		m.Write(body)
		return header, prefix + hex.EncodeToString(m.Sum(nil))
	}
}

// Deliveries that GitHub did not send, or sent to somebody else.
func TestThreat20ForgedDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	pr := w.open("dan", githubtest.Files{"main.go": goBefore})
	w.settle()
	secret := w.gh.App().WebhookSecret()
	url := w.server.URL() + "/webhook"
	genuine := hmacOf(sha256.New, "sha256=", "X-Hub-Signature-256", secret)
	body := []byte(fmt.Sprintf(`{"action":"edited","number":%d,"installation":{"id":1},"repository":{"id":1,"name":"cloud","full_name":"acme/cloud","owner":{"login":"acme"}},"pull_request":{"number":%[1]d,"state":"open","head":{"sha":"x"},"base":{"ref":"main"}},"changes":{"title":{"from":"x"}},"sender":{"login":"dan"}}`, pr.Number()))

	for name, test := range variants(map[string]struct {
		request *http.Request
		status  int
		// naive is what go-github's own validation says with the secret that
		// a careless server has; nil where it is not its business.
		naive func(*http.Request) error
	}{
		"unsigned": {delivery(url, "pull_request", "a-1", body, nil), 401,
			func(r *http.Request) error { _, err := gogithub.ValidatePayload(r, nil); return err }},
		"signed with SHA-1 alone": {delivery(url, "pull_request", "a-2", body, hmacOf(sha1.New, "sha1=", "X-Hub-Signature", secret)), 401,
			func(r *http.Request) error { _, err := gogithub.ValidatePayload(r, []byte(secret)); return err }},
		"signed with an empty secret": {delivery(url, "pull_request", "a-3", body, hmacOf(sha256.New, "sha256=", "X-Hub-Signature-256", "")), 401,
			func(r *http.Request) error { _, err := gogithub.ValidatePayload(r, nil); return err }},
		"larger than any": {delivery(url, "pull_request", "a-4", bytes.Repeat([]byte("x"), 25<<20+1), genuine), 413,
			func(r *http.Request) error { _, err := gogithub.ValidatePayload(r, []byte(secret)); return err }},
		"of another App": {func() *http.Request {
			r := delivery(url, "pull_request", "a-5", body, genuine)
			r.Header.Set("X-GitHub-Hook-Installation-Target-ID", "999999")
			r.Header.Set("X-GitHub-Hook-Installation-Target-Type", "integration")
			return r
		}(), 403, func(r *http.Request) error { _, err := gogithub.ValidatePayload(r, []byte(secret)); return err }},
	}) {
		t.Run(name, func(t *testing.T) {
			before := len(w.gh.Calls())
			content, err := io.ReadAll(test.request.Body)
			if err != nil {
				t.Fatal(err)
			}
			copied := test.request.Clone(context.Background())
			copied.Body = io.NopCloser(bytes.NewReader(content))
			if err := test.naive(copied); err != nil {
				t.Errorf("the naive check refuses it too: %v", err)
			}
			test.request.Body = io.NopCloser(bytes.NewReader(content))
			resp, err := http.DefaultClient.Do(test.request)
			if err != nil {
				if test.status == http.StatusRequestEntityTooLarge {
					return // the server hung up while the body was still coming
				}
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != test.status {
				t.Errorf("answered %d, want %d", resp.StatusCode, test.status)
			}
			w.settle()
			if after := len(w.gh.Calls()); after != before {
				t.Errorf("it cost %d calls to GitHub", after-before)
			}
		})
	}

	t.Run("replayed", func(t *testing.T) {
		pr.Comment("eve", "/recheck")
		w.settle()
		// What was processed once is not processed again. An echo of an older
		// check of rolecall's own is looked into, and changes nothing.
		for _, d := range w.gh.Deliveries() {
			calls := w.calls(func() { w.gh.Redeliver(d.ID) })
			if len(calls) > 1 || len(calls) == 1 && (d.Event != "check_run" || calls[0].Operation != "graphql") {
				t.Errorf("%s %s was processed, and costs calls when it comes again: %v", d.Event, d.Action, calls)
			}
		}
	})

	t.Run("genuine", func(t *testing.T) {
		resp, err := http.DefaultClient.Do(delivery(url, "ping", "b-1", []byte(`{"zen":"x"}`), genuine))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			t.Errorf("answered %d", resp.StatusCode)
		}
	})
}

// A sender who never ends holds a connection, and nobody else's.
func TestThreat20SlowSenders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	host := strings.TrimPrefix(w.server.URL(), "http://")
	var open []net.Conn
	for range 100 {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprintf(c, "POST /webhook HTTP/1.1\r\nHost: x\r\n") // and no more
		open = append(open, c)
	}
	pr := w.open("dan", githubtest.Files{"main.go": goBefore})
	w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
	// A server without a limit would wait for ever; this one hangs up.
	if err := open[0].SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(open[0]); err != nil {
		t.Errorf("the connection of a sender who sends no headers is still open: %v", err)
	}
}

func TestThreat20NoSecretNoServer(t *testing.T) {
	for _, secret := range []string{"", " ", "one,,two", ","} {
		code := run(t.Context(), []string{"serve", "--app-id", "1", "--webhook-secret", secret}, streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard})
		if code == exitOK {
			t.Errorf("it starts with the webhook secret %q", secret)
		}
	}
}
