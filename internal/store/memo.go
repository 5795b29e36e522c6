package store

import (
	"sync"
	"time"
)

// memo remembers for a while what the database is known to hold, so that it is
// not asked, or told, at every look. Where it is wrong, something is recorded a
// little later, or once more.
type memo struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// mostMemos bounds what is remembered.
const mostMemos = 20_000

func (m *memo) holds(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Before(m.until[key])
}

func (m *memo) keep(key string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.until == nil || len(m.until) >= mostMemos {
		m.until = map[string]time.Time{}
	}
	m.until[key] = time.Now().Add(d)
}

func (m *memo) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.until, key)
}
