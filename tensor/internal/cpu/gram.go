package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// gramTask computes a row of a Gram matrix, or a block of 16, per part, from the
// diagonal to the right. Small blocked matrices of many pixels are sums of pieces. A
// second run adds those up and fills in the rest, which is the mirror image.
type gramTask struct {
	dst     []float32
	sums    []float32 // of pieces, [piece][n][C][C]; dst itself if there is one
	x       []float32
	n, c    int
	pixels  int
	pieces  int
	blocked bool
	norm    float32
	finish  bool
}

func (t *gramTask) do(i, _ int) {
	switch {
	case t.finish:
		t.finishRows(i, t.rows())
	case t.blocked:
		t.block(i)
	default:
		t.row(i)
	}
}

// rows returns the rows of a part.
func (t *gramTask) rows() int {
	if t.blocked {
		return f32.Lanes
	}
	return 1
}

// block computes 16 rows of a blocked tensor's matrix, from a piece of its pixels.
func (t *gramTask) block(i int) {
	blocks := t.c / f32.Lanes
	image, bi := i%(t.n*t.pieces), i/(t.n*t.pieces) // long rows first
	g := t.sums[image*t.c*t.c+bi*f32.Lanes*t.c:][:f32.Lanes*t.c]
	clear(g)
	x := t.x[image%t.n*t.c*t.pixels:][:t.c*t.pixels]
	plane := t.pixels * f32.Lanes
	piece := image / t.n
	end := (piece + 1) * t.pixels / t.pieces
	// Rows of pixels that all blocks of channels share a cache with.
	const most = 64 << 10
	step := max(64, most/t.c)
	for p := piece * t.pixels / t.pieces; p < end; p += step {
		m := min(step, end-p)
		for bj := bi; bj < blocks; bj += 2 {
			cols := min(2, blocks-bj) * f32.Lanes
			for r := 0; r < f32.Lanes; r += 8 {
				f32.GemmTN(g[r*t.c+bj*f32.Lanes:], t.c, x[bi*plane+p*f32.Lanes+r:], f32.Lanes,
					x[bj*plane+p*f32.Lanes:], f32.Lanes, plane, m, cols)
			}
		}
	}
}

// row computes one row of a planar tensor's matrix.
func (t *gramTask) row(i int) {
	n, r := i%t.n, i/t.n
	x := t.x[n*t.c*t.pixels:]
	for c := r; c < t.c; c++ {
		t.dst[(n*t.c+r)*t.c+c] = float32(f32.Dot(x[r*t.pixels:][:t.pixels], x[c*t.pixels:][:t.pixels])) * t.norm
	}
}

// finishRows adds up the pieces of a part's rows, from the diagonal to the right, and
// mirrors them.
func (t *gramTask) finishRows(i, rows int) {
	n, first := i%t.n, i/t.n*rows
	size := t.n * t.c * t.c
	g := t.dst[n*t.c*t.c:][:t.c*t.c]
	if t.blocked {
		for r := first; r < first+rows; r++ {
			from, to := g[r*t.c+first:(r+1)*t.c], n*t.c*t.c+r*t.c+first
			for piece := range t.pieces {
				f32.Axpy(from, t.sums[piece*size+to:][:len(from)], t.norm, piece > 0)
			}
		}
	}
	for c := first + rows; c < t.c; c++ {
		for r := range g[c*t.c+first:][:rows] {
			g[c*t.c+first+r] = g[(first+r)*t.c+c]
		}
	}
}

// Gram sets dst to F*Fᵀ/(C*H*W).
func (b *Backend) Gram(dst, x backend.Buffer) {
	s := of(x)
	b.arrange(s, blockable(s.shape))
	c, pixels := s.shape[1], s.shape[2]*s.shape[3]
	t := own[gramTask](b)
	*t = gramTask{
		dst: of(dst).inLayout(false).data, x: s.data, n: s.shape[0], c: c, pixels: pixels, pieces: 1,
		blocked: s.blocked, norm: float32(1 / float64(c*pixels)),
	}
	parts := t.n * c / t.rows()
	t.sums = t.dst
	const wanted, least = 64, 1024 // parts, and pixels of one
	if t.blocked && parts < wanted {
		t.pieces = max(1, min(wanted/parts, pixels/least))
		t.sums = b.shared.floats(slotSums, t.pieces*len(t.dst))
	}
	b.run(parts*t.pieces, t)
	t.finish = true
	b.run(parts, t)
}

// gramGradTask multiplies a run of pixels with the symmetric matrix S, which a first
// run of parts computes.
type gramGradTask struct {
	scratch []scratch
	dx, x   []float32
	s       []float32 // blocked: [n][C/32][C][32], planar: [n][C][C]
	dg      []float32 // while S is computed
	norm    float32
	c       int
	pixels  int
	run     int // pixels of a part
	columns int // channels of a part, if blocked
	blocked bool
	add     bool
}

func (t *gramGradTask) do(i, worker int) {
	if t.dg != nil {
		t.symmetric(i)
		return
	}
	across := (t.c + t.columns - 1) / t.columns
	first := i % across * t.columns
	i /= across
	parts := (t.pixels + t.run - 1) / t.run
	n, from := i/parts, i%parts*t.run
	count := min(t.run, t.pixels-from)
	x, dx, s := t.x[n*t.c*t.pixels:], t.dx[n*t.c*t.pixels:], t.s[n*t.c*t.c:]
	if !t.blocked {
		for r := range t.c {
			to := dx[r*t.pixels+from:][:count]
			for c := range t.c {
				f32.Axpy(to, x[c*t.pixels+from:][:count], s[r*t.c+c], t.add || c > 0)
			}
		}
		return
	}
	w := &t.scratch[worker]
	plane, rows := t.pixels*f32.Lanes, f32.Rows()
	tile := w.floats(slotTile, rows*2*f32.Lanes)
	offs := w.offsets(t.c / f32.Lanes)
	// The last pixels of the planes are no whole rows of a product: copy them.
	whole, rest := from+count/rows*rows, count%rows
	panel := w.floats(slotLocal, rows*t.c)
	for cb := range offs {
		copy(panel[cb*rows*f32.Lanes:][:rest*f32.Lanes], x[cb*plane+whole*f32.Lanes:])
	}
	for k := first; k < min(first+t.columns, t.c); k += outBlock {
		cols := min(outBlock, t.c-k)
		for p := from; p < from+count; p += rows {
			src, step, m := x[p*f32.Lanes:], plane, rows
			if p == whole {
				src, step, m = panel, rows*f32.Lanes, rest
			}
			for cb := range offs {
				offs[cb] = int32(cb * step)
			}
			f32.Gemm(tile, f32.Lanes, rows*f32.Lanes, src, f32.Lanes, offs, s[k*t.c:], cols)
			for kb := 0; kb < cols; kb += f32.Lanes {
				to := dx[(k+kb)*t.pixels+p*f32.Lanes:][:m*f32.Lanes]
				if t.add {
					f32.Add(to, to, tile[kb*rows:][:len(to)])
				} else {
					copy(to, tile[kb*rows:])
				}
			}
		}
	}
}

// symmetric computes outBlock rows of S, (dg + dgᵀ)*norm, in the layout that the
// products want.
func (t *gramGradTask) symmetric(i int) {
	c := t.c
	parts := (c + outBlock - 1) / outBlock
	n, first := i/parts, i%parts*outBlock
	g, s := t.dg[n*c*c:], t.s[n*c*c:]
	for k := range c {
		at, step := k, c // of row 0, and from row to row
		if t.blocked {
			column := k / outBlock * outBlock
			step = min(outBlock, c-column)
			at = column*c + k%outBlock
		}
		for r, v := range g[k*c+first : k*c+min(first+outBlock, c)] {
			s[at+(first+r)*step] = (g[(first+r)*c+k] + v) * t.norm
		}
	}
}

// GramGrad computes dx = (dg + dgᵀ)*F/(C*H*W).
func (b *Backend) GramGrad(dx, dg, x backend.Buffer, add bool) {
	f := of(x)
	b.arrange(f, blockable(f.shape))
	c, pixels := f.shape[1], f.shape[2]*f.shape[3]
	t := own[gramGradTask](b)
	*t = gramGradTask{
		scratch: b.scratch, dx: b.target(dx, f, add).data, x: f.data,
		s:  b.shared.floats(slotSums, f.shape[0]*c*c),
		dg: of(dg).data, norm: float32(1 / float64(c*pixels)),
		c: c, pixels: pixels, blocked: f.blocked, add: add,
	}
	b.run(f.shape[0]*((c+outBlock-1)/outBlock), t)
	t.dg = nil
	// Runs of about 16 products, of equal length.
	rows := f32.Rows()
	products := (pixels + rows - 1) / rows
	runs := (products + 15) / 16
	t.run = (products + runs - 1) / runs * rows
	parts := f.shape[0] * ((pixels + t.run - 1) / t.run)
	// Few runs are cut by channels of the result as well.
	const wanted = 64
	t.columns = c
	if t.blocked {
		blocks := (c + outBlock - 1) / outBlock
		t.columns = max(1, min(blocks, parts*blocks/wanted)) * outBlock
	}
	b.run(parts*((c+t.columns-1)/t.columns), t)
}
