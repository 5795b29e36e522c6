package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// printed is what a command has written so far.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

func TestTheDemoIsLeftRunningWhereAsked(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, done := &printed{}, make(chan error, 1)
	var gh *githubtest.Server
	go func() {
		demo := demoCmd{Keep: true, Verbose: true, watch: func(s *githubtest.Server) { gh = s }}
		done <- demo.Run(ctx, streams{in: strings.NewReader(""), out: out, err: out})
	}()
	for end := time.Now().Add(3 * time.Minute); !strings.Contains(out.String(), "Stop with Ctrl-C"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the demo does not come to rest:\n%s", out)
		}
	}
	_, kept, _ := strings.Cut(out.String(), "Everything is left running")
	addresses := regexp.MustCompile(`http://\S+`).FindAllString(kept, -1)
	if len(addresses) != 7 {
		t.Errorf("%d addresses are printed, want 7:\n%s", len(addresses), kept)
	}
	pages := ""
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, address := range addresses {
		want := http.StatusOK
		if strings.HasSuffix(address, "/webhook") {
			want = http.StatusMethodNotAllowed
		}
		resp, err := client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		pages += string(page)
		if resp.StatusCode != want {
			t.Errorf("%s answers %d, want %d", address, resp.StatusCode, want)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("it ended with %v:\n%s", err, out)
	}
	secrets := secretsOf(gh)
	if len(secrets) < 7 { // the App's three, and a claim and a token with their parts
		t.Errorf("only %d secrets were used: nothing is looked for", len(secrets))
	}
	for where, text := range map[string]string{"what it prints": out.String(), "a page that it serves": pages} {
		for _, what := range leaks(text, secrets) {
			t.Errorf("%s is in %s", what, where)
		}
		if found := looksSecret.FindString(text); found != "" {
			t.Errorf("%.8s… is in %s", found, where)
		}
	}
	for _, shown := range []string{
		"Waiting for Cloud Engineer, Security Engineer, DRI of instances", "alone: approvals of what is unchanged stand",
		"/assign-dri @dan was not done", "Every role that this change calls for has approved", "merged; rolecall made",
	} {
		if !strings.Contains(out.String(), shown) {
			t.Errorf("the demo does not show %q:\n%s", shown, out)
		}
	}
}
