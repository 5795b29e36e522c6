package store_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// A network that loses what is sent tells neither side of it.
func TestAWriteWhoseConnectionWentSilentIsGivenUp(t *testing.T) {
	t.Parallel()
	takesLong(t)
	var silent atomic.Bool
	s := storetest.Open(t, across(t, storetest.Postgres(t), &silent))
	write := func() error {
		return s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.EndLook(ctx, "any") })
	}
	must(t, write())
	silent.Store(true)
	began := time.Now()
	if err := write(); err == nil {
		t.Error("a write that nobody heard of")
	}
	if took := time.Since(began); took > 3*time.Minute {
		t.Errorf("it was given up after %v", took)
	}
	silent.Store(false)
	must(t, write())
}

// across is the URL of a database by a way that hands on nothing while it is
// silent, and never will what it took then.
func across(t *testing.T, database string, silent *atomic.Bool) string {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	q := u.Query()
	const name = ".s.PGSQL.5432"
	to := filepath.Join(q.Get("host"), name)
	dir, err := os.MkdirTemp("", "across") // a socket's path is short
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, name))
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	hand := func(from, to net.Conn) {
		defer func() { _ = to.Close() }()
		b := make([]byte, 1<<16)
		for lost := false; ; {
			n, err := from.Read(b)
			if err != nil {
				return
			}
			if lost = lost || silent.Load(); lost {
				continue
			}
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			go hand(near, far)
			go hand(far, near)
		}
	}()
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	return u.String()
}
