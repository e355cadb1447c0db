package f32

// The Winograd transforms of F(4x4, 3x3), Lavin and Gray, arXiv:1509.09308,
// with points 0, ±1, ±2 and infinity: a 6x6 input tile d and a 3x3 kernel g give
// a 4x4 output tile Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A. All work on blocked data, 16
// channels at a time; neighbouring tiles are 4 pixels apart.

// Mode says what [WinogradOutput] does with its result.
type Mode int

const (
	Store      Mode = iota // dst = o
	StoreReLU              // dst = max(o, 0)
	Accumulate             // dst += o
)

// tileStep is the distance between tiles of a row: 4 pixels.
const tileStep = 4 * Lanes

// tileChunk is the largest number of tiles in one call of a kernel.
const tileChunk = 128

// WinogradInput transforms n tiles of 6x6 pixels: V = Bᵀ d B. Tile q reads pixel
// (i, j) at x[q*64 + i*rs + j*16] and writes frequency f = i*6+j at
// v[q*16 + f*fs], 16 channels each. An fs that is a multiple of 1024 floats makes
// the 36 streams share a few cache sets and halves the speed; so for
// [WinogradGradOutput].
func WinogradInput(v []float32, fs int, x []float32, rs int, n int) {
	checkTiles("WinogradInput", v, fs, x, rs, 6, n)
	for ; n > 0; n -= tileChunk {
		winogradInput(v, fs, x, rs, min(n, tileChunk))
		if n > tileChunk {
			v, x = v[tileChunk*Lanes:], x[tileChunk*tileStep:]
		}
	}
}

// WinogradInputMasked is [WinogradInput] of x where y > 0, and of 0 elsewhere: the
// gradient through a ReLU with output y. y has the layout of x.
func WinogradInputMasked(v []float32, fs int, x, y []float32, rs int, n int) {
	checkTiles("WinogradInputMasked", v, fs, x, rs, 6, n)
	checkTiles("WinogradInputMasked", v, fs, y, rs, 6, n)
	for ; n > 0; n -= tileChunk {
		winogradInputMasked(v, fs, x, y, rs, min(n, tileChunk))
		if n > tileChunk {
			v, x, y = v[tileChunk*Lanes:], x[tileChunk*tileStep:], y[tileChunk*tileStep:]
		}
	}
}

// WinogradOutput transforms n products back: o = Aᵀ m A + bias. Tile q reads
// frequency f at m[q*ms + f*16] and treats pixel (i, j) of its 4x4 outputs, at
// dst[q*64 + i*rs + j*16], as mode says. bias has 16 values; nil is zero.
func WinogradOutput(dst []float32, rs int, m []float32, ms int, n int, bias []float32, mode Mode) {
	need(n >= 0 && rs >= 0 && ms >= 0 && mode >= Store && mode <= Accumulate, "WinogradOutput")
	need(bias == nil || len(bias) >= Lanes, "WinogradOutput")
	if n == 0 {
		return
	}
	need(len(m) >= (n-1)*ms+36*Lanes && len(dst) >= (n-1)*tileStep+3*rs+tileStep, "WinogradOutput")
	var b [Lanes]float32
	copy(b[:], bias)
	for ; n > 0; n -= tileChunk {
		winogradOutput(dst, rs, m, ms, min(n, tileChunk), &b, mode)
		if n > tileChunk {
			dst, m = dst[tileChunk*tileStep:], m[tileChunk*ms:]
		}
	}
}

// WinogradGradOutput is the adjoint of [WinogradOutput]'s transform: V = A dy Aᵀ.
// Tile q reads pixel (i, j) of its 4x4 gradients at dy[q*64 + i*rs + j*16] and
// writes frequency f at v[q*16 + f*fs].
func WinogradGradOutput(v []float32, fs int, dy []float32, rs int, n int) {
	checkTiles("WinogradGradOutput", v, fs, dy, rs, 4, n)
	for ; n > 0; n -= tileChunk {
		winogradGradOutput(v, fs, dy, rs, min(n, tileChunk))
		if n > tileChunk {
			v, dy = v[tileChunk*Lanes:], dy[tileChunk*tileStep:]
		}
	}
}

// WinogradGradOutputMasked is [WinogradGradOutput] of dy where y > 0, and of 0
// elsewhere. y has the layout of dy.
func WinogradGradOutputMasked(v []float32, fs int, dy, y []float32, rs int, n int) {
	checkTiles("WinogradGradOutputMasked", v, fs, dy, rs, 4, n)
	checkTiles("WinogradGradOutputMasked", v, fs, y, rs, 4, n)
	for ; n > 0; n -= tileChunk {
		winogradGradOutputMasked(v, fs, dy, y, rs, min(n, tileChunk))
		if n > tileChunk {
			v, dy, y = v[tileChunk*Lanes:], dy[tileChunk*tileStep:], y[tileChunk*tileStep:]
		}
	}
}

// WinogradWeights transforms n kernels of 16 channels each: U = G g Gᵀ. Kernel q
// has tap (i, j) at w[q*144 + (i*3+j)*16] and its frequency f goes to
// u[q*us + f*fs].
func WinogradWeights(u []float32, fs, us int, w []float32, n int) {
	need(n >= 0 && fs >= 0 && us >= 0, "WinogradWeights")
	need(n == 0 || len(u) >= (n-1)*us+35*fs+Lanes && len(w) >= n*kernelStep, "WinogradWeights")
	for ; n > 0; n -= tileChunk {
		winogradWeights(u, fs, us, w, min(n, tileChunk))
		if n > tileChunk {
			u, w = u[tileChunk*us:], w[tileChunk*kernelStep:]
		}
	}
}

// kernelStep is the distance between 3x3 kernels.
const kernelStep = 9 * Lanes

// checkTiles checks n tiles of size pixels square in x and 36 frequencies in v.
func checkTiles(fn string, v []float32, fs int, x []float32, rs, size, n int) {
	need(n >= 0 && fs >= 0 && rs >= 0, fn)
	need(n == 0 || len(v) >= (n-1)*Lanes+35*fs+Lanes, fn)
	need(n == 0 || len(x) >= (n-1)*tileStep+(size-1)*rs+size*Lanes, fn)
}

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

func winogradWeightsGeneric(u []float32, fs, us int, w []float32, n int) {
	var t [6][3]float64
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 3 {
			g := w[q*kernelStep+j*Lanes+l:]
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

func winogradInputGeneric(v []float32, fs int, x []float32, rs int, n int) {
	var t [6][6]float32
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 6 {
			d := x[q*tileStep+j*Lanes+l:]
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

func winogradInputMaskedGeneric(v []float32, fs int, x, y []float32, rs int, n int) {
	var t [6][6]float32
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 6 {
			var d [6]float32
			for i := range d {
				if k := q*tileStep + i*rs + j*Lanes + l; y[k] > 0 {
					d[i] = x[k]
				}
			}
			t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = bt(d[0], d[1], d[2], d[3], d[4], d[5])
		}
		storeFrequencies(v[q*Lanes+l:], fs, &t)
	}
}

func winogradOutputGeneric(dst []float32, rs int, m []float32, ms int, n int, bias *[Lanes]float32, mode Mode) {
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
				d := &dst[q*tileStep+i*rs+j*Lanes+l]
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

func winogradGradOutputGeneric(v []float32, fs int, dy []float32, rs int, n int) {
	var t [6][4]float32
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 4 {
			d := dy[q*tileStep+j*Lanes+l:]
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

func winogradGradOutputMaskedGeneric(v []float32, fs int, dy, y []float32, rs int, n int) {
	var t [6][4]float32
	for e := range n * Lanes {
		q, l := e/Lanes, e%Lanes
		for j := range 4 {
			var d [4]float32
			for i := range d {
				if k := q*tileStep + i*rs + j*Lanes + l; y[k] > 0 {
					d[i] = dy[k]
				}
			}
			t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = aa(d[0], d[1], d[2], d[3])
		}
		storeGradFrequencies(v[q*Lanes+l:], fs, &t)
	}
}
