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

// openFiles returns how many the process has, or 0 where nobody tells.
func openFiles() int {
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

// usage is what a process takes.
type usage struct{ heap, resident, routines, files int }

// TestSoak trains for 300 steps, or 10,000 if IMPASTO_LONG is set, with all that
// belongs to a run, and compares what it takes in the second tenth of them with that in
// the last: the least of ten readings, because what the runtime keeps for a while
// comes and goes.
func TestSoak(t *testing.T) {
	steps := 300
	if need.Long() {
		steps = 10_000
	}
	most := usage{math.MaxInt, math.MaxInt, math.MaxInt, math.MaxInt}
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
		*u = usage{min(u.heap, heap()), min(u.resident, resident()), min(u.routines, runtime.NumGoroutine()), min(u.files, openFiles())}
	}
	run(t, newCPU(t), cfg)
	t.Logf("%d steps: heap %.2f -> %.2f MB, resident %.2f -> %.2f MB, %d -> %d goroutines, %d -> %d files", steps,
		float64(then.heap)/1e6, float64(now.heap)/1e6, float64(then.resident)/1e6, float64(now.resident)/1e6, then.routines, now.routines, then.files, now.files)
	require.Less(t, float64(now.heap), 1.05*float64(then.heap))
	// Some are there for a moment only. A leak with every state that is saved is more.
	require.LessOrEqual(t, now.routines, then.routines+8)
	require.LessOrEqual(t, now.files, then.files+8)
	// What the system counts comes and goes by tens of megabytes, with stacks of threads
	// and pages that it has not taken back yet. In a long run a leak of 10 kB a step is
	// more than that.
	if need.Long() {
		require.LessOrEqual(t, float64(now.resident), float64(then.resident)+64e6)
	}
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
