package plain

// NestedInput does what the function of that name in f32 says.
func NestedInput(v []float32, vs int, x []float32, xs, n int) {
	for i := range n {
		var u [5][5]float32
		for a := range u {
			p := x[3*a*xs+i:]
			u[a] = nestedInputStep(p[0], p[xs], p[2*xs], p[3*xs], p[4*xs])
		}
		for b := range u {
			for a, w := range nestedInputStep(u[0][b], u[1][b], u[2][b], u[3][b], u[4][b]) {
				v[(5*a+b)*vs+i] = w
			}
		}
	}
}

func nestedInputStep(x0, x1, x2, x3, x4 float32) [5]float32 {
	e, s := x3-x1, x3-x2
	return [5]float32{e + 2*(x0-x2), s - 2*x1, s + 2*(x1-x2), e, x4 - x2 - 2*e}
}

// NestedOutput does what the function of that name in f32 says.
func NestedOutput(y []float32, ys int, m []float32, ms, n int) {
	for i := range n {
		var u [5][3]float32
		for b := range u {
			p := m[b*ms+i:]
			u[b] = nestedOutputStep(p[0], p[5*ms], p[10*ms], p[15*ms], p[20*ms])
		}
		for a := range 3 {
			for b, w := range nestedOutputStep(u[0][a], u[1][a], u[2][a], u[3][a], u[4][a]) {
				y[(3*a+b)*ys+i] = w
			}
		}
	}
}

func nestedOutputStep(m0, m1, m2, m3, m4 float32) [3]float32 {
	p, q := m1+m2, m1-m2
	return [3]float32{m0 + p + m3, q + 2*m3, p + m4 + 4*m3}
}
