package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// poolTask pools, or routes the gradient of, a few rows of windows per part.
type poolTask struct {
	outlet
	y, x   []float32 // output and input, or their gradients' operands
	dx, dy []float32
	h, w   int // of the input
	size   int // floats per pixel
	add    bool
}

func (t *poolTask) do(i, worker int) {
	s := &t.scratch[worker]
	in, out := t.w*t.size, t.w/2*t.size // a row
	for p := t.before(i); t.next(&p); {
		n := p.to - p.from
		y, x := (p.plane*t.rows+p.from)*out, (p.plane*t.h+2*p.from)*in
		if t.dx == nil {
			dst := t.y[y:][:n*out]
			built := t.open(dst, worker)
			for r := range n {
				t.row(built[r*out:][:out], t.x[x+2*r*in:], s)
			}
			t.close(dst, built)
			continue
		}
		size := 2 * n * in
		if p.to == t.rows && t.h%2 == 1 {
			size += in // the last row, which no window covers
		}
		dst := t.dx[x:][:size]
		built := t.open(dst, worker)
		for r := range n {
			t.gradRow(built[2*r*in:], t.dy[y+r*out:][:out], t.x[x+2*r*in:], s)
		}
		if !t.add {
			clear(built[2*n*in:])
		}
		t.close(dst, built)
	}
}

// row pools the two rows at the start of x.
func (t *poolTask) row(y, x []float32, s *scratch) {
	in := t.w * t.size
	if x0, x1 := x[:in], x[in:2*in]; t.size == f32.Lanes {
		f32.MaxPool16(y, x0, x1, t.w/2)
	} else {
		maxRow(y, x0, x1, s)
	}
}

// gradRow routes dy to the two rows at the start of dx.
func (t *poolTask) gradRow(dx, dy, x []float32, s *scratch) {
	in := t.w * t.size
	d0, d1, x0, x1 := dx[:in], dx[in:2*in], x[:in], x[in:2*in]
	if !t.add {
		clear(d0[2*len(dy):]) // what no window covers
		clear(d1[2*len(dy):])
	}
	if t.size == f32.Lanes {
		f32.MaxPoolGrad16(d0, d1, dy, x0, x1, t.w/2, t.add)
	} else {
		maxRowGrad(d0, d1, dy, x0, x1, t.add, s)
	}
}

// larger reports whether b takes the place of the maximum a found so far, as in
// PyTorch: of NaNs the last does.
func larger(b, a float32) bool { return b > a || b != b }

// maxRow pools a planar row: whole groups of pairs as blocked pixels, then the rest.
func maxRow(y, x0, x1 []float32, s *scratch) {
	pairs := len(y) / f32.Lanes
	n := 2 * f32.Lanes * pairs
	split := s.floats(slotRaw, 2*n)
	f32.SplitPairs(split[:n], x0, pairs)
	f32.SplitPairs(split[n:], x1, pairs)
	f32.MaxPool16(y, split[:n], split[n:], pairs)
	for p := pairs * f32.Lanes; p < len(y); p++ {
		m := x0[2*p]
		for _, v := range [...]float32{x0[2*p+1], x1[2*p], x1[2*p+1]} {
			if larger(v, m) {
				m = v
			}
		}
		y[p] = m
	}
}

// maxRowGrad routes the gradient of a planar row likewise.
func maxRowGrad(d0, d1, dy, x0, x1 []float32, add bool, s *scratch) {
	pairs := len(dy) / f32.Lanes
	n := 2 * f32.Lanes * pairs
	split, routed := s.floats(slotRaw, 2*n), s.floats(slotLine, 2*n)
	f32.SplitPairs(split[:n], x0, pairs)
	f32.SplitPairs(split[n:], x1, pairs)
	f32.MaxPoolGrad16(routed[:n], routed[n:], dy, split[:n], split[n:], pairs, false)
	for i, d := range [...][]float32{d0, d1} {
		if g := routed[i*n:][:n]; add {
			f32.JoinPairs(split, g, pairs)
			f32.Add(d[:n], d, split)
		} else {
			f32.JoinPairs(d, g, pairs)
		}
	}
	for p := pairs * f32.Lanes; p < len(dy); p++ {
		best, m := 0, x0[2*p]
		for k, v := range [...]float32{x0[2*p+1], x1[2*p], x1[2*p+1]} {
			if larger(v, m) {
				best, m = k+1, v
			}
		}
		if !add {
			d0[2*p], d0[2*p+1], d1[2*p], d1[2*p+1] = 0, 0, 0, 0
		}
		if best < 2 {
			d0[2*p+best] += dy[p]
		} else {
			d1[2*p+best-2] += dy[p]
		}
	}
}

// MaxPool2 takes the maximum of each 2x2 window.
func (b *Backend) MaxPool2(dst, x backend.Buffer) {
	s := of(x)
	t := own[poolTask](b)
	h, w := s.shape[2], s.shape[3]
	planes, size := s.planes()
	y := of(dst).as(s).data
	*t = poolTask{outlet: b.outletTo(y, h/2, 2*w*size, false), y: y, x: s.data, h: h, w: w, size: size}
	b.run(t.parts(planes), t)
}

// MaxPool2Grad routes dy to the first maximum of each window, or to the last NaN.
func (b *Backend) MaxPool2Grad(dx, dy, x, y backend.Buffer, add bool) {
	s, g := of(x), of(dy)
	b.arrange(g, s.blocked)
	d := b.target(dx, s, add)
	t := own[poolTask](b)
	h, w := s.shape[2], s.shape[3]
	planes, size := s.planes()
	*t = poolTask{
		outlet: b.outletTo(d.data, h/2, 2*w*size, add), dx: d.data, dy: g.data, x: s.data,
		h: h, w: w, size: size, add: add,
	}
	b.run(t.parts(planes), t)
}
