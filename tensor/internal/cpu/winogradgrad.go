package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// kernelMatrix is G of F(4x4,3x3).
var kernelMatrix = [tileIn][3]float64{
	{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
	{1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1},
}

// maxShares bounds the memory of the parts' sums, and how many cores help.
const maxShares = 32

// winogradGrad computes the gradient of the weights in the frequency domain:
// dU = Σ_tiles V ⊗ dM, then dw = Gᵀ dU G. Parts of a first run sum shares of the
// tiles, those of a second add up and transform the sums of some input channels.
type winogradGrad struct {
	scratch   []scratch
	x, dy     tiling
	tiles     int
	c, k      int
	shares    int
	sums      []float32 // per share [frequency][C][K], then K biases
	partSize  int
	wantsBias bool
	dw        []float32 // set for the second run
}

// gradTiles is how many tiles are transformed at a time.
const gradTiles = 64

// gradChannels is how many input channels a part of the second run finishes.
const gradChannels = 2

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
		scratch: b.scratch, c: x.shape[1], k: dy.shape[1], wantsBias: dbias != nil,
		x:     tiling{x: x, pad: g.Pad, outside: outsideOf(g), across: across, down: down, group: gradTiles},
		dy:    tiling{x: dy, mask: mask, across: across, down: down, group: gradTiles},
		tiles: x.shape[0] * down * across,
	}
	t.partSize = frequencies*t.c*t.k + len(dbias)
	// Sums of a share take 36 floats per weight: fewer shares for many weights.
	const most = 16 << 20
	t.shares = max(min((t.tiles+gradTiles-1)/gradTiles, maxShares, most/t.partSize), 2)
	t.sums = b.shared.floats(slotSums, t.shares*t.partSize)
	b.run(t.shares, t)
	t.dw = dw
	b.run(t.c/gradChannels, t)
	for i := range t.shares {
		for o := range dbias {
			dbias[o] += t.sums[i*t.partSize+frequencies*t.c*t.k+o]
		}
	}
}

func (t *winogradGrad) do(i, worker int) {
	if t.dw != nil {
		t.finish(i * gradChannels)
		return
	}
	s := &t.scratch[worker]
	sums := t.sums[i*t.partSize:][:t.partSize]
	clear(sums)
	vs, ms := apart(gradTiles*t.c), apart(gradTiles*t.k)
	v := s.floats(slotLocal, frequencies*vs)
	m := s.floats(slotRows, frequencies*ms)
	end := (i + 1) * t.tiles / t.shares
	for first := i * t.tiles / t.shares; first < end; first += gradTiles {
		n := min(gradTiles, end-first)
		t.x.transform(tileIn, v, vs, first, n, 0, t.c/f32.Lanes, s)
		t.dy.transform(tileOut, m, ms, first, n, 0, t.k/f32.Lanes, s)
		for f := range frequencies {
			t.products(sums[f*t.c*t.k:], v[f*vs:], m[f*ms:], n)
		}
		if t.wantsBias {
			// A's frequency (1, 1) sums a tile with weights 1.
			t.biases(sums[frequencies*t.c*t.k:], m[(tileIn+1)*ms:], n)
		}
	}
}

// products adds V ⊗ dM of n tiles for one frequency.
func (t *winogradGrad) products(sums, v, m []float32, n int) {
	const block, rows = 2 * f32.Lanes, 8
	for c := 0; c < t.c; c += rows {
		a := v[c/f32.Lanes*gradTiles*f32.Lanes+c%f32.Lanes:]
		for k := 0; k < t.k; k += block {
			f32.GemmTN(sums[c*t.k+k:], t.k, a, f32.Lanes, m[k*gradTiles:], f32.Lanes, gradTiles*f32.Lanes, n, min(block, t.k-k))
		}
	}
}

func (t *winogradGrad) biases(sums, m []float32, n int) {
	for k := range t.k {
		from := m[k/f32.Lanes*gradTiles*f32.Lanes+k%f32.Lanes:]
		for q := range n {
			sums[k] += from[q*f32.Lanes]
		}
	}
}

// finish adds Gᵀ dU G of the input channels from first on to dw [K][C][3][3].
func (t *winogradGrad) finish(first int) {
	n := t.c * t.k
	for i := 1; i < t.shares; i++ {
		for f := range frequencies {
			from := f*n + first*t.k
			sums := t.sums[from:][:gradChannels*t.k]
			f32.Add(sums, sums, t.sums[i*t.partSize+from:])
		}
	}
	for c := first; c < first+gradChannels; c++ {
		for k := range t.k {
			du := t.sums[c*t.k+k:]
			var half [3][tileIn]float64
			for j := range tileIn {
				for i, r := range kernelMatrix {
					d := float64(du[(i*tileIn+j)*n])
					half[0][j] += r[0] * d
					half[1][j] += r[1] * d
					half[2][j] += r[2] * d
				}
			}
			to := t.dw[(k*t.c+c)*9:][:9]
			for i := range half {
				for j := range 3 {
					var sum float64
					for q, r := range kernelMatrix {
						sum += half[i][q] * r[j]
					}
					to[i*3+j] += float32(sum)
				}
			}
		}
	}
}
