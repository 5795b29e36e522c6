package replay

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Decided is one change of a history with the decision of each policy.
type Decided struct {
	Change    Change
	Title     string
	At        time.Time     // when its head was committed
	Author    fact.Person   // who opened it
	Reviewed  []fact.Person // whom its commits name as reviewers
	Decisions []policy.Decision
	// Error says why the change could not be read; "" where it was.
	Error string
}

// Backtest is the replay of policies over a history.
type Backtest struct {
	Repository *Repository
	Options    Options
	Policies   []*policy.Policy // at least one
	// People says who holds a policy's roles at a change's time.
	People  func(*policy.Policy, fact.Pull) fact.Roster
	Branch  string // that the changes go to
	Tip     string // SHA of its newest commit; "" where it is not known
	Workers int    // at least one
}

// window is how many changes may be underway for each worker, so that what is
// remembered does not grow with the history.
const window = 16

// Run decides on every change that list yields, on all workers, and hands them
// on in the order of the list.
func (b *Backtest) Run(ctx context.Context, list func(yield func(Change) error) error, each func(Decided) error) error {
	g, ctx := errgroup.WithContext(ctx)
	options := b.Options
	options.Memory = new(analyse.Memory)
	lineage := sync.OnceValue(func() *lineage {
		if b.Tip == "" {
			return nil
		}
		l, err := b.Repository.lineage(ctx, b.Tip)
		if err != nil {
			return nil // git says what is wrong when it is asked for a change
		}
		return l
	})
	type job struct {
		n int
		Change
	}
	jobs := make(chan job)
	room := make(chan struct{}, window*b.Workers)
	var mu sync.Mutex
	waiting := make(map[int]Decided)
	next := 0
	var stop error // what each said last

	g.Go(func() error {
		defer close(jobs)
		n := 0
		return list(func(c Change) error {
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			c.Branch = b.Branch
			select {
			case jobs <- job{n, c}:
			case <-ctx.Done():
				return ctx.Err()
			}
			n++
			return nil
		})
	})
	for range b.Workers {
		g.Go(func() error {
			reader, err := b.Repository.Reader(ctx, options)
			if err != nil {
				return err
			}
			defer func() { reader.Close() }()
			reader.lineage = lineage
			for j := range jobs {
				done, err := b.decide(reader, j.Change)
				if err != nil {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					done = Decided{Change: j.Change, Error: err.Error()}
					// A process that failed does not answer any more.
					reader.Close()
					if reader, err = b.Repository.Reader(ctx, options); err != nil {
						return err
					}
					reader.lineage = lineage
				}
				mu.Lock()
				waiting[j.n] = done
				for stop == nil {
					d, ok := waiting[next]
					if !ok {
						break
					}
					delete(waiting, next)
					next++
					<-room
					stop = each(d)
				}
				err = stop
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// decide reads a change once for all policies.
func (b *Backtest) decide(r *Reader, c Change) (Decided, error) {
	pull, reviewed, err := r.pull(c)
	if err != nil {
		return Decided{}, err
	}
	var names []string
	for _, p := range b.Policies {
		names = append(names, p.Needs().Names...)
	}
	slices.Sort(names)
	if err := r.Find(&pull, slices.Compact(names)); err != nil {
		return Decided{}, err
	}
	d := Decided{Change: c, Title: pull.Title, At: pull.Now, Author: pull.Author, Reviewed: reviewed}
	for _, p := range b.Policies {
		pull.Roster = b.People(p, pull)
		d.Decisions = append(d.Decisions, TeamsUnread(p.Evaluate(pull)))
	}
	return d, nil
}
