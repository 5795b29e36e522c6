package queue_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// victim is the variable by which a copy of the test binary is told to work on
// a database until it is killed.
const victim = "ROLECALL_TEST_VICTIM"

func TestMain(m *testing.M) {
	if url := os.Getenv(victim); url != "" {
		if err := work(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	storetest.Main(m)
}

// work adds pull requests as fast as it can and says which ones are durable,
// and which ones were handled; every other one is never done with.
func work(url string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: url})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	say := func(what string, n int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(what, n)
	}
	q, err := queue.New(ctx, s, queue.Options{Workers: 64, Handle: func(_ context.Context, t queue.Target) (queue.Next, error) {
		if t.Ref.Number%2 == 1 {
			select {}
		}
		say("handled", t.Ref.Number)
		return queue.Next{}, nil
	}})
	if err != nil {
		return err
	}
	if err := q.Start(ctx); err != nil {
		return err
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				n := int(next.Add(1))
				if err := q.Add(ctx, pull(n)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				say("added", n)
			}
		})
	}
	wg.Wait()
	return nil
}

func TestNothingThatWasAddedIsLostWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), victim+"="+url)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		added, handled := map[int]bool{}, map[int]bool{}
		kill := sync.OnceFunc(func() { _ = c.Process.Kill() })
		timer := time.AfterFunc(20*time.Second, kill)
		defer timer.Stop()
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var what string
			var n int
			if _, err := fmt.Sscan(lines.Text(), &what, &n); err != nil {
				continue // the line that it was killed in
			}
			map[string]map[int]bool{"added": added, "handled": handled}[what][n] = true
			if len(added) > 100 && len(handled) > 20 {
				kill()
			}
		}
		_ = c.Wait()
		if len(added) <= 100 || len(handled) <= 20 {
			t.Fatalf("it added %d and handled %d only", len(added), len(handled))
		}

		s := storetest.Open(t, url)
		var mu sync.Mutex
		begin := time.Now()
		start(t, s, queue.Options{DeadAfter: 2 * time.Second, Verify: time.Millisecond, Handle: func(_ context.Context, x queue.Target) (queue.Next, error) {
			mu.Lock()
			defer mu.Unlock()
			handled[x.Ref.Number] = true
			return queue.Next{}, nil
		}})
		settle(t, s)
		t.Logf("%d added, at rest %v after the restart", len(added), time.Since(begin).Round(time.Millisecond))
		mu.Lock()
		defer mu.Unlock()
		for n := range added {
			if !handled[n] {
				t.Errorf("pull request %d is lost", n)
			}
		}
	})
}
