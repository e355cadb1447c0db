package train_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train"
)

// heap returns the bytes that are in use after a garbage collection.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// resident returns the bytes of memory that the process occupies, or 0 where nobody
// tells.
var resident = func() (bytes int) {
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, pages int
	if _, err := fmt.Sscan(string(statm), &total, &pages); err != nil {
		return 0
	}
	return pages * os.Getpagesize()
}

// usage is what a process takes.
type usage struct{ heap, resident, routines int }

// TestSoak trains for 300 steps, or 10,000 if IMPASTO_LONG is set, with all that
// belongs to a run, and compares the memory in the second tenth of them with that in
// the last: the least of ten readings, because what the runtime keeps for a while
// comes and goes.
func TestSoak(t *testing.T) {
	steps := 300
	if need.Long() {
		steps = 10_000
	}
	most := usage{math.MaxInt, math.MaxInt, math.MaxInt}
	then, now := most, most
	cfg := inFolder(t.TempDir())
	cfg.Epochs, cfg.Steps = steps, steps
	cfg.Events.OnStep = func(e *train.StepEvent) {
		tenth := (e.Step - 1) * 10 / steps
		if e.Step%(steps/100) != 0 || tenth != 1 && tenth != 9 {
			return
		}
		u := &then
		if tenth == 9 {
			u = &now
		}
		*u = usage{min(u.heap, heap()), min(u.resident, resident()), min(u.routines, runtime.NumGoroutine())}
	}
	run(t, newCPU(t), cfg)
	t.Logf("%d steps: heap %.2f -> %.2f MB, resident %.2f -> %.2f MB, %d -> %d goroutines", steps,
		float64(then.heap)/1e6, float64(now.heap)/1e6, float64(then.resident)/1e6, float64(now.resident)/1e6, then.routines, now.routines)
	require.Less(t, float64(now.heap), 1.05*float64(then.heap))
	// Stacks of threads and pages that the collector has not given back yet come and
	// go by some megabytes, which are a tenth of a small process. A leak of 30 kB a
	// step is more than that.
	require.LessOrEqual(t, float64(now.resident), 1.05*float64(then.resident)+8e6)
	require.LessOrEqual(t, now.routines, then.routines)
}

// TestCancelLeaksNothing cancels runs at random moments.
func TestCancelLeaksNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		be := tensor.CPU()
		cfg := small()
		cfg.Epochs = 1 << 20
		trainer := newTrainer(t, be, cfg, 1)
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rng.IntN(20_000))*time.Microsecond)
		require.ErrorIs(t, trainer.Train(ctx), context.DeadlineExceeded)
		cancel()
		require.NoError(t, be.Close())
	}
	for end := time.Now().Add(5 * time.Minute); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
