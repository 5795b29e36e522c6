package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// trial is a test within a test: what it finds is kept rather than reported, so
// that it can be tried again with less.
type trial struct {
	testing.TB // the test around it, for what the rest does not say otherwise
	ctx        context.Context
	cancel     context.CancelFunc

	mu       sync.Mutex
	found    []string
	cleanups []func()
	folder   string
}

// try runs f as a test of its own and returns what it found wrong.
func try(t testing.TB, f func(testing.TB)) []string {
	tr := &trial{TB: t}
	tr.ctx, tr.cancel = context.WithCancel(t.Context())
	tr.guarded(func() { f(tr) })
	tr.cancel()
	for {
		tr.mu.Lock()
		if len(tr.cleanups) == 0 {
			tr.mu.Unlock()
			break
		}
		last := tr.cleanups[len(tr.cleanups)-1]
		tr.cleanups = tr.cleanups[:len(tr.cleanups)-1]
		tr.mu.Unlock()
		tr.guarded(last)
	}
	if tr.folder != "" {
		_ = os.RemoveAll(tr.folder) // what is left behind there, the system tidies away
	}
	return tr.found
}

// guarded runs f where Fatal may end the goroutine.
func (t *trial) guarded(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("panic: %v", p)
			}
		}()
		f()
	}()
	<-done
}

func (t *trial) Context() context.Context { return t.ctx }

func (t *trial) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

func (t *trial) TempDir() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.folder == "" {
		folder, err := os.MkdirTemp("", "chaos")
		if err != nil {
			panic(err)
		}
		t.folder = folder
	}
	sub, err := os.MkdirTemp(t.folder, "")
	if err != nil {
		panic(err)
	}
	return sub
}

func (t *trial) note(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.found, s) {
		t.found = append(t.found, s)
	}
}

func (t *trial) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.found) > 0
}

func (t *trial) Error(args ...any)                 { t.note(fmt.Sprintln(args...)) }
func (t *trial) Errorf(format string, args ...any) { t.note(fmt.Sprintf(format, args...)) }
func (t *trial) Fail()                             { t.note("failed") }
func (t *trial) FailNow()                          { t.Fail(); runtime.Goexit() }
func (t *trial) Fatal(args ...any)                 { t.Error(args...); runtime.Goexit() }
func (t *trial) Fatalf(format string, args ...any) { t.Errorf(format, args...); runtime.Goexit() }
