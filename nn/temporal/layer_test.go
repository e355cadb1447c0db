package temporal

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// scene returns the RGBA pixels of a pattern that begins at column x and row y.
func scene(w, h int, x, y float64) []uint8 {
	p := make([]uint8, 4*w*h)
	for i := range w * h {
		u, v := float64(i%w)+x, float64(i/w)+y
		p[4*i] = uint8(128 + 100*math.Sin(u/5+v/11))
		p[4*i+1] = uint8(128 + 100*math.Cos(v/6))
		p[4*i+2] = uint8(128 + 60*math.Sin(u/9-v/4))
		p[4*i+3] = uint8(i)
	}
	return p
}

func constant(n int, dx, dy float32) []float32 {
	m := make([]float32, 2*n)
	for i := range n {
		m[2*i], m[2*i+1] = dx, dy
	}
	return m
}

// inner calls f for the pixels that are further than margin from all edges.
func inner(w, h, margin int, f func(i, x, y int)) {
	for y := margin; y < h-margin; y++ {
		for x := margin; x < w-margin; x++ {
			f(y*w+x, x, y)
		}
	}
}

// TestMove pans a picture by fractions of pixels over many frames: it is sampled once,
// where the sum of the steps leads, and so stays as sharp as after one.
func TestMove(t *testing.T) {
	const w, h = 61, 47
	for _, step := range [][2]float32{{2, -1}, {0.75, 0.5}, {-0.3, 1.1}} {
		l := New(w, h, Options{Keep: 0.8})
		defer l.Close()
		first := scene(w, h, 0, 0)
		out := make([]uint8, len(first))
		require.NoError(t, l.Add(out, first, 4*w, Frame{}))
		require.Equal(t, first, out)
		const frames = 8
		for range frames {
			require.NoError(t, l.Move(out, 4*w, Frame{Motion: constant(w*h, step[0], step[1])}))
		}
		dx, dy := frames*float64(step[0]), frames*float64(step[1])
		inner(w, h, 18, func(i, x, y int) {
			u, v := float64(x)-dx, float64(y)-dy
			fx, fy := u-math.Floor(u), v-math.Floor(v)
			at := func(a, b float64) float64 {
				return float64(first[4*(int(math.Floor(v)+b)*w+int(math.Floor(u)+a))])
			}
			want := (at(0, 0)*(1-fx)+at(1, 0)*fx)*(1-fy) + (at(0, 1)*(1-fx)+at(1, 1)*fx)*fy
			require.InDelta(t, want, float64(out[4*i]), 0.51, "%v at %d, %d", step, x, y)
		})
		for i := range w * h {
			require.EqualValues(t, uint8(i), out[4*i+3], "alpha stays")
		}
	}
}

// TestScale brings vectors of other conventions into place.
func TestScale(t *testing.T) {
	const w, h = 40, 30
	move := func(f Frame) []uint8 {
		l := New(w, h, Options{})
		defer l.Close()
		out := make([]uint8, 4*w*h)
		require.NoError(t, l.Add(out, scene(w, h, 0, 0), 4*w, Frame{}))
		require.NoError(t, l.Move(out, 4*w, f))
		return out
	}
	want := move(Frame{Motion: constant(w*h, 3, -2)})
	require.Equal(t, want, move(Frame{Motion: constant(w*h, 3./w, -2./h), ScaleX: w, ScaleY: h}))
	require.Equal(t, want, move(Frame{Motion: constant(w*h, -3./w, 2./h), ScaleX: -w, ScaleY: -h}))
}

// TestFlicker adds noise anew in each frame to a picture that pans: what the layer
// returns changes much less along the motion, and not in the mean.
func TestFlicker(t *testing.T) {
	const w, h = 80, 60
	l := New(w, h, Options{Keep: 0.8})
	defer l.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	var lastIn, lastOut []uint8
	var changeIn, changeOut, bias float64
	n := 0
	for frame := range 20 {
		clean := scene(w, h, float64(frame), 0)
		in := append([]uint8(nil), clean...)
		for i := range in {
			if i%4 != 3 {
				in[i] = uint8(min(max(float64(in[i])+12*rng.NormFloat64(), 0), 255))
			}
		}
		out := make([]uint8, len(in))
		require.NoError(t, l.Add(out, in, 4*w, Frame{Motion: constant(w*h, -1, 0)}))
		if frame >= 10 {
			inner(w, h, 12, func(i, x, y int) {
				for c := range 3 {
					changeIn += math.Abs(float64(in[4*i+c]) - float64(lastIn[4*(i+1)+c]))
					changeOut += math.Abs(float64(out[4*i+c]) - float64(lastOut[4*(i+1)+c]))
					bias += float64(out[4*i+c]) - float64(clean[4*i+c])
					n++
				}
			})
		}
		lastIn, lastOut = in, out
	}
	require.Less(t, changeOut, changeIn/3)
	require.Less(t, math.Abs(bias/float64(n)), 1.0)
}

// TestUncovered moves a near square over a far ground: what appears behind it is the
// new picture from the first frame on, and nothing of it trails.
func TestUncovered(t *testing.T) {
	const w, h, side = 64, 48, 12
	l := New(w, h, Options{Keep: 0.9})
	defer l.Close()
	for frame := range 12 {
		in, depth, motion := make([]uint8, 4*w*h), make([]float32, w*h), make([]float32, 2*w*h)
		for i := range w * h {
			x, y := i%w, i/w
			near := x >= 4+3*frame && x < 4+3*frame+side && y >= 16 && y < 16+side
			v := uint8(40 + 20*((x/2+y/2)%2)) // with contrast, so that clamping alone would not help
			depth[i] = 50
			if near {
				v, depth[i], motion[2*i] = 220, 5, 3
			}
			in[4*i], in[4*i+1], in[4*i+2] = v, v, v
		}
		out := make([]uint8, len(in))
		require.NoError(t, l.Add(out, in, 4*w, Frame{Motion: motion, Depth: depth}))
		require.Equal(t, in, out, "frame %d", frame)
	}
}

// TestCut shows a new scene: after a cut there is nothing of the old one.
func TestCut(t *testing.T) {
	const w, h = 32, 24
	l := New(w, h, Options{Keep: 0.95})
	defer l.Close()
	out := make([]uint8, 4*w*h)
	require.Error(t, l.Move(out, 4*w, Frame{}), "nothing to move")
	require.NoError(t, l.Add(out, scene(w, h, 0, 0), 4*w, Frame{}))
	l.Cut()
	require.Error(t, l.Move(out, 4*w, Frame{}))
	next := scene(w, h, 300, 77)
	require.NoError(t, l.Add(out, next, 4*w, Frame{}))
	require.Equal(t, next, out)
}

// TestSteady checks what a frame loop counts on: no allocation, results in place, and
// the same with any number of threads.
func TestSteady(t *testing.T) {
	const w, h = 50, 40
	depth := make([]float32, w*h)
	for i := range depth {
		depth[i] = float32(1 + i%7)
	}
	f := Frame{Motion: constant(w*h, 0.4, 1.3), Depth: depth}
	var want []uint8
	for _, threads := range []int{1, 2, 5} {
		l := New(w, h, Options{Keep: 0.7, Threads: threads})
		defer l.Close()
		p := scene(w, h, 0, 0)
		step := func() {
			require.NoError(t, l.Add(p, p, 4*w, f))
			require.NoError(t, l.Move(p, 4*w, f))
		}
		for range 3 {
			step()
		}
		if want == nil {
			want = append([]uint8(nil), p...)
		}
		require.Equal(t, want, p, "%d threads", threads)
		require.Zero(t, testing.AllocsPerRun(5, step))
	}
}

func TestHostileFrames(t *testing.T) {
	const w, h = 20, 10
	l := New(w, h, Options{Keep: 0.5})
	defer l.Close()
	p := scene(w, h, 0, 0)
	require.NoError(t, l.Add(p, p, 4*w, Frame{}))
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e30, -1e30} {
		depth := make([]float32, w*h)
		depth[3] = v
		require.NoError(t, l.Move(p, 4*w, Frame{Motion: constant(w*h, v, v), Depth: depth}))
		require.NoError(t, l.Add(p, p, 4*w, Frame{Motion: constant(w*h, v, 1), Depth: depth}))
	}
	for _, err := range []error{
		l.Add(p[:10], p, 4*w, Frame{}), l.Add(p, p[:10], 4*w, Frame{}), l.Add(p, p, 4*w-1, Frame{}),
		l.Add(p, p, 4*w, Frame{Motion: make([]float32, 2*w*h-1)}), l.Move(p, 4*w, Frame{Depth: make([]float32, 5)}),
	} {
		require.ErrorContains(t, err, "temporal: ")
	}
	for _, f := range []func(){
		func() { New(0, 5, Options{}) }, func() { New(5, 5, Options{Keep: 1}) }, func() { New(5, 5, Options{DepthTolerance: -1}) },
	} {
		require.Panics(t, f)
	}
}

func BenchmarkLayer(b *testing.B) {
	const w, h = 960, 540
	l := New(w, h, Options{Keep: 0.8})
	defer l.Close()
	p := scene(w, h, 0, 0)
	f := Frame{Motion: constant(w*h, 0.4, 1.3), Depth: make([]float32, w*h)}
	b.Run("Add", func(b *testing.B) {
		for b.Loop() {
			_ = l.Add(p, p, 4*w, f)
		}
	})
	b.Run("Move", func(b *testing.B) {
		for b.Loop() {
			_ = l.Move(p, 4*w, f)
		}
	})
}

// TestMarked has pictures come late: from then on all is as if they had come in the
// frame that they are of, to the bit, through random motion and depth.
func TestMarked(t *testing.T) {
	for _, keep := range []float32{0.7, 0} {
		testMarked(t, keep)
	}
}

func testMarked(t *testing.T, keep float32) {
	const w, h = 41, 33
	rng := rand.New(rand.NewPCG(8, 9))
	var frames []Frame
	for range 30 {
		motion, depth := make([]float32, 2*w*h), make([]float32, w*h)
		for i := range motion {
			motion[i] = float32(rng.NormFloat64())
		}
		for i := range depth {
			depth[i] = float32(10 + rng.UintN(2))
		}
		frames = append(frames, Frame{Motion: motion, Depth: depth})
	}
	o := Options{Keep: keep, DepthTolerance: 0.05}
	early, late := New(w, h, o), New(w, h, o)
	defer early.Close()
	defer late.Close()
	want, got := make([]uint8, 4*w*h), make([]uint8, 4*w*h)
	require.NoError(t, late.Add(got, scene(w, h, 0, 0), 4*w, Frame{}))
	require.NoError(t, early.Add(want, scene(w, h, 0, 0), 4*w, Frame{}))
	for i, f := range frames {
		styled := scene(w, h, float64(10*(i/5)), float64(i/5))
		switch i % 5 {
		case 1:
			require.NoError(t, early.Add(want, styled, 4*w, f))
			require.NoError(t, late.Move(got, 4*w, f))
			late.Mark()
		case 4:
			require.NoError(t, early.Move(want, 4*w, f))
			require.NoError(t, late.AddMarked(got, styled, 4*w, f))
			require.Equal(t, want, got, "frame %d", i)
			require.ErrorContains(t, late.AddMarked(got, styled, 4*w, f), "no frame is marked")
		default:
			require.NoError(t, early.Move(want, 4*w, f))
			require.NoError(t, late.Move(got, 4*w, f))
			if i > 5 && i%5 == 0 {
				require.Equal(t, want, got, "frame %d", i)
			}
		}
	}
	// A mark and a late picture allocate nothing after the first.
	require.Zero(t, testing.AllocsPerRun(3, func() {
		late.Mark()
		require.NoError(t, late.AddMarked(got, got, 4*w, frames[0]))
	}))
	late.Mark()
	require.NoError(t, late.Add(got, got, 4*w, frames[0]))
	require.Error(t, late.AddMarked(got, got, 4*w, frames[0]), "the mark was taken back")
	late.Mark()
	late.Cut()
	require.Error(t, late.AddMarked(got, got, 4*w, frames[0]), "there was a cut")
}

// TestForgotten uncovers a point in a frame between, when there is no picture of it:
// it takes the next one as it is, although it was seen in the frame before that.
func TestForgotten(t *testing.T) {
	const w, h = 24, 16
	l := New(w, h, Options{Keep: 0.9})
	defer l.Close()
	dark, light := make([]uint8, 4*w*h), make([]uint8, 4*w*h)
	for i := range light {
		dark[i], light[i] = 10, uint8(200+i/4%w%2) // a range that would let some of the old one through
	}
	out := make([]uint8, 4*w*h)
	require.NoError(t, l.Add(out, dark, 4*w, Frame{}))
	require.NoError(t, l.Move(out, 4*w, Frame{Motion: constant(w*h, 100, 0)}))
	require.NoError(t, l.Add(out, light, 4*w, Frame{}))
	require.Equal(t, light, out)
}
