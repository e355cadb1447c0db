package cpu

import "github.com/impasto-go/impasto/tensor/internal/f32"

// upsampledConv runs the four phases of a 3x3 convolution of an upsampled image, 16
// products of a pixel with weights, as 9 products of pixels and of their differences,
// which the phases share; package f32 says how. It goes by rows of the small image.
type upsampledConv struct {
	*tapConv
	weights []float32 // of the 9 products, as pack lays out those of a phase
	pixels  []int32   // places of the channels in the gathered rows
	diffs   []int32   // and in the differences
	line    int       // floats from row to row of products
}

// upsampledChannels is the least number of channels that makes up for the differences.
const upsampledChannels = 8

// upsampled returns the upsampledConv of t, whose phases are those of an upsampled
// image, but for its weights.
func (b *Backend) upsampled(t *tapConv) *upsampledConv {
	u := own[upsampledConv](b)
	u.tapConv = t
	u.pixels, u.diffs = u.pixels[:0], u.diffs[:0]
	for ch := range t.x.shape[1] {
		u.pixels = append(u.pixels, int32(ch*t.planeRows()*t.rowLen))
		u.diffs = append(u.diffs, int32(ch*6*t.rowLen))
	}
	u.line = apart((t.x.shape[3] + f32.Lanes - 1) / f32.Lanes * f32.Lanes)
	return u
}

// pack adds up the weights of the products: of all rows and columns of a kernel, of the
// first, and of the last.
func (t *upsampledConv) pack(w []float32, step int) []float32 {
	c, k := t.x.shape[1], t.dst.shape[1]
	weights := t.room.floats(slotWeights, 9*c*k)
	sums := [3][]int{{0, 1, 2}, {0}, {2}}
	to := 0
	for f := range 9 {
		for first := 0; first < k; {
			g := groupSize(k - first)
			for ch := range c {
				for o := first; o < first+g; o++ {
					var sum float64
					for _, row := range sums[f/3] {
						for _, col := range sums[f%3] {
							sum += float64(w[o*step+ch*9+row*3+col])
						}
					}
					weights[to] = float32(sum)
					to++
				}
			}
			first += g
		}
	}
	return weights
}

// do computes the rows of part i.
func (t *upsampledConv) do(i, worker int) {
	s := &t.scratch[worker]
	n, y0 := i/t.parts(), i%t.parts()*t.rows
	c, k, oh, ow := t.x.shape[1], t.dst.shape[1], t.dst.shape[2], t.dst.shape[3]
	rows := min(t.rows, t.phaseRows()-y0)
	local := s.floats(slotLocal, c*t.planeRows()*t.rowLen)
	t.gather(local, t.planeRows(), n, y0, rows+t.halo, s)
	local = local[:cap(local)]
	// The differences of a row and the next: of each channel 3 rows, by turns with those
	// of the row after. Then the products.
	ms := apart(k * t.line)
	d := s.floats(slotTile, 6*c*t.rowLen+9*ms)
	m := d[6*c*t.rowLen:]
	d = d[:cap(d)]
	t.differences(d, local, 0)
	for r := range rows {
		t.differences(d, local, r+1)
		t.products(m, ms, local, d, r)
		y := 2 * (y0 + r)
		if t.plain() {
			t.output(t.dst.data[(n*k*oh+y)*ow:], oh*ow, ow, m, ms)
			continue
		}
		out := s.floats(slotRows, (2*k+f32.Lanes)*ow)
		t.output(out, ow, k*ow, m, ms)
		t.emit(out[:k*ow], out[2*k*ow:], n, y)
		t.emit(out[k*ow:2*k*ow], out[2*k*ow:], n, y+1)
	}
	t.leaveStatistics(n, i%t.parts(), 2*y0, 2*(y0+rows))
}

// differences takes those between gathered rows r and r+1, and across the latter.
func (t *upsampledConv) differences(d, local []float32, r int) {
	for ch, at := range t.pixels {
		f32.UpsampledInput(d[int(t.diffs[ch])+r%2*3*t.rowLen:], t.rowLen, local[int(at)+r*t.rowLen:], t.rowLen, t.x.shape[3]+1)
	}
}

// products computes the 9 products of row r of a part. The view begins one pixel before
// the image, above and left.
func (t *upsampledConv) products(m []float32, ms int, local, d []float32, r int) {
	k, size := t.dst.shape[1], len(t.pixels)*t.dst.shape[1]
	product := func(f int, offs []int32, src, bias []float32) {
		p := phase{offs: offs, weights: t.weights[f*size:][:size]}
		p.row(m[f*ms:], t.line, src, bias, k, t.x.shape[3])
	}
	product(0, t.pixels, local[(r+1)*t.rowLen+1:], t.bias)
	above, below := d[r%2*3*t.rowLen:], d[(r+1)%2*3*t.rowLen:]
	for f, src := range [...][]float32{above, above[1:], // differences across,
		above[t.rowLen+1:], above[2*t.rowLen:], above[2*t.rowLen+1:], // down and both, to the row above
		below[t.rowLen+1:], below[2*t.rowLen:], below[2*t.rowLen+1:], // and below
	} {
		product(1+f, t.diffs, src, nil)
	}
}

// output adds the products up to two rows of all channels, which lie ds apart and their
// rows rs.
func (t *upsampledConv) output(dst []float32, ds, rs int, m []float32, ms int) {
	for o := range t.dst.shape[1] {
		f32.UpsampledOutput(dst[o*ds:], rs, m[o*t.line:], ms, t.x.shape[3])
	}
}
