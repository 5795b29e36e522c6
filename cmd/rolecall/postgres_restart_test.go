package main

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// The database's server is stopped, killed and started again under rolecall,
// which goes on by itself.
func TestAPostgresThatIsRestartedLosesNothing(t *testing.T) {
	t.Parallel()
	url, cluster := storetest.PostgresOfItsOwn(t)
	w := newWorld(t, url, policyText, githubtest.Options{})
	w.busyWhile(func() {
		for _, how := range []os.Signal{os.Interrupt, syscall.SIGQUIT} {
			time.Sleep(100 * time.Millisecond)
			cluster.Stop(how)
			time.Sleep(300 * time.Millisecond)
			if err := cluster.Start(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}
