// Package analysetest holds what the tests of the analyses share. It must
// never be imported by anything but tests.
package analysetest

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// most is what one file, however nasty, may take while it is analysed.
const most = 100 << 20

// Bounded runs analyse and holds it to 100 MB of memory beyond what was in use,
// and to a time that only what is not bounded takes: how fast it is,
// benchmarks say.
func Bounded(t *testing.T, analyse func()) {
	t.Helper()
	// Collect early, so that what is in use is what is needed.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var highest uint64
		for {
			select {
			case <-stop:
				peak <- highest
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&after)
				highest = max(highest, after.HeapInuse+after.StackInuse)
			}
		}
	}()
	start := time.Now()
	analyse()
	took := time.Since(start)
	close(stop)
	used := max(0, int64(<-peak)-int64(before.HeapInuse+before.StackInuse))
	if used > most {
		t.Errorf("took %d MB", used>>20)
	}
	if took > 20*time.Second {
		t.Errorf("took %s", took)
	}
	t.Logf("%s, %d MB", took.Round(time.Millisecond), used>>20)
}
