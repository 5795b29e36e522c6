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
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a PostgreSQL server that was started here.
type Cluster struct {
	dir  string // of its socket and its data
	attr *syscall.SysProcAttr
	cmd  *exec.Cmd
	log  bytes.Buffer
	done chan struct{} // closed once it has ended

	mu   sync.Mutex
	next int
}

// shared is the server of this test binary.
var shared struct {
	once    sync.Once
	err     error
	cluster *Cluster
}

// database makes a new database in the server of the test binary.
func database(ctx context.Context) (string, error) {
	shared.once.Do(func() { shared.cluster, shared.err = newCluster(ctx) })
	if shared.err != nil {
		return "", shared.err
	}
	return shared.cluster.database(ctx)
}

func (c *Cluster) database(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	name := fmt.Sprintf("test%d", c.next)
	conn, err := pgx.Connect(ctx, c.address("postgres"))
	if err != nil {
		return "", fmt.Errorf("PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", fmt.Errorf("PostgreSQL: %w", err)
	}
	return c.address(name), nil
}

// address is the URL of a database, over a socket that only this user and the
// server's reach.
func (c *Cluster) address(name string) string {
	q := url.Values{"host": {c.dir}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + name + "?" + q.Encode()
}

// newCluster makes and starts a server. What it returns beside an error may have
// begun to be, and is to be ended too.
func newCluster(ctx context.Context) (*Cluster, error) {
	c := &Cluster{}
	initdb, err := program("initdb")
	if err != nil {
		return c, err
	}
	c.dir, err = os.MkdirTemp("", "rolecall-pg")
	if err != nil {
		return c, err
	}
	if c.attr, err = attributes(c.dir); err != nil {
		return c, err
	}
	cmd := exec.CommandContext(context.Background(), initdb, "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	cmd.Dir, cmd.SysProcAttr = c.dir, c.attr
	if out, err := cmd.CombinedOutput(); err != nil {
		return c, fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return c, c.Start(ctx)
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// Start starts a server that does not run, and waits until it answers.
func (c *Cluster) Start(ctx context.Context) error {
	postgres, err := program("postgres")
	if err != nil {
		return err
	}
	fsync := "off"
	if os.Getenv("ROLECALL_POSTGRES_FSYNC") != "" { // for figures that mean something
		fsync = "on"
	}
	c.log.Reset()
	c.cmd = exec.CommandContext(context.Background(), postgres, "-D", c.data(), "-k", c.dir, "-h", "", "-c", "fsync="+fsync, "-c", "max_connections=200", "-c", "shared_buffers=64MB")
	c.cmd.Dir, c.cmd.SysProcAttr = c.dir, c.attr
	c.cmd.Stderr = &c.log
	c.done = make(chan struct{})
	started := make(chan error, 1)
	go func() {
		// The server is to end with the thread that started it, see
		// attributes; so the thread is kept until it has.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			_ = c.cmd.Wait()
		}
		close(c.done)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		conn, err := pgx.Connect(ctx, c.address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-c.done:
			return fmt.Errorf("postgres ended: %s", bytes.TrimSpace(c.log.Bytes()))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}

// Stop ends the server and waits until it has: with os.Interrupt orderly, after
// the transactions in hand were undone; with syscall.SIGQUIT at once, so that it
// has to recover when it starts.
func (c *Cluster) Stop(how os.Signal) {
	if c.cmd != nil && c.cmd.Process != nil {
		_ = c.cmd.Process.Signal(how)
		<-c.done
	}
}

// end stops the server, if it was started, and removes its files.
func (c *Cluster) end() {
	c.Stop(os.Interrupt)
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
}

// stop ends the server of this test binary, if there is one.
func stop() {
	if shared.cluster != nil {
		shared.cluster.end()
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
