package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// maskTask multiplies a plane, or a block of planes, with a mask per part.
type maskTask struct {
	dst, x, m []float32
	channels  int // or blocks of channels
	pixels    int
	size      int // floats per pixel
	add       bool
}

func (t *maskTask) do(i, _ int) {
	n := t.pixels * t.size
	dst, x, m := t.dst[i*n:][:n], t.x[i*n:][:n], t.m[i/t.channels*t.pixels:][:t.pixels]
	if t.size == 1 {
		f32.Mul(dst, x, m, t.add)
		return
	}
	for p, v := range m {
		f32.Axpy(dst[p*t.size:][:t.size], x[p*t.size:], v, t.add)
	}
}

// Mask multiplies every channel of x with m, and adds the result with add.
func (b *Backend) Mask(dst, x, m backend.Buffer, add bool) {
	s := of(x)
	planes, size := s.planes()
	t := own[maskTask](b)
	*t = maskTask{
		b.target(dst, s, add).data, s.data, b.planar(m), planes / s.shape[0], s.shape[2] * s.shape[3], size, add,
	}
	b.run(planes, t)
}
