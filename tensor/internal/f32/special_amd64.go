//go:build !noasm

package f32

import (
	"unsafe"

	"github.com/impasto-go/impasto/tensor/internal/f32/plain"
)

// The functions of this file choose between the forms of kernels that are not all
// called in the same way, or of none.

// ptr returns a pointer to the first element of s.
func ptr[T any](s []T) *T { return unsafe.SliceData(s) }

func gemm(out []float32, ts, os int, a []float32, at int, offs []int32, u []float32, cols int) {
	switch {
	case len(offs) == 0:
		plain.Gemm(Rows(), out, ts, os, a, at, offs, u, cols)
	case active == avx512:
		gemmAVX512(ptr(out), ts, os, ptr(a), at, ptr(offs), len(offs), ptr(u), cols)
	case active == avx2:
		gemmAVX2(ptr(out), ts, os, ptr(a), at, ptr(offs), len(offs), ptr(u), cols)
	default:
		plain.Gemm(Rows(), out, ts, os, a, at, offs, u, cols)
	}
}

func taps(dst []float32, ds int, x []float32, offs []int32, w []float32, oc int, bias *[8]float32, n int) {
	if active == portable || len(offs) == 0 {
		plain.Taps(dst, ds, x, offs, w, oc, bias, n)
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
		plain.TapsGrad(dw, oc, dy, ds, dyRow, x, offs, xRow, rows, n)
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
		plain.ToBlocked(dst, x, plane, n, c)
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
		plain.FromBlocked(dst, plane, x, n, c)
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
	plain.Interleave2(dst[2*n:], a[n:], b[n:])
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
	plain.Deinterleave2(a[n:], b[n:], x[2*n:])
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
	return plain.Peak(rounds)
}
