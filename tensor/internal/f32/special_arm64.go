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
	if active == portable || len(offs) == 0 {
		plain.Gemm(Rows(), out, ts, os, a, at, offs, u, cols)
		return
	}
	gemmNEON(ptr(out), ts, os, ptr(a), at, ptr(offs), len(offs), ptr(u), cols)
}

func taps(dst []float32, ds int, x []float32, offs []int32, w []float32, oc int, bias *[8]float32, n int) {
	if active == portable || len(offs) == 0 {
		plain.Taps(dst, ds, x, offs, w, oc, bias, n)
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
		plain.TapsGrad(dw, oc, dy, ds, dyRow, x, offs, xRow, rows, n)
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

func toBlocked(dst, x []float32, plane, n, c int) {
	if active == portable {
		plain.ToBlocked(dst, x, plane, n, c)
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
		plain.FromBlocked(dst, plane, x, n, c)
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
	plain.Interleave2(dst[2*n:], a[n:], b[n:])
}

func deinterleave2(a, b, x []float32) {
	n := len(a) &^ 3
	if active == portable {
		n = 0
	}
	if n > 0 {
		deinterleave2NEON(ptr(a), ptr(b), ptr(x), n)
	}
	plain.Deinterleave2(a[n:], b[n:], x[2*n:])
}

// stream leaves it to the processor, which notices by itself that whole lines are
// overwritten.
func stream(dst, src []float32) { plain.Stream(dst, src) }

func streamed() {}

// peak runs multiply-adds of the instruction set in use and returns the number of
// floating-point operations in a round.
func peak(rounds int) int {
	if active == portable {
		return plain.Peak(rounds)
	}
	peakNEON(rounds)
	return 2 * 4 * 24 // two for each lane of the vectors of a round
}
