package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// channelsTask copies or adds a chunk of the channels of an image per part. In
// either layout, as both tensors have the same, they follow each other.
type channelsTask struct {
	dst, x   []float32
	to, from int // the first floats
	n        int // floats per image
	dstStep  int // floats from image to image
	step     int
	add      bool
}

func (t *channelsTask) do(i, _ int) {
	image := i / chunks(t.n)
	from, to := chunkOf(i%chunks(t.n), t.n)
	dst, x := t.dst[image*t.dstStep+t.to:][from:to], t.x[image*t.step+t.from:][from:to]
	if t.add {
		f32.Axpy(dst, x, 1, true)
	} else {
		copy(dst, x)
	}
}

// CopyChannels copies, or adds with add, channels of x to those of dst.
func (b *Backend) CopyChannels(dst, x backend.Buffer, to, from, count int, add bool) {
	d, s := of(dst), of(x)
	blocked := blockable(d.shape) && blockable(s.shape) && (to|from|count)%f32.Lanes == 0
	b.arrange(s, blocked)
	d.changed()
	b.arrange(d, blocked)
	area := s.shape[2] * s.shape[3]
	t := own[channelsTask](b)
	*t = channelsTask{d.data, s.data, to * area, from * area, count * area, d.shape[1] * area, s.shape[1] * area, add}
	b.run(s.shape[0]*chunks(t.n), t)
}
