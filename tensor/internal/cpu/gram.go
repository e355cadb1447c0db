package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// gramTask computes a block of 16 rows of a Gram matrix per part, from the
// diagonal to the right; the rest is its mirror image.
type gramTask struct {
	dst     []float32
	x       []float32
	n, c    int
	pixels  int
	blocked bool
	norm    float32
}

func (t *gramTask) do(i, _ int) {
	if !t.blocked {
		t.row(i)
		return
	}
	blocks := t.c / f32.Lanes
	n, bi := i%t.n, i/t.n // long rows first
	g := t.dst[n*t.c*t.c+bi*f32.Lanes*t.c:][:f32.Lanes*t.c]
	clear(g)
	x := t.x[n*t.c*t.pixels:][:t.c*t.pixels]
	plane := t.pixels * f32.Lanes
	// Rows of pixels that all blocks of channels share a cache with.
	const most = 64 << 10
	step := max(64, most/t.c)
	for p := 0; p < t.pixels; p += step {
		m := min(step, t.pixels-p)
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
		t.dst[(n*t.c+r)*t.c+c] = float32(f32.Dot(x[r*t.pixels:][:t.pixels], x[c*t.pixels:][:t.pixels]))
	}
}

// finish scales the matrices and mirrors their upper halves.
func (t *gramTask) finish() {
	for n := range t.n {
		g := t.dst[n*t.c*t.c:][:t.c*t.c]
		for i := range t.c {
			for j := i; j < t.c; j++ {
				v := g[i*t.c+j] * t.norm
				g[i*t.c+j], g[j*t.c+i] = v, v
			}
		}
	}
}

// Gram sets dst to F*Fᵀ/(C*H*W).
func (b *Backend) Gram(dst, x backend.Buffer) {
	s := of(x)
	c, pixels := s.shape[1], s.shape[2]*s.shape[3]
	t := &b.ops.gram
	*t = gramTask{of(dst).inLayout(false).data, s.data, s.shape[0], c, pixels, s.blocked, float32(1 / float64(c*pixels))}
	rows := c
	if t.blocked {
		rows /= f32.Lanes
	}
	b.run(t.n*rows, t)
	t.finish()
}

// gramGradTask multiplies a run of pixels with the symmetric matrix S.
type gramGradTask struct {
	scratch []scratch
	dx, x   []float32
	s       []float32 // blocked: [n][C/32][C][32], planar: [n][C][C]
	c       int
	pixels  int
	run     int
	blocked bool
	add     bool
}

func (t *gramGradTask) do(i, worker int) {
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
	panel := w.floats(slotLocal, rows*t.c)
	const block = 2 * f32.Lanes
	for p := from; p < from+count; p += rows {
		m := min(rows, t.pixels-p)
		src, step := x[p*f32.Lanes:], plane
		if m < rows { // past the end of the planes: copy what there is
			for cb := range t.c / f32.Lanes {
				copy(panel[cb*rows*f32.Lanes:][:m*f32.Lanes], x[cb*plane+p*f32.Lanes:])
			}
			src, step = panel, rows*f32.Lanes
		}
		for cb := range offs {
			offs[cb] = int32(cb * step)
		}
		m = min(m, from+count-p)
		for k := 0; k < t.c; k += block {
			cols := min(block, t.c-k)
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

// symmetric fills s with (dg + dgᵀ)*norm in the layout the task wants.
func (t *gramGradTask) symmetric(dg []float32, n int, norm float32) {
	const block = 2 * f32.Lanes
	c := t.c
	for i := range n {
		g, s := dg[i*c*c:], t.s[i*c*c:]
		for r := range c {
			for k := range c {
				v := (g[r*c+k] + g[k*c+r]) * norm
				if t.blocked {
					first := k / block * block
					s[first*c+r*min(block, c-first)+k%block] = v
				} else {
					s[r*c+k] = v
				}
			}
		}
	}
}

// GramGrad computes dx = (dg + dgᵀ)*F/(C*H*W).
func (b *Backend) GramGrad(dx, dg, x backend.Buffer, add bool) {
	f := of(x)
	c, pixels := f.shape[1], f.shape[2]*f.shape[3]
	t := &b.ops.gramGrad
	*t = gramGradTask{
		scratch: b.scratch, dx: b.target(dx, f, add).data, x: f.data,
		s: b.shared.floats(slotSums, f.shape[0]*c*c),
		c: c, pixels: pixels, blocked: f.blocked, add: add,
	}
	rows := f32.Rows()
	t.run = 16 * rows
	t.symmetric(of(dg).data, f.shape[0], float32(1/float64(c*pixels)))
	b.run(f.shape[0]*((pixels+t.run-1)/t.run), t)
}
