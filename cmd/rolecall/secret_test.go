package main

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// longTokens reports whether a test's GitHub gives out tokens of the new
// format: about half of all tests have them, each always the same, and with
// ROLECALL_TOKENS=other the other half.
func longTokens(test string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(test)) // a hash takes everything
	return (h.Sum32()%2 == 1) != (os.Getenv("ROLECALL_TOKENS") == "other")
}

// secrets are all that the world's rolecall must keep to itself, by what they
// are: whole, and a part out of the middle, which is as bad.
func (w *world) secrets() map[string]string { return secretsOf(w.gh) }

// secretsOf are those that a GitHub knows of.
func secretsOf(gh *githubtest.Server) map[string]string {
	app := gh.App()
	key := strings.Split(strings.TrimSpace(string(app.PrivateKeyPEM())), "\n")
	out := map[string]string{
		"the webhook secret":        app.WebhookSecret(),
		"a line of the private key": key[len(key)/2],
		"the private key in base64": base64.StdEncoding.EncodeToString(app.PrivateKeyPEM())[40:80],
	}
	for i, c := range gh.Credentials() {
		if len(c) >= 40 {
			out[fmt.Sprintf("credential %d", i)] = c
			// A person's token of the fake is mostly zeros, as many a SHA is.
			if middle := c[len(c)/2 : len(c)/2+12]; strings.Trim(middle, "0") != "" {
				out[fmt.Sprintf("the middle of credential %d", i)] = middle
			}
		}
	}
	return out
}

// leaks lists which secrets are in a text.
func leaks(text string, secrets map[string]string) (found []string) {
	for what, secret := range secrets {
		if strings.Contains(text, secret) {
			found = append(found, what)
		}
	}
	return found
}

// keepPages reads what a server says of itself, before it is gone.
func (w *world) keepPages(url string) {
	client := http.Client{Timeout: 2 * time.Second}
	for _, page := range []string{"/metrics", "/readyz", "/healthz", "/"} {
		resp, err := client.Get(url + page)
		if err != nil {
			return // it is not there any more, or was stopped: a test of its own
		}
		_, _ = io.Copy(w.pages, resp.Body) // what came is looked through
		resp.Body.Close()
	}
}

// keptSecrets ends every test with a world: of all that was logged there, of
// all that was written on its pull requests, of what its servers said of
// themselves, and of all that their databases hold, the audit trail with them,
// nothing holds a secret.
func (w *world) keptSecrets() {
	secrets := w.secrets()
	places := map[string]string{"the log": w.log.String(), "a page": w.pages.String()}
	for _, database := range append(w.held, w.database) {
		if database == "" { // the test starts no server
			continue
		}
		places["the database"] += storetest.Dump(w.t, database)
	}
	for n := 1; w.repo != nil; n++ {
		pr := w.repo.Pull(n)
		if pr == nil {
			break
		}
		for _, c := range pr.Comments() {
			places["a comment"] += c.Body() + "\n"
		}
		if pr.State() == "" || pr.Head() == "" {
			continue // an issue
		}
		for _, c := range pr.Checks() {
			places["a check"] += c.Title + c.Summary + c.Text + "\n"
		}
	}
	for where, text := range places {
		for _, what := range leaks(text, secrets) {
			w.t.Errorf("%s is in %s", what, where)
		}
	}
}

// What ends every test must be able to fail.
func TestASecretInALogIsFound(t *testing.T) {
	t.Parallel()
	for _, long := range []bool{false, true} {
		w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{LongTokens: long})
		w.open("dan", githubtest.Files{"main.go": goBefore})
		w.settle()
		if w.log.String() == "" {
			t.Error("nothing was logged")
		}
		w.stop()
		if !strings.Contains(w.pages.String(), "rolecall_") {
			t.Error("no metrics were kept")
		}
		// What is looked through holds what was kept, packed or not.
		held := storetest.Dump(t, w.database)
		for _, part := range []string{"decision_sha256", `"login":"dan"`, "rolecall: main", `keepers = ["manager", "security-engineer"]`} {
			if !strings.Contains(held, part) {
				t.Errorf("%q is not found in the database", part)
			}
		}
		secrets, tokens := w.secrets(), 0
		for what, secret := range secrets {
			if strings.HasPrefix(what, "credential") {
				tokens++
			}
			if got := leaks("msg=\"call failed\" sent=\"Bearer "+secret+"\"", secrets); len(got) == 0 {
				t.Errorf("%s is not found in a log that holds it", what)
			}
		}
		if tokens < 2 { // a claim signed by the key, and the token that it brought
			t.Errorf("%d credentials were used: nothing is looked for", tokens)
		}
	}
}
