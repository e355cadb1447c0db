package f32

// A 3x3 convolution of an image that was upsampled by two makes of each pixel of the
// small image, and those around it, a square of 2x2 results. With the taps g0, g1 and
// g2 of a row, and s = g0 + g1 + g2, those of a row of pixels x0, x1, x2 are
//
//	g0*x0 + (g1+g2)*x1 = s*x1 - g0*(x1-x0)
//	(g0+g1)*x1 + g2*x2 = s*x1 + g2*(x2-x1)
//
// which is 3 products in place of 4, and 9 of 16 in both directions: with pixels, and
// with their differences across, down and both, which neighbors share.

// UpsampledInput takes the differences of two rows of n+1 pixels, xs apart: to 3 rows of
// n values, vs apart,
//
//	v0[i] = b[i+1] - b[i]
//	v1[i] = b[i] - a[i]
//	v2[i] = (b[i+1] - b[i]) - (a[i+1] - a[i])
//
// where a is the first of the two rows and b the second.
func UpsampledInput(v []float32, vs int, x []float32, xs, n int) {
	need(n >= 0 && vs >= 0 && xs >= 0, "UpsampledInput")
	need(n == 0 || len(v) >= 2*vs+n && len(x) >= xs+n+1, "UpsampledInput")
	for n > 0 {
		m := min(n, nestedChunk)
		upsampledInput(v, vs, x, xs, m)
		v, x, n = v[m:], x[m:], n-m
	}
}

// UpsampledOutput adds up 9 rows of n products, ms apart, to 2 rows of 2*n results, ys
// apart. Row 3*a + b of products is of g0+g1+g2, g0 or g2 down (a = 0, 1, 2) and across
// (b). With r0[b] = m[b] - m[3+b] and r1[b] = m[b] + m[6+b],
//
//	y[row][2*i]   = r[row][0] - r[row][1]
//	y[row][2*i+1] = r[row][0] + r[row][2]
func UpsampledOutput(y []float32, ys int, m []float32, ms, n int) {
	need(n >= 0 && ys >= 0 && ms >= 0, "UpsampledOutput")
	if n == 0 {
		return
	}
	need(len(y) >= ys+2*n && len(m) >= 8*ms+n, "UpsampledOutput")
	const step = nestedChunk / Lanes
	for ; n >= Lanes; n -= min(n/Lanes, step) * Lanes {
		groups := min(n/Lanes, step)
		upsampledOutput(y, ys, m, ms, groups)
		y, m = y[2*groups*Lanes:], m[groups*Lanes:]
	}
	if n == 0 {
		return
	}
	var from [9 * Lanes]float32
	var to [4 * Lanes]float32
	for i := range 9 {
		copy(from[i*Lanes:][:n], m[i*ms:])
	}
	upsampledOutput(to[:], 2*Lanes, from[:], Lanes, 1)
	copy(y[:2*n], to[:])
	copy(y[ys:][:2*n], to[2*Lanes:])
}
