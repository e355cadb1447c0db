//go:build !noasm

package f32

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// The functions of this file choose between the forms of a kernel.

// available reports whether the processor and the operating system run t.
func available(t isa) bool {
	switch t {
	case portable:
		return true
	case avx2:
		return cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.BMI2)
	case avx512:
		return cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.BMI2)
	}
	return false
}

// ptr returns a pointer to the first element of s.
func ptr[T any](s []T) *T { return unsafe.SliceData(s) }

func gemm(out []float32, ts, os int, a []float32, at int, offs []int32, u []float32, cols int) {
	switch {
	case len(offs) == 0:
		gemmGeneric(Rows(), out, ts, os, a, at, offs, u, cols)
	case active == avx512:
		gemmAVX512(ptr(out), ts, os, ptr(a), at, ptr(offs), len(offs), ptr(u), cols)
	case active == avx2:
		gemmAVX2(ptr(out), ts, os, ptr(a), at, ptr(offs), len(offs), ptr(u), cols)
	default:
		gemmGeneric(Rows(), out, ts, os, a, at, offs, u, cols)
	}
}

func gemmTN(out []float32, os int, a []float32, lda int, b []float32, ldb, bs int, n int, cols int) {
	switch active {
	case avx512:
		gemmTNAVX512(ptr(out), os, ptr(a), lda, ptr(b), ldb, bs, n, cols)
	case avx2:
		gemmTNAVX2(ptr(out), os, ptr(a), lda, ptr(b), ldb, bs, n, cols)
	default:
		gemmTNGeneric(out, os, a, lda, b, ldb, bs, n, cols)
	}
}

func taps(dst []float32, ds int, x []float32, offs []int32, w []float32, oc int, bias *[8]float32, n int) {
	if active == portable || len(offs) == 0 {
		tapsGeneric(dst, ds, x, offs, w, oc, bias, n)
		return
	}
	switch {
	case active == avx512 && oc == 8:
		taps8AVX512(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), oc, &bias[0], len(offs), n)
	case active == avx512 && oc == 4:
		taps4AVX512(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), oc, &bias[0], len(offs), n)
	case active == avx512 && oc == 3:
		taps3AVX512(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), oc, &bias[0], len(offs), n)
	case active == avx512:
		taps1AVX512(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), oc, &bias[0], len(offs), n)
	case oc >= 4:
		taps4AVX2(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), oc, &bias[0], len(offs), n)
		if oc == 8 {
			taps4AVX2(ptr(dst[4*ds:]), ds, ptr(x), ptr(offs), ptr(w[4:]), oc, &bias[4], len(offs), n)
		}
	case oc == 3:
		taps3AVX2(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), oc, &bias[0], len(offs), n)
	default:
		taps1AVX2(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), oc, &bias[0], len(offs), n)
	}
}

func tapsGrad(dw []float32, oc int, dy []float32, ds, dyRow int, x []float32, offs []int32, xRow int, rows, n int) {
	if active == portable {
		tapsGradGeneric(dw, oc, dy, ds, dyRow, x, offs, xRow, rows, n)
		return
	}
	var sums [27][16]float32
	switch nt := len(offs); {
	case active == avx512 && oc == 8:
		tapsGrad8AVX512(ptr(dw), oc, ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, nt, rows, n, &sums)
	case active == avx512 && oc == 4:
		tapsGrad4AVX512(ptr(dw), oc, ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, nt, rows, n, &sums)
	case active == avx512 && oc == 3:
		tapsGrad3AVX512(ptr(dw), oc, ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, nt, rows, n, &sums)
	case active == avx512:
		tapsGrad1AVX512(ptr(dw), oc, ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, nt, rows, n, &sums)
	case oc >= 4:
		tapsGrad4AVX2(ptr(dw), oc, ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, nt, rows, n, &sums)
		if oc == 8 {
			tapsGrad4AVX2(ptr(dw[4:]), oc, ptr(dy[4*ds:]), ds, dyRow, ptr(x), ptr(offs), xRow, nt, rows, n, &sums)
		}
	case oc == 3:
		tapsGrad3AVX2(ptr(dw), oc, ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, nt, rows, n, &sums)
	default:
		tapsGrad1AVX2(ptr(dw), oc, ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, nt, rows, n, &sums)
	}
}

func winogradInput(v []float32, fs int, x []float32, rs int, n int) {
	switch active {
	case avx512:
		winogradInputAVX512(ptr(v), fs, ptr(x), rs, n)
	case avx2:
		winogradInputAVX2(ptr(v), fs, ptr(x), rs, n)
	default:
		winogradInputGeneric(v, fs, x, rs, n)
	}
}

func winogradInputMasked(v []float32, fs int, x, y []float32, rs int, n int) {
	switch active {
	case avx512:
		winogradInputMaskedAVX512(ptr(v), fs, ptr(x), ptr(y), rs, n)
	case avx2:
		winogradInputMaskedAVX2(ptr(v), fs, ptr(x), ptr(y), rs, n)
	default:
		winogradInputMaskedGeneric(v, fs, x, y, rs, n)
	}
}

func winogradWeights(u []float32, fs, us int, w []float32, n int) {
	switch active {
	case avx512:
		winogradWeightsAVX512(ptr(u), fs, us, ptr(w), n)
	case avx2:
		winogradWeightsAVX2(ptr(u), fs, us, ptr(w), n)
	default:
		winogradWeightsGeneric(u, fs, us, w, n)
	}
}

func winogradOutput(dst []float32, rs int, m []float32, ms int, n int, bias *[Lanes]float32, mode Mode) {
	switch active {
	case avx512:
		winogradOutputAVX512(ptr(dst), rs, ptr(m), ms, n, bias, int(mode))
	case avx2:
		winogradOutputAVX2(ptr(dst), rs, ptr(m), ms, n, bias, int(mode))
	default:
		winogradOutputGeneric(dst, rs, m, ms, n, bias, mode)
	}
}

func winogradGradOutput(v []float32, fs int, dy []float32, rs int, n int) {
	switch active {
	case avx512:
		winogradGradOutputAVX512(ptr(v), fs, ptr(dy), rs, n)
	case avx2:
		winogradGradOutputAVX2(ptr(v), fs, ptr(dy), rs, n)
	default:
		winogradGradOutputGeneric(v, fs, dy, rs, n)
	}
}

func winogradGradOutputMasked(v []float32, fs int, dy, y []float32, rs int, n int) {
	switch active {
	case avx512:
		winogradGradOutputMaskedAVX512(ptr(v), fs, ptr(dy), ptr(y), rs, n)
	case avx2:
		winogradGradOutputMaskedAVX2(ptr(v), fs, ptr(dy), ptr(y), rs, n)
	default:
		winogradGradOutputMaskedGeneric(v, fs, dy, y, rs, n)
	}
}

func toBlocked(dst, x []float32, plane, n, c int) {
	switch active {
	case avx512:
		toBlockedAVX512(ptr(dst), ptr(x), plane, n, c)
	case avx2:
		// Two passes of 8 channels, short enough for the second to find the lines
		// of dst in the first-level cache.
		for p := 0; p < n; p += 128 {
			m := min(128, n-p)
			d := dst[p*Lanes:]
			if c > 0 {
				toBlockedAVX2(ptr(d), ptr(x[p:]), plane, m, min(c, 8))
			} else {
				toBlockedAVX2(ptr(d), nil, plane, m, 0)
			}
			if c > 8 {
				toBlockedAVX2(ptr(d[8:]), ptr(x[p+8*plane:]), plane, m, c-8)
			} else {
				toBlockedAVX2(ptr(d[8:]), nil, plane, m, 0)
			}
		}
	default:
		toBlockedGeneric(dst, x, plane, n, c)
	}
}

func fromBlocked(dst []float32, plane int, x []float32, n, c int) {
	switch active {
	case avx512:
		fromBlockedAVX512(ptr(dst), plane, ptr(x), n, c)
	case avx2:
		for p := 0; p < n; p += 128 {
			m := min(128, n-p)
			fromBlockedAVX2(ptr(dst[p:]), plane, ptr(x[p*Lanes:]), m, min(c, 8))
			if c > 8 {
				fromBlockedAVX2(ptr(dst[p+8*plane:]), plane, ptr(x[p*Lanes+8:]), m, c-8)
			}
		}
	default:
		fromBlockedGeneric(dst, plane, x, n, c)
	}
}

func interleave2(dst, a, b []float32) {
	n := len(a) &^ 15
	switch {
	case active == avx512 && n > 0:
		interleave2AVX512(ptr(dst), ptr(a), ptr(b), n)
	case active == avx2 && n > 0:
		interleave2AVX2(ptr(dst), ptr(a), ptr(b), n)
	default:
		n = 0
	}
	interleave2Generic(dst[2*n:], a[n:], b[n:])
}

func deinterleave2(a, b, x []float32) {
	n := len(a) &^ 15
	switch {
	case active == avx512 && n > 0:
		deinterleave2AVX512(ptr(a), ptr(b), ptr(x), n)
	case active == avx2 && n > 0:
		deinterleave2AVX2(ptr(a), ptr(b), ptr(x), n)
	default:
		n = 0
	}
	deinterleave2Generic(a[n:], b[n:], x[2*n:])
}

func add(dst, a, b []float32) {
	switch active {
	case avx512:
		addAVX512(ptr(dst), ptr(a), ptr(b), len(dst))
	case avx2:
		addAVX2(ptr(dst), ptr(a), ptr(b), len(dst))
	default:
		addGeneric(dst, a, b)
	}
}

func axpy(dst, x []float32, alpha float32, add bool) {
	switch active {
	case avx512:
		axpyAVX512(ptr(dst), ptr(x), len(dst), alpha, add)
	case avx2:
		axpyAVX2(ptr(dst), ptr(x), len(dst), alpha, add)
	default:
		axpyGeneric(dst, x, alpha, add)
	}
}

func relu(dst, x []float32) {
	switch active {
	case avx512:
		reluAVX512(ptr(dst), ptr(x), len(dst))
	case avx2:
		reluAVX2(ptr(dst), ptr(x), len(dst))
	default:
		reluGeneric(dst, x)
	}
}

func reluGrad(dx, dy, y []float32, add bool) {
	switch active {
	case avx512:
		reluGradAVX512(ptr(dx), ptr(dy), ptr(y), len(dx), add)
	case avx2:
		reluGradAVX2(ptr(dx), ptr(dy), ptr(y), len(dx), add)
	default:
		reluGradGeneric(dx, dy, y, add)
	}
}

func fill(dst []float32, v float32) {
	switch active {
	case avx512:
		fillAVX512(ptr(dst), len(dst), v)
	case avx2:
		fillAVX2(ptr(dst), len(dst), v)
	default:
		fillGeneric(dst, v)
	}
}

func mul(dst, a, b []float32, add bool) {
	switch active {
	case avx512:
		mulAVX512(ptr(dst), ptr(a), ptr(b), len(dst), add)
	case avx2:
		mulAVX2(ptr(dst), ptr(a), ptr(b), len(dst), add)
	default:
		mulGeneric(dst, a, b, add)
	}
}

func subScale(dst, a, b []float32, c float32, add bool) {
	switch active {
	case avx512:
		subScaleAVX512(ptr(dst), ptr(a), ptr(b), len(dst), c, add)
	case avx2:
		subScaleAVX2(ptr(dst), ptr(a), ptr(b), len(dst), c, add)
	default:
		subScaleGeneric(dst, a, b, c, add)
	}
}

func scaleShift(dst, x []float32, scale, shift *[Lanes]float32, relu bool) {
	switch active {
	case avx512:
		scaleShiftAVX512(ptr(dst), ptr(x), scale, shift, len(dst), relu)
	case avx2:
		scaleShiftAVX2(ptr(dst), ptr(x), scale, shift, len(dst), relu)
	default:
		scaleShiftGeneric(dst, x, scale, shift, relu)
	}
}

func scaleShiftAdd(dst, x, r []float32, scale, shift *[Lanes]float32, alpha float32, relu bool) {
	switch active {
	case avx512:
		scaleShiftAddAVX512(ptr(dst), ptr(x), ptr(r), scale, shift, len(dst), alpha, relu)
	case avx2:
		scaleShiftAddAVX2(ptr(dst), ptr(x), ptr(r), scale, shift, len(dst), alpha, relu)
	default:
		scaleShiftAddGeneric(dst, x, r, scale, shift, alpha, relu)
	}
}

func normGradSums(sdy, sdyx *[Lanes]float64, dy, x []float32, mean *[Lanes]float32) {
	switch active {
	case avx512:
		normGradSumsAVX512(sdy, sdyx, ptr(dy), ptr(x), mean, len(dy))
	case avx2:
		normGradSumsAVX2(sdy, sdyx, ptr(dy), ptr(x), mean, len(dy))
	default:
		normGradSumsGeneric(sdy, sdyx, dy, x, mean)
	}
}

func normGradSumsReLU(sdy, sdyx *[Lanes]float64, dy, x []float32, scale, shift, mean *[Lanes]float32) {
	switch active {
	case avx512:
		normGradSumsReLUAVX512(sdy, sdyx, ptr(dy), ptr(x), scale, shift, mean, len(dy))
	case avx2:
		normGradSumsReLUAVX2(sdy, sdyx, ptr(dy), ptr(x), scale, shift, mean, len(dy))
	default:
		normGradSumsReLUGeneric(sdy, sdyx, dy, x, scale, shift, mean)
	}
}

func normGradApply(dx, dy, x []float32, a, b, c *[Lanes]float32, add bool) {
	switch active {
	case avx512:
		normGradApplyAVX512(ptr(dx), ptr(dy), ptr(x), a, b, c, len(dx), add)
	case avx2:
		normGradApplyAVX2(ptr(dx), ptr(dy), ptr(x), a, b, c, len(dx), add)
	default:
		normGradApplyGeneric(dx, dy, x, a, b, c, add)
	}
}

func normGradApplyReLU(dx, dy, x []float32, scale, shift, a, b, c *[Lanes]float32, add bool) {
	switch active {
	case avx512:
		normGradApplyReLUAVX512(ptr(dx), ptr(dy), ptr(x), scale, shift, a, b, c, len(dx), add)
	case avx2:
		normGradApplyReLUAVX2(ptr(dx), ptr(dy), ptr(x), scale, shift, a, b, c, len(dx), add)
	default:
		normGradApplyReLUGeneric(dx, dy, x, scale, shift, a, b, c, add)
	}
}

func sum16(sum *[Lanes]float64, x []float32) {
	switch active {
	case avx512:
		sum16AVX512(sum, ptr(x), len(x))
	case avx2:
		sum16AVX2(sum, ptr(x), len(x))
	default:
		sum16Generic(sum, x)
	}
}

func sqDev16(sum *[Lanes]float64, x []float32, mean *[Lanes]float32) {
	switch active {
	case avx512:
		sqDev16AVX512(sum, ptr(x), mean, len(x))
	case avx2:
		sqDev16AVX2(sum, ptr(x), mean, len(x))
	default:
		sqDev16Generic(sum, x, mean)
	}
}

func sumSqDiff(sum *[Lanes]float64, a, b []float32) {
	switch active {
	case avx512:
		sumSqDiffAVX512(sum, ptr(a), ptr(b), len(a))
	case avx2:
		sumSqDiffAVX2(sum, ptr(a), ptr(b), len(a))
	default:
		sumSqDiffGeneric(sum, a, b)
	}
}

func dot(sum *[Lanes]float64, a, b []float32) {
	switch active {
	case avx512:
		dotAVX512(sum, ptr(a), ptr(b), len(a))
	case avx2:
		dotAVX2(sum, ptr(a), ptr(b), len(a))
	default:
		dotGeneric(sum, a, b)
	}
}

func maxPool16(dst, x0, x1 []float32, n int) {
	switch active {
	case avx512:
		maxPool16AVX512(ptr(dst), ptr(x0), ptr(x1), n)
	case avx2:
		maxPool16AVX2(ptr(dst), ptr(x0), ptr(x1), n)
	default:
		maxPool16Generic(dst, x0, x1, n)
	}
}

func maxPoolGrad16(dx0, dx1, dy, x0, x1 []float32, n int, add bool) {
	switch active {
	case avx512:
		maxPoolGrad16AVX512(ptr(dx0), ptr(dx1), ptr(dy), ptr(x0), ptr(x1), n, add)
	case avx2:
		maxPoolGrad16AVX2(ptr(dx0), ptr(dx1), ptr(dy), ptr(x0), ptr(x1), n, add)
	default:
		maxPoolGrad16Generic(dx0, dx1, dy, x0, x1, n, add)
	}
}

func adam(w, m, v, g []float32, beta1, beta2, eps, stepSize, invSqrtCorr2 float32) {
	switch active {
	case avx512:
		adamAVX512(ptr(w), ptr(m), ptr(v), ptr(g), len(w), beta1, beta2, eps, stepSize, invSqrtCorr2)
	case avx2:
		adamAVX2(ptr(w), ptr(m), ptr(v), ptr(g), len(w), beta1, beta2, eps, stepSize, invSqrtCorr2)
	default:
		adamGeneric(w, m, v, g, beta1, beta2, eps, stepSize, invSqrtCorr2)
	}
}

func nestedInput(v []float32, vs int, x []float32, xs, n int) {
	switch active {
	case avx512:
		nestedInputAVX512(ptr(v), vs, ptr(x), xs, n)
	case avx2:
		nestedInputAVX2(ptr(v), vs, ptr(x), xs, n)
	default:
		nestedInputGeneric(v, vs, x, xs, n)
	}
}

func nestedOutput(y []float32, ys int, m []float32, ms, n int) {
	switch active {
	case avx512:
		nestedOutputAVX512(ptr(y), ys, ptr(m), ms, n)
	case avx2:
		nestedOutputAVX2(ptr(y), ys, ptr(m), ms, n)
	default:
		nestedOutputGeneric(y, ys, m, ms, n)
	}
}

func splitPairs(dst, x []float32, n int) {
	switch active {
	case avx512:
		splitPairsAVX512(ptr(dst), ptr(x), n)
	case avx2:
		splitPairsAVX2(ptr(dst), ptr(x), n)
	default:
		splitPairsGeneric(dst, x, n)
	}
}

func joinPairs(dst, x []float32, n int) {
	switch active {
	case avx512:
		joinPairsAVX512(ptr(dst), ptr(x), n)
	case avx2:
		joinPairsAVX2(ptr(dst), ptr(x), n)
	default:
		joinPairsGeneric(dst, x, n)
	}
}

func upsample16(dst, x []float32, n int) {
	switch active {
	case avx512:
		upsample16AVX512(ptr(dst), ptr(x), n)
	case avx2:
		upsample16AVX2(ptr(dst), ptr(x), n)
	default:
		upsample16Generic(dst, x, n)
	}
}

func upsampleGrad16(dx, dy0, dy1 []float32, n int, add bool) {
	switch active {
	case avx512:
		upsampleGrad16AVX512(ptr(dx), ptr(dy0), ptr(dy1), n, add)
	case avx2:
		upsampleGrad16AVX2(ptr(dx), ptr(dy0), ptr(dy1), n, add)
	default:
		upsampleGrad16Generic(dx, dy0, dy1, n, add)
	}
}

func stream(dst, src []float32) {
	switch active {
	case avx512:
		streamAVX512(ptr(dst), ptr(src), len(dst))
	case avx2:
		streamAVX2(ptr(dst), ptr(src), len(dst))
	default:
		streamGeneric(dst, src)
	}
}

func streamed() {
	switch active {
	case avx512:
		streamedAVX512()
	case avx2:
		streamedAVX2()
	}
}

func peak(rounds int) int {
	const registers = 12 // peakRegisters of the generator
	switch active {
	case avx512:
		peakAVX512(rounds)
		return 2 * 16 * registers
	case avx2:
		peakAVX2(rounds)
		return 2 * 8 * registers
	}
	return peakGeneric(rounds)
}
