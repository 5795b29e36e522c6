package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestALineNamesWhatIsLookedAt(t *testing.T) {
	var out bytes.Buffer
	log := newLogger(streams{err: &out}, "text", "info").With("a", 1)
	ctx := logging(t.Context(), queue.Target{Delivery: "guid", Ref: fact.Ref{Installation: 5, Owner: "acme", Repo: "cloud", Number: 7}})
	log.InfoContext(ctx, "decided")
	for _, want := range []string{"a=1", "delivery=guid", "installation=5", "repository=acme/cloud", "pull=7"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q has no %s", out.String(), want)
		}
	}
	out.Reset()
	log.Info("serves")
	if strings.Contains(out.String(), "delivery") {
		t.Errorf("%q names a delivery, and there is none", out.String())
	}
}
