package plain

// NestedInput does what the function of that name in f32 says.
func NestedInput(v []float32, vs int, x []float32, xs, n int) {
	x0, x1, x2, x3, x4 := x[:n], x[xs:][:n], x[2*xs:][:n], x[3*xs:][:n], x[4*xs:][:n]
	v0, v1, v2, v3, v4 := v[:n], v[vs:][:n], v[2*vs:][:n], v[3*vs:][:n], v[4*vs:][:n]
	for i := range n {
		d1, d2 := x1[i], x2[i]
		e, s := x3[i]-d1, x3[i]-d2
		v0[i] = e + 2*(x0[i]-d2)
		v1[i] = s - 2*d1
		v2[i] = s + 2*(d1-d2)
		v3[i] = e
		v4[i] = x4[i] - d2 - 2*e
	}
}

// NestedOutput does what the function of that name in f32 says.
func NestedOutput(y []float32, ys int, m []float32, ms, n int) {
	m0, m1, m2, m3, m4 := m[:n], m[ms:][:n], m[2*ms:][:n], m[3*ms:][:n], m[4*ms:][:n]
	y0, y1, y2 := y[:n], y[ys:][:n], y[2*ys:][:n]
	for i := range n {
		p, q, c := m1[i]+m2[i], m1[i]-m2[i], m3[i]
		y0[i] = m0[i] + p + c
		y1[i] = q + 2*c
		y2[i] = p + m4[i] + 4*c
	}
}
