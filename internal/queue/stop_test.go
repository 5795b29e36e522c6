package queue_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// Whoever stops rolecall because the database is gone need not wait for it.
func TestAStopWhileTheDatabaseDoesNotAnswerIsQuick(t *testing.T) {
	if os.Getenv("ROLECALL_LONG") == "" {
		t.Skip("set ROLECALL_LONG")
	}
	storetest.Each(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), store.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		running := make(chan struct{})
		q, err := queue.New(t.Context(), s, queue.Options{Handle: func(ctx context.Context, _ queue.Target) (queue.Next, error) {
			close(running)
			<-ctx.Done()
			return queue.Next{}, ctx.Err()
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := q.Add(t.Context(), pull(1)); err != nil {
			t.Fatal(err)
		}
		<-running
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := q.Stop(ctx); err == nil {
			t.Error("a stop of which nothing could be recorded is an error")
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %v", took)
		}
		// What River still tries ends by itself.
		time.Sleep(8 * time.Second)
	})
}
