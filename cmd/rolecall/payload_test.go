package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// TestRecordedPayloads sends every payload that GitHub's own documentation has
// of our events through the server, made out to a pull request that is there.
// None may be refused or lost, and none may move a check that is right.
func TestRecordedPayloads(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		files, err := filepath.Glob("../../testdata/github/webhooks/*.json")
		if err != nil || len(files) < 40 {
			t.Fatalf("%d payloads, %v", len(files), err)
		}
		for i, file := range files {
			event, action, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), ".")
			if event == "installation" && (action == "deleted" || action == "suspend") || event == "installation_repositories" && action == "removed" {
				continue // it would be so: see the receiver's own tests
			}
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			status, answer := w.post(event, fmt.Sprintf("recorded-%d", i), w.madeOut(body, pr))
			if status != http.StatusAccepted || strings.Contains(answer, "not handled") {
				t.Errorf("%s: %d %s", filepath.Base(file), status, answer)
			}
		}
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
	})
}

// madeOut puts the world's installation, organisation, repository and pull
// request in the place of those that a payload is about.
func (w *world) madeOut(body []byte, pr *githubtest.Pull) []byte {
	w.t.Helper()
	var p map[string]any
	if err := json.Unmarshal(body, &p); err != nil {
		w.t.Fatal(err)
	}
	set := func(at any, values map[string]any) {
		if m, ok := at.(map[string]any); ok {
			for k, v := range values {
				m[k] = v
			}
		}
	}
	ref := w.ref(pr)
	p["installation"] = map[string]any{"id": ref.Installation, "account": map[string]any{"login": ref.Owner}}
	set(p["organization"], map[string]any{"login": ref.Owner})
	repository := func(r any) {
		set(r, map[string]any{"id": w.repo.ID(), "name": ref.Repo, "full_name": ref.Owner + "/" + ref.Repo, "default_branch": "main"})
	}
	repository(p["repository"])
	for _, list := range []string{"repositories", "repositories_added"} {
		if l, ok := p[list].([]any); ok {
			for _, r := range l {
				repository(r)
			}
		}
	}
	set(p["pull_request"], map[string]any{"number": pr.Number()})
	set(p["issue"], map[string]any{"number": pr.Number()})
	out, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// post sends a delivery as GitHub does.
func (w *world) post(event, guid string, body []byte) (status int, answer string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.URL()+"/webhook", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(w.gh.App().WebhookSecret()))
	mac.Write(body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", guid)
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(text))
}
