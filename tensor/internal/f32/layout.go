package f32

// layoutChunk is the largest number of pixels in one call of a layout kernel.
const layoutChunk = 4096

// ToBlocked gathers n pixels of c <= 16 planes into blocked order:
//
//	dst[p*16 + i] = x[i*plane + p]  for i < c, else 0
func ToBlocked(dst, x []float32, plane, n, c int) {
	need(n >= 0 && c >= 0 && c <= Lanes && plane >= 0 && len(dst) >= n*Lanes, "ToBlocked")
	need(n == 0 || c == 0 || len(x) >= (c-1)*plane+n, "ToBlocked")
	for n > 0 {
		m := min(n, layoutChunk)
		toBlocked(dst, x, plane, m, c)
		if n -= m; n > 0 {
			dst = dst[m*Lanes:]
			if c > 0 {
				x = x[m:]
			}
		}
	}
}

// FromBlocked scatters n blocked pixels to c <= 16 planes:
//
//	dst[i*plane + p] = x[p*16 + i]  for i < c
func FromBlocked(dst []float32, plane int, x []float32, n, c int) {
	need(n >= 0 && c >= 0 && c <= Lanes && plane >= 0 && len(x) >= n*Lanes, "FromBlocked")
	if n == 0 || c == 0 {
		return
	}
	need(len(dst) >= (c-1)*plane+n, "FromBlocked")
	for n > 0 {
		m := min(n, layoutChunk)
		fromBlocked(dst, plane, x, m, c)
		if n -= m; n > 0 {
			dst, x = dst[m:], x[m*Lanes:]
		}
	}
}

// Interleave2 alternates a and b: dst[2i] = a[i], dst[2i+1] = b[i], i < len(a).
func Interleave2(dst, a, b []float32) {
	need(len(b) >= len(a) && len(dst) >= 2*len(a), "Interleave2")
	for len(a) > 0 {
		n := min(len(a), chunk)
		interleave2(dst, a[:n], b)
		dst, a, b = dst[2*n:], a[n:], b[n:]
	}
}

// Deinterleave2 undoes [Interleave2]: a[i] = x[2i], b[i] = x[2i+1], i < len(a).
func Deinterleave2(a, b, x []float32) {
	need(len(b) >= len(a) && len(x) >= 2*len(a), "Deinterleave2")
	for len(a) > 0 {
		n := min(len(a), chunk)
		deinterleave2(a[:n], b, x)
		a, b, x = a[n:], b[n:], x[2*n:]
	}
}

// SplitPairs sorts n groups of 32 floats into even and odd ones:
//
//	dst[32*g + i] = x[32*g + 2*i], dst[32*g + 16 + i] = x[32*g + 2*i + 1]
//
// What was a planar row thereby looks like a blocked one, whose lanes are
// neighboring pairs of pixels, to the kernels that work on pairs.
func SplitPairs(dst, x []float32, n int) {
	need(n >= 0 && min(len(dst), len(x)) >= 2*n*Lanes, "SplitPairs")
	for n > 0 {
		m := min(n, poolChunk)
		splitPairs(dst, x, m)
		dst, x = dst[2*m*Lanes:], x[2*m*Lanes:]
		n -= m
	}
}

// JoinPairs undoes [SplitPairs].
func JoinPairs(dst, x []float32, n int) {
	need(n >= 0 && min(len(dst), len(x)) >= 2*n*Lanes, "JoinPairs")
	for n > 0 {
		m := min(n, poolChunk)
		joinPairs(dst, x, m)
		dst, x = dst[2*m*Lanes:], x[2*m*Lanes:]
		n -= m
	}
}
