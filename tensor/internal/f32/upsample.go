package f32

// Upsample16 repeats n blocked pixels twice: pixels 2p and 2p+1 of dst are pixel p
// of x.
func Upsample16(dst, x []float32, n int) {
	need(n >= 0 && len(dst) >= 2*n*Lanes && len(x) >= n*Lanes, "Upsample16")
	for n > 0 {
		m := min(n, poolChunk)
		upsample16(dst, x, m)
		dst, x = dst[2*m*Lanes:], x[m*Lanes:]
		n -= m
	}
}

// UpsampleGrad16 is the gradient of two rows of [Upsample16]: pixel p of dx is the
// sum of pixels 2p and 2p+1 of dy0 and dy1. With add, it is added instead.
func UpsampleGrad16(dx, dy0, dy1 []float32, n int, add bool) {
	need(n >= 0 && len(dx) >= n*Lanes && min(len(dy0), len(dy1)) >= 2*n*Lanes, "UpsampleGrad16")
	for n > 0 {
		m := min(n, poolChunk)
		upsampleGrad16(dx, dy0, dy1, m, add)
		dx, dy0, dy1 = dx[m*Lanes:], dy0[2*m*Lanes:], dy1[2*m*Lanes:]
		n -= m
	}
}
