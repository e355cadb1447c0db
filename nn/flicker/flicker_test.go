package flicker

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
)

// scene is a picture of smooth waves with some texture.
func scene(w, h int) *imageio.Image {
	m := imageio.New(w, h)
	for i := range w * h {
		x, y := float64(i%w), float64(i/w)
		for c := range 3 {
			v := 128 + 60*math.Sin(x/(9+3*float64(c))+y/17) + 30*math.Cos(y/7-x/23)
			m.Pix[3*i+c] = uint8(v)
		}
	}
	return m
}

func measure(t *testing.T, net Network, m *imageio.Image) *Report {
	t.Helper()
	r, err := Measure(context.Background(), net, []*imageio.Image{m}, Options{Seed: 1, Heat: true})
	require.NoError(t, err)
	return r
}

func pointwise(f func(v float32, x, y int) float32) Network {
	return func(x []float32, height, width int) ([]float32, error) {
		y := make([]float32, len(x))
		for i, v := range x {
			y[i] = f(v, i%width, i/width%height)
		}
		return y, nil
	}
}

// TestKnownNetworks measures functions whose figures are known.
func TestKnownNetworks(t *testing.T) {
	m := scene(200, 150)
	t.Run("identity", func(t *testing.T) {
		r := measure(t, pointwise(func(v float32, _, _ int) float32 { return v }), m)
		require.InDelta(t, 1, r.NoiseGain1, 1e-6)
		require.InDelta(t, 1, r.NoiseGain4, 1e-6)
		require.InDelta(t, math.Sqrt(2/math.Pi), r.NoiseChange1, 0.01) // E|n| of a Gaussian
		require.Zero(t, r.Shift)
		require.Equal(t, r.WarpInput, r.Warp)
		require.Equal(t, r.DetailInput, r.Detail)
		require.Less(t, r.WarpError(), 0.5) // what resampling a smooth picture costs
		require.Greater(t, r.WarpError(), 0.0)
	})
	t.Run("half contrast", func(t *testing.T) {
		r := measure(t, pointwise(func(v float32, _, _ int) float32 { return (v-128)/2 + 128 }), m)
		require.InDelta(t, 0.5, r.NoiseGain1, 1e-6)
		require.InDelta(t, r.DetailInput/2, r.Detail, 1e-3)
		require.InDelta(t, r.WarpErrorInput()/2, r.WarpError(), 1e-3)
	})
	t.Run("lattice", func(t *testing.T) {
		// A pattern that stays where it is, as strides of 2 make it.
		r := measure(t, pointwise(func(v float32, x, y int) float32 {
			if x%4 == 0 && y%4 == 0 {
				return v/2 + 100
			}
			return v / 2
		}), m)
		require.InDelta(t, 0.5, r.NoiseGain1, 1e-6)
		require.Zero(t, r.Shift[3])
		require.Zero(t, r.Shift[7])
		for _, d := range []int{1, 2, 3, 5, 6, 7} {
			require.InDelta(t, 100*2./16, r.Shift[d-1], 0.3)
		}
		require.InDelta(t, 12.5, r.ShiftError(), 0.3)
		require.Greater(t, r.WarpError(), 8.0)
		// It shows on the map where it is.
		heat := func(x, y int) float32 { return r.Heat[y*r.HeatWidth+x] }
		require.Greater(t, heat(60, 60), 10*heat(62, 61))
	})
	t.Run("blind", func(t *testing.T) {
		r := measure(t, pointwise(func(float32, int, int) float32 { return 300 }), m)
		require.Zero(t, r.NoiseGain1+r.ShiftError()+r.WarpError()+r.Detail) // clamped, and dull
	})
}

// TestFlowIsExact renders moves over a picture that is linear in its coordinates: a
// frame then equals the one before along the flow, to rounding, and against the
// flow it does not.
func TestFlowIsExact(t *testing.T) {
	const w, h = 120, 100
	p := &planes{w + 2*reach, h + 2*reach, make([]float32, 3*(w+2*reach)*(h+2*reach))}
	for i := range p.w * p.h {
		x, y := float32(i%p.w), float32(i/p.w)
		p.data[i], p.data[p.w*p.h+i], p.data[2*p.w*p.h+i] = x, y, 2*x-y+50
	}
	for _, m := range moves {
		f := &film{move: m, picture: p, w: w, h: h}
		a, b := f.frame(1), f.frame(2)
		// Within what the picture shows without held edges.
		inside := func(x, y int) bool { return x > 12 && y > 12 && x < w-12 && y < h-12 }
		along := WarpingError(a.data, b.data, h, w, func(x, y int) (float64, float64, bool) {
			u, v, seen := f.before(2, x, y)
			return u, v, seen && inside(x, y)
		})
		require.Less(t, along, 2e-3, m.name)
		against := WarpingError(a.data, b.data, h, w, func(x, y int) (float64, float64, bool) {
			u, v, seen := f.before(2, x, y)
			return 2*float64(x) - u, 2*float64(y) - v, seen && inside(x, y)
		})
		require.Greater(t, against, 0.5, m.name)
	}
}

// TestHidden counts the pixels that the front uncovers and covers: they are not
// compared.
func TestHidden(t *testing.T) {
	p := floats(scene(200, 160))
	f := &film{move: moves[3], picture: p, w: 180, h: 140}
	hidden := 0
	for y := range f.h {
		for x := range f.w {
			u, v, seen := f.before(1, x, y)
			if !seen && u > 0 && v > 0 && u < 179 && v < 139 {
				hidden++
			}
		}
	}
	// The ellipse's outline, some pixels wide.
	outline := math.Pi * (0.22*200 + 0.3*160)
	require.Greater(t, float64(hidden), 3*outline)
	require.Less(t, float64(hidden), 12*outline)
}

func TestEstimate(t *testing.T) {
	big := floats(scene(160, 140))
	for i := range big.data { // something to match by
		big.data[i] += float32(i * 7919 % 23)
	}
	last, next := big.crop(16, 16, 120, 104), big.crop(21, 13, 120, 104)
	m := Estimate(last.data, next.data, 104, 120)
	require.Greater(t, m.Known(), 0.8)
	for y := 24; y < 80; y++ {
		for x := 24; x < 96; x++ {
			u, v, seen := m.Before(x, y)
			require.True(t, seen)
			require.Equal(t, [2]float64{float64(x + 5), float64(y - 3)}, [2]float64{u, v})
		}
	}
	require.Zero(t, WarpingError(last.data, next.data, 104, 120, m.Before))
	flat := make([]float32, 3*104*120)
	require.Zero(t, Estimate(flat, flat, 104, 120).Known())
}

func TestClip(t *testing.T) {
	big := floats(scene(160, 140))
	identity := pointwise(func(v float32, _, _ int) float32 { return v })
	c := NewClip(identity, 104, 120)
	_, err := c.Report()
	require.Error(t, err)
	for i := range 3 {
		styled, err := c.Add(context.Background(), big.crop(4*i, 2*i, 120, 104).data)
		require.NoError(t, err)
		require.Len(t, styled, 3*104*120)
	}
	r, err := c.Report()
	require.NoError(t, err)
	require.Equal(t, 3, r.Frames)
	require.Equal(t, r.ChangeInput, r.Change)
	require.Greater(t, r.Change, 5.0)
	require.Less(t, r.Warp, 0.2)
	_, err = c.Add(context.Background(), make([]float32, 5))
	require.Error(t, err)
}

// TestLook compares the glance at functions whose figures are known with those, and
// with a whole measurement.
func TestLook(t *testing.T) {
	ctx, m := context.Background(), scene(300, 200)
	runs, largest := 0, 0
	counted := func(net Network) Network {
		return func(x []float32, h, w int) ([]float32, error) {
			runs++
			largest = max(largest, h, w)
			return net(x, h, w)
		}
	}
	lattice := pointwise(func(v float32, x, y int) float32 {
		if x%4 == 0 && y%4 == 0 {
			return v/2 + 100
		}
		return v / 2
	})
	g, err := Look(ctx, counted(lattice), m, Options{Seed: 1})
	require.NoError(t, err)
	require.Equal(t, 7, runs)
	require.LessOrEqual(t, largest, GlanceSide)
	require.InDelta(t, 0.5, g.NoiseGain, 1e-6)
	require.InDelta(t, 100*2./16, g.Shift, 0.3)
	whole := measure(t, lattice, m)
	require.InEpsilon(t, whole.Warp["pan"], g.Warp, 0.1)
	require.InEpsilon(t, whole.Detail, g.Detail, 0.02)
	require.Contains(t, g.String(), "noise gain 0.50, shifts 12.")

	large, err := Look(ctx, counted(lattice), scene(1200, 900), Options{})
	require.NoError(t, err)
	require.Equal(t, GlanceSide, largest)
	require.InDelta(t, 100*2./16, large.Shift, 0.3)
	_, err = Look(ctx, lattice, scene(200, 95), Options{})
	require.ErrorContains(t, err, "200x95")
	_, err = Look(ctx, lattice, scene(96, 96), Options{})
	require.NoError(t, err)
	stopped, stop := context.WithCancel(ctx)
	stop()
	_, err = Look(stopped, lattice, m, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	identity := pointwise(func(v float32, _, _ int) float32 { return v })
	_, err := Measure(ctx, identity, nil, Options{})
	require.Error(t, err)
	_, err = Measure(ctx, identity, []*imageio.Image{imageio.New(200, 95)}, Options{})
	require.ErrorContains(t, err, "200x95")
	broken := errors.New("broken")
	_, err = Measure(ctx, func([]float32, int, int) ([]float32, error) { return nil, broken }, []*imageio.Image{scene(96, 96)}, Options{})
	require.ErrorIs(t, err, broken)
	_, err = Measure(ctx, func([]float32, int, int) ([]float32, error) { return nil, nil }, []*imageio.Image{scene(96, 96)}, Options{})
	require.Error(t, err)
	stopped, stop := context.WithCancel(ctx)
	stop()
	_, err = Measure(stopped, identity, []*imageio.Image{scene(96, 96)}, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// TestAuthor measures the tutorial's trained network as PyTorch 1.13 did: the same
// shifts of the same picture to 0.001, and noise of its own to what chance allows.
func TestAuthor(t *testing.T) {
	d, err := weights.ReadFile(need.Shared(t, "data/author/final.pth"))
	require.NoError(t, err)
	picture, err := imageio.Load(need.Shared(t, "data/author/011.png"), imageio.Options{})
	require.NoError(t, err)
	be := tensor.CPU()
	defer be.Close()
	net, err := nn.NewNetworkFrom(be, d)
	require.NoError(t, err)
	defer net.Free()
	net.Freeze()
	r := measure(t, func(x []float32, h, w int) ([]float32, error) { return net.Evaluate(be, x, h, w) }, picture)
	r.Heat = nil
	t.Logf("%+v", *r)
	for i, want := range []float64{26.876148, 30.362428, 27.105015, 2.095986} {
		require.InDelta(t, want, r.Shift[i], 1e-3)
	}
	require.InDelta(t, 3.456507, r.Shift[7], 1e-3)
	require.InDelta(t, 25.1, r.NoiseGain1, 1)
	require.InDelta(t, 20.0, r.NoiseChange1, 1)
}

// TestDetail adds up the Laplacian of single bright pixels by hand: 4 where one is, 1 at
// each neighbor, as far as these do not lie at the border.
func TestDetail(t *testing.T) {
	for _, c := range []struct{ x, y, want int }{{2, 2, 8}, {1, 1, 6}, {3, 1, 6}, {1, 2, 7}, {0, 1, 1}, {4, 2, 1}, {2, 0, 1}, {2, 4, 1}, {0, 0, 0}, {4, 4, 0}} {
		p := &planes{5, 5, make([]float32, 3*25)}
		p.data[25+c.y*5+c.x] = 9
		require.InDelta(t, float64(c.want), p.detail()*3, 1e-9, "%v", c)
	}
}

// TestBeyondBlocks asks for motion where the blocks end before the picture does.
func TestBeyondBlocks(t *testing.T) {
	m := &Motion{w: 1, h: 1, dx: []int{3}, dy: []int{-2}, known: []bool{true}}
	u, v, seen := m.Before(block-1, block-1)
	require.Equal(t, []any{float64(block + 2), float64(block - 3), true}, []any{u, v, seen})
	for _, at := range [][2]int{{block, 0}, {0, block}, {block, block}} {
		_, _, seen := m.Before(at[0], at[1])
		require.False(t, seen)
	}
}
