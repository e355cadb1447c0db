package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

type upsampleTask struct {
	dst, src           []float32
	h, w, factor, size int // of the small image; size is the floats per pixel
	grad, add          bool
}

func (t *upsampleTask) do(i, _ int) {
	f, n := t.factor, t.w*t.size
	small, big := i*n, i*n*f*f // a row, and the factor rows it becomes
	if t.grad {
		t.gradRow(t.dst[small:][:n], t.src[big:][:n*f*f])
		return
	}
	rows := t.dst[big:][:n*f*f]
	repeat(rows[:n*f], t.src[small:][:n], f, t.size)
	for r := 1; r < f; r++ {
		copy(rows[r*n*f:][:n*f], rows)
	}
}

// repeat writes every pixel of src factor times to dst.
func repeat(dst, src []float32, factor, size int) {
	if size == 1 && factor == 2 {
		f32.Interleave2(dst, src, src)
		return
	}
	for x := 0; x < len(src); x += size {
		for r := range factor {
			copy(dst[x*factor+r*size:][:size], src[x:])
		}
	}
}

func (t *upsampleTask) gradRow(dst, dy []float32) {
	f, n := t.factor, t.w*t.size
	if !t.add {
		clear(dst)
	}
	for r := range f {
		row := dy[r*n*f:][:n*f]
		for x := 0; x < n; x += t.size {
			d := dst[x:][:t.size]
			for q := range f {
				s := row[x*f+q*t.size:][:t.size]
				for k := range d {
					d[k] += s[k]
				}
			}
		}
	}
}

// Upsample repeats every pixel factor times in both directions.
func (b *Backend) Upsample(dst, x backend.Buffer, factor int) {
	s := of(x)
	planes, size := s.planes()
	t := &b.ops.upsample
	*t = upsampleTask{dst: of(dst).as(s).data, src: s.data, h: s.shape[2], w: s.shape[3], factor: factor, size: size}
	b.run(planes*t.h, t)
}

// UpsampleGrad sums the gradient over the copies of a pixel.
func (b *Backend) UpsampleGrad(dx, dy backend.Buffer, factor int, add bool) {
	g := of(dy)
	d := b.target(dx, g, add)
	planes, size := d.planes()
	t := &b.ops.upsample
	*t = upsampleTask{dst: d.data, src: g.data, h: d.shape[2], w: d.shape[3], factor: factor, size: size, grad: true, add: add}
	b.run(planes*t.h, t)
}
