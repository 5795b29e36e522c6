package queue

import (
	"context"
	"database/sql"
	"slices"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"github.com/rolecall/rolecall/internal/store"
)

type driver = riverdriver.Driver[*sql.Tx]

// The topic and the payload by which River says that jobs were inserted.
const (
	insertTopic   = "river_insert"
	insertPayload = `{"queue": "default"}`
)

func newDriver(s *store.Store, n nudges) driver {
	if s.Dialect() == store.Postgres {
		return postgresDriver{riverdatabasesql.NewWithPgxListener(s.DB(), s.Listener())}
	}
	return sqliteDriver{riversqlite.New(s.DB()), n, s}
}

// postgresDriver is River's, but for [ended].
type postgresDriver struct{ *riverdatabasesql.Driver }

// GetExecutor implements River's Driver.
func (d postgresDriver) GetExecutor() riverdriver.Executor { return ended{d.Driver.GetExecutor()} }

// ended is River's executor, but that it does not look for jobs whose work is
// done: that took them away ([Queue.finish]).
type ended struct{ riverdriver.Executor }

func (e ended) JobSetStateIfRunningMany(ctx context.Context, p *riverdriver.JobSetStateIfRunningManyParams) ([]*rivertype.JobRow, error) {
	if !slices.ContainsFunc(p.State, func(s rivertype.JobState) bool { return s != rivertype.JobStateCompleted }) {
		return nil, nil
	}
	return e.Executor.JobSetStateIfRunningMany(ctx, p)
}

// nudges wakes the fetching of jobs in this process.
type nudges chan struct{}

func (n nudges) nudge() {
	select {
	case n <- struct{}{}:
	default: // one is waiting already
	}
}

// sqliteDriver is River's, but for how it learns of new jobs. River's own way
// writes each notification to a table that is polled every 50 ms; this process
// is alone with its file, so a channel does, at once and at no write.
type sqliteDriver struct {
	*riversqlite.Driver
	nudges nudges
	store  *store.Store
}

// GetExecutor implements River's Driver.
func (d sqliteDriver) GetExecutor() riverdriver.Executor {
	return fetcher{ended{d.Driver.GetExecutor()}, d}
}

// fetcher is River's executor, but that it does not wait for the disk when it
// takes jobs: that one was taken may be forgotten with the power, and is when
// the process starts again.
type fetcher struct {
	riverdriver.Executor
	driver sqliteDriver
}

func (f fetcher) JobGetAvailable(ctx context.Context, p *riverdriver.JobGetAvailableParams) (jobs *riverdriver.JobGetAvailableResult, err error) {
	err = f.driver.store.Unhurried(ctx, func(ctx context.Context, tx *store.Tx) error {
		jobs, err = f.driver.UnwrapExecutor(tx.Tx).JobGetAvailable(ctx, p)
		return err
	})
	return jobs, err
}

func (d sqliteDriver) SupportsListenNotify() bool { return false }

func (d sqliteDriver) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return listener{d.nudges}
}

// listener turns nudges into River's notifications.
type listener struct{ nudges nudges }

func (l listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.nudges:
		return &riverdriver.Notification{Topic: insertTopic, Payload: insertPayload}, nil
	}
}

func (listener) Close(context.Context) error            { return nil }
func (listener) Connect(context.Context) error          { return nil }
func (listener) Listen(context.Context, string) error   { return nil }
func (listener) Ping(context.Context) error             { return nil }
func (listener) Schema() string                         { return "" }
func (listener) SetAfterConnectExec(string)             {}
func (listener) Unlisten(context.Context, string) error { return nil }
