package plain

// Mode says what [WinogradOutput] does with its result.
type Mode int

const (
	Store      Mode = iota // dst = o
	StoreReLU              // dst = max(o, 0)
	Accumulate             // dst += o
)

// TileStep is the distance between tiles of a row: 4 pixels.
const TileStep = 4 * Lanes

// KernelStep is the distance between 3x3 kernels.
const KernelStep = 9 * Lanes

// bt applies Bᵀ to 6 values.
func bt(d0, d1, d2, d3, d4, d5 float32) (v0, v1, v2, v3, v4, v5 float32) {
	e, f := d4-4*d2, d3-4*d1
	g, h := d4-d2, 2*(d3-d1)
	return 4*d0 - 5*d2 + d4, e + f, e - f, g + h, g - h, 4*d1 - 5*d3 + d5
}

// at applies Aᵀ to 6 values.
func at(m0, m1, m2, m3, m4, m5 float32) (o0, o1, o2, o3 float32) {
	a, b, c, d := m1+m2, m1-m2, m3+m4, m3-m4
	return m0 + a + c, b + 2*d, a + 4*c, b + 8*d + m5
}

// aa applies A to 4 values.
func aa(d0, d1, d2, d3 float32) (v0, v1, v2, v3, v4, v5 float32) {
	e, f := d0+d2, d1+d3
	g, h := d0+4*d2, 2*(d1+4*d3)
	return d0, e + f, e - f, g + h, g - h, d3
}

// gg applies G to 3 values.
func gg(g0, g1, g2 float64) (v0, v1, v2, v3, v4, v5 float64) {
	a, b, c := g0+g2, g0+4*g2, 2*g1
	return g0 / 4, (a + g1) * (-1. / 6), (a - g1) * (-1. / 6), (b + c) * (1. / 24), (b - c) * (1. / 24), g2
}

// WinogradWeights does what the function of that name in f32 says.
func WinogradWeights(u []float32, fs, us int, w []float32, n int) {
	var t [6][3]float64
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 3 {
			g := w[q*KernelStep+j*Lanes+l:]
			t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = gg(float64(g[0]), float64(g[3*Lanes]), float64(g[6*Lanes]))
		}
		for i, r := range t {
			o := u[q*us+6*i*fs+l:]
			v0, v1, v2, v3, v4, v5 := gg(r[0], r[1], r[2])
			for j, v := range [...]float64{v0, v1, v2, v3, v4, v5} {
				o[j*fs] = float32(v)
			}
		}
	}
}

// WinogradInput does what the function of that name in f32 says.
func WinogradInput(v []float32, fs int, x []float32, rs int, n int) {
	var t [6][6]float32
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 6 {
			d := x[q*TileStep+j*Lanes+l:]
			t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] =
				bt(d[0], d[rs], d[2*rs], d[3*rs], d[4*rs], d[5*rs])
		}
		storeFrequencies(v[q*Lanes+l:], fs, &t)
	}
}

// storeFrequencies applies Bᵀ to the rows of t and stores them fs apart.
func storeFrequencies(v []float32, fs int, t *[6][6]float32) {
	for i, r := range t {
		o := v[6*i*fs:]
		o[0], o[fs], o[2*fs], o[3*fs], o[4*fs], o[5*fs] = bt(r[0], r[1], r[2], r[3], r[4], r[5])
	}
}

// WinogradInputMasked does what the function of that name in f32 says.
func WinogradInputMasked(v []float32, fs int, x, y []float32, rs int, n int) {
	var t [6][6]float32
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 6 {
			var d [6]float32
			for i := range d {
				if k := q*TileStep + i*rs + j*Lanes + l; y[k] > 0 {
					d[i] = x[k]
				}
			}
			t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = bt(d[0], d[1], d[2], d[3], d[4], d[5])
		}
		storeFrequencies(v[q*Lanes+l:], fs, &t)
	}
}

// WinogradOutput does what the function of that name in f32 says.
func WinogradOutput(dst []float32, rs int, m []float32, ms int, n int, bias *[Lanes]float32, mode Mode) {
	var t [4][6]float32
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 6 {
			d := m[q*ms+j*Lanes+l:]
			t[0][j], t[1][j], t[2][j], t[3][j] =
				at(d[0], d[6*Lanes], d[12*Lanes], d[18*Lanes], d[24*Lanes], d[30*Lanes])
		}
		for i, r := range t {
			var o [4]float32
			o[0], o[1], o[2], o[3] = at(r[0], r[1], r[2], r[3], r[4], r[5])
			for j, s := range o {
				d := &dst[q*TileStep+i*rs+j*Lanes+l]
				s += bias[l]
				switch {
				case mode == Accumulate:
					s += *d
				case mode == StoreReLU && s < 0:
					s = 0
				}
				*d = s
			}
		}
	}
}

// WinogradGradOutput does what the function of that name in f32 says.
func WinogradGradOutput(v []float32, fs int, dy []float32, rs int, n int) {
	var t [6][4]float32
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 4 {
			d := dy[q*TileStep+j*Lanes+l:]
			t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = aa(d[0], d[rs], d[2*rs], d[3*rs])
		}
		storeGradFrequencies(v[q*Lanes+l:], fs, &t)
	}
}

// storeGradFrequencies applies A to the rows of t and stores them fs apart.
func storeGradFrequencies(v []float32, fs int, t *[6][4]float32) {
	for i, r := range t {
		o := v[6*i*fs:]
		o[0], o[fs], o[2*fs], o[3*fs], o[4*fs], o[5*fs] = aa(r[0], r[1], r[2], r[3])
	}
}

// WinogradGradOutputMasked does what the function of that name in f32 says.
func WinogradGradOutputMasked(v []float32, fs int, dy, y []float32, rs int, n int) {
	var t [6][4]float32
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 4 {
			var d [4]float32
			for i := range d {
				if k := q*TileStep + i*rs + j*Lanes + l; y[k] > 0 {
					d[i] = dy[k]
				}
			}
			t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = aa(d[0], d[1], d[2], d[3])
		}
		storeGradFrequencies(v[q*Lanes+l:], fs, &t)
	}
}
