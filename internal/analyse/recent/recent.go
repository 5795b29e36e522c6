// Package recent keeps what was used not long ago, within a bound, for those
// who would make the same again. It must never be the only place of anything:
// what it holds can go at any moment.
package recent

import "sync"

// Cache keeps values by their keys. What was not used while as much again was
// put in goes first. The zero Cache is empty, and safe for concurrent use;
// whoever gets a value shares it.
type Cache[K comparable, V any] struct {
	mu         sync.Mutex
	young, old map[K]entry[V]
	cost       int // of young
}

type entry[V any] struct {
	value V
	cost  int
}

// Get returns what is kept under a key.
func (c *Cache[K, V]) Get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.young[key]
	if !ok {
		if e, ok = c.old[key]; ok {
			delete(c.old, key)
			c.young[key] = e
			c.cost += e.cost
		}
	}
	return e.value, ok
}

// Put keeps a value of some cost, of which all that is kept together has at
// most twice the room, and the last value's cost on top.
func (c *Cache[K, V]) Put(key K, value V, cost, room int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || c.cost > room {
		c.young, c.old, c.cost = map[K]entry[V]{}, c.young, 0
	}
	c.cost += cost - c.young[key].cost
	c.young[key] = entry[V]{value, cost}
}
