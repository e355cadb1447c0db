package train_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train"
)

// heap returns the bytes that are in use after a garbage collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// resident returns the bytes of memory that the process occupies, or 0 where the
// system does not tell.
func resident() (bytes int) {
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

// TestSoak trains for 300 steps, or 10,000 if IMPASTO_LONG is set, with all that
// belongs to a run, and compares the memory after a tenth with that at the end.
func TestSoak(t *testing.T) {
	steps := 300
	if os.Getenv("IMPASTO_LONG") != "" {
		steps = 10_000
	}
	var heapThen, heapNow uint64
	var residentThen, residentNow, routinesThen, routinesNow int
	cfg := inFolder(t.TempDir())
	cfg.Epochs, cfg.Steps = steps, steps
	cfg.Events.OnStep = func(e *train.StepEvent) {
		switch e.Step {
		case steps / 10:
			heapThen, residentThen, routinesThen = heap(), resident(), runtime.NumGoroutine()
		case steps:
			heapNow, residentNow, routinesNow = heap(), resident(), runtime.NumGoroutine()
		}
	}
	run(t, newCPU(t), cfg)
	t.Logf("%d steps: heap %.2f -> %.2f MB, resident %.2f -> %.2f MB, %d -> %d goroutines", steps,
		float64(heapThen)/1e6, float64(heapNow)/1e6, float64(residentThen)/1e6, float64(residentNow)/1e6, routinesThen, routinesNow)
	require.Less(t, float64(heapNow), 1.05*float64(heapThen))
	require.LessOrEqual(t, float64(residentNow), 1.05*float64(residentThen))
	require.LessOrEqual(t, routinesNow, routinesThen)
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
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
