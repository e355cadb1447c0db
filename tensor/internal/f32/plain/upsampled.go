package plain

// UpsampledInput does what the function of that name in f32 says.
func UpsampledInput(v []float32, vs int, x []float32, xs, n int) {
	a, b := x[:n+1], x[xs:][:n+1]
	v0, v1, v2 := v[:n], v[vs:][:n], v[2*vs:][:n]
	for i := range n {
		v0[i] = b[i+1] - b[i]
		v1[i] = b[i] - a[i]
		v2[i] = (b[i+1] - b[i]) - (a[i+1] - a[i])
	}
}

// UpsampledOutput does what the function of that name in f32 says, for n groups of 16
// products.
func UpsampledOutput(y []float32, ys int, m []float32, ms, n int) {
	for i := range n * Lanes {
		for row, sign := range [2]float32{-1, 1} {
			p := m[3*(1+row)*ms+i:]
			r0, r1, r2 := m[i]+sign*p[0], m[ms+i]+sign*p[ms], m[2*ms+i]+sign*p[2*ms]
			y[row*ys+2*i], y[row*ys+2*i+1] = r0-r1, r0+r2
		}
	}
}
