package plain

// Add does what the function of that name in f32 says.
func Add(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// Mul does what the function of that name in f32 says.
func Mul(dst, a, b []float32, add bool) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i]*b[i] + keep(dst[i], add)
	}
}

// Axpy does what the function of that name in f32 says.
func Axpy(dst, x []float32, alpha float32, add bool) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = alpha*x[i] + keep(dst[i], add)
	}
}

// Relu does what ReLU in f32 says.
func Relu(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		dst[i] = v
	}
}

// ReluGrad does what ReLUGrad in f32 says.
func ReluGrad(dx, dy, y []float32, add bool) {
	dy, y = dy[:len(dx)], y[:len(dx)]
	for i := range dx {
		var d float32
		if y[i] > 0 {
			d = dy[i]
		}
		dx[i] = d + keep(dx[i], add)
	}
}

// Fill does what the function of that name in f32 says.
func Fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}

// SubScale does what the function of that name in f32 says.
func SubScale(dst, a, b []float32, c float32, add bool) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = c*(a[i]-b[i]) + keep(dst[i], add)
	}
}
