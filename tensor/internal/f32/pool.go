package f32

// MaxPool16 pools n 2x2 windows of two blocked rows: pixel p of dst is the
// maximum of pixels 2p and 2p+1 of x0 and x1, per channel. NaN propagates.
func MaxPool16(dst, x0, x1 []float32, n int) {
	need(n >= 0 && len(dst) >= n*Lanes && len(x0) >= 2*n*Lanes && len(x1) >= 2*n*Lanes, "MaxPool16")
	for n > 0 {
		m := min(n, poolChunk)
		maxPool16(dst, x0, x1, m)
		dst, x0, x1 = dst[m*Lanes:], x0[2*m*Lanes:], x1[2*m*Lanes:]
		n -= m
	}
}

// MaxPoolGrad16 is the gradient of [MaxPool16]: dy goes to the pixel that holds
// the maximum, the first in the order x0[2p], x0[2p+1], x1[2p], x1[2p+1] (of
// NaNs the last); the others get 0. With add, the gradient is added instead.
func MaxPoolGrad16(dx0, dx1, dy, x0, x1 []float32, n int, add bool) {
	need(n >= 0 && len(dy) >= n*Lanes, "MaxPoolGrad16")
	need(min(len(dx0), len(dx1), len(x0), len(x1)) >= 2*n*Lanes, "MaxPoolGrad16")
	for n > 0 {
		m := min(n, poolChunk)
		maxPoolGrad16(dx0, dx1, dy, x0, x1, m, add)
		dx0, dx1, dy = dx0[2*m*Lanes:], dx1[2*m*Lanes:], dy[m*Lanes:]
		x0, x1 = x0[2*m*Lanes:], x1[2*m*Lanes:]
		n -= m
	}
}
