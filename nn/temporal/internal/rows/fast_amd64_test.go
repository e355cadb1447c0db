//go:build !noasm

package rows

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/klauspost/cpuid/v2"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// both calls do with portable Go and with the assembly, and wants the same of what it
// returns.
func both[T any](t *testing.T, do func() T) T {
	t.Helper()
	before := fast
	defer func() { fast = before }()
	fast = false
	want := do()
	fast = true
	require.Equal(t, want, do())
	return want
}

// TestAssembly compares the assembly with portable Go, to the bit: rows of all widths
// around groups of eight, motion within the picture, out of it, and to the ends of what
// floats can say, at the first, a middle, and the last row of the picture. Slices end
// where the row does, and what lies behind it must not change.
func TestAssembly(t *testing.T) {
	if !cpuid.CPU.Supports(cpuid.AVX2) {
		need.Missing(t, "avx2", "the processor has no AVX2")
	}
	rng := rand.New(rand.NewPCG(10, 11))
	odd := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, 1e-30, 1e9, -1e9, 32766.9, -32767.5,
		float32(math.NaN()), -float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32}
	for w := 1; w < 45; w++ {
		const h = 5
		f := &Frame{W: w, H: h, Motion: make([]float32, 2*w*h), ScaleX: 1.5, ScaleY: -1, Tolerance: 0.2}
		depth, last := make([]float32, w*h), make([]float32, w*h)
		from := make([]Place, w*h)
		for i := range w * h {
			from[i] = Place{int32(rng.IntN((w-1)*one + 1)), int32(rng.IntN((h-1)*one+1)) &^ 1}
			if from[i].X&^1 == int32(w-1)*one {
				from[i].X &^= 1
			}
			for c := range 2 {
				f.Motion[2*i+c] = float32(rng.NormFloat64() * 2)
				if rng.IntN(8) == 0 {
					f.Motion[2*i+c] = odd[rng.IntN(len(odd))]
				}
			}
			depth[i], last[i] = float32(8+rng.IntN(4)), float32(8+rng.IntN(4))
			if rng.IntN(16) == 0 {
				depth[i], last[i] = odd[rng.IntN(len(odd))], odd[rng.IntN(len(odd))]
			}
		}
		base := make([]uint64, w*h+Guard(w))
		for i := range w * h {
			take(base[i:][:1], []uint8{uint8(rng.Uint32()), uint8(rng.Uint32()), uint8(rng.Uint32() % 2 * 255), 99})
			base[i] += rng.Uint64() & 0x0000_007f_007f_007f * uint64(rng.IntN(2))
			base[i] = clamp(base[i], 0, 0x0000_7f80_7f80_7f80)
		}
		bytes := func() []uint8 {
			p := make([]uint8, 4*w)
			for i := range p {
				p[i] = uint8(rng.Uint32())
				if rng.IntN(4) == 0 {
					p[i] = uint8(rng.IntN(2) * 255)
				}
			}
			return p
		}
		// behind returns a slice with one element more than it shows.
		behind := func(p []uint8) []uint8 { return slices.Concat(p, []uint8{201})[:len(p)] }
		for _, y := range []int{0, 2, h - 1} {
			var at []Place
			for k := range 4 {
				f.Depth, f.Last = nil, nil
				if k%2 > 0 {
					f.Depth, f.Last = depth, last
				}
				was := from
				if k < 2 {
					was = nil
				}
				at = both(t, func() []Place {
					dst := make([]Place, w+1)
					f.Follow(dst[:w], was, y)
					require.Zero(t, dst[w])
					return dst[:w]
				})
			}
			for i, p := range at {
				require.True(t, p.X >= 0 && p.X&^1 <= int32(w-1)*one && p.Y >= 0 && p.Y <= int32(h-1)*one && p.Y&1 == 0, "place %d: %v", i, p)
			}
			dst, alpha := bytes(), bytes()
			rows := [3][]uint8{bytes(), bytes(), bytes()}
			both(t, func() []uint8 {
				p := behind(dst)
				Carry(p, at, base, w)
				return p[:cap(p)][:4*w+1]
			})
			for _, share := range []int{0, 1, 29491, 1<<15 - 1} {
				next := both(t, func() []uint64 {
					p := make([]uint64, w+1)
					Mix(p[:w], &rows, at, base, share)
					return p
				})
				require.Zero(t, next[w])
				both(t, func() []uint8 {
					p := behind(dst)
					Show(p, alpha, next[:w])
					return p[:cap(p)][:4*w+1]
				})
			}
			both(t, func() []uint64 {
				p := make([]uint64, w+1)
				Take(p[:w], rows[0])
				return p
			})
		}
	}
}
