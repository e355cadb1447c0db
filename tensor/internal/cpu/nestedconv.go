package cpu

import (
	"math"

	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// nestedConv runs a tapConv whose kernels have 9 rows with 25 products of rows in
// place of 81. It is Winograd's F(3x3, 3x3) (Lavin and Gray, arXiv:1509.09308),
// where both dimensions of the tile come from the rows of the image: output row
// 9*tile + 3*a + b and kernel row 3*a + b are place (a, b) of a square of 3x3, and
// y[3*a+b] = Σ g[3*c+d] * x[3*(a+c) + b+d] is a convolution over a, for every b of a
// convolution over b. Each is done by F(3, 3), one nested in the other, as squares
// of 5x5 frequencies. The columns of the kernel stay taps, the transforms take whole
// rows, and no pixel moves sideways.
//
// Tiles are the same rows of the image whatever the parts, and the columns
// of a tile are done in strips that stay in the core's own cache.
type nestedConv struct {
	*tapConv
	offs    []int32   // of the taps that are left, (channel, column)
	weights []float32 // [frequency of a][of b] as pack lays out those of a phase
	cols    int       // of the kernel
	strip   int       // columns at a time
	line    int       // floats from row to row of a strip
}

const (
	nestedRows        = 9  // of a kernel, and of a tile of results
	nestedFrequencies = 25 // 5 for each 3 rows
)

// nestedParts is how many parts an image should make for many cores, if it is large
// enough.
const nestedParts = 32

// nestedFloats is the room that the transformed rows of a strip, and their products,
// should take: a good half of a second-level cache of 1 MB.
const nestedFloats = 140 << 10

// nests reports whether t can run as a nestedConv, and gains: lower images gain less
// than the transforms of weights and the rows missing from the last tile cost.
func (t *tapConv) nests() bool {
	return t.stride == 1 && t.scale == 1 && t.halo == nestedRows-1 && t.dst.shape[2] >= 4*nestedRows
}

// nest returns the nestedConv of t, but for its weights.
func (b *Backend) nest(t *tapConv) *nestedConv {
	n := own[nestedConv](b)
	n.tapConv = t
	c, k := t.x.shape[1], t.dst.shape[1]
	cols := len(t.phases[0].taps) / (nestedRows * c)
	n.cut(c, k, cols)
	n.offs = n.offs[:0]
	for i := range c * cols {
		n.offs = append(n.offs, int32(i/cols*n.line+i%cols))
	}
	return n
}

// cut decides the sizes of parts and strips.
func (t *nestedConv) cut(c, k, cols int) {
	t.cols = cols
	// Parts of more tiles gather fewer rows twice; fewer parts occupy fewer cores.
	tiles := (t.dst.shape[2] + nestedRows - 1) / nestedRows
	t.rows = nestedRows * min(max(tiles/nestedParts, 1), 3)
	// Multiples of 48 columns are whole turns of the kernels' loops.
	width := t.dst.shape[3]
	most := max(nestedFloats/(nestedFrequencies*(c+k)), 96)
	strips := (width + most - 1) / most
	t.strip = ((width+strips-1)/strips + 47) / 48 * 48
	// An odd number of cache lines: rows must not crowd into one set of the cache.
	t.line = (t.strip+cols-1+f32.Lanes-1)/f32.Lanes*f32.Lanes | f32.Lanes
}

// pack computes the weights of all frequencies.
func (t *nestedConv) pack(w []float32, step int) []float32 {
	p, k := &t.phases[0], t.dst.shape[1]
	cols := len(p.taps) / (nestedRows * t.x.shape[1])
	at := t.room.offsets(len(p.taps)) // places of taps, by channel, column and row
	for _, q := range p.taps {
		at[(q.ch*cols+q.col+t.left)*nestedRows+q.row+t.top] = int32(q.w)
	}
	size := len(t.offs) * k
	weights := t.room.floats(slotWeights, nestedFrequencies*size)
	to := 0
	for first := 0; first < k; {
		g := groupSize(k - first)
		for i := range t.offs {
			for o := first; o < first+g; o++ {
				var column [nestedRows]float64
				for row := range column {
					column[row] = float64(w[int(at[i*nestedRows+row])+o*step])
				}
				for f, u := range nestedWeights(&column) {
					weights[f*size+to] = float32(u)
				}
				to++
			}
		}
		first += g
	}
	return weights
}

// nestedWeights returns the frequencies of 9 rows of a kernel.
func nestedWeights(g *[nestedRows]float64) (u [nestedFrequencies]float64) {
	var b [3][5]float64
	for a := range b {
		b[a] = weights33(g[3*a], g[3*a+1], g[3*a+2])
	}
	for f := range 5 {
		for i, v := range weights33(b[0][f], b[1][f], b[2][f]) {
			u[5*i+f] = v
		}
	}
	return u
}

// weights33 returns the frequencies of 3 taps, as f32.NestedInput defines them.
func weights33(g0, g1, g2 float64) [5]float64 {
	return [5]float64{g0 / 2, -(g0 + g1 + g2) / 2, (g1 - g0 - g2) / 6, (g0 + 2*g1 + 4*g2) / 6, g2}
}

// do computes the tiles of part i.
func (t *nestedConv) do(i, worker int) {
	s := &t.scratch[worker]
	n, y0 := i/t.parts(), i%t.parts()*t.rows
	k, oh, ow := t.dst.shape[1], t.dst.shape[2], t.dst.shape[3]
	end := min(y0+t.rows, oh)
	rows := t.rowsInPlace(n, y0, end)
	if rows.data == nil {
		local := s.floats(slotLocal, t.x.shape[1]*t.planeRows()*t.rowLen)
		t.gather(local, t.planeRows(), n, y0, end-y0+t.halo, s)
		t.clearBelow(local, end-y0+t.halo)
		rows = rowSource{local[:cap(local)], t.planeRows() * t.rowLen, t.rowLen, 0, math.MaxInt}
	}
	for y := y0; y < end; y += nestedRows {
		if t.plain() && y+nestedRows <= oh {
			t.tile(t.dst.data[(n*k*oh+y)*ow:], oh*ow, ow, rows, s)
		} else {
			out := s.floats(slotRows, (nestedRows*k+f32.Lanes)*ow)
			t.tile(out, ow, k*ow, rows, s)
			for r := range min(nestedRows, end-y) {
				t.emit(out[r*k*ow:][:k*ow], out[nestedRows*k*ow:], n, y+r)
			}
		}
		rows.data = rows.data[min(nestedRows*rows.line, len(rows.data)):]
	}
	t.leaveStatistics(n, i%t.parts(), y0, end)
}

// rowSource is where a tile finds its rows: the first of a channel begins at
// data[channel*plane], with column from of the view, and ends before column to.
type rowSource struct {
	data        []float32
	plane, line int
	from, to    int
}

// rowsInPlace returns the rows of the part y0:end of image n as they lie in the
// tensor, or none if they have to be gathered: because they are no copy of what lies
// there, because some are outside the image, or because its edge is mirrored so far
// that a strip may not see what.
func (t *nestedConv) rowsInPlace(n, y0, end int) rowSource {
	c, h, w := t.x.shape[1], t.x.shape[2], t.x.shape[3]
	right := t.dst.shape[3] + t.cols - 1 - t.left - w
	if t.x.blocked || t.mask != nil || t.x.deferred != nil || t.up > 1 || t.left < 0 || right < 0 ||
		t.outside != zeros && (t.outside != mirrored || 2*max(t.left, right) >= t.cols) {
		return rowSource{}
	}
	tiles := (end - y0 + nestedRows - 1) / nestedRows
	first := y0 - t.top
	if first < 0 || first+tiles*nestedRows+t.halo > h {
		return rowSource{}
	}
	return rowSource{t.x.data[(n*c*h+first)*w:], h * w, w, t.left, t.left + w}
}

// clearBelow zeroes the rows of a part's planes after the first n: those that only
// results below the image need, which what lies there by chance could otherwise
// make NaN together with the rest of their tile.
func (t *nestedConv) clearBelow(local []float32, n int) {
	plane := t.planeRows() * t.rowLen
	for ; len(local) > 0; local = local[plane:] {
		clear(local[n*t.rowLen : plane])
	}
}

// tile computes 9 rows of all channels, which lie ds apart and their rows rs, from
// the rows of src.
func (t *nestedConv) tile(dst []float32, ds, rs int, src rowSource, s *scratch) {
	c, k, ow := t.x.shape[1], t.dst.shape[1], t.dst.shape[3]
	// Frequencies of all channels, and their products.
	vs, ms := apart(c*t.line), apart(k*t.line)
	v := s.floats(slotTile, nestedFrequencies*(vs+ms))
	m := v[nestedFrequencies*vs:]
	for x0 := 0; x0 < ow; x0 += t.strip {
		w := min(t.strip, ow-x0)
		for ch := range c {
			t.input(v[ch*t.line:], vs, src.data[ch*src.plane:], src, x0, w+t.cols-1)
		}
		for f := range nestedFrequencies {
			t.products(m[f*ms:], v[f*vs:cap(v)], f, w)
		}
		for o := range k {
			f32.NestedOutput(dst[o*ds+x0:], rs, m[o*t.line:], ms, w)
		}
	}
}

// input transforms n columns of the view, from x0 on, of the rows of a channel. Columns
// outside the image are zeros or mirror images of others, before the transform, which
// takes each by itself, as after it.
func (t *nestedConv) input(v []float32, vs int, rows []float32, src rowSource, x0, n int) {
	from, to := max(x0, src.from), min(x0+n, src.to)
	f32.NestedInput(v[from-x0:], vs, rows[from-src.from:], src.line, to-from)
	t.beside(v, vs, x0, x0, from)
	t.beside(v, vs, x0, to, x0+n)
}

// beside fills columns from:to of the view, all outside the image, in a transformed
// strip from column x0 on.
func (t *nestedConv) beside(v []float32, vs, x0, from, to int) {
	for x := from; x < to; x++ {
		at := t.outside.source(x-t.left, t.x.shape[3])
		for f := range nestedFrequencies {
			if at < 0 {
				v[f*vs+x-x0] = 0
			} else {
				v[f*vs+x-x0] = v[f*vs+at+t.left-x0]
			}
		}
	}
}

// products multiplies the rows of frequency f with its weights.
func (t *nestedConv) products(m, v []float32, f, n int) {
	size := len(t.offs) * t.dst.shape[1]
	p := phase{offs: t.offs, weights: t.weights[f*size:][:size]}
	var bias []float32
	if f == 5*1+1 {
		bias = t.bias // frequency 1 of both adds to every row of results
	}
	p.row(m, t.line, v, bias, t.dst.shape[1], n)
}
