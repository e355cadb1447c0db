//go:build !noasm

package f32

import "unsafe"

// The functions of this file choose between the forms of a kernel.

// available reports whether the processor runs t; every arm64 has NEON.
func available(t isa) bool { return t == portable || t == neon }

// ptr returns a pointer to the first element of s.
func ptr[T any](s []T) *T { return unsafe.SliceData(s) }

func gemm(out []float32, ts, os int, a []float32, at int, offs []int32, u []float32, cols int) {
	if active == portable || len(offs) == 0 {
		gemmGeneric(Rows(), out, ts, os, a, at, offs, u, cols)
		return
	}
	gemmNEON(ptr(out), ts, os, ptr(a), at, ptr(offs), len(offs), ptr(u), cols)
}

func gemmTN(out []float32, os int, a []float32, lda int, b []float32, ldb, bs int, n int, cols int) {
	if active == portable {
		gemmTNGeneric(out, os, a, lda, b, ldb, bs, n, cols)
		return
	}
	gemmTNNEON(ptr(out), os, ptr(a), lda, ptr(b), ldb, bs, n, cols)
}

func taps(dst []float32, ds int, x []float32, offs []int32, w []float32, oc int, bias *[8]float32, n int) {
	if active == portable || len(offs) == 0 {
		tapsGeneric(dst, ds, x, offs, w, oc, bias, n)
		return
	}
	switch oc {
	case 8:
		taps8NEON(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), &bias[0], len(offs), n)
	case 4:
		taps4NEON(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), &bias[0], len(offs), n)
	case 3:
		taps3NEON(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), &bias[0], len(offs), n)
	default:
		taps1NEON(ptr(dst), ds, ptr(x), ptr(offs), ptr(w), &bias[0], len(offs), n)
	}
}

func tapsGrad(dw []float32, oc int, dy []float32, ds, dyRow int, x []float32, offs []int32, xRow int, rows, n int) {
	if active == portable {
		tapsGradGeneric(dw, oc, dy, ds, dyRow, x, offs, xRow, rows, n)
		return
	}
	switch oc {
	case 8:
		tapsGrad8NEON(ptr(dw), ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, len(offs), rows, n)
	case 4:
		tapsGrad4NEON(ptr(dw), ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, len(offs), rows, n)
	case 3:
		tapsGrad3NEON(ptr(dw), ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, len(offs), rows, n)
	default:
		tapsGrad1NEON(ptr(dw), ptr(dy), ds, dyRow, ptr(x), ptr(offs), xRow, len(offs), rows, n)
	}
}

func winogradInput(v []float32, fs int, x []float32, rs int, n int) {
	if active == portable {
		winogradInputGeneric(v, fs, x, rs, n)
		return
	}
	winogradInputNEON(ptr(v), fs, ptr(x), rs, n)
}

func winogradInputMasked(v []float32, fs int, x, y []float32, rs int, n int) {
	if active == portable {
		winogradInputMaskedGeneric(v, fs, x, y, rs, n)
		return
	}
	winogradInputMaskedNEON(ptr(v), fs, ptr(x), ptr(y), rs, n)
}

func winogradWeights(u []float32, fs, us int, w []float32, n int) {
	if active == portable {
		winogradWeightsGeneric(u, fs, us, w, n)
		return
	}
	winogradWeightsNEON(ptr(u), fs, us, ptr(w), n)
}

func winogradOutput(dst []float32, rs int, m []float32, ms int, n int, bias *[Lanes]float32, mode Mode) {
	if active == portable {
		winogradOutputGeneric(dst, rs, m, ms, n, bias, mode)
		return
	}
	winogradOutputNEON(ptr(dst), rs, ptr(m), ms, n, bias, int(mode))
}

func winogradGradOutput(v []float32, fs int, dy []float32, rs int, n int) {
	if active == portable {
		winogradGradOutputGeneric(v, fs, dy, rs, n)
		return
	}
	winogradGradOutputNEON(ptr(v), fs, ptr(dy), rs, n)
}

func winogradGradOutputMasked(v []float32, fs int, dy, y []float32, rs int, n int) {
	if active == portable {
		winogradGradOutputMaskedGeneric(v, fs, dy, y, rs, n)
		return
	}
	winogradGradOutputMaskedNEON(ptr(v), fs, ptr(dy), ptr(y), rs, n)
}

func toBlocked(dst, x []float32, plane, n, c int) {
	if active == portable {
		toBlockedGeneric(dst, x, plane, n, c)
		return
	}
	// Four channels at a time, in passes short enough for the later ones to find
	// the lines of dst in the first-level cache.
	for p := 0; p < n; p += 128 {
		for i := 0; i < Lanes; i += 4 {
			var first *float32
			if i < c {
				first = &x[i*plane+p]
			}
			toBlocked4NEON(&dst[p*Lanes+i], first, plane, min(128, n-p), min(4, max(0, c-i)))
		}
	}
}

func fromBlocked(dst []float32, plane int, x []float32, n, c int) {
	if active == portable {
		fromBlockedGeneric(dst, plane, x, n, c)
		return
	}
	for p := 0; p < n; p += 128 {
		for i := 0; i < c; i += 4 {
			fromBlocked4NEON(&dst[i*plane+p], plane, &x[p*Lanes+i], min(128, n-p), min(4, c-i))
		}
	}
}

func interleave2(dst, a, b []float32) {
	n := len(a) &^ 3
	if active == portable {
		n = 0
	}
	if n > 0 {
		interleave2NEON(ptr(dst), ptr(a), ptr(b), n)
	}
	interleave2Generic(dst[2*n:], a[n:], b[n:])
}

func deinterleave2(a, b, x []float32) {
	n := len(a) &^ 3
	if active == portable {
		n = 0
	}
	if n > 0 {
		deinterleave2NEON(ptr(a), ptr(b), ptr(x), n)
	}
	deinterleave2Generic(a[n:], b[n:], x[2*n:])
}

func add(dst, a, b []float32) {
	if active == portable {
		addGeneric(dst, a, b)
		return
	}
	addNEON(ptr(dst), ptr(a), ptr(b), len(dst))
}

func axpy(dst, x []float32, alpha float32, add bool) {
	if active == portable {
		axpyGeneric(dst, x, alpha, add)
		return
	}
	axpyNEON(ptr(dst), ptr(x), len(dst), alpha, add)
}

func relu(dst, x []float32) {
	if active == portable {
		reluGeneric(dst, x)
		return
	}
	reluNEON(ptr(dst), ptr(x), len(dst))
}

func reluGrad(dx, dy, y []float32, add bool) {
	if active == portable {
		reluGradGeneric(dx, dy, y, add)
		return
	}
	reluGradNEON(ptr(dx), ptr(dy), ptr(y), len(dx), add)
}

func fill(dst []float32, v float32) {
	if active == portable {
		fillGeneric(dst, v)
		return
	}
	fillNEON(ptr(dst), len(dst), v)
}

func mul(dst, a, b []float32, add bool) {
	if active == portable {
		mulGeneric(dst, a, b, add)
		return
	}
	mulNEON(ptr(dst), ptr(a), ptr(b), len(dst), add)
}

func subScale(dst, a, b []float32, c float32, add bool) {
	if active == portable {
		subScaleGeneric(dst, a, b, c, add)
		return
	}
	subScaleNEON(ptr(dst), ptr(a), ptr(b), len(dst), c, add)
}

func scaleShift(dst, x []float32, scale, shift *[Lanes]float32, relu bool) {
	if active == portable {
		scaleShiftGeneric(dst, x, scale, shift, relu)
		return
	}
	scaleShiftNEON(ptr(dst), ptr(x), scale, shift, len(dst), relu)
}

func scaleShiftAdd(dst, x, r []float32, scale, shift *[Lanes]float32, alpha float32, relu bool) {
	if active == portable {
		scaleShiftAddGeneric(dst, x, r, scale, shift, alpha, relu)
		return
	}
	scaleShiftAddNEON(ptr(dst), ptr(x), ptr(r), scale, shift, len(dst), alpha, relu)
}

func normGradSums(sdy, sdyx *[Lanes]float64, dy, x []float32, mean *[Lanes]float32) {
	if active == portable {
		normGradSumsGeneric(sdy, sdyx, dy, x, mean)
		return
	}
	normGradSumsNEON(sdy, sdyx, ptr(dy), ptr(x), mean, len(dy))
}

func normGradSumsReLU(sdy, sdyx *[Lanes]float64, dy, x []float32, scale, shift, mean *[Lanes]float32) {
	if active == portable {
		normGradSumsReLUGeneric(sdy, sdyx, dy, x, scale, shift, mean)
		return
	}
	normGradSumsReLUNEON(sdy, sdyx, ptr(dy), ptr(x), scale, shift, mean, len(dy))
}

func normGradApply(dx, dy, x []float32, a, b, c *[Lanes]float32, add bool) {
	if active == portable {
		normGradApplyGeneric(dx, dy, x, a, b, c, add)
		return
	}
	normGradApplyNEON(ptr(dx), ptr(dy), ptr(x), a, b, c, len(dx), add)
}

func normGradApplyReLU(dx, dy, x []float32, scale, shift, a, b, c *[Lanes]float32, add bool) {
	if active == portable {
		normGradApplyReLUGeneric(dx, dy, x, scale, shift, a, b, c, add)
		return
	}
	normGradApplyReLUNEON(ptr(dx), ptr(dy), ptr(x), scale, shift, a, b, c, len(dx), add)
}

func sum16(sum *[Lanes]float64, x []float32) {
	if active == portable {
		sum16Generic(sum, x)
		return
	}
	sum16NEON(sum, ptr(x), len(x))
}

func sqDev16(sum *[Lanes]float64, x []float32, mean *[Lanes]float32) {
	if active == portable {
		sqDev16Generic(sum, x, mean)
		return
	}
	sqDev16NEON(sum, ptr(x), mean, len(x))
}

func sumSqDiff(sum *[Lanes]float64, a, b []float32) {
	if active == portable {
		sumSqDiffGeneric(sum, a, b)
		return
	}
	sumSqDiffNEON(sum, ptr(a), ptr(b), len(a))
}

func dot(sum *[Lanes]float64, a, b []float32) {
	if active == portable {
		dotGeneric(sum, a, b)
		return
	}
	dotNEON(sum, ptr(a), ptr(b), len(a))
}

func maxPool16(dst, x0, x1 []float32, n int) {
	if active == portable {
		maxPool16Generic(dst, x0, x1, n)
		return
	}
	maxPool16NEON(ptr(dst), ptr(x0), ptr(x1), n)
}

func maxPoolGrad16(dx0, dx1, dy, x0, x1 []float32, n int, add bool) {
	if active == portable {
		maxPoolGrad16Generic(dx0, dx1, dy, x0, x1, n, add)
		return
	}
	maxPoolGrad16NEON(ptr(dx0), ptr(dx1), ptr(dy), ptr(x0), ptr(x1), n, add)
}

func adam(w, m, v, g []float32, beta1, beta2, eps, stepSize, invSqrtCorr2 float32) {
	if active == portable {
		adamGeneric(w, m, v, g, beta1, beta2, eps, stepSize, invSqrtCorr2)
		return
	}
	adamNEON(ptr(w), ptr(m), ptr(v), ptr(g), len(w), beta1, beta2, eps, stepSize, invSqrtCorr2)
}

func nestedInput(v []float32, vs int, x []float32, xs, n int) {
	if active == portable {
		nestedInputGeneric(v, vs, x, xs, n)
		return
	}
	nestedInputNEON(ptr(v), vs, ptr(x), xs, n)
}

func nestedOutput(y []float32, ys int, m []float32, ms, n int) {
	if active == portable {
		nestedOutputGeneric(y, ys, m, ms, n)
		return
	}
	nestedOutputNEON(ptr(y), ys, ptr(m), ms, n)
}

func splitPairs(dst, x []float32, n int) {
	if active == portable {
		splitPairsGeneric(dst, x, n)
		return
	}
	splitPairsNEON(ptr(dst), ptr(x), n)
}

func joinPairs(dst, x []float32, n int) {
	if active == portable {
		joinPairsGeneric(dst, x, n)
		return
	}
	joinPairsNEON(ptr(dst), ptr(x), n)
}

func upsample16(dst, x []float32, n int) {
	if active == portable {
		upsample16Generic(dst, x, n)
		return
	}
	upsample16NEON(ptr(dst), ptr(x), n)
}

func upsampleGrad16(dx, dy0, dy1 []float32, n int, add bool) {
	if active == portable {
		upsampleGrad16Generic(dx, dy0, dy1, n, add)
		return
	}
	upsampleGrad16NEON(ptr(dx), ptr(dy0), ptr(dy1), n, add)
}

// stream leaves it to the processor, which notices by itself that whole lines are
// overwritten.
func stream(dst, src []float32) { streamGeneric(dst, src) }

func streamed() {}

// peak runs multiply-adds of the instruction set in use and returns the number of
// floating-point operations in a round.
func peak(rounds int) int {
	if active == portable {
		return peakGeneric(rounds)
	}
	peakNEON(rounds)
	return 2 * 4 * 24 // two for each lane of the vectors of a round
}
