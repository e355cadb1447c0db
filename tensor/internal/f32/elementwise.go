package f32

// Elementwise functions work on the len(dst) first elements of their operands.
// dst may be one of them.

// Add sets dst = a + b.
func Add(dst, a, b []float32) {
	need(len(a) >= len(dst) && len(b) >= len(dst), "Add")
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		add(dst[:n], a, b)
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}

// Mul sets dst = a*b, or dst += a*b with add.
func Mul(dst, a, b []float32, add bool) {
	need(len(a) >= len(dst) && len(b) >= len(dst), "Mul")
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		mul(dst[:n], a, b, add)
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}

// Axpy sets dst = alpha*x, or dst += alpha*x with add.
func Axpy(dst, x []float32, alpha float32, add bool) {
	need(len(x) >= len(dst), "Axpy")
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		axpy(dst[:n], x, alpha, add)
		dst, x = dst[n:], x[n:]
	}
}

// ReLU sets dst = x where x > 0 and 0 elsewhere; NaN stays NaN.
func ReLU(dst, x []float32) {
	need(len(x) >= len(dst), "ReLU")
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		relu(dst[:n], x)
		dst, x = dst[n:], x[n:]
	}
}

// ReLUGrad sets dx (or adds to it, with add) dy where y > 0 and 0 elsewhere.
func ReLUGrad(dx, dy, y []float32, add bool) {
	need(len(dy) >= len(dx) && len(y) >= len(dx), "ReLUGrad")
	for len(dx) > 0 {
		n := min(len(dx), chunk)
		reluGrad(dx[:n], dy, y, add)
		dx, dy, y = dx[n:], dy[n:], y[n:]
	}
}

// Fill sets every element of dst to v.
func Fill(dst []float32, v float32) {
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		fill(dst[:n], v)
		dst = dst[n:]
	}
}

// SubScale sets dst = c*(a-b), or dst += c*(a-b) with add.
func SubScale(dst, a, b []float32, c float32, add bool) {
	need(len(a) >= len(dst) && len(b) >= len(dst), "SubScale")
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		subScale(dst[:n], a, b, c, add)
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}
