package f32

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func allKernels() []kernel {
	return slices.Concat(elementwiseKernels(), normKernels(), reduceKernels(), winogradKernels(), nestedKernels(),
		layoutKernels(), poolKernels(), upsampleKernels(), productKernels(), tapKernels())
}

// TestKernels runs every kernel at every length on slices that end at, and then
// begin at, a page that may not be touched, and once at an odd alignment between
// canaries, and compares all buffers with float64 loops. The bound is 4 units in
// the last place of the largest possible sum of a result's terms.
func TestKernels(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		var a arena
		r := rand.New(rand.NewPCG(3, 4))
		for _, k := range allKernels() {
			t.Run(k.name, func(t *testing.T) {
				for n := 0; n <= lengths(k); n += lengthStep {
					in := inputs(k, n, func() float32 { return r.Float32()*2 - 1 })
					want := widened(in)
					k.want(n, want)
					bound := 0.0
					if !k.exact {
						bound = 4 * k.terms(n) / (1 << 24)
					}
					for _, place := range []struct {
						front bool
						shift int
					}{{false, 0}, {true, 0}, {true, 256 + n%16}} {
						a.reset(place.front, place.shift)
						got := run(k, n, in, &a)
						for i := range got {
							for j, v := range got[i] {
								if !(math.Abs(float64(v)-want[i][j]) <= bound) {
									t.Fatalf("n %d, buffer %d, element %d: got %v, want %v, bound %v", n, i, j, v, want[i][j], bound)
								}
							}
						}
						require.True(t, a.intact(), "n %d: wrote outside its slices", n)
					}
				}
			})
		}
	})
}

// TestAlignments runs every kernel with its slices at every alignment to 64 bytes.
func TestAlignments(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		var a arena
		r := rand.New(rand.NewPCG(5, 6))
		for _, k := range allKernels() {
			n := min(lengths(k), 53)
			in := inputs(k, n, func() float32 { return r.Float32()*2 - 1 })
			var first [][]float32
			for shift := range 16 {
				a.reset(true, 256+shift)
				got := run(k, n, in, &a)
				if first == nil {
					first = copied(got, nil)
				}
				require.Equal(t, bitsOf(first), bitsOf(got), "%s at alignment %d", k.name, shift)
				require.True(t, a.intact(), k.name)
			}
		}
	})
}

// TestSpecialValues compares the forms with the portable one on inputs with NaN,
// infinities, zeros of both signs and denormals. Where an operand's tail is only
// read, not used, such values must not leak into results.
func TestSpecialValues(t *testing.T) {
	values := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0,
		float32(math.Copysign(0, -1)), 1e-40, -1e-42, 1, -1, 0.5, -0.25, 2}
	eachISA(t, func(t *testing.T) {
		var a arena
		r := rand.New(rand.NewPCG(7, 8))
		name, rows := ISA(), Rows()
		for _, k := range allKernels() {
			for _, n := range []int{1, 5, 17, 70} {
				n = min(n, lengths(k))
				in := inputs(k, n, func() float32 {
					if r.IntN(20) > 0 {
						return r.Float32()*2 - 1
					}
					return values[r.IntN(len(values))]
				})
				want := copied(in, nil)
				require.NoError(t, Use("portable"))
				if k.ref != nil {
					k.ref(rows, n, want)
				} else {
					k.call(n, want)
				}
				require.NoError(t, Use(name))
				a.reset(false, 0)
				got := run(k, n, in, &a)
				for i := range got {
					for j, v := range got[i] {
						w := want[i][j]
						terms := 1.0
						if !k.exact {
							terms = 2 * k.terms(n)
						}
						equal := v == w || v != v && w != w || math.Abs(float64(v)-float64(w)) <= 4*terms/(1<<24)
						require.True(t, equal, "%s, n %d, buffer %d, element %d: got %v, want %v", k.name, n, i, j, v, w)
					}
				}
				require.True(t, a.intact(), k.name)
			}
		}
	})
}

// TestLong runs every kernel at lengths that wrappers cut into pieces, on small
// integers, where all forms are exact, and compares them with the portable form
// of the whole.
func TestLong(t *testing.T) {
	long := map[string]int{"Winograd": 2*tileChunk + 3, "Gemm-": 0, "GemmTN": 2*4096 + 5, "Taps8-9": 45000, "Taps": 100,
		"TapsGrad8-29": 12000, "TapsGrad": 100, "ToBlocked": 2*layoutChunk + 17, "FromBlocked": layoutChunk + 1,
		"MaxPool": 2*poolChunk + 1, "Upsample": poolChunk + 7, "Upsampled": nestedChunk + 35, "SplitPairs": poolChunk + 7, "JoinPairs": poolChunk + 7, "Adam": 0, "": chunk + 4099}
	length := func(name string) int {
		best := ""
		for prefix := range long {
			if strings.HasPrefix(name, prefix) && len(prefix) > len(best) {
				best = prefix
			}
		}
		return long[best]
	}
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		name := ISA()
		if name == "portable" {
			return // the reference itself, which TestKernels covers
		}
		for _, k := range allKernels() {
			n := length(k.name)
			if n == 0 {
				continue
			}
			in := inputs(k, n, func() float32 { return float32(r.IntN(5) - 2) })
			want := copied(in, nil)
			require.NoError(t, Use("portable"))
			k.call(n, want)
			require.NoError(t, Use(name))
			got := copied(in, nil)
			k.call(n, got)
			for i := range got {
				for j, v := range got[i] {
					w := want[i][j]
					if v != w && math.Abs(float64(v)-float64(w)) > 1e-6*math.Abs(float64(w))+thirds(k.name) {
						t.Fatalf("%s, buffer %d, element %d: got %v, want %v", k.name, i, j, v, w)
					}
				}
			}
		}
	})
}

// thirds is how far from zero a difference of a kernel may end that divides small
// integers by three.
func thirds(kernel string) float64 {
	if kernel == "WinogradWeights" {
		return 1e-7
	}
	return 0
}

func TestBoundsPanic(t *testing.T) {
	x := make([]float32, 64)
	require.PanicsWithValue(t, "BUG: f32.Add: slice or argument out of range", func() { Add(x, x[:63], x) })
	require.Panics(t, func() { Gemm(x, 16, 0, x, 16, []int32{0}, x, 16) })
	require.Panics(t, func() { Taps(x, 8, x, []int32{0}, x, 2, nil, 8) })
	require.Panics(t, func() { Taps(x, 8, x, []int32{0}, x, 1, nil, 8) }, "slack is missing")
	require.Panics(t, func() { Taps(x, 8, make([]float32, 256), []int32{-1}, x, 1, nil, 8) })
	require.Panics(t, func() { WinogradInput(x, 16, x, 96, 1) })
	require.Panics(t, func() { NestedInput(x, 2, x, 4, 1) })
	require.Panics(t, func() { NestedOutput(x, 8, x, 2, 1) })
	require.Panics(t, func() { UpsampledInput(x, 32, x, 1, 1) })
	require.Panics(t, func() { UpsampledInput(x, 1, x, 63, 1) })
	require.Panics(t, func() { UpsampledOutput(x, 63, x, 1, 1) })
	require.Panics(t, func() { UpsampledOutput(x, 2, x, 8, 1) })
	require.Panics(t, func() { ToBlocked(x, x, 8, 8, 17) })
}

func TestNoAllocations(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		x, y := make([]float32, 4096), make([]float32, 4096)
		offs := []int32{0, 1, 2}
		require.Zero(t, testing.AllocsPerRun(10, func() {
			Add(x, x, y)
			ScaleShift(x, x, nil, 1, 0, 0, true)
			Sum(x)
			NormGradSums(x, y, 1, 0, 0, true)
			Taps(x, 64, y, offs, y, 8, nil, 64)
			TapsGrad(x, 8, y, 64, 0, y, offs, 0, 1, 64)
			Gemm(x, 32, 16, y, 16, offs[:1], y, 32)
			WinogradOutput(x, 64, y, 576, 1, nil, Store)
		}))
	})
}

// lengthStep is the step between the lengths of TestKernels.
var lengthStep = 1

// lengths returns the largest length to test k at.
func lengths(k kernel) int {
	if k.max > 0 {
		return k.max
	}
	return 257
}

// inputs returns the buffers of a call of k, filled by value.
func inputs(k kernel, n int, value func() float32) [][]float32 {
	var b [][]float32
	for _, size := range k.sizes(n) {
		s := make([]float32, size)
		for i := range s {
			s[i] = value()
		}
		b = append(b, s)
	}
	if k.init != nil {
		k.init(n, b)
	}
	return b
}

// run calls k on copies of in that lie in the arena.
func run(k kernel, n int, in [][]float32, a *arena) [][]float32 {
	got := copied(in, a)
	k.call(n, got)
	return got
}

func copied(in [][]float32, a *arena) [][]float32 {
	out := make([][]float32, len(in))
	for i, s := range in {
		if a == nil {
			out[i] = slices.Clone(s)
			continue
		}
		out[i] = a.floats(len(s))
		copy(out[i], s)
	}
	return out
}

func widened(in [][]float32) [][]float64 {
	out := make([][]float64, len(in))
	for i, s := range in {
		out[i] = make([]float64, len(s))
		for j, v := range s {
			out[i][j] = float64(v)
		}
	}
	return out
}

func bitsOf(b [][]float32) (bits [][]uint32) {
	for _, s := range b {
		u := make([]uint32, len(s))
		for i, v := range s {
			u[i] = math.Float32bits(v)
		}
		bits = append(bits, u)
	}
	return bits
}
