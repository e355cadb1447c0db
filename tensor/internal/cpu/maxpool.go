package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

type poolTask struct {
	y, x    []float32 // output and input, or their gradients' operands
	dx, dy  []float32
	h, w    int // of the input
	blocked bool
	add     bool
}

// do handles a row of windows.
func (t *poolTask) do(i, _ int) {
	oh, ow := t.h/2, t.w/2
	size := 1
	if t.blocked {
		size = f32.Lanes
	}
	row := t.w * size
	top := (i/oh*t.h + i%oh*2) * row
	x0, x1 := t.x[top:][:row], t.x[top+row:][:row]
	if t.dx == nil {
		y := t.y[i*ow*size:][:ow*size]
		if t.blocked {
			f32.MaxPool16(y, x0, x1, ow)
		} else {
			maxRow(y, x0, x1)
		}
		return
	}
	d0, d1 := t.dx[top:][:row], t.dx[top+row:][:row]
	dy := t.dy[i*ow*size:][:ow*size]
	if !t.add { // what no window covers
		clear(d0[ow*2*size:])
		clear(d1[ow*2*size:])
		if t.h%2 == 1 && i%oh == oh-1 {
			clear(t.dx[top+2*row:][:row])
		}
	}
	if t.blocked {
		f32.MaxPoolGrad16(d0, d1, dy, x0, x1, ow, t.add)
	} else {
		maxRowGrad(d0, d1, dy, x0, x1, t.add)
	}
}

// larger reports whether b takes the place of the maximum a found so far: NaN
// does, and then stays.
func larger(b, a float32) bool { return b > a || b != b && a == a }

func maxRow(y, x0, x1 []float32) {
	for p := range y {
		m := x0[2*p]
		for _, v := range [...]float32{x0[2*p+1], x1[2*p], x1[2*p+1]} {
			if larger(v, m) {
				m = v
			}
		}
		y[p] = m
	}
}

func maxRowGrad(d0, d1, dy, x0, x1 []float32, add bool) {
	for p, g := range dy {
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
			d0[2*p+best] += g
		} else {
			d1[2*p+best-2] += g
		}
	}
}

// MaxPool2 takes the maximum of each 2x2 window.
func (b *Backend) MaxPool2(dst, x backend.Buffer) {
	s := of(x)
	t := &b.ops.pool
	*t = poolTask{y: of(dst).as(s).data, x: s.data, h: s.shape[2], w: s.shape[3], blocked: s.blocked}
	planes, _ := s.planes()
	b.run(planes*(t.h/2), t)
}

// MaxPool2Grad routes dy to the first maximum of each window.
func (b *Backend) MaxPool2Grad(dx, dy, x, y backend.Buffer, add bool) {
	s, g := of(x), of(dy)
	b.arrange(g, s.blocked)
	d := b.target(dx, s, add)
	t := &b.ops.pool
	*t = poolTask{dx: d.data, dy: g.data, x: s.data, h: s.shape[2], w: s.shape[3], blocked: s.blocked, add: add}
	planes, _ := s.planes()
	b.run(planes*(t.h/2), t)
}
