package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// padTask pads, or sums the gradient of, a few rows per part.
type padTask struct {
	outlet
	dst, src        []float32
	h, w, pad, size int // of the image; size is the floats per pixel
	grad, add       bool
}

func (t *padTask) do(i, worker int) {
	n := t.w * t.size // floats of a row of the result
	if !t.grad {
		n += 2 * t.pad * t.size
	}
	for p := t.before(i); t.next(&p); {
		dst := t.dst[(p.plane*t.rows+p.from)*n:][:(p.to-p.from)*n]
		built := t.open(dst, worker)
		for y := p.from; y < p.to; y++ {
			if row := built[(y-p.from)*n:][:n]; t.grad {
				t.gradRow(row, p.plane, y)
			} else {
				t.padRow(row, p.plane, y)
			}
		}
		t.close(dst, built)
	}
}

// padRow makes row y of the result.
func (t *padTask) padRow(dst []float32, plane, y int) {
	h, w, p, size := t.h, t.w, t.pad, t.size
	src := t.src[(plane*h+mirror(y-p, h))*w*size:][:w*size]
	copy(dst[p*size:], src)
	for x := range p {
		copy(dst[x*size:][:size], src[(p-x)*size:])
		copy(dst[(p+w+x)*size:][:size], src[(w-2-x)*size:])
	}
}

// gradRow sums into row y of the gradient all rows and columns that mirror it.
func (t *padTask) gradRow(dst []float32, plane, y int) {
	w, p, size := t.w, t.pad, t.size
	ow := w + 2*p
	dy := t.src[plane*(t.h+2*p)*ow*size:]
	for i, oy := range [...]int{y + p, p - y, p + 2*(t.h-1) - y} {
		// Mirror images count only in the margin: those of the edge rows and of rows
		// far inside fall on the image itself or outside.
		margin := oy >= 0 && oy < p || oy >= p+t.h && oy < t.h+2*p
		if i > 0 && !margin {
			continue
		}
		row := dy[oy*ow*size:][:ow*size]
		if i == 0 && !t.add {
			copy(dst, row[p*size:])
		} else {
			f32.Add(dst, dst, row[p*size:])
		}
		for x := 1; x <= p; x++ {
			left, right := dst[x*size:][:size], dst[(w-1-x)*size:][:size]
			for l := range size {
				left[l] += row[(p-x)*size+l]
				right[l] += row[(p+w-1+x)*size+l]
			}
		}
	}
}

// ReflectPad mirrors pad pixels at every side.
func (b *Backend) ReflectPad(dst, x backend.Buffer, pad int) {
	s := of(x)
	planes, size := s.planes()
	t := own[padTask](b)
	out := of(dst).as(s).data
	h, w := s.shape[2], s.shape[3]
	*t = padTask{
		outlet: b.outletTo(out, h+2*pad, (w+2*pad)*size, false), dst: out, src: s.data,
		h: h, w: w, pad: pad, size: size,
	}
	b.run(t.parts(planes), t)
}

// ReflectPadGrad sums the gradient of every copy of a pixel.
func (b *Backend) ReflectPadGrad(dx, dy backend.Buffer, pad int, add bool) {
	g := of(dy)
	d := b.target(dx, g, add)
	planes, size := d.planes()
	t := own[padTask](b)
	h, w := d.shape[2], d.shape[3]
	*t = padTask{
		outlet: b.outletTo(d.data, h, w*size, add), dst: d.data, src: g.data,
		h: h, w: w, pad: pad, size: size, grad: true, add: add,
	}
	b.run(t.parts(planes), t)
}
