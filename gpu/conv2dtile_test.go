//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// convCase is a convolution that takes a way of its own through the kernels. Without
// groups no sum is split.
type convCase struct {
	x             backend.Shape
	outputs, size int
	conv          backend.Conv
	groups        int
}

var convCases = []convCase{
	{backend.Shape{2, 35, 9, 10}, 20, 3, backend.Conv{Stride: 1, Pad: 1}, cardGroups}, // channels do not fill chunks; split
	{backend.Shape{1, 48, 7, 21}, 37, 3, backend.Conv{Stride: 1, Pad: 1}, 0},          // they do; a long sum
	{backend.Shape{1, 32, 12, 5}, 70, 3, backend.Conv{Stride: 1, Pad: 1}, cardGroups}, // split, chunks of channels
	{backend.Shape{2, 3, 19, 20}, 9, 9, backend.Conv{Stride: 1, Pad: 4}, 0},           // rows of whole quads
	{backend.Shape{1, 16, 18, 17}, 24, 3, backend.Conv{Stride: 2, Pad: 1}, 0},
	{backend.Shape{1, 16, 11, 36}, 140, 1, backend.Conv{Stride: 1}, 0}, // and no window
	{backend.Shape{1, 5, 13, 12}, 7, 3, backend.Conv{Stride: 1, Pad: 1}, cardGroups},
}

// TestConvTile compares every size of tile with the CPU, forward and backward: in
// every case with IMPASTO_LONG=1, in two without, because software renderers compile
// the shaders for seconds.
func TestConvTile(t *testing.T) {
	for n, tile := range tiles {
		for i, c := range convCases {
			if n != i && (n+1)%len(convCases) != i && !need.Long() {
				continue
			}
			t.Run(fmt.Sprint(tile, " ", i), func(t *testing.T) {
				d := openDevice(t)
				d.kernels = kernels{shared: true, tuned: true, conv: tile.String(), groups: c.groups}
				compareConv(t, d, c)
			})
		}
	}
}

// TestTileLimits keeps every tile within what OpenGL 4.3 promises, and within what
// the shader needs.
func TestTileLimits(t *testing.T) {
	for _, tile := range tiles {
		require.LessOrEqual(t, tile.memory(), 32<<10, tile)
		require.LessOrEqual(t, tile.threads(), 1024, tile)
		quads := tile.columns / 4
		require.Zero(t, tile.threads()%quads, tile)
		require.Zero(t, tile.depth*quads%tile.threads(), tile)
		require.Zero(t, 64%tile.depth, tile)
	}
}

// compareConv compares a fused convolution with bias, ReLU and reflection, a plain one
// and the latter's gradients with the CPU.
func compareConv(t *testing.T, d *Device, c convCase) {
	w := backend.Shape{c.outputs, c.x[1], c.size, c.size}
	y := c.conv.Out(c.x, w)
	rng := rand.New(rand.NewPCG(1, 2))
	x, weights, bias, dy, dx := noise(rng, c.x.Len()), noise(rng, w.Len()), noise(rng, c.outputs), noise(rng, y.Len()), noise(rng, c.x.Len())
	run := func(b backend.Backend) [4][]float32 {
		load := func(s backend.Shape, v []float32) backend.Buffer {
			buf := b.Alloc(s)
			b.Write(buf, v)
			return buf
		}
		bx, bw, bb, bdy, bdx := load(c.x, x), load(w, weights), load(backend.Vec(c.outputs), bias), load(y, dy), load(c.x, dx)
		fused, plain := b.Alloc(y), b.Alloc(y)
		g := backend.ConvBlock{Conv: c.conv, Reflect: true, Upsample: 1, ReLU: true}
		convBlock(b, fused, bx, bw, bb, g)
		b.Conv2d(plain, bx, bw, nil, c.conv)
		b.Conv2dGradInput(bdx, bdy, bw, c.conv, true)
		b.Conv2dGradWeight(bw, nil, bx, bdy, c.conv, true)
		var out [4][]float32
		for i, buf := range []backend.Buffer{fused, plain, bdx, bw} {
			out[i] = make([]float32, buf.Shape().Len())
			b.Read(out[i], buf)
		}
		return out
	}
	got, want := run(d), run(reference.New())
	require.NoError(t, d.Sync())
	taps := c.size * c.size
	terms := [4]int{c.x[1] * taps, c.x[1] * taps, c.outputs * taps, y[0] * y[2] * y[3]}
	for k := range want {
		for i, v := range want[k] {
			if diff := math.Abs(float64(got[k][i]) - float64(v)); !(diff < rounding(terms[k])) {
				t.Fatalf("result %d: element %d is %v, want %v", k, i, got[k][i], v)
			}
		}
	}
}

// rounding is how far a sum of so many products of normal random numbers may be from the
// exact one. After j products it is about √j large, so that an addition rounds it by
// √(j/3)*2^-24 on average. Over all of n, of either sign, that is n/√6*2^-24; among
// thousands of sums some are off by four times that, six times are allowed. For short sums
// it is 5e-5 all the same, far less than any term that could be missing.
func rounding(terms int) float64 {
	return max(5e-5, 6*float64(terms)/math.Sqrt(6)*0x1p-24)
}
