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

// groups returns how many groups of 16 pairs, the last filled up, hold n windows of
// a planar row.
func groups(n int) int { return (n + f32.Lanes - 1) / f32.Lanes }

// splitRow sorts n windows of a planar row into groups, so that they look like
// blocked pixels.
func splitRow(dst, row []float32, n int) {
	whole, rest := n/f32.Lanes, n%f32.Lanes
	f32.SplitPairs(dst, row, whole)
	if rest > 0 {
		var last [2 * f32.Lanes]float32
		copy(last[:2*rest], row[2*whole*f32.Lanes:])
		f32.SplitPairs(dst[2*whole*f32.Lanes:], last[:], 1)
	}
}

// joinRow undoes splitRow.
func joinRow(row, src []float32, n int) {
	whole, rest := n/f32.Lanes, n%f32.Lanes
	f32.JoinPairs(row, src, whole)
	if rest > 0 {
		var last [2 * f32.Lanes]float32
		f32.JoinPairs(last[:], src[2*whole*f32.Lanes:], 1)
		copy(row[2*whole*f32.Lanes:], last[:2*rest])
	}
}

// maxRow pools a planar row.
func maxRow(y, x0, x1 []float32, s *scratch) {
	g := groups(len(y))
	n := 2 * f32.Lanes * g
	split, pooled := s.floats(slotRaw, 2*n), s.floats(slotLine, n/2)
	splitRow(split[:n], x0, len(y))
	splitRow(split[n:], x1, len(y))
	f32.MaxPool16(pooled, split[:n], split[n:], g)
	copy(y, pooled)
}

// maxRowGrad routes the gradient of a planar row.
func maxRowGrad(d0, d1, dy, x0, x1 []float32, add bool, s *scratch) {
	g := groups(len(dy))
	n := 2 * f32.Lanes * g
	split, room := s.floats(slotRaw, 2*n), s.floats(slotLine, 2*n+n/2)
	routed, whole := room[:2*n], room[2*n:]
	copy(whole, dy)
	splitRow(split[:n], x0, len(dy))
	splitRow(split[n:], x1, len(dy))
	f32.MaxPoolGrad16(routed[:n], routed[n:], whole, split[:n], split[n:], g, false)
	for i, d := range [...][]float32{d0, d1} {
		if r := routed[i*n:][:n]; add {
			joinRow(split, r, len(dy))
			f32.Add(d[:2*len(dy)], d, split)
		} else {
			joinRow(d, r, len(dy))
		}
	}
}

// MaxPool2 takes the maximum of each 2x2 window.
func (b *Backend) MaxPool2(dst, x backend.Buffer) {
	s := of(x)
	t := &b.ops.pool
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
	t := &b.ops.pool
	h, w := s.shape[2], s.shape[3]
	planes, size := s.planes()
	*t = poolTask{
		outlet: b.outletTo(d.data, h/2, 2*w*size, add), dx: d.data, dy: g.data, x: s.data,
		h: h, w: w, size: size, add: add,
	}
	b.run(t.parts(planes), t)
}
