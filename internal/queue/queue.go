package queue

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/rolecall/rolecall/internal/store"
)

// Next says what is to follow an examination that succeeded.
type Next struct {
	// At is when to look again although no event came; zero: only on events.
	// An event that comes earlier has the look taken at once.
	At time.Time
}

// Options shape a Queue.
type Options struct {
	// Handle examines a target. It is never called for the same target twice
	// at once, and it is called again for each wish that came while it ran.
	// After an error it is called again, later and later; an error with a
	// method RetryAt() time.Time, anywhere in its tree, says when. A worker that
	// finds at its end that the target was given to another has it examined
	// once more.
	Handle func(context.Context, Target) (Next, error)
	// Workers is how many targets are examined at once in this process; 0
	// means 32.
	Workers int
	// Timeout is how long Handle may take before its context ends, and Grace
	// how much longer before its job is given to another worker; 0 means one
	// minute and 10 seconds.
	Timeout, Grace time.Duration
	// DeadAfter is how long another replica may give no sign of life before
	// its jobs are taken over; 0 means 10 seconds.
	DeadAfter time.Duration
	// Verify is how long after a take-over the target is examined once more,
	// since the lost worker may have sent a request that is still under way:
	// at least the time-out of requests to GitHub; 0 means 30 seconds. The same
	// holds after an error with a method Pending() bool that returns true,
	// anywhere in its tree.
	Verify time.Duration
	// Chores is the work in the background, by the kind that the store knows
	// it by.
	Chores map[string]Chore
	// Sharers, where set, is told how many replicas are alive whenever that
	// changes.
	Sharers func(int)
	// Periodic is work in the background, each of another name.
	Periodic []Periodic
	// Metrics and Logger may be nil.
	Metrics prometheus.Registerer
	Logger  *slog.Logger
}

// Queue is the durable list of what is to be examined, and the workers that do.
type Queue struct {
	o       Options
	store   *store.Store
	log     *slog.Logger
	metrics metrics
	client  *river.Client[*sql.Tx]
	driver  driver
	nudges  nudges
	id      string // of this replica

	mu       sync.Mutex
	stopping bool
	runs     map[int64]context.CancelCauseFunc // by job
	stop     context.CancelFunc                // ends the keeper
	kept     chan struct{}                     // closed when it has
	repeats  sync.WaitGroup                    // of periodic work
}

// New prepares the queue in the store's database. Nothing is examined before
// [Queue.Start]; wishes are taken at once.
func New(ctx context.Context, s *store.Store, o Options) (*Queue, error) {
	o.Workers = cmp.Or(o.Workers, 32)
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.Grace = cmp.Or(o.Grace, 10*time.Second)
	o.DeadAfter = cmp.Or(o.DeadAfter, 10*time.Second)
	o.Verify = cmp.Or(o.Verify, 30*time.Second)
	names := map[string]bool{choresWork: true}
	for _, p := range o.Periodic {
		if p.Name == "" || p.Every <= 0 || p.Run == nil || names[p.Name] {
			return nil, fmt.Errorf("queue: periodic work %q needs a name of its own, an interval and a Run", p.Name)
		}
		names[p.Name] = true
	}
	q := &Queue{
		o: o, store: s, log: o.Logger, metrics: newMetrics(o.Metrics),
		nudges: make(nudges, 1), runs: map[int64]context.CancelCauseFunc{},
	}
	if q.log == nil {
		q.log = slog.New(slog.DiscardHandler)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	q.id = fmt.Sprintf("%.60s-%d-%d", host, os.Getpid(), time.Now().UnixNano())
	q.driver = newDriver(s, q.nudges)
	if err := s.Exclusively(ctx, q.migrate); err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{q: q})
	q.client, err = river.NewClient(q.driver, &river.Config{
		ID:      q.id,
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Workers}},
		Workers: workers,
		Logger:  slog.New(quiet{q.log.Handler()}),
		// The cool-down is latency: a wish that comes just after a fetch waits
		// it out. The poll is the net below the notifications.
		FetchCooldown:     time.Millisecond,
		FetchPollInterval: 100 * time.Millisecond,
		// The worker bounds its own time, and the keeper rescues: River's
		// rescuer runs only twice a minute, and gives the very row of a lost
		// worker to the next, so that the first, should it wake, would end
		// the second's job.
		JobTimeout:                  -1,
		MaxAttempts:                 1000,
		RetryPolicy:                 retries{},
		CancelledJobRetentionPeriod: time.Minute,
	})
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	return q, nil
}

func (q *Queue) migrate(ctx context.Context) error {
	d := riverDriver(q.driver)
	m, err := rivermigrate.New(d, &rivermigrate.Config{Logger: slog.New(quiet{q.log.Handler()})})
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// riverDriver is River's own driver.
func riverDriver(d driver) driver {
	switch own := d.(type) {
	case sqliteDriver:
		return own.Driver
	case postgresDriver:
		return own.Driver
	}
	return d
}

// retries is for what River itself has to try again: only a worker that could
// not even record its own end.
type retries struct{}

func (retries) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(backoff(max(1, job.Attempt)))
}

// Add wishes the targets examined; it returns when the wish is durable.
func (q *Queue) Add(ctx context.Context, targets ...Target) error {
	return q.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return q.Enqueue(ctx, tx, targets...) })
}

// Enqueue is [Queue.Add] within a transaction, so that the wish stands exactly
// when the transaction's other effects do.
//
// A wish is counted on the look's row before its unique job is inserted: the
// insertion is a no-op while a job for the same target waits or runs, and a
// running one finds the count changed when it ends.
func (q *Queue) Enqueue(ctx context.Context, tx *store.Tx, targets ...Target) error {
	// In one order, so that two transactions never wait for each other.
	targets = slices.Clone(targets)
	slices.SortStableFunc(targets, func(a, b Target) int { return cmp.Compare(a.key(), b.key()) })
	for _, t := range targets {
		if err := t.Check(); err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
		key := t.key()
		turn, hold, err := tx.WishLook(ctx, t.look())
		if err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
		if t.Delivery != "" {
			if err := tx.DeliveryAwaits(ctx, t.Delivery, key, turn); err != nil {
				return fmt.Errorf("enqueue: %w", err)
			}
		}
		if err := q.insert(ctx, tx, t.priority(), key, time.Time{}, hold); err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
	}
	return q.announce(ctx, tx)
}

// insert makes the job of the key, to be run at the given time (zero: at
// once), or has the one that waits for a later time run at once unless it is
// on hold, and in its turn by the better priority of the two.
func (q *Queue) insert(ctx context.Context, tx *store.Tx, priority int, key string, at, hold time.Time) error {
	r, err := q.client.InsertTx(ctx, tx.Tx, args{Key: key}, &river.InsertOpts{Priority: priority, ScheduledAt: at})
	if err != nil {
		return fmt.Errorf("insert job: %w", err)
	}
	if !r.UniqueSkippedAsDuplicate || r.Job.State == rivertype.JobStateRunning {
		return nil
	}
	if r.Job.Priority > priority {
		_, err := tx.ExecContext(ctx, q.store.Query(`UPDATE river_job SET priority = ?1 WHERE id = ?2 AND priority > ?1`), priority, r.Job.ID)
		if err != nil {
			return fmt.Errorf("advance job: %w", err)
		}
	}
	now := time.Now()
	if r.Job.ScheduledAt.After(now) && !hold.After(now) {
		if _, err := q.client.JobRetryTx(ctx, tx.Tx, r.Job.ID); err != nil {
			return fmt.Errorf("advance job: %w", err)
		}
	}
	return nil
}

// announce has the workers fetch once the transaction is committed. River
// announces too, but at most once a millisecond, and what it leaves out would
// wait for the poll.
func (q *Queue) announce(ctx context.Context, tx *store.Tx) error {
	tx.OnCommit(q.nudges.nudge)
	if q.store.Dialect() != store.Postgres {
		return nil
	}
	err := q.driver.UnwrapExecutor(tx.Tx).NotifyMany(ctx, &riverdriver.NotifyManyParams{Topic: insertTopic, Payload: []string{insertPayload}})
	if err != nil {
		return fmt.Errorf("announce job: %w", err)
	}
	return nil
}

// Start has the workers begin. Cancelling ctx afterwards has no effect: call
// [Queue.Stop].
func (q *Queue) Start(ctx context.Context) error {
	if q.o.Handle == nil {
		return errors.New("start queue: nothing handles its targets")
	}
	// The first sign of life comes before the first job, and whatever a former
	// life of this process left behind is freed before anything is fetched.
	if err := q.begin(ctx); err != nil {
		return fmt.Errorf("start queue: %w", err)
	}
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start queue: %w", err)
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	q.stop, q.kept = stop, make(chan struct{})
	go q.keep(keep)
	periodic := q.o.Periodic
	if len(q.o.Chores) > 0 {
		periodic = append([]Periodic{q.chores()}, periodic...)
	}
	for _, p := range periodic {
		q.repeats.Add(1)
		go q.repeat(keep, p)
	}
	return nil
}

// goodbye is how long a database that does not answer is waited for at the
// end: what could not be recorded is found by whoever starts next.
const goodbye = 2 * time.Second

// Stop takes no more, waits for what runs, and once ctx is done interrupts
// that and gives it back; it returns when nothing of the queue runs any more,
// or soon after where the database does not answer. Only the first call does
// anything; a queue that was not started has nothing to stop.
func (q *Queue) Stop(ctx context.Context) error {
	if q.stop == nil {
		return nil
	}
	q.mu.Lock()
	again := q.stopping
	q.stopping = true
	q.mu.Unlock()
	if again {
		return nil
	}
	last := q.o.Grace
	if err := q.answers(ctx); err != nil {
		// Nothing that ends now could be recorded.
		q.log.Error("the database does not answer at the stop", "error", err)
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		cancel()
		last = min(last, goodbye)
	}
	err := q.client.Stop(ctx)
	if ctx.Err() != nil {
		// Handlers that heed their context end at once; one that does not is
		// left behind after the grace.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), last)
		defer cancel()
		err = q.client.StopAndCancel(last)
	}
	q.stop()
	ended := make(chan error, 1)
	go func() {
		<-q.kept
		q.repeats.Wait()
		if err != nil {
			ended <- err
			return
		}
		ended <- q.store.Ended(context.WithoutCancel(ctx), q.id)
	}()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("stop queue: %w", err)
		}
		return nil
	case <-time.After(max(last, goodbye)):
		return errors.New("stop queue: the database does not answer")
	}
}

// Stopped is closed once nothing of a queue that was started runs any more:
// where the database did not answer, some seconds after [Queue.Stop] returned.
func (q *Queue) Stopped() <-chan struct{} { return q.client.Stopped() }

// answers reports whether the database does, within the time for a goodbye.
func (q *Queue) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	return q.store.Ready(ctx)
}

var errLost = errors.New("the job was given to another worker")
