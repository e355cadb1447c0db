package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

type affineTask struct {
	dst, x       []float32
	scale, shift []float32 // shift is nil for the gradient
	channels     int       // or blocks of channels
	pixels       int
	blocked      bool
	add          bool
}

func (t *affineTask) do(i, _ int) {
	c := i % t.channels
	if t.blocked {
		n := t.pixels * f32.Lanes
		dst, x := t.dst[i*n:][:n], t.x[i*n:][:n]
		scale := t.scale[c*f32.Lanes:][:f32.Lanes]
		shift := zeroLanes[:]
		if t.shift != nil {
			shift = t.shift[c*f32.Lanes:][:f32.Lanes]
		}
		if t.add {
			f32.ScaleShift16(dst, x, dst, scale, shift, 1, false)
		} else {
			f32.ScaleShift16(dst, x, nil, scale, shift, 0, false)
		}
		return
	}
	dst, x := t.dst[i*t.pixels:][:t.pixels], t.x[i*t.pixels:][:t.pixels]
	var shift float32
	if t.shift != nil {
		shift = t.shift[c]
	}
	if t.add {
		f32.ScaleShift(dst, x, dst, t.scale[c], shift, 1, false)
	} else {
		f32.ScaleShift(dst, x, nil, t.scale[c], shift, 0, false)
	}
}

var zeroLanes [f32.Lanes]float32

func (b *Backend) channelAffine(dst, x *buffer, scale, shift []float32, add bool) {
	planes, _ := x.planes()
	t := own[affineTask](b)
	*t = affineTask{dst.data, x.data, scale, shift, planes / x.shape[0], x.shape[2] * x.shape[3], x.blocked, add}
	b.run(planes, t)
}

// ChannelAffine sets dst = x*scale + shift.
func (b *Backend) ChannelAffine(dst, x, scale, shift backend.Buffer) {
	s := of(x)
	b.channelAffine(of(dst).as(s), s, of(scale).data, of(shift).data, false)
}

// ChannelAffineGrad computes dx = dy*scale.
func (b *Backend) ChannelAffineGrad(dx, dy, scale backend.Buffer, add bool) {
	g := of(dy)
	b.channelAffine(b.target(dx, g, add), g, of(scale).data, nil, add)
}
