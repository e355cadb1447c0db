//go:build gl && cgo && (linux || windows)

package gpu

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// lateStream runs dispatches as late as OpenGL allows: when somebody waits for a
// fence behind them or has all that follows come after them. Those that no barrier
// separates run in reverse order. Whatever else the device does, uploads first of
// all, happens at once.
type lateStream struct {
	stream
	pending []late
	fences  uintptr          // issued so far
	reached map[uintptr]bool // fences that were passed
}

// late is a command that waits: a job, a fence or, without either, a barrier.
type late struct {
	job   *job
	fence uintptr
}

// Late makes a device late, for good.
func Late(d *Device) *Device {
	d.Do(func() { d.stream = &lateStream{stream: d.stream, reached: map[uintptr]bool{}} })
	return d
}

func (s *lateStream) dispatch(j *job) {
	kept := *j
	s.pending = append(s.pending, late{job: &kept})
}

func (s *lateStream) barrier(uint32) { s.pending = append(s.pending, late{}) }

func (s *lateStream) fence() uintptr {
	s.fences++
	s.pending = append(s.pending, late{fence: s.fences})
	return s.fences
}

func (s *lateStream) passed(fence uintptr, wait time.Duration) bool {
	if !s.reached[fence] && wait == 0 {
		return false
	}
	if !s.reached[fence] {
		s.catchUp(1 + slices.Index(s.pending, late{fence: fence}))
	}
	delete(s.reached, fence)
	return true
}

func (s *lateStream) settle() { s.catchUp(len(s.pending)) }

// catchUp runs the first n pending commands.
func (s *lateStream) catchUp(n int) {
	var independent []*job
	run := func() {
		for _, j := range slices.Backward(independent) {
			s.stream.dispatch(j)
		}
		s.stream.barrier(gl.ALL_BARRIER_BITS)
		independent = independent[:0]
	}
	for _, c := range s.pending[:n] {
		switch {
		case c.job != nil:
			independent = append(independent, c.job)
		case c.fence != 0:
			s.reached[c.fence] = true
		default:
			run()
		}
	}
	run()
	s.pending = slices.Delete(s.pending, 0, n)
}

// Overtake writes to a tensor as the package must not: into the memory that work
// issued before may still have to read.
func Overtake(d *Device, dst backend.Buffer, src []float32) {
	d.wait(func() {
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, dst.(*buffer).name)
		d.inChunks(len(src), func(first int, chunk []float32) {
			copy(chunk, src[first:])
			gl.BufferSubData(gl.COPY_WRITE_BUFFER, first*floatSize, len(chunk)*floatSize, unsafe.Pointer(&chunk[0]))
		})
	})
}

func full(n int, v float32) []float32 { return slices.Repeat([]float32{v}, n) }

// TestWriteDoesNotOvertake writes new values while work on the old ones waits. That
// the same with Overtake goes wrong shows that the test can.
func TestWriteDoesNotOvertake(t *testing.T) {
	for name, c := range map[string]struct {
		write func(*Device, backend.Buffer, []float32)
		want  float32
	}{
		"Write":    {(*Device).Write, 1 + 2 + 3 + 4 + 5},
		"Overtake": {Overtake, 5 * 5},
	} {
		t.Run(name, func(t *testing.T) {
			d := Late(openDevice(t))
			x, sum := d.Alloc(backend.Vec(100)), d.Alloc(backend.Vec(100))
			d.Fill(sum, 0)
			require.NoError(t, d.Sync())
			for i := range 5 {
				c.write(d, x, full(100, float32(i+1)))
				d.Add(sum, sum, x)
			}
			got := make([]float32, 100)
			d.Read(got, sum)
			require.NoError(t, d.Sync())
			if name == "Overtake" {
				require.NotEqual(t, full(100, 15), got)
				return
			}
			require.Equal(t, full(100, c.want), got)
		})
	}
}

// TestWritesTakeTurns bounds what writes allocate, however far the host is ahead.
func TestWritesTakeTurns(t *testing.T) {
	d := Late(openDevice(t))
	x, sum := d.Alloc(backend.Vec(100)), d.Alloc(backend.Vec(100))
	d.Fill(sum, 0)
	for range 50 {
		d.Write(x, full(100, 1))
		d.Add(sum, sum, x)
	}
	require.LessOrEqual(t, d.Stats().Allocations, 2+ringSize)
	got := make([]float32, 100)
	d.Read(got, sum)
	require.Equal(t, full(100, 50), got)
}

// TestInterleavings compares random sequences of operations, writes, reads, frees
// and waits with the reference: 10,000 with IMPASTO_LONG=1. No operation rounds more
// than once, so results are equal.
func TestInterleavings(t *testing.T) { interleavings(t, Late(openDevice(t))) }

func interleavings(t *testing.T, d *Device) {
	sequences := 300
	if need.Long() {
		sequences = 10000
	}
	r := reference.New()
	rng := rand.New(rand.NewPCG(3, 4))
	for range sequences {
		interleave(t, rng, d, r)
	}
	require.NoError(t, d.Sync())
}

// pair is a tensor on a device and on the reference.
type pair struct{ dev, ref backend.Buffer }

func interleave(t *testing.T, rng *rand.Rand, d *Device, r *reference.Backend) {
	shape := backend.Shape{1, 2, 4 + rng.IntN(2), 5}
	var live []pair
	values := func() []float32 {
		v := make([]float32, shape.Len())
		for i := range v {
			v[i] = float32(rng.IntN(64) - 32)
		}
		return v
	}
	add := func() pair {
		p := pair{d.Alloc(shape), r.Alloc(shape)}
		v := values()
		d.Write(p.dev, v)
		r.Write(p.ref, v)
		live = append(live, p)
		return p
	}
	add()
	pick := func() pair { return live[rng.IntN(len(live))] }
	check := func(p pair) {
		got, want := make([]float32, shape.Len()), make([]float32, shape.Len())
		d.Read(got, p.dev)
		r.Read(want, p.ref)
		require.Equal(t, want, got)
	}
	for range 20 + rng.IntN(20) {
		a, b, c := pick(), pick(), pick()
		switch rng.IntN(12) {
		case 0, 1:
			if len(live) < 6 {
				add()
			}
		case 2:
			if at := rng.IntN(len(live)); len(live) > 1 {
				d.Free(live[at].dev)
				r.Free(live[at].ref)
				live = slices.Delete(live, at, at+1)
			}
		case 3, 4, 5:
			v := values()
			d.Write(a.dev, v)
			r.Write(a.ref, v)
		case 6, 7:
			d.Add(a.dev, b.dev, c.dev)
			r.Add(a.ref, b.ref, c.ref)
			d.ReLU(a.dev, a.dev)
			r.ReLU(a.ref, a.ref)
		case 8:
			v := float32(rng.IntN(9) - 4)
			d.Fill(a.dev, v)
			r.Fill(a.ref, v)
		case 9:
			if a != b {
				d.Axpy(a.dev, b.dev, -1, false)
				r.Axpy(a.ref, b.ref, -1, false)
			}
		case 10:
			check(a)
		case 11:
			d.Throttle(rng.IntN(3))
		}
	}
	for _, p := range live {
		check(p)
		d.Free(p.dev)
		r.Free(p.ref)
	}
}

// TestBarriersOnlyBetweenDependents counts them.
func TestBarriersOnlyBetweenDependents(t *testing.T) {
	d := openDevice(t)
	var b [6]backend.Buffer
	for i := range b {
		b[i] = d.Alloc(backend.Vec(10))
	}
	barriers := func(f func()) int {
		before := d.Stats().Barriers
		f()
		return d.Stats().Barriers - before
	}
	require.Zero(t, barriers(func() {
		for _, x := range b {
			d.Fill(x, 1)
		}
	}))
	require.Equal(t, 1, barriers(func() { d.Add(b[0], b[1], b[2]); d.Add(b[3], b[4], b[5]) }), "both read what was filled")
	require.Equal(t, 1, barriers(func() { d.Fill(b[1], 2) }), "what was read is written")
	require.Zero(t, barriers(func() { d.Axpy(b[2], b[4], 1, false) }))
	require.Equal(t, 1, barriers(func() { d.Axpy(b[2], b[4], 1, true) }))
}

// deadStream stands for a card that hangs or was reset.
type deadStream struct {
	stream
	reset bool
}

func (*deadStream) passed(uintptr, time.Duration) bool { return false }
func (s *deadStream) lost() bool                       { return s.reset }

func TestLostDevice(t *testing.T) {
	for name, reset := range map[string]bool{"reset": true, "hanging": false} {
		t.Run(name, func(t *testing.T) {
			d, err := Open()
			requireGL(t, err)
			b := two(d)
			require.NoError(t, d.Sync())
			d.Do(func() { d.stream, d.patience = &deadStream{d.stream, reset}, 2*time.Millisecond })
			d.Fill(b, 3)
			require.ErrorIs(t, d.Sync(), ErrLost)
			require.ErrorIs(t, d.Sync(), ErrLost, "for good")
			d.Throttle(0)
			got := []float32{7}
			d.Read(got, b)
			require.Equal(t, []float32{7}, got)
			d.Write(b, got)
			require.ErrorIs(t, d.Err(), ErrLost)
			require.ErrorIs(t, d.Close(), ErrLost)
		})
	}
}
