package github

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rolecall/rolecall/policy/fact"
)

// defaultCache is how much the caches hold, in bytes, where nobody says.
const defaultCache = 32 << 20

// What one of these takes, about, beside the strings that its key shares.
const (
	entrySize = 400
	headSize  = 300
)

// cache holds immutable objects: its keys name them by SHA, and it only saves
// calls. Comparisons and entries are kept for each
// installation and repository, so that what one may read never answers
// another.
type cache struct {
	compares *sized[compareKey, Comparison]
	heads    *lru.Cache[headKey, struct{}] // heads that were compared with some base
	entries  *lru.Cache[entryKey, fact.Entry]
	blobs    *sized[blobKey, []byte]
	dirs     *sized[entryKey, []treeEntry]
}

type scope struct {
	installation int64
	owner, repo  string // lower case
}

type compareKey struct {
	scope
	base, head string
}

type headKey struct {
	scope
	sha string
}

type entryKey struct {
	scope
	commit, path string
}

type blobKey struct {
	scope
	sha string
}

// newCache returns caches that hold about so many bytes in all.
func newCache(size int) *cache {
	eighth := size / 8
	return &cache{
		compares: newSized[compareKey, Comparison](3 * eighth),
		blobs:    newSized[blobKey, []byte](3 * eighth),
		dirs:     newSized[entryKey, []treeEntry](eighth / 2),
		entries:  mustLRU[entryKey, fact.Entry](max(1, eighth/entrySize)),
		heads:    mustLRU[headKey, struct{}](max(1, eighth/2/headSize)),
	}
}

func mustLRU[K comparable, V any](n int) *lru.Cache[K, V] {
	c, err := lru.New[K, V](n)
	if err != nil {
		panic(err) // n is above zero
	}
	return c
}

// sized is a least-recently-used cache bounded by the size of its values.
type sized[K comparable, V any] struct {
	mu    sync.Mutex
	max   int
	total int
	lru   *lru.Cache[K, sizedValue[V]]
}

type sizedValue[V any] struct {
	value V
	size  int
}

func newSized[K comparable, V any](limit int) *sized[K, V] {
	s := &sized[K, V]{max: limit}
	c, err := lru.NewWithEvict(1<<20, func(_ K, v sizedValue[V]) { s.total -= v.size })
	if err != nil {
		panic(err) // the size is a constant
	}
	s.lru = c
	return s
}

func (s *sized[K, V]) get(k K) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.lru.Get(k)
	return v.value, ok
}

// put keeps v, which takes size bytes, unless it is larger than a third of
// the whole.
func (s *sized[K, V]) put(k K, v V, size int) {
	if size > s.max/3 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lru.Remove(k)
	s.lru.Add(k, sizedValue[V]{v, size})
	s.total += size
	for s.total > s.max && s.lru.Len() > 0 {
		s.lru.RemoveOldest()
	}
}
