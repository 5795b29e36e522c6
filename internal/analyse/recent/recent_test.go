package recent_test

import (
	"sync"
	"testing"

	"github.com/rolecall/rolecall/internal/analyse/recent"
)

func TestWhatIsUsedStaysAndWhatIsNotGoes(t *testing.T) {
	const room = 100
	var c recent.Cache[int, string]
	c.Put(-1, "used", 10, room)
	c.Put(-2, "unused", 10, room)
	for i := range 100 {
		if got, ok := c.Get(-1); !ok || got != "used" {
			t.Fatalf("after %d: %q, %t", i, got, ok)
		}
		c.Put(i, "", 10, room)
	}
	if _, ok := c.Get(-2); ok {
		t.Error("what nobody used is still there")
	}
	kept := 0
	for i := range 100 {
		if _, ok := c.Get(i); ok {
			kept++
		}
	}
	if kept == 0 || kept > 2*(room/10+1) {
		t.Errorf("%d of 100 values are kept", kept)
	}
}

func TestAValueThatIsPutAgainCostsOnce(t *testing.T) {
	var c recent.Cache[int, int]
	for i := range 1000 {
		c.Put(1, i, 10, 50)
		c.Put(2, i, 10, 50)
	}
	for _, key := range []int{1, 2} {
		if got, ok := c.Get(key); !ok || got != 999 {
			t.Errorf("%d: %d, %t", key, got, ok)
		}
	}
}

func TestManyMayUseIt(t *testing.T) {
	var c recent.Cache[int, int]
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 1000 {
				if got, ok := c.Get(i % 50); ok && got != i%50 {
					t.Errorf("%d is kept under %d", got, i%50)
				}
				c.Put(i%50, i%50, 1, 10)
			}
		})
	}
	all.Wait()
}
