package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// fakeGithubCmd serves the fake GitHub by itself, so that load and other
// clients can be pointed at it.
type fakeGithubCmd struct {
	Addr         string        `default:"127.0.0.1:4000" help:"The address to listen on (${default})."`
	Latency      time.Duration `help:"Added to every call."`
	Seed         string        `type:"existingfile" help:"A seed file: people, teams, repositories, pull requests; applied once somebody listens at --deliver-to."`
	DeliverTo    []string      `help:"Where webhooks go, such as http://127.0.0.1:3000/webhook."`
	Enterprise   bool          `help:"Serve below /api/v3, as GitHub Enterprise Server does."`
	Limits       bool          `help:"Enforce GitHub's rate limits."`
	LogCalls     bool          `help:"Write a line to standard error for every call."`
	NoValidation bool          `help:"Do not hold requests and answers to GitHub's contract, for load."`
}

// Run prints what rolecall needs to use the fake, as a shell sets variables,
// and serves until ctx ends. Once it is seeded, standard error tells what there
// is, with every person's token; the pages at its root show it.
func (c *fakeGithubCmd) Run(ctx context.Context, s streams) error {
	o := githubtest.Options{Addr: c.Addr, Latency: c.Latency, NoValidation: c.NoValidation}
	if c.Enterprise {
		o.Prefix = "/api/v3"
	}
	if c.LogCalls {
		o.Log = newLogger(s, "text", "info")
	}
	if c.Limits {
		o.Limits = githubtest.RealLimits()
	}
	gh, err := githubtest.Start(o)
	if err != nil {
		return fmt.Errorf("fake GitHub: %w", err)
	}
	defer gh.Close()
	app := gh.App()
	fmt.Fprintf(s.out, "GITHUB_URL='%s'\nAPP_ID='%d'\nWEBHOOK_SECRET='%s'\nPRIVATE_KEY='%s'\n",
		gh.URL(), app.ID(), app.WebhookSecret(), base64.StdEncoding.EncodeToString(app.PrivateKeyPEM()))
	if len(c.DeliverTo) > 0 {
		app.DeliverTo(c.DeliverTo...)
	}
	if c.Seed != "" {
		seed, err := os.ReadFile(c.Seed)
		if err != nil {
			return err
		}
		if err := c.receivers(ctx); err != nil {
			return err
		}
		if err := gh.Seed(seed); err != nil {
			return fmt.Errorf("%s: %w", c.Seed, err)
		}
		gh.Summary(s.err)
	}
	<-ctx.Done()
	for _, problem := range gh.Problems() {
		fmt.Fprintf(s.err, "problem: %s\n", problem)
	}
	return nil
}

// receivers waits until somebody listens where webhooks go, so that what the
// seed does is heard.
func (c *fakeGithubCmd) receivers(ctx context.Context) error {
	for _, to := range c.DeliverTo {
		u, err := url.Parse(to)
		if err != nil {
			return fmt.Errorf("--deliver-to: %w", err)
		}
		for dialer := (net.Dialer{Timeout: time.Second}); ; {
			conn, err := dialer.DialContext(ctx, "tcp", u.Host)
			if err == nil {
				conn.Close()
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("wait for %s: %w", to, ctx.Err())
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return nil
}
