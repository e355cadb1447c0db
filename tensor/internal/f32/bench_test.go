package f32

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// benchEachISA runs f for every instruction set of this machine.
func benchEachISA(b *testing.B, f func(b *testing.B)) {
	before := active
	b.Cleanup(func() { active = before })
	for _, name := range isaNames {
		if Use(name) == nil {
			b.Run(name, func(b *testing.B) {
				if err := Use(name); err != nil {
					b.Fatal(err)
				}
				f(b)
			})
		}
	}
}

// fastest runs f for the benchmark's time and returns the shortest run in
// seconds: what the kernel can do while no other process interferes.
func fastest(b *testing.B, f func()) float64 {
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	b.ReportMetric(0, "ns/op")
	return best.Seconds()
}

// rate reports the best rate of flops floating-point operations, and its share of
// the peak.
func rate(b *testing.B, flops int, f func()) {
	peak := PeakFMA()
	gflops := float64(flops) / fastest(b, f) / 1e9
	b.ReportMetric(gflops, "GFLOP/s")
	b.ReportMetric(100*gflops/max(peak, PeakFMA()), "%peak")
}

// bandwidth reports the best rate at which f reads and writes bytes.
func bandwidth(b *testing.B, bytes int, f func()) {
	b.ReportMetric(float64(bytes)/fastest(b, f)/1e9, "GB/s")
}

func BenchmarkPeak(b *testing.B) {
	benchEachISA(b, func(b *testing.B) {
		var best float64
		for b.Loop() {
			best = max(best, PeakFMA())
		}
		b.ReportMetric(best, "GFLOP/s")
		b.ReportMetric(0, "ns/op")
	})
}

// BenchmarkGemm multiplies as a Winograd layer does: 8 tiles of rows by 8 panels
// of 32 columns.
func BenchmarkGemm(b *testing.B) {
	for _, c := range []int{32, 64, 256, 512} {
		b.Run(fmt.Sprintf("channels%d", c), func(b *testing.B) {
			benchEachISA(b, func(b *testing.B) {
				rows, blocks := Rows(), c/16
				offs := make([]int32, blocks)
				for s := range offs {
					offs[s] = int32(s * rows * 16)
				}
				const groups, panels = 4, 8
				a := make([]float32, groups*rows*c)
				u := make([]float32, panels*c*32)
				out := make([]float32, rows*32)
				rate(b, 2*groups*panels*rows*32*c, func() {
					for p := range panels {
						for g := range groups {
							Gemm(out, 32, 16, a[g*rows*c:], 16, offs, u[p*c*32:(p+1)*c*32], 32)
						}
					}
				})
			})
		})
	}
}

func BenchmarkGemmTN(b *testing.B) {
	benchEachISA(b, func(b *testing.B) {
		const n = 512
		x, y, out := make([]float32, n*16), make([]float32, 2*n*16), make([]float32, 8*32)
		rate(b, 2*8*32*n, func() { GemmTN(out, 32, x, 16, y, 16, n*16, n, 32) })
	})
}

func BenchmarkWinograd(b *testing.B) {
	const n, rs = 64, 66 * 4 * 16
	x, y := make([]float32, 6*rs), make([]float32, 6*rs)
	// Frequencies a multiple of 4 KB apart would all share a few cache sets.
	const fs = n*16 + 16
	v := make([]float32, 36*fs)
	in, out := 4*6*n*64, 4*36*n*16
	for _, c := range []struct {
		name  string
		bytes int
		f     func()
	}{
		{"Input", in + out, func() { WinogradInput(v, fs, x, rs, n) }},
		{"InputMasked", 2*in + out, func() { WinogradInputMasked(v, fs, x, y, rs, n) }},
		{"Output", out + 4*4*n*64, func() { WinogradOutput(y, rs, v, 36*16, n, nil, StoreReLU) }},
		{"OutputAccumulate", out + 8*4*n*64, func() { WinogradOutput(y, rs, v, 36*16, n, nil, Accumulate) }},
		{"GradOutput", 4*4*n*64 + out, func() { WinogradGradOutput(v, fs, x, rs, n) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchEachISA(b, func(b *testing.B) { bandwidth(b, c.bytes, c.f) })
		})
	}
}

// benchTaps prepares a 9x9 convolution of rows of 960 pixels.
func benchTaps(ic, oc, rows int) (x []float32, offs []int32, w, dst []float32) {
	for c := range ic {
		for k := range 81 {
			offs = append(offs, int32((c*(rows+8)+k/9)*benchRow+k%9))
		}
	}
	return make([]float32, ic*(rows+8)*benchRow+128), offs, make([]float32, len(offs)*oc), make([]float32, oc*rows*960)
}

const benchRow = 968

func BenchmarkTaps(b *testing.B) {
	for _, c := range [][2]int{{3, 8}, {8, 3}, {8, 1}, {4, 4}} {
		b.Run(fmt.Sprintf("9x9-%dto%d", c[0], c[1]), func(b *testing.B) {
			x, offs, w, dst := benchTaps(c[0], c[1], 1)
			benchEachISA(b, func(b *testing.B) {
				rate(b, 2*len(offs)*c[1]*960, func() { Taps(dst, 960, x, offs, w, c[1], nil, 960) })
			})
		})
	}
}

func BenchmarkTapsGrad(b *testing.B) {
	const rows = 8
	for _, c := range [][2]int{{3, 8}, {8, 3}} {
		b.Run(fmt.Sprintf("9x9-%dto%d", c[0], c[1]), func(b *testing.B) {
			x, offs, dw, dy := benchTaps(c[0], c[1], rows)
			benchEachISA(b, func(b *testing.B) {
				rate(b, 2*len(offs)*c[1]*960*rows, func() {
					TapsGrad(dw, c[1], dy, rows*960, 960, x, offs, benchRow, rows, 960)
				})
			})
		})
	}
}

// BenchmarkMaps measures elementwise functions, reductions, pooling and layouts
// on 256 KB operands, in the second-level cache, next to copy.
func BenchmarkMaps(b *testing.B) {
	const n = 64 << 10
	x, y, z, w := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	Fill(y, 1)
	lanes := splat(1)
	var sums, sums2 [16]float64
	for _, c := range []struct {
		name     string
		operands float64
		f        func()
	}{
		{"copy", 2, func() { copy(x, y) }},
		{"Add", 3, func() { Add(x, y, z) }},
		{"ReLU", 2, func() { ReLU(x, y) }},
		{"ReLUGrad", 3, func() { ReLUGrad(x, y, z, false) }},
		{"ScaleShift", 2, func() { ScaleShift(x, y, nil, 1, 0, 0, true) }},
		{"ScaleShift16", 3, func() { ScaleShift16(x, y, z, lanes[:], lanes[:], 1, true) }},
		{"NormGradSums16", 2, func() { NormGradSums16(&sums, &sums2, y, z, &lanes, &lanes, &lanes, true) }},
		{"NormGradApply16", 3, func() { NormGradApply16(x, y, z, &lanes, &lanes, &lanes, &lanes, &lanes, true, false) }},
		{"Sum", 1, func() { Sum(y) }},
		{"SqDev", 1, func() { SqDev(y, 1) }},
		{"Adam", 7, func() { Adam(x, w, y, z, 0.9, 0.999, 0.1, 0.001, 1e-8, 1e-3, 1) }},
		{"ToBlocked", 2, func() { ToBlocked(x, y, n/16, n/16, 16) }},
		{"FromBlocked", 2, func() { FromBlocked(x, n/16, y, n/16, 16) }},
		{"Interleave2", 2, func() { Interleave2(x, y[:n/2], z) }},
		{"SplitPairs", 2, func() { SplitPairs(x, y, n/32) }},
		{"Upsample16", 1.5, func() { Upsample16(x, y, n/32) }},
		{"UpsampleGrad16", 1.25, func() { UpsampleGrad16(x, y, y[n/2:], n/64, false) }},
		{"NestedInput", 42. / 32, func() { NestedInput(x, n/32+16, y, n/32+16, n/32) }},
		{"NestedOutput", 34. / 32, func() { NestedOutput(x, n/32+16, y, n/32+16, n/32) }},
		{"MaxPool16", 1.25, func() { MaxPool16(x, y, y[n/2:], n/64) }},
		{"MaxPoolGrad16", 2.25, func() { MaxPoolGrad16(x, x[n/2:], w, y, y[n/2:], n/64, false) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchEachISA(b, func(b *testing.B) { bandwidth(b, int(4*n*c.operands), c.f) })
		})
	}
}
