package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// mirror maps index i of an axis of n elements, -n < i < 2n-1, to the element
// that reflection without repeating the edge puts there.
func mirror(i, n int) int {
	if i < 0 {
		return -i
	}
	if i >= n {
		return 2*(n-1) - i
	}
	return i
}

type padTask struct {
	dst, src        []float32
	h, w, pad, size int // size is the floats per pixel
	grad, add       bool
}

func (t *padTask) do(i, worker int) {
	h, w, p, size := t.h, t.w, t.pad, t.size
	oh, ow := h+2*p, w+2*p
	if t.grad {
		plane, y := i/h, i%h
		t.gradRow(t.dst[(plane*h+y)*w*size:][:w*size], t.src[plane*oh*ow*size:], y)
		return
	}
	plane, y := i/oh, i%oh
	src := t.src[(plane*h+mirror(y-p, h))*w*size:][:w*size]
	dst := t.dst[i*ow*size:][:ow*size]
	copy(dst[p*size:], src)
	for x := range p {
		copy(dst[x*size:][:size], src[(p-x)*size:])
		copy(dst[(p+w+x)*size:][:size], src[(w-2-x)*size:])
	}
}

// gradRow sums into row y of the gradient all rows and columns that mirror it.
func (t *padTask) gradRow(dst, dy []float32, y int) {
	w, p, size := t.w, t.pad, t.size
	ow := w + 2*p
	if !t.add {
		clear(dst)
	}
	for i, oy := range [...]int{y + p, p - y, p + 2*(t.h-1) - y} {
		// Mirror images count only in the margin: those of the edge rows and of rows
		// far inside fall on the image itself or outside.
		margin := oy >= 0 && oy < p || oy >= p+t.h && oy < t.h+2*p
		if i > 0 && !margin {
			continue
		}
		row := dy[oy*ow*size:][:ow*size]
		f32.Add(dst, dst, row[p*size:][:w*size])
		for x := 1; x <= p; x++ {
			left, right := dst[x*size:][:size], dst[(w-1-x)*size:][:size]
			f32.Add(left, left, row[(p-x)*size:][:size])
			f32.Add(right, right, row[(p+w-1+x)*size:][:size])
		}
	}
}

// ReflectPad mirrors pad pixels at every side.
func (b *Backend) ReflectPad(dst, x backend.Buffer, pad int) {
	s := of(x)
	planes, size := s.planes()
	t := &b.ops.pad
	*t = padTask{dst: of(dst).as(s).data, src: s.data, h: s.shape[2], w: s.shape[3], pad: pad, size: size}
	b.run(planes*(t.h+2*pad), t)
}

// ReflectPadGrad sums the gradient of every copy of a pixel.
func (b *Backend) ReflectPadGrad(dx, dy backend.Buffer, pad int, add bool) {
	g := of(dy)
	d := b.target(dx, g, add)
	planes, size := d.planes()
	t := &b.ops.pad
	*t = padTask{dst: d.data, src: g.data, h: d.shape[2], w: d.shape[3], pad: pad, size: size, grad: true, add: add}
	b.run(planes*t.h, t)
}
