package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Tx is a write transaction.
type Tx struct {
	*sql.Tx
	s     *Store
	after []func()
}

// OnCommit has f called once the transaction is durable; never when it is not.
func (t *Tx) OnCommit(f func()) { t.after = append(t.after, f) }

// Write runs f in one transaction, and returns when that is durable or
// undone. f gets a context that is not cancelled with ctx, since a statement cut
// short would take its neighbours' work with it; it may be run again after an
// undone attempt, so it must have no effects but on the transaction; and it
// must not wait for anything but the database.
//
// On SQLite, writes that wait for one another are committed together, each
// behind a savepoint of its own, and so share one flush to the disk.
func (s *Store) Write(ctx context.Context, f func(context.Context, *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.dialect == SQLite {
		return s.group.do(s, &member{ctx: context.WithoutCancel(ctx), f: f, done: make(chan struct{})})
	}
	const attempts = 5
	for n := 1; ; n++ {
		err := s.alone(ctx, f)
		if n == attempts || !conflicts(err) {
			return err
		}
	}
}

// Unhurried is [Store.Write] for what may be undone should the machine lose its
// power, though not when the process is killed: on SQLite it does not wait for
// the disk, and joins no other write.
func (s *Store) Unhurried(ctx context.Context, f func(context.Context, *Tx) error) (err error) {
	if s.dialect != SQLite {
		return s.Write(ctx, f)
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx = context.WithoutCancel(ctx)
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous=NORMAL"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if _, full := conn.ExecContext(ctx, "PRAGMA synchronous=FULL"); full != nil { // it may serve nobody else
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	m := &member{ctx: ctx, f: f}
	if err := together(s, conn, []*member{m}); err != nil {
		return err
	}
	if m.panic != nil {
		panic(m.panic)
	}
	if m.err != nil {
		return m.err
	}
	for _, f := range m.after {
		f()
	}
	return nil
}

// conflicts reports whether PostgreSQL undid a transaction only because of
// another one.
func conflicts(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// answersWithin is how long PostgreSQL may take for a transaction: a connection
// that is cut off without a word would be waited for until the kernel gives it
// up, after a quarter of an hour.
const answersWithin = time.Minute

func (s *Store) alone(ctx context.Context, f func(context.Context, *Tx) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answersWithin)
	defer cancel()
	sqlTx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = sqlTx.Rollback() }()
	tx := &Tx{Tx: sqlTx, s: s}
	if err := f(ctx, tx); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// group collects the writes that wait, and commits them together.
type group struct {
	mu      sync.Mutex
	waiting []*member
	busy    bool // somebody is committing
}

type member struct {
	ctx   context.Context
	f     func(context.Context, *Tx) error
	after []func()
	err   error
	panic any
	done  chan struct{}
}

// batch bounds how many writes share a commit, and so how long the first of
// them waits for the others.
const batch = 64

func (g *group) do(s *Store, m *member) error {
	g.mu.Lock()
	g.waiting = append(g.waiting, m)
	if !g.busy {
		g.busy = true
		go g.drain(s)
	}
	g.mu.Unlock()
	<-m.done
	if m.panic != nil {
		panic(m.panic)
	}
	return m.err
}

func (g *group) drain(s *Store) {
	for {
		// The connection first: whoever comes while we wait for it joins in.
		conn, err := s.db.Conn(context.Background())
		g.mu.Lock()
		n := min(len(g.waiting), batch)
		members := g.waiting[:n:n]
		g.waiting = g.waiting[n:]
		if n == 0 {
			g.waiting, g.busy = nil, false
		}
		g.mu.Unlock()
		switch {
		case n == 0:
		case err != nil:
			for _, m := range members {
				m.err = fmt.Errorf("begin: %w", err)
			}
		case together(s, conn, members) != nil && n > 1:
			// One of them spoiled the transaction for all: each by itself.
			for _, m := range members {
				m.after, m.panic = nil, nil
				_ = together(s, conn, []*member{m}) // kept in m.err
			}
		}
		if err == nil {
			_ = conn.Close()
		}
		if n == 0 {
			return
		}
		for _, m := range members {
			if m.err == nil && m.panic == nil {
				for _, f := range m.after {
					f()
				}
			}
			close(m.done)
		}
	}
}

// together commits the members' writes as one. An error means that nothing of
// any was committed; a member whose own f failed has its error set, and only
// its own part is undone.
func together(s *Store, conn *sql.Conn, members []*member) (err error) {
	ctx := context.Background()
	tx, err := conn.BeginTx(ctx, nil)
	defer func() {
		if err != nil {
			if tx != nil {
				_ = tx.Rollback()
			}
			for _, m := range members {
				if m.err == nil {
					m.err = err
				}
			}
		}
	}()
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if len(members) == 1 { // it is undone as a whole, if it is
		m, t := members[0], &Tx{Tx: tx, s: s}
		m.err = nil
		m.run(t)
		m.after = t.after
		if m.err != nil || m.panic != nil {
			return tx.Rollback()
		}
		return commit(tx)
	}
	for _, m := range members {
		m.err = nil
		if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
			return fmt.Errorf("savepoint: %w", err)
		}
		t := &Tx{Tx: tx, s: s}
		m.run(t)
		m.after = t.after
		if m.err != nil || m.panic != nil {
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO one"); err != nil {
				return fmt.Errorf("savepoint: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, "RELEASE one"); err != nil {
			return fmt.Errorf("savepoint: %w", err)
		}
	}
	return commit(tx)
}

func commit(tx *sql.Tx) error {
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// run keeps a panic of f for the goroutine that asked for it.
func (m *member) run(t *Tx) {
	defer func() { m.panic = recover() }()
	m.err = m.f(m.ctx, t)
}
