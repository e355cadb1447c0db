package f32

import "github.com/impasto-go/impasto/tensor/internal/f32/plain"

// The Winograd transforms of F(4x4, 3x3), Lavin and Gray, arXiv:1509.09308,
// with points 0, ±1, ±2 and infinity: a 6x6 input tile d and a 3x3 kernel g give
// a 4x4 output tile Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A. All work on blocked data, 16
// channels at a time; neighboring tiles are 4 pixels apart.

const (
	tileStep   = plain.TileStep
	kernelStep = plain.KernelStep
)

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

// checkTiles checks n tiles of size pixels square in x and 36 frequencies in v.
func checkTiles(fn string, v []float32, fs int, x []float32, rs, size, n int) {
	need(n >= 0 && fs >= 0 && rs >= 0, fn)
	need(n == 0 || len(v) >= (n-1)*Lanes+35*fs+Lanes, fn)
	need(n == 0 || len(x) >= (n-1)*tileStep+(size-1)*rs+size*Lanes, fn)
}
