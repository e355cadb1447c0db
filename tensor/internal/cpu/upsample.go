package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

type upsampleTask struct {
	scratch            []scratch
	dst, src           []float32
	h, w, factor, size int // of the small image; size is the floats per pixel
	grad, add          bool
}

func (t *upsampleTask) do(i, worker int) {
	f, n := t.factor, t.w*t.size
	small, big := i*n, i*n*f*f // a row, and the factor rows it becomes
	if t.grad {
		t.gradRow(t.dst[small:][:n], t.src[big:][:n*f*f], &t.scratch[worker])
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
	switch {
	case size == f32.Lanes:
		for x := 0; x < len(src); x += size {
			pixel := (*[f32.Lanes]float32)(src[x:])
			for r := range factor {
				*(*[f32.Lanes]float32)(dst[x*factor+r*size:]) = *pixel
			}
		}
	case factor == 2:
		f32.Interleave2(dst, src, src)
	default:
		for x, v := range src {
			for r := range factor {
				dst[x*factor+r] = v
			}
		}
	}
}

// gradRow sums the factor rows of dy, then every factor columns.
func (t *upsampleTask) gradRow(dst, dy []float32, s *scratch) {
	f, n := t.factor, len(dst)
	sum := s.floats(slotRaw, n*f)
	copy(sum, dy)
	for r := 1; r < f; r++ {
		f32.Add(sum, sum, dy[r*n*f:][:n*f])
	}
	if !t.add {
		clear(dst)
	}
	if t.size == 1 && f == 2 {
		halves := s.floats(slotLine, 2*n)
		f32.Deinterleave2(halves[:n], halves[n:], sum)
		f32.Add(dst, dst, halves[:n])
		f32.Add(dst, dst, halves[n:])
		return
	}
	for x := 0; x < n; x += t.size {
		d := dst[x:][:t.size]
		for q := range f {
			for k, v := range sum[x*f+q*t.size:][:t.size] {
				d[k] += v
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
	*t = upsampleTask{scratch: b.scratch, dst: d.data, src: g.data, h: d.shape[2], w: d.shape[3], factor: factor, size: size, grad: true, add: add}
	b.run(planes*t.h, t)
}
