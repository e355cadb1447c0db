package temporal

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/temporal/internal/rows"
)

// plain is a layer without trails and without arithmetic on pairs: pictures of one
// color in float64, of which every one is added.
type plain struct {
	w, h      int
	keep, tol float64
	last      []float64 // in whole 128ths
	depth     []float64
}

func (p *plain) add(styled []float64, dx, dy float64, depth []float64) (bytes []uint8) {
	next := make([]float64, len(styled))
	for i, v := range styled {
		x, y := i%p.w, i/p.w
		next[i] = v
		u, w := float64(x)-dx, float64(y)-dy
		nu, nw := int(math.Floor(u+0.5)), int(math.Floor(w+0.5))
		if p.last == nil || nu < 0 || nu >= p.w || nw < 0 || nw >= p.h {
			continue
		}
		if math.Abs(p.depth[nw*p.w+nu]-depth[i]) > p.tol*depth[i] {
			continue
		}
		low, high := v, v
		for j, n := range styled {
			if a, b := j%p.w-x, j/p.w-y; a*a <= 1 && b*b <= 1 {
				low, high = min(low, n), max(high, n)
			}
		}
		u, w = min(max(u, 0), float64(p.w-1)), min(max(w, 0), float64(p.h-1))
		fx, fy := u-math.Floor(u), w-math.Floor(w)
		at := func(a, b int) float64 {
			return p.last[min(int(w)+b, p.h-1)*p.w+min(int(u)+a, p.w-1)]
		}
		old := (at(0, 0)*(1-fx)+at(1, 0)*fx)*(1-fy) + (at(0, 1)*(1-fx)+at(1, 1)*fx)*fy
		old = min(max(math.Floor(128*old+0.5)/128, low), high)
		next[i] = math.Floor(128*(v+p.keep*(old-v))+0.5) / 128
	}
	p.last, p.depth = next, depth
	for _, v := range next {
		bytes = append(bytes, uint8(math.Floor(v+0.5)))
	}
	return bytes
}

// TestPlain adds noise, with motion by parts of pixels and depths at the edge of the
// tolerance, and wants what plain float64 makes of it, to the bit, up to the edges.
func TestPlain(t *testing.T) {
	const keep = 22938. / 32768 // 0.7 in the layer's steps, rounded
	for _, size := range [][2]int{{1, 1}, {2, 3}, {7, 5}, {21, 16}, {33, 18}} {
		w, h := size[0], size[1]
		stride := 4*w + 12
		rng := rand.New(rand.NewPCG(uint64(w), uint64(h)))
		l := New(w, h, Options{Keep: 0.7, DepthTolerance: 0.25})
		defer l.Close()
		var want [3]plain
		for c := range want {
			want[c] = plain{w: w, h: h, keep: keep, tol: 0.25}
		}
		for n, step := range [][2]float64{{}, {}, {1, -1}, {0.375, -0.625}, {-0.5, 0.25}, {-0.875, 0.5}} {
			depth, depths := make([]float32, w*h), make([]float64, w*h)
			for i := range depth {
				depth[i] = []float32{7, 8, 10}[rng.IntN(3)]
				depths[i] = float64(depth[i])
			}
			src, dst := make([]uint8, stride*h), make([]uint8, stride*h)
			for i := range src {
				src[i] = uint8(rng.Uint32())
				if rng.IntN(4) == 0 {
					src[i] = uint8(rng.IntN(2) * 255)
				}
			}
			require.NoError(t, l.Add(dst, src, stride, Frame{Motion: constant(w*h, float32(step[0]), float32(step[1])), Depth: depth}))
			for c := range want {
				styled, got := make([]float64, w*h), make([]uint8, w*h)
				for i := range styled {
					styled[i], got[i] = float64(src[i/w*stride+i%w*4+c]), dst[i/w*stride+i%w*4+c]
				}
				require.Equal(t, want[c].add(styled, step[0], step[1], depths), got, "%v, frame %d, color %d", size, n, c)
			}
			for i := range w * h {
				at := i/w*stride + i%w*4 + 3
				require.Equal(t, src[at], dst[at], "alpha")
			}
		}
	}
}

// TestCheck wants the ends of all ranges as they are documented.
func TestCheck(t *testing.T) {
	nan := float32(math.NaN())
	for _, good := range []LoopOptions{
		{}, {Options: Options{Keep: 0.999, DepthTolerance: 3, Threads: 1}, Every: 1}, {Every: 9, Spread: true},
	} {
		require.NoError(t, good.Check())
	}
	for want, bad := range map[string]LoopOptions{
		"keep -0.1":                 {Options: Options{Keep: -0.1}},
		"keep 1":                    {Options: Options{Keep: 1}},
		"keep NaN":                  {Options: Options{Keep: nan}},
		"tolerance of depth is -1":  {Options: Options{DepthTolerance: -1}},
		"tolerance of depth is NaN": {Options: Options{DepthTolerance: nan}},
		"every -1th":                {Every: -1},
		"-1 threads":                {Options: Options{Threads: -1}},
	} {
		require.ErrorContains(t, bad.Check(), want)
	}
	for _, f := range []func(){
		func() { New(1, 0, Options{}) }, func() { New(rows.MaxSide+1, 1, Options{}) }, func() { New(1, rows.MaxSide+1, Options{}) },
		func() { New(1, 1, Options{Keep: -0.1}) }, func() { New(1, 1, Options{Keep: nan}) },
		func() { New(1, 1, Options{Threads: -1}) }, func() { New(1, 1, Options{DepthTolerance: nan}) },
	} {
		require.Panics(t, f)
	}
	l := New(5, 4, Options{})
	defer l.Close()
	p := make([]uint8, 4*5*4)
	require.ErrorContains(t, l.Add(p, p, 4*5, Frame{Depth: make([]float32, 19)}), "19 values of depth, not 20")
	require.ErrorContains(t, l.Add(p, p, 4*5, Frame{Motion: make([]float32, 39)}), "39 values of motion, not 40")
}

// TestCutPlaces cuts at the nearest part, behind steps that take no time.
func TestCutPlaces(t *testing.T) {
	var w Work
	w.Measured(0, 10, 100)
	require.Equal(t, []Place{{0, 3}, {0, 7}, {1, 0}}, w.Cut(3))
	fill := func() {
		w.Reset()
		w.Measured(0, 2, 10)
		w.Measured(1, 1, 0)
		w.Measured(2, 2, 10)
	}
	fill()
	require.Equal(t, []Place{{2, 0}, {3, 0}}, w.Cut(2))
	require.Zero(t, testing.AllocsPerRun(3, fill))
}
