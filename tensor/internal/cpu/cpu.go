// Package cpu runs tensors on the processor: the operations of package backend,
// split over a few worker goroutines, on the kernels of package f32.
//
// Tensors of 32, 48, 64, ... channels are kept "blocked", as [N][C/16][H][W][16],
// so that a vector register holds 16 channels of a pixel; others are planar
// NCHW. Convolutions with a 3x3 kernel and stride 1 between blocked tensors run
// as Winograd F(4x4,3x3) (Lavin and Gray, arXiv:1509.09308), those with 9 kernel
// rows as F(3,3) nested in itself, those of upsampled images with 9 products of 16; all
// others, and everything in precise mode, as direct convolutions. All but the first work
// on planar rows gathered per task. The README beside the kernels says which algorithm
// serves which layer.
//
// Results do not depend on the number of threads: work is split by shape alone,
// and partial sums are added in a fixed order.
package cpu

import (
	"fmt"
	"reflect"
	"runtime"
	"time"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// Backend implements backend.Backend and its optional interfaces.
type Backend struct {
	threads int
	precise bool
	workers *workers
	// streamFrom is the constant, except in tests.
	streamFrom int
	pool       pool
	scratch    []scratch // one per worker
	shared     scratch   // of the calling goroutine, read by the workers

	owned map[reflect.Type]any // of own
	next  func(left int) int   // of Pace; nil without

	// What follows is set while the backend is traced.
	observe func(backend.Region)
	clock   func() time.Duration
	times   []time.Duration // of the region in work
}

var (
	_ backend.Backend   = (*Backend)(nil)
	_ backend.ConvFuser = (*Backend)(nil)
	_ backend.NormFuser = (*Backend)(nil)
	_ backend.Freezer   = (*Backend)(nil)
	_ backend.Pacer     = (*Backend)(nil)
	_ backend.Tracer    = (*Backend)(nil)
)

// streamFrom is the number of floats from which on a result goes past the caches:
// 24 MiB, of which the next operation would not find much there.
const streamFrom = 6 << 20

// Options are the settings of New.
type Options struct {
	Threads int  // 0 means GOMAXPROCS
	Precise bool // direct instead of Winograd convolutions
}

// New returns a backend with its own workers and memory pool.
func New(o Options) *Backend {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	b := &Backend{
		threads:    o.Threads,
		precise:    o.Precise,
		streamFrom: streamFrom,
		workers:    newWorkers(o.Threads),
		scratch:    make([]scratch, o.Threads),
		owned:      map[reflect.Type]any{},
	}
	// The workers do not refer to the backend between tasks, so a forgotten Close
	// does not keep them.
	runtime.AddCleanup(b, (*workers).stop, b.workers)
	return b
}

// Name returns "cpu (avx512, 2 threads)" or the like.
func (b *Backend) Name() string {
	mode := ""
	if b.precise {
		mode = ", precise"
	}
	plural := "s"
	if b.threads == 1 {
		plural = ""
	}
	return fmt.Sprintf("cpu (%s, %d thread%s%s)", f32.ISA(), b.threads, plural, mode)
}

// Sync returns nil: operations are finished when they return.
func (b *Backend) Sync() error { return nil }

// Close ends the workers and forgets the pooled memory.
func (b *Backend) Close() error {
	b.workers.stop()
	b.pool = pool{}
	clear(b.owned)
	return nil
}

// own returns b's one T, such as the task of an operation: that it is kept is why
// running one allocates nothing.
func own[T any](b *Backend) *T {
	key := reflect.TypeFor[T]()
	if t, ok := b.owned[key]; ok {
		return t.(*T)
	}
	t := new(T)
	b.owned[key] = t
	return t
}

// chunk is how many elements of an element-wise operation one part handles.
const chunk = 32 << 10

func chunks(n int) int { return (n + chunk - 1) / chunk }

func chunkOf(i, n int) (from, to int) { return i * chunk, min((i+1)*chunk, n) }
