package main

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// longTokens reports whether a test's GitHub gives out tokens of the new
// format: about half of all tests have them, each always the same.
func longTokens(test string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(test)) // a hash takes everything
	return h.Sum32()%2 == 1
}

// secrets are all that the world's rolecall must keep to itself, by what they
// are: whole, and a part out of the middle, which is as bad.
func (w *world) secrets() map[string]string {
	app := w.gh.App()
	key := strings.Split(strings.TrimSpace(string(app.PrivateKeyPEM())), "\n")
	out := map[string]string{
		"the webhook secret":        app.WebhookSecret(),
		"a line of the private key": key[len(key)/2],
		"the private key in base64": base64.StdEncoding.EncodeToString(app.PrivateKeyPEM())[40:80],
	}
	for i, c := range w.gh.Credentials() {
		if len(c) >= 40 {
			out[fmt.Sprintf("credential %d", i)] = c
			out[fmt.Sprintf("the middle of credential %d", i)] = c[len(c)/2 : len(c)/2+12]
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

// keptSecrets ends every test with a world: of all that was logged there, and
// of all that was written on its pull requests, nothing holds a secret.
func (w *world) keptSecrets() {
	secrets := w.secrets()
	places := map[string]string{"the log": w.log.String()}
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
