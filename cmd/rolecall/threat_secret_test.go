package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// locked is a buffer that many may write to.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Tokens and keys show up nowhere: not in logs at their most talkative, not in
// what is written to GitHub, not in metrics, not in the database, however much
// goes wrong, and whichever form tokens have.
func TestThreat25SecretsStayInside(t *testing.T) {
	for name, long := range map[string]bool{"tokens of 40 characters": false, "tokens of 520 characters": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			w := &world{t: t, database: migrated(t, "sqlite:"+filepath.Join(dir, "test.db")), workers: 4}
			log := &locked{}
			w.prepare(policyText, githubtest.Options{LongTokens: long})
			w.startWith(slog.New(slog.NewJSONHandler(io.MultiWriter(log, w.log), &slog.HandlerOptions{Level: slog.LevelDebug})))

			// GitHub quotes what it was sent wherever something fails.
			var sent []string
			var mu sync.Mutex
			quote := githubtest.Fault{Operation: "*", Times: -1, Match: func(r *http.Request, _ []byte) bool {
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, r.Header.Get("Authorization"))
				return len(sent) < 30 && len(sent)%4 == 0
			}, Status: 422, Quote: true}
			w.gh.Inject(quote)
			pr := w.open("dan", githubtest.Files{"main.go": goBefore, "net/main.tf": newProject})
			pr.Approve("ana")
			for range 4 {
				pr.Comment("eve", "/recheck")
			}
			w.settle()
			pr.Approve("sam")
			w.settle()

			resp, err := http.Get(w.server.URL() + "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			metrics, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			w.stop()
			places := map[string]string{"the log": log.String(), "the metrics": string(metrics)}
			for _, c := range pr.Checks() {
				places["the check"] += c.Title + c.Summary + c.Text
			}
			for _, c := range pr.Comments() {
				places["comments"] += c.Body()
			}
			files, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				places["the database"] += string(b)
			}

			app := w.gh.App()
			key := strings.Split(strings.TrimSpace(string(app.PrivateKeyPEM())), "\n")
			secrets := map[string]string{
				"the webhook secret":        app.WebhookSecret(),
				"a line of the private key": key[len(key)/2],
				"the private key in base64": base64.StdEncoding.EncodeToString(app.PrivateKeyPEM())[40:80],
			}
			for i, s := range sent {
				_, token, _ := strings.Cut(s, " ")
				if len(token) < 20 {
					continue
				}
				secrets[fmt.Sprintf("credential %d", i)] = token
				// A part of it is as bad: the signature of a signed claim, the
				// middle of a token.
				secrets[fmt.Sprintf("the middle of credential %d", i)] = token[len(token)/2 : len(token)/2+10]
			}
			if len(secrets) < 5 {
				t.Fatalf("only %d secrets were used: the test looks for nothing", len(secrets))
			}
			for what, secret := range secrets {
				for where, text := range places {
					if strings.Contains(text, secret) {
						t.Errorf("%s is in %s", what, where)
					}
				}
			}

			// A naive log of failed requests would have them all.
			naive := strings.Join(sent, "\n")
			if !strings.Contains(naive, secrets["credential 0"]) {
				t.Error("the naive log holds no secret: the attack is none")
			}
		})
	}
}
