package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// The disk is a real one, of memory, and really full.
func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("no disk of its own: %v", err) // not root
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	w := newWorld(t, "sqlite:"+filepath.Join(dir, "rolecall.db"), policyText, githubtest.Options{})
	w.busyWhile(func() {
		for range 3 {
			time.Sleep(60 * time.Millisecond)
			ballast := filepath.Join(dir, "ballast")
			full := fill(t, ballast)
			time.Sleep(300 * time.Millisecond)
			if err := os.Remove(ballast); err != nil {
				t.Error(err)
			}
			t.Logf("%d bytes were free", full)
		}
	})
}

// fill writes a file until there is no room left.
func fill(t *testing.T, path string) (written int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for page := make([]byte, 4096); ; {
		n, err := f.Write(page)
		written += n
		if err != nil {
			return written
		}
	}
}
