package f32

// nestedChunk is the largest number of floats of a row in one call of a nested
// transform.
const nestedChunk = 16 << 10

// NestedInput transforms rows for one-dimensional Winograd convolution F(3, 3) nested in
// itself, with the points 0, 1, -1, 2 and infinity: 17 rows of n floats, xs apart, to 25
// rows of frequencies, vs apart. Of rows 3*a to 3*a+4, for a < 5, it takes frequencies
// b, and of those of the same b for all a frequency a, which is row 5*a + b. The
// frequencies of 5 values x are
//
//	2*x0 -   x1 - 2*x2 +   x3
//	     - 2*x1 -   x2 +   x3
//	       2*x1 - 3*x2 +   x3
//	     -   x1        +   x3
//	       2*x1 -   x2 - 2*x3 + x4
//
// 3 taps g of a kernel become g0/2, -(g0+g1+g2)/2, (g1-g0-g2)/6, (g0+2*g1+4*g2)/6
// and g2.
func NestedInput(v []float32, vs int, x []float32, xs, n int) {
	need(n >= 0 && vs >= 0 && xs >= 0, "NestedInput")
	need(len(v) >= 24*vs+n && len(x) >= 16*xs+n, "NestedInput")
	for n > 0 {
		m := min(n, nestedChunk)
		nestedInput(v, vs, x, xs, m)
		v, x, n = v[m:], x[m:], n-m
	}
}

// NestedOutput transforms rows back: 25 rows of n products, ms apart, to 9 rows of
// results, ys apart. Of rows 5*a + b of the same b it takes results a, and of those of
// the same a, for all b, result b, which is row 3*a + b. The results of 5 values m are
//
//	m0 + m1 + m2 +   m3
//	     m1 - m2 + 2*m3
//	     m1 + m2 + 4*m3 + m4
func NestedOutput(y []float32, ys int, m []float32, ms, n int) {
	need(n >= 0 && ys >= 0 && ms >= 0, "NestedOutput")
	need(len(y) >= 8*ys+n && len(m) >= 24*ms+n, "NestedOutput")
	for n > 0 {
		k := min(n, nestedChunk)
		nestedOutput(y, ys, m, ms, k)
		y, m, n = y[k:], m[k:], n-k
	}
}
