//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// upsampled are convolutions of upsampled images, by ways through the kernels: without
// shared memory, with it, with sums that are split, and with a bound of a storage block.
var upsampled = []struct {
	kernels kernels
	x       backend.Shape
	outputs int
	block   int // MaxBlock
}{
	{kernels{tuned: true}, backend.Shape{2, 3, 5, 7}, 10, 0},
	{kernels{tuned: true}, backend.Shape{1, 6, 40, 15}, 21, 16 << 10},
	{kernels{shared: true, tuned: true, conv: "16x128"}, backend.Shape{2, 5, 9, 10}, 20, 0},
	{kernels{shared: true, tuned: true, conv: "64x64", groups: cardGroups}, backend.Shape{2, 35, 6, 7}, 70, 0},
}

// TestUpsampledConvolutions compares the four phases of a convolution of an upsampled
// image with the CPU, with mirrored edges and zeros.
func TestUpsampledConvolutions(t *testing.T) {
	for i, c := range upsampled {
		for _, reflect := range []bool{false, true} {
			t.Run(fmt.Sprint(i, reflect), func(t *testing.T) {
				d := openDevice(t, MaxBlock(c.block))
				d.kernels = c.kernels
				g := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: reflect, Upsample: 2, ReLU: reflect}
				w := backend.Shape{c.outputs, c.x[1], 3, 3}
				rng := rand.New(rand.NewPCG(3, 4))
				x, weights, bias := noise(rng, c.x.Len()), noise(rng, w.Len()), noise(rng, c.outputs)
				before, dy, signs := noise(rng, c.x.Len()), noise(rng, g.Out(c.x, w).Len()), noise(rng, g.Out(c.x, w).Len())
				run := func(b backend.Backend) []float32 {
					bx, bw, bb, y := load(b, c.x, x), load(b, w, weights), load(b, backend.Vec(c.outputs), bias), b.Alloc(g.Out(c.x, w))
					convBlock(b, y, bx, bw, bb, g)
					dx := load(b, c.x, before)
					upsampledGrad(b, dx, load(b, y.Shape(), dy), load(b, y.Shape(), signs), bw, g)
					return append(read(b, y), read(b, dx)...)
				}
				got, want := run(d), run(reference.New())
				require.NoError(t, d.Sync())
				results := g.Out(c.x, w).Len()
				for i, v := range want {
					terms := 9 * c.x[1]
					if i >= results { // a gradient: four pixels of the upsampled image share it
						terms = 4 * 9 * c.outputs
					}
					if diff := math.Abs(float64(got[i]) - float64(v)); !(diff < rounding(terms)) {
						t.Fatalf("element %d is %v, want %v", i, got[i], v)
					}
				}
			})
		}
	}
}

// upsampledGrad adds the gradient of the input of a block that upsamples by two to dx.
func upsampledGrad(b backend.Backend, dx, dy, y, w backend.Buffer, g backend.ConvBlock) {
	if f, ok := b.(backend.ConvFuser); ok {
		f.ConvBlockGradInput(dx, dy, y, w, g, true)
		return
	}
	if g.ReLU {
		b.ReLUGrad(dy, dy, y, false)
	}
	s := dx.Shape()
	up := b.Alloc(backend.Shape{s[0], s[1], 2 * s[2], 2 * s[3]})
	if g.Reflect {
		padded := b.Alloc(backend.Shape{s[0], s[1], 2*s[2] + 2, 2*s[3] + 2})
		b.Conv2dGradInput(padded, dy, w, backend.Conv{Stride: 1}, false)
		b.ReflectPadGrad(up, padded, 1, false)
	} else {
		b.Conv2dGradInput(up, dy, w, g.Conv, false)
	}
	b.UpsampleGrad(dx, up, 2, true)
}

// momentCases are convolutions whose moments come from each kernel that leaves them.
var momentCases = []struct {
	x        backend.Shape
	outputs  int
	kernel   string
	winograd bool
	upsample int
	groups   int  // 0 for no split sums
	leaves   bool // moments
}{
	{backend.Shape{1, 6, 13, 18}, 19, "8x256", false, 1, 0, true},
	{backend.Shape{2, 6, 16, 18}, 19, "16x128", false, 1, 0, false}, // shares would have two images
	{backend.Shape{2, 6, 16, 30}, 37, "32x128", false, 1, 0, true},
	{backend.Shape{1, 16, 9, 22}, 70, "64x64", false, 1, 0, true},
	{backend.Shape{1, 20, 9, 11}, 70, "64x128", false, 2, 0, true},
	{backend.Shape{1, 20, 9, 15}, 130, "128x64", false, 1, 0, true},
	{backend.Shape{1, 64, 13, 18}, 33, "32x128", false, 1, cardGroups, true},
	{backend.Shape{2, 96, 16, 16}, 9, "16x128", false, 2, cardGroups, true},
	{backend.Shape{1, 32, 45, 31}, 33, "64x64", true, 1, 0, true},
	{backend.Shape{2, 32, 32, 32}, 33, "64x64", true, 1, 0, true},
}

// TestMoments normalizes the results of convolutions. Half of the channels are far from
// zero, where sums of squares would lose all bits. Without IMPASTO_LONG it takes every
// second case, because software renderers compile the shaders for seconds.
func TestMoments(t *testing.T) {
	for i, c := range momentCases {
		if i%2 == 1 && !need.Long() {
			continue
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			d := openDevice(t)
			d.kernels = kernels{shared: true, tuned: true, conv: c.kernel, winograd: c.winograd, groups: c.groups}
			g := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: c.upsample}
			w := backend.Shape{c.outputs, c.x[1], 3, 3}
			y := g.Out(c.x, w)
			stat := backend.Shape{y[0], y[1], 1, 1}
			rng := rand.New(rand.NewPCG(7, 8))
			x, weights := noise(rng, c.x.Len()), noise(rng, w.Len())
			for i := range x {
				x[i] += 300
			}
			for o := range c.outputs { // every second kernel does not see the mean
				if k := weights[o*w[1]*9:][:w[1]*9]; o%2 == 0 {
					mean := float32(0)
					for _, v := range k {
						mean += v / float32(len(k))
					}
					for i := range k {
						k[i] -= mean
					}
				}
			}
			vec := noise(rng, c.outputs)
			run := func(b backend.Backend, between func()) [2][]float32 {
				bx, bw, v := load(b, c.x, x), load(b, w, weights), load(b, backend.Vec(c.outputs), vec)
				by, bz, mean, rstd := b.Alloc(y), b.Alloc(y), b.Alloc(stat), b.Alloc(stat)
				convBlock(b, by, bx, bw, nil, g)
				between()
				b.InstanceNorm(bz, mean, rstd, by, v, v, 1e-5)
				return [2][]float32{read(b, mean), read(b, rstd)}
			}
			var told []Dispatch
			start := func() { d.Trace(func(p Dispatch) { told = append(told, p) }) }
			got := run(d, start)
			d.Trace(nil)
			stages := len(told)
			scratch := d.Alloc(backend.Scalar)
			d.Fill(scratch, 0)
			told = nil
			other := run(d, func() { d.Fill(scratch, 1); start() })
			d.Trace(nil)
			require.NoError(t, d.Sync())
			require.Len(t, told, 3)
			if c.leaves {
				require.Equal(t, 2, stages, "the moments were not left")
			} else {
				require.Equal(t, 3, stages)
			}
			for k, want := range run(reference.New(), func() {}) {
				for i, v := range want {
					for _, got := range [2][]float32{got[k], other[k]} {
						// Means are as large as 300 times the sum of a kernel, from float32 values.
						require.InDelta(t, v, got[i], 3e-5*math.Abs(float64(v))+2e-3*float64(1-k), "%d: %d", k, i)
					}
				}
			}
		})
	}
}

// TestMomentsAreOfWhatFollowed changes a tensor between its convolution and its
// normalization in every way that there is.
func TestMomentsAreOfWhatFollowed(t *testing.T) {
	d := openDevice(t)
	d.kernels = kernels{shared: true, tuned: true, conv: "16x128"}
	s := backend.Shape{1, 3, 16, 16}
	x, y, w, one := d.Alloc(s), d.Alloc(s), d.Alloc(backend.Shape{3, 3, 3, 3}), d.Alloc(backend.Vec(3))
	mean, rstd := d.Alloc(backend.Shape{1, 3, 1, 1}), d.Alloc(backend.Shape{1, 3, 1, 1})
	for _, b := range []backend.Buffer{x, w, one} {
		d.Fill(b, 1)
	}
	fill := func() { d.Fill(y, 2) }
	r, err := d.Record(fill)
	require.NoError(t, err)
	for name, change := range map[string]func(){
		"write": func() { d.Write(y, full(s.Len(), 2)) }, "operation": fill, "recording": func() { r.Run(0, 0, r.Groups(0)) },
		"texture": func() {
			d.Do(func() {
				name := newTexture(gl.RGBA8, s[3], s[2], slices.Repeat([]byte{2}, 4*s[2]*s[3]))
				defer gl.DeleteTextures(1, &name)
				require.NoError(t, d.ReadTexture(y, name, false))
			})
		},
	} {
		d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1, Pad: 1})
		require.NotNil(t, d.left.of)
		change()
		d.InstanceNorm(x, mean, rstd, y, one, one, 1e-5)
		require.Equal(t, []float32{2, 2, 2}, read(d, mean), name)
		d.Fill(x, 1)
	}
	r.Free()
	require.NoError(t, d.Sync())
}

func load(b backend.Backend, s backend.Shape, v []float32) backend.Buffer {
	buf := b.Alloc(s)
	b.Write(buf, v)
	return buf
}

func read(b backend.Backend, buf backend.Buffer) []float32 {
	v := make([]float32, buf.Shape().Len())
	b.Read(v, buf)
	return v
}
