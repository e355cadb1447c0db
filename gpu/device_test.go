//go:build gl && cgo && (linux || windows)

package gpu

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/tensor/backend"
)

func openDevice(t testing.TB, opts ...Option) *Device {
	t.Helper()
	d, err := Open(opts...)
	requireGL(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func TestInfo(t *testing.T) {
	d := openDevice(t)
	info := d.Info()
	require.NotEmpty(t, info.Renderer)
	require.NotEmpty(t, info.Version)
	require.NotEmpty(t, info.Vendor)
	require.Contains(t, []string{"surfaceless", "device", "default", "wgl"}, info.Platform)
	require.Equal(t, "opengl ("+info.Renderer+")", d.Name())
	require.GreaterOrEqual(t, info.MaxBlock, 1<<24, "the least that OpenGL 4.3 promises")
	require.GreaterOrEqual(t, info.MaxGroups, 65535)
	require.Equal(t, 4096, openDevice(t, MaxBlock(4096)).Info().MaxBlock)
	require.Equal(t, info.MaxBlock, openDevice(t, MaxBlock(-1)).Info().MaxBlock)
	require.Equal(t, info.MaxBlock, openDevice(t, MaxBlock(info.MaxBlock+1)).Info().MaxBlock)
}

// TestTransfers moves more than fits the staging memory, and values that lie
// beside Go pointers.
func TestTransfers(t *testing.T) {
	d := openDevice(t)
	n := 2*stagingSize/floatSize + 5
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i % 100003)
	}
	b := d.Alloc(backend.Vec(n))
	d.Write(b, values)
	got := make([]float32, n)
	d.Read(got, b)
	require.NoError(t, d.Sync())
	require.Equal(t, values, got)

	owner := &struct {
		name   *string
		scalar [1]float32
	}{name: new(string)}
	owner.scalar[0] = 3
	s := d.Alloc(backend.Scalar)
	d.Write(s, owner.scalar[:])
	owner.scalar[0] = 0
	d.Read(owner.scalar[:], s)
	require.Equal(t, float32(3), owner.scalar[0])
}

// TestSeveralDevices uses devices at the same time, each from its goroutine.
func TestSeveralDevices(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 4 {
		d := openDevice(t)
		wg.Go(func() {
			b := d.Alloc(backend.Vec(1000))
			for range 20 {
				d.Fill(b, float32(i))
				d.Add(b, b, b)
			}
			got := make([]float32, 1000)
			d.Read(got, b)
			for _, v := range got {
				if v != float32(2*i) {
					t.Errorf("device %d computed %v", i, v)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestDoNests(t *testing.T) {
	d := openDevice(t)
	got := make([]float32, 3)
	d.Do(func() {
		d.Do(func() {
			b := d.Alloc(backend.Vec(3))
			for range queueLen + 1 {
				d.Fill(b, 7)
			}
			d.Read(got, b)
		})
	})
	require.Equal(t, []float32{7, 7, 7}, got)
}

func TestCloseInsideDo(t *testing.T) {
	d := openDevice(t)
	d.Do(func() { require.NoError(t, d.Close()) })
	require.ErrorIs(t, d.Sync(), ErrClosed)
}

func TestDoPassesFailuresOn(t *testing.T) {
	d, err := Open()
	requireGL(t, err)
	defer d.Close()
	require.PanicsWithValue(t, "boom", func() { d.Do(func() { panic("boom") }) })
	got := []float32{0}
	d.Read(got, two(d))
	require.Equal(t, []float32{2}, got, "a panic leaves the device as it was")

	exited := make(chan bool)
	go func() {
		defer close(exited)
		d.Do(runtime.Goexit)
		exited <- false
	}()
	_, returned := <-exited
	require.False(t, returned)
	<-d.done
	for range queueLen + 1 {
		d.Fill(d.Alloc(backend.Scalar), 1)
	}
	require.ErrorIs(t, d.Sync(), ErrClosed)
}

func TestUseAfterClose(t *testing.T) {
	d := openDevice(t)
	b := d.Alloc(backend.Vec(3))
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	d.Fill(b, 1)
	d.Read(make([]float32, 3), b)
	d.Free(b)
	require.ErrorIs(t, d.Sync(), ErrClosed)
	require.ErrorIs(t, d.Err(), ErrClosed)
}

func TestPlaneTooLarge(t *testing.T) {
	d := openDevice(t, MaxBlock(4096))
	b := d.Alloc(backend.Shape{1, 2, 33, 32})
	d.Fill(b, 1)
	require.ErrorIs(t, d.Err(), ErrTooLarge)
	require.ErrorIs(t, d.Sync(), ErrTooLarge)
	require.NoError(t, d.Sync(), "Sync forgets the error it returned")
	d.Free(b)

	ok := d.Alloc(backend.Shape{1, 2, 32, 31})
	d.Fill(ok, 1)
	require.NoError(t, d.Sync())
	w := d.Alloc(backend.Shape{64, 64, 1, 1})
	d.Conv2d(d.Alloc(backend.Shape{1, 64, 1, 1}), d.Alloc(backend.Shape{1, 64, 1, 1}), w, nil, backend.Conv{Stride: 1})
	require.ErrorIs(t, d.Sync(), ErrTooLarge, "weights are not split")
}

func TestAllocationTooLarge(t *testing.T) {
	d := openDevice(t)
	b := d.Alloc(backend.Shape{1 << 20, 1 << 10, 8, 8})
	d.Fill(b, 1)
	require.ErrorIs(t, d.Sync(), ErrTooLarge)
	d.Free(b)
	got := []float32{3}
	d.Read(got, two(d))
	require.NoError(t, d.Sync())
	require.Equal(t, []float32{2}, got)
}

// two is a scalar of this value.
func two(d *Device) backend.Buffer {
	b := d.Alloc(backend.Scalar)
	d.Fill(b, 2)
	return b
}

// TestGroupLimit needs more work groups than go into one dispatch, in rows and by
// the time that they would take.
func TestGroupLimit(t *testing.T) {
	for _, groups := range []int{7 * 7, 7*7 + 1, 3*7*7 + 15} {
		for _, pieceFLOPs := range []float64{5e9, 10 * groupSize} {
			d := openDevice(t)
			d.Do(func() { d.limits.groups, d.limits.flops = 7, pieceFLOPs })
			n := groups*itemsPerGroup - 3
			b := d.Alloc(backend.Vec(n))
			a := argsOf(0, []any{n, float32(5)})
			d.runCounted(float64(n), variant{shader: "elementwise", defines: "FILL"}, groups, []view{whole(b)}, &a)
			got := make([]float32, n)
			d.Read(got, b)
			require.NoError(t, d.Sync())
			for i, v := range got {
				require.Equal(t, float32(5), v, "element %d", i)
			}
		}
	}
}

func TestShaderErrorShowsSource(t *testing.T) {
	d := openDevice(t)
	d.Do(func() {
		_, err := compile("#version 430 core\nlayout(local_size_x = 1) in;\nvoid main() {\n\tint x = nothing;\n}\n")
		require.Error(t, err)
		require.Contains(t, err.Error(), "nothing")
		require.Contains(t, err.Error(), "   4  \tint x = nothing;\n   5  }\n")
	})
	d.run("no such shader", "", 1, nil)
	require.Error(t, d.Sync())
}

// TestSteadyState repeats a loop of many shapes: after its first round nothing
// is allocated or compiled any more.
func TestSteadyState(t *testing.T) {
	d := openDevice(t)
	round := func() {
		for _, s := range []backend.Shape{{1, 3, 16, 16}, {2, 8, 9, 7}, {4, 4, 5, 5}} {
			x, y, w := d.Alloc(s), d.Alloc(s), d.Alloc(backend.Shape{s[1], s[1], 3, 3})
			vec := []backend.Buffer{d.Alloc(backend.Vec(s[1])), d.Alloc(backend.Vec(s[1])), d.Alloc(backend.Shape{s[0], s[1], 1, 1}), d.Alloc(backend.Shape{s[0], s[1], 1, 1})}
			d.Fill(x, 1)
			d.Fill(w, 1)
			g := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: 1, ReLU: true}
			d.ConvBlock(y, x, w, nil, g)
			d.ConvBlockGradInput(x, y, y, w, g, false)
			d.ConvBlockGradWeight(w, vec[0], x, y, y, g, false)
			d.InstanceNorm(x, vec[2], vec[3], y, vec[0], vec[1], 1e-5)
			for _, b := range append(vec, x, y, w) {
				d.Free(b)
			}
		}
	}
	round()
	before := d.Stats()
	for range 10 {
		round()
	}
	after := d.Stats()
	require.NoError(t, d.Sync())
	require.Greater(t, after.Dispatches, before.Dispatches)
	after.Dispatches, after.Barriers = before.Dispatches, before.Barriers
	require.Equal(t, before, after)
	require.Positive(t, after.Bytes)
}

func TestOpenCloseLeaksNothing(t *testing.T) {
	// The driver's own caches fill up during the first hundreds of cycles.
	warmup, cycles := 60, 30
	if need.Long() {
		warmup, cycles = 750, 1000
	} else if runtime.GOOS == "windows" {
		cycles = 100
	}
	cycle := func() {
		d, err := Open()
		requireGL(t, err)
		b := d.Alloc(backend.Vec(1 << 16))
		d.Fill(b, 1)
		d.Read(make([]float32, 1<<16), b)
		require.NoError(t, d.Close())
	}
	for range warmup {
		cycle()
	}
	runtime.GC()
	handles, memory, routines := countHandles(t), resident(t), runtime.NumGoroutine()
	threads := countThreads(t)
	for range cycles {
		cycle()
	}
	debug.FreeOSMemory()
	require.LessOrEqual(t, countHandles(t), handles+spareHandles)
	// A thread is gone a moment after its goroutine, and the runtime may start
	// a few of its own.
	require.Eventually(t, func() bool { return countThreads(t) <= threads+4 }, 5*time.Minute, 10*time.Millisecond)
	for end := time.Now().Add(5 * time.Minute); runtime.NumGoroutine() > routines && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), routines)
	if need.Long() { // in few cycles a driver's threads and caches are more than a leak
		require.Less(t, resident(t)-memory, 24, "MiB more after %d cycles", cycles)
	}
	t.Logf("%d cycles: %d -> %d MiB resident, %d -> %d threads", cycles, memory, resident(t), threads, countThreads(t))
}

// TestStepsLeakNothing takes small training-like steps.
func TestStepsLeakNothing(t *testing.T) {
	steps := 200
	if need.Long() {
		steps = 10000
	}
	d := openDevice(t)
	s := backend.Shape{1, 4, 8, 8}
	w, m, v := d.Alloc(backend.Shape{4, 4, 3, 3}), d.Alloc(backend.Shape{4, 4, 3, 3}), d.Alloc(backend.Shape{4, 4, 3, 3})
	for _, b := range []backend.Buffer{w, m, v} {
		d.Fill(b, 0.1)
	}
	step := func() {
		x, y, dw, loss := d.Alloc(s), d.Alloc(s), d.Alloc(w.Shape()), d.Alloc(backend.Scalar)
		d.Fill(x, 1)
		d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1, Pad: 1})
		d.MSE(loss, y, x, 1)
		d.MSEGrad(y, loss, y, x, 1, false)
		d.Conv2dGradWeight(dw, nil, x, y, backend.Conv{Stride: 1, Pad: 1}, false)
		d.Adam(w, m, v, dw, nil, backend.AdamParams{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, StepSize: 1e-3, InvSqrtCorrection2: 1})
		for _, b := range []backend.Buffer{x, y, dw, loss} {
			d.Free(b)
		}
	}
	for range 50 {
		step()
	}
	require.NoError(t, d.Sync())
	before, memory := d.Stats(), resident(t)
	for range steps {
		step()
	}
	require.NoError(t, d.Sync())
	require.Equal(t, before.Allocations, d.Stats().Allocations)
	if need.Long() { // as above
		require.Less(t, resident(t)-memory, 16, "MiB more after %d steps", steps)
	}
}
