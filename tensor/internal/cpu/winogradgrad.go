package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// kernelMatrix is G of F(4x4,3x3).
var kernelMatrix = [tileIn][3]float32{
	{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
	{1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1},
}

// winogradGrad computes the gradient of the weights in the frequency domain:
// dU = Σ_tiles V ⊗ dM, then dw = Gᵀ dU G. Parts of a first run sum shares of the
// tiles for blocks of channels of both, so small that their sums stay in the core's
// own cache. Those of a second add up the shares of some input channels, and
// transform them.
type winogradGrad struct {
	scratch  []scratch
	x, dy    tiling
	tiles    int
	c, k     int
	cs, ks   int // blocks of channels
	shares   int
	sums     []float32 // [share][block of c][block of k][frequency][gradIn][gradOut]
	biases   []float32 // [share][K]; nil if nobody wants them
	dw       []float32 // set for the second run
	channels int       // of a part of it
}

const (
	gradIn    = 64 // input channels of a block
	gradOut   = 32 // output channels of a block
	gradTiles = 64 // that are transformed at a time
	gradSums  = frequencies * gradIn * gradOut
)

// maxShares bounds the memory of the parts' sums, and how many cores help.
const maxShares = 32

func (b *Backend) winogradGradWeight(dw, dbias []float32, x, dy, mask *buffer, g backend.ConvBlock) {
	b.arrange(x, true)
	b.arrange(dy, true)
	if mask != nil {
		b.arrange(mask, true)
	}
	t := own[winogradGrad](b)
	// One group of all tiles that are transformed: [frequency][channels/16][tile][16].
	down, across := (dy.shape[2]+tileOut-1)/tileOut, (dy.shape[3]+tileOut-1)/tileOut
	*t = winogradGrad{
		scratch: b.scratch, c: x.shape[1], k: dy.shape[1],
		x:     tiling{x: x, pad: g.Pad, outside: outsideOf(g), across: across, down: down, group: gradTiles},
		dy:    tiling{x: dy, mask: mask, across: across, down: down, group: gradTiles},
		tiles: x.shape[0] * down * across,
	}
	t.cs, t.ks = (t.c+gradIn-1)/gradIn, (t.k+gradOut-1)/gradOut
	blocks := t.cs * t.ks
	t.shares = max(1, min((t.tiles+gradTiles-1)/gradTiles, maxShares/blocks))
	room := b.shared.floats(slotSums, t.shares*(blocks*gradSums+len(dbias)))
	t.sums = room[:t.shares*blocks*gradSums]
	if dbias != nil {
		t.biases = room[len(t.sums):]
	}
	b.run(t.shares*blocks, t)
	t.dw = dw
	t.channels = 8
	if t.c*t.ks < 16*t.channels {
		t.channels = 2
	}
	b.run(t.c/t.channels*t.ks, t)
	for i, v := range t.biases {
		dbias[i%t.k] += v
	}
}

func (t *winogradGrad) do(i, worker int) {
	s := &t.scratch[worker]
	if t.dw != nil {
		t.finish(i/t.ks*t.channels, i%t.ks, s)
		return
	}
	share, kb, cb := i/(t.cs*t.ks), i%t.ks, i/t.ks%t.cs
	sums := t.sums[i*gradSums:][:gradSums]
	clear(sums)
	c, k := min(gradIn, t.c-cb*gradIn), min(gradOut, t.k-kb*gradOut)
	var biases []float32
	if t.biases != nil && cb == 0 {
		biases = t.biases[share*t.k+kb*gradOut:][:k]
		clear(biases)
	}
	vs, ms := apart(gradTiles*c), apart(gradTiles*k)
	v := s.floats(slotLocal, frequencies*vs)
	m := s.floats(slotRows, frequencies*ms)
	const in, out = gradIn / f32.Lanes, gradOut / f32.Lanes
	end := (share + 1) * t.tiles / t.shares
	for first := share * t.tiles / t.shares; first < end; first += gradTiles {
		n := min(gradTiles, end-first)
		t.x.transform(tileIn, v, vs, first, n, cb*in, cb*in+c/f32.Lanes, s)
		t.dy.transform(tileOut, m, ms, first, n, kb*out, kb*out+k/f32.Lanes, s)
		for f := range frequencies {
			gradProducts(sums[f*gradIn*gradOut:], v[f*vs:], m[f*ms:], n, c, k)
		}
		// A's frequency (1, 1) sums a tile with weights 1.
		for k := range biases {
			from := m[(tileIn+1)*ms+k/f32.Lanes*gradTiles*f32.Lanes+k%f32.Lanes:]
			for q := range n {
				biases[k] += from[q*f32.Lanes]
			}
		}
	}
}

// gradProducts adds V ⊗ dM of n tiles for one frequency, of c and k channels.
func gradProducts(sums, v, m []float32, n, c, k int) {
	for i := 0; i < c; i += 8 {
		a := v[i/f32.Lanes*gradTiles*f32.Lanes+i%f32.Lanes:]
		f32.GemmTN(sums[i*gradOut:], gradOut, a, f32.Lanes, m, f32.Lanes, gradTiles*f32.Lanes, n, k)
	}
}

// finish adds Gᵀ dU G of the input channels from first on, and the output channels of
// a block, to dw [K][C][3][3].
func (t *winogradGrad) finish(first, kb int, s *scratch) {
	n := t.channels * gradOut
	from := (first/gradIn*t.ks+kb)*gradSums + first%gradIn*gradOut
	du := func(f int) []float32 { return t.sums[from+f*gradIn*gradOut:][:n] }
	for share := 1; share < t.shares; share++ {
		for f := range frequencies {
			f32.Add(du(f), du(f), t.sums[share*t.cs*t.ks*gradSums+from+f*gradIn*gradOut:])
		}
	}
	half := s.floats(slotLocal, 3*tileIn*n) // Gᵀ dU
	dw := s.floats(slotRows, 9*n)
	for i := range 3 {
		for j := range tileIn {
			weigh(half[(i*tileIn+j)*n:][:n], i, func(q int) []float32 { return du(q*tileIn + j) })
		}
		for j := range 3 {
			weigh(dw[(i*3+j)*n:][:n], j, func(q int) []float32 { return half[(i*tileIn+q)*n:] })
		}
	}
	for k := range min(gradOut, t.k-kb*gradOut) {
		for c := range t.channels {
			to := t.dw[((kb*gradOut+k)*t.c+first+c)*9:][:9]
			for q := range to {
				to[q] += dw[q*n+c*gradOut+k]
			}
		}
	}
}

// weigh sets dst to the sum of rows weighted by column i of G.
func weigh(dst []float32, i int, row func(q int) []float32) {
	add := false
	for q, g := range kernelMatrix {
		if g[i] != 0 {
			f32.Axpy(dst, row(q), g[i], add)
			add = true
		}
	}
}
