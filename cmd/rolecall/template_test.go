package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
)

// template is an SQLite file with every migration applied, its own and the
// queue's. Most of the time of a small test would go into them.
var template = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "rolecall-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "template.db")
	s, err := store.Open(context.Background(), store.Options{URL: "sqlite:" + file})
	if err != nil {
		return nil, err
	}
	_, err = queue.New(context.Background(), s, queue.Options{
		Handle: func(context.Context, queue.Target) (queue.Next, error) { return queue.Next{}, nil },
	})
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// migrated puts the template where an SQLite file is to be and is not yet, and
// returns the database's URL.
func migrated(t testing.TB, url string) string {
	t.Helper()
	file, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return url
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return url
	}
	b, err := template()
	if err == nil {
		err = os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		t.Fatalf("template of the database: %v", err)
	}
	return url
}
