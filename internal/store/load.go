package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"sync"
	"time"
)

// loads are the counts of requests by owner and reviewer. To count them anew
// for each look would take longer the more pull requests an owner has, so they
// are counted once in a while, and what this process records in between is
// added.
type loads struct {
	mu      sync.Mutex
	owners  map[string]load
	changes int // how often something was added: a count that began before is not kept
}

type load struct {
	open, recent map[string]int
	until        time.Time // when it is counted anew
}

// How long a count is good for: on PostgreSQL other replicas ask people too.
// On SQLite there is none, and only the days go by.
const (
	loadAlone  = time.Minute
	loadShared = 2 * time.Second
)

// mostOwners bounds how many owners' counts are kept.
const mostOwners = 1000

// recently is how far back requests are counted.
const recently = 30 * 24 * time.Hour

// load counts the open requests of each reviewer in the owner's repositories,
// and those of the last 30 days. The maps are the caller's.
func (s *Store) load(ctx context.Context, owner string) (open, recent map[string]int, err error) {
	now := time.Now()
	s.loads.mu.Lock()
	known, changes := s.loads.owners[owner], s.loads.changes
	if now.Before(known.until) {
		defer s.loads.mu.Unlock()
		return maps.Clone(known.open), maps.Clone(known.recent), nil
	}
	s.loads.mu.Unlock()

	l := load{open: map[string]int{}, recent: map[string]int{}, until: now.Add(loadAlone)}
	if s.dialect == Postgres {
		l.until = now.Add(loadShared)
	}
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT reviewer, SUM(CASE WHEN until = 0 THEN 1 ELSE 0 END), SUM(CASE WHEN at >= ?2 THEN 1 ELSE 0 END)
		FROM review_requests WHERE owner = ?1 AND (until = 0 OR at >= ?2) GROUP BY reviewer`), owner, Micros(now.Add(-recently)))
	err = each(rows, err, func(rows *sql.Rows) error {
		var who string
		var open, recent int
		err := rows.Scan(&who, &open, &recent)
		l.open[who], l.recent[who] = open, recent
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("load of people: %w", err)
	}

	s.loads.mu.Lock()
	defer s.loads.mu.Unlock()
	if s.loads.changes == changes {
		if s.loads.owners == nil || len(s.loads.owners) >= mostOwners {
			s.loads.owners = map[string]load{}
		}
		s.loads.owners[owner] = l
	}
	return maps.Clone(l.open), maps.Clone(l.recent), nil
}

// asked adds what was recorded: who is asked now, and who no longer.
func (l *loads) asked(owner string, fresh []Asked, gone map[string]openRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	known, ok := l.owners[owner]
	if !ok {
		return
	}
	for _, a := range fresh {
		known.open[a.Who]++
		if time.Since(a.At) < recently {
			known.recent[a.Who]++
		}
	}
	for who := range gone {
		known.open[who]--
	}
}

// forget has everything counted anew.
func (l *loads) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	l.owners = nil
}
