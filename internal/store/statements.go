package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// statements is a connector whose connections keep their prepared statements.
// database/sql prepares anew for each query, and parsing was more than half of
// all the work on SQLite.
type statements struct{ driver.Connector }

// Connect implements driver.Connector.
func (c statements) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := inner.(sqliteConn)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver lacks an interface"), inner.Close())
	}
	return &keepingConn{sqliteConn: conn, kept: map[string]*keptStmt{}}, nil
}

// sqliteConn is what the driver's connections implement.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// mostStatements bounds the statements that a connection keeps: more than the
// program has.
const mostStatements = 256

type keepingConn struct {
	sqliteConn
	kept map[string]*keptStmt
}

type keptStmt struct {
	driver.Stmt
	busy bool // rows of it are open
}

// Unwrap lets the driver's own functions reach its connection.
func (c *keepingConn) Unwrap() driver.Conn { return c.sqliteConn }

// Close implements driver.Conn.
func (c *keepingConn) Close() error {
	c.forget()
	return c.sqliteConn.Close()
}

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &keptRows{rows, s}, nil
}

type keptRows struct {
	driver.Rows
	s *keptStmt
}

// Close implements driver.Rows.
func (r *keptRows) Close() error {
	r.s.busy = false
	return r.Rows.Close()
}

// statement returns the kept statement for the query; nil where it is not one
// to keep, or is in use.
func (c *keepingConn) statement(ctx context.Context, query string) (*keptStmt, error) {
	if s, ok := c.kept[query]; ok {
		if s.busy {
			return nil, nil
		}
		return s, nil
	}
	if !keeps(query) {
		return nil, nil
	}
	if len(c.kept) >= mostStatements {
		c.forget()
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	_, execs := stmt.(driver.StmtExecContext)
	_, queries := stmt.(driver.StmtQueryContext)
	if !execs || !queries {
		return nil, stmt.Close()
	}
	s := &keptStmt{Stmt: stmt}
	c.kept[query] = s
	return s, nil
}

// forget closes the statements that are not in use.
func (c *keepingConn) forget() {
	for query, s := range c.kept {
		if !s.busy {
			_ = s.Close()
			delete(c.kept, query)
		}
	}
}

// keeps reports whether the query is of the kinds that come again and again;
// River's begin with a comment that names them.
func keeps(query string) bool {
	query = strings.TrimLeft(query, " \t\n")
	for _, start := range []string{"-- name: ", "SELECT", "INSERT", "UPDATE", "DELETE", "SAVEPOINT", "RELEASE", "ROLLBACK TO"} {
		if strings.HasPrefix(query, start) {
			return true
		}
	}
	return false
}
