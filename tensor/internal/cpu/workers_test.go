package cpu_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/cpu"
)

// use returns a backend whose workers have worked.
func use(t *testing.T) *cpu.Backend {
	b := cpu.New(cpu.Options{Threads: 8})
	x := b.Alloc(backend.Vec(1 << 20))
	b.Fill(x, 1)
	b.ReLU(x, x)
	got := make([]float32, 1<<20)
	b.Read(got, x)
	require.Equal(t, float32(1), got[1<<20-1])
	b.Free(x)
	return b
}

// routinesFallTo waits until at most n goroutines are left, with between called
// before each look.
func routinesFallTo(t *testing.T, n int, between func()) {
	for end := time.Now().Add(5 * time.Minute); runtime.NumGoroutine() > n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are left, not %d", runtime.NumGoroutine(), n)
		}
		between()
	}
}

// settled returns the number of goroutines once those of earlier tests have ended, and
// of backends that they have forgotten.
func settled() int {
	n := runtime.NumGoroutine()
	for same := 0; same < 50; time.Sleep(time.Millisecond) {
		runtime.GC()
		if now := runtime.NumGoroutine(); now == n {
			same++
		} else {
			n, same = now, 0
		}
	}
	return n
}

func TestCloseEndsWorkers(t *testing.T) {
	before := settled()
	for range 50 {
		b := use(t)
		require.GreaterOrEqual(t, runtime.NumGoroutine(), before+7)
		require.NoError(t, b.Close())
		routinesFallTo(t, before, func() {})
	}
}

// TestForgottenBackends lets the garbage collector end what nobody closed.
func TestForgottenBackends(t *testing.T) {
	before := settled()
	for range 20 {
		use(t)
	}
	require.Greater(t, runtime.NumGoroutine(), before)
	routinesFallTo(t, before, runtime.GC)
}
