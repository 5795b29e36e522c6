package storetest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is the PostgreSQL server of this test binary.
var server struct {
	once sync.Once
	err  error
	dir  string
	cmd  *exec.Cmd
	done chan struct{}

	mu   sync.Mutex
	next int
}

// database starts the server where that has not been done, and makes a new
// database in it.
func database(ctx context.Context) (string, error) {
	server.once.Do(func() { server.err = start(ctx) })
	if server.err != nil {
		return "", server.err
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	server.next++
	name := fmt.Sprintf("test%d", server.next)
	c, err := pgx.Connect(ctx, address("postgres"))
	if err != nil {
		return "", fmt.Errorf("PostgreSQL: %w", err)
	}
	defer func() { _ = c.Close(ctx) }()
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", fmt.Errorf("PostgreSQL: %w", err)
	}
	return address(name), nil
}

// address is the URL of a database, over a socket that only this user and the
// server's reach.
func address(name string) string {
	q := url.Values{"host": {server.dir}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + name + "?" + q.Encode()
}

func start(ctx context.Context) error {
	initdb, err := program("initdb")
	if err != nil {
		return err
	}
	postgres, err := program("postgres")
	if err != nil {
		return err
	}
	server.dir, err = os.MkdirTemp("", "rolecall-pg")
	if err != nil {
		return err
	}
	attr, err := attributes(server.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(server.dir, "data")
	c := exec.CommandContext(context.Background(), initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	c.Dir, c.SysProcAttr = server.dir, attr
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	fsync := "off"
	if os.Getenv("ROLECALL_POSTGRES_FSYNC") != "" { // for figures that mean something
		fsync = "on"
	}
	var log bytes.Buffer
	server.cmd = exec.CommandContext(context.Background(), postgres, "-D", data, "-k", server.dir, "-h", "", "-c", "fsync="+fsync, "-c", "max_connections=200", "-c", "shared_buffers=64MB")
	server.cmd.Dir, server.cmd.SysProcAttr = server.dir, attr
	server.cmd.Stderr = &log
	server.done = make(chan struct{})
	started := make(chan error, 1)
	go func() {
		// The server is to end with the thread that started it, see
		// attributes; so the thread is kept until it has.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := server.cmd.Start()
		started <- err
		if err == nil {
			_ = server.cmd.Wait()
		}
		close(server.done)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		conn, err := pgx.Connect(ctx, address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-server.done:
			return fmt.Errorf("postgres ended: %s", bytes.TrimSpace(log.Bytes()))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}

// stop ends the server, if one was started, and removes its files.
func stop() {
	if server.cmd != nil && server.cmd.Process != nil {
		_ = server.cmd.Process.Signal(os.Interrupt) // "fast shutdown"
		<-server.done
	}
	if server.dir != "" {
		_ = os.RemoveAll(server.dir)
	}
}

// program finds one of PostgreSQL's programs: Debian keeps the server's out of
// the search path.
func program(name string) (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("PostgreSQL is not installed: %w", err)
	}
	return path, nil
}
