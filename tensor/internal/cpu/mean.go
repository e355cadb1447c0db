package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// elements are the elements of x, chunk by chunk.
type elements struct{ x []float32 }

func (t *elements) sum(i int) float64 {
	from, to := chunkOf(i, len(t.x))
	return f32.Sum(t.x[from:to])
}

// Mean sets dst = weight * mean(x).
func (b *Backend) Mean(dst, x backend.Buffer, weight float32) {
	t := own[elements](b)
	*t = elements{of(x).data}
	setMean(of(dst), b.sum(chunks(len(t.x)), t), weight, len(t.x))
}

// MeanGrad sets every element of dx to dloss * weight/len(dx).
func (b *Backend) MeanGrad(dx, dloss backend.Buffer, weight float32, add bool) {
	d := of(dx)
	c := float32(float64(of(dloss).data[0]) * float64(weight) / float64(len(d.data)))
	if !add {
		b.Fill(dx, c)
		return
	}
	d.changed()
	t := own[shiftTask](b)
	*t = shiftTask{d.data, c}
	b.run(chunks(len(d.data)), t)
}

// shiftTask adds c to every element.
type shiftTask struct {
	x []float32
	c float32
}

func (t *shiftTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.x))
	f32.ScaleShift(t.x[from:to], t.x[from:to], nil, 1, t.c, 0, false)
}
