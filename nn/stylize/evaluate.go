package stylize

import (
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
)

// convolve returns what layer i's convolution makes of area, a part of the padded
// picture. The statistics of all layers before i are known.
func (t *tiling) convolve(i int, area rect) *tensor.Tensor {
	uses := t.uses(i)
	outs := make([]*tensor.Tensor, i)
	for j := range outs {
		l := &t.layers[j]
		switch {
		case uses[j] == 0:
		case t.kept[j] != nil:
			outs[j] = t.upload(t.kept[j], area.at(l.scale))
		default:
			raw := t.forward(j, area, outs)
			outs[j] = t.normalize(j, raw, outs)
			t.drop(raw)
			t.release(j, uses, outs)
		}
	}
	y := t.forward(i, area, outs)
	t.drop(outs...)
	return y
}

// forward runs layer i's convolution on the output of the layer before.
func (t *tiling) forward(i int, area rect, outs []*tensor.Tensor) *tensor.Tensor {
	if i > 0 {
		return t.layers[i].conv.Forward(t.s.tp, outs[i-1])
	}
	shape := tensor.Shape{1, 3, area.h, area.w}
	t.src.load(t.floats(shape.Len()), area)
	x := tensor.FromSlice(t.s.be, shape, t.host)
	defer x.Free()
	return t.layers[i].conv.Forward(t.s.tp, x)
}

// uses counts how often each output is read on the way to layer i's convolution.
func (t *tiling) uses(i int) []int {
	uses := make([]int, i)
	if i > 0 {
		uses[i-1] = 1
	}
	for j := i - 1; j >= 0; j-- {
		if uses[j] == 0 || t.kept[j] != nil {
			continue
		}
		if j > 0 {
			uses[j-1]++
		}
		for _, p := range t.layers[j].plus {
			uses[p.layer]++
		}
	}
	return uses
}

// release counts down the uses of what layer j has read.
func (t *tiling) release(j int, uses []int, outs []*tensor.Tensor) {
	done := func(k int) {
		if uses[k]--; uses[k] == 0 {
			t.drop(outs[k])
			outs[k] = nil
		}
	}
	if j > 0 {
		done(j - 1)
	}
	for _, p := range t.layers[j].plus {
		done(p.layer)
	}
}

// drop gives tensors back, those of the tape and those that were uploaded.
func (t *tiling) drop(tensors ...*tensor.Tensor) {
	for _, x := range tensors {
		if x != nil {
			t.s.tp.Release(x)
			x.Free()
		}
	}
}

// normalize does what follows the convolution of layer i.
func (t *tiling) normalize(i int, raw *tensor.Tensor, outs []*tensor.Tensor) *tensor.Tensor {
	tp, n := t.s.tp, &t.norms[i]
	step := func(old, next *tensor.Tensor) *tensor.Tensor {
		tp.Release(old)
		return next
	}
	y := tp.ChannelAffine(raw, n.one, n.minusMean)
	y = step(y, tp.ChannelAffine(y, n.scale, n.shift))
	if t.layers[i].relu {
		y = step(y, tp.ReLU(y))
	}
	for _, p := range t.layers[i].plus {
		y = step(y, tp.AddScaled(y, outs[p.layer], p.factor))
	}
	return y
}

// read returns the values of y, which belongs to the tape, until the next call,
// and empties the tape.
func (t *tiling) read(y *tensor.Tensor) []float32 {
	host := t.s.floats(y.Len())
	y.Read(host)
	t.s.tp.Reset()
	return host
}

func (t *tiling) floats(n int) []float32 {
	if cap(t.host) < n {
		t.host = make([]float32, n)
	}
	t.host = t.host[:n]
	return t.host
}

// newNorm returns layer n with the statistics of whole planes.
func newNorm(s *Session, n *nn.InstanceNorm2d, stats []moments) norm {
	shape := tensor.Vec(len(stats))
	one, minusMean := make([]float32, len(stats)), make([]float32, len(stats))
	scale, shift := make([]float32, len(stats)), make([]float32, len(stats))
	s.model.read(n.Weight, scale)
	s.model.read(n.Bias, shift)
	for c := range stats {
		one[c], minusMean[c] = 1, -float32(stats[c].mean)
		scale[c] *= float32(stats[c].rstd())
	}
	vec := func(v []float32) *tensor.Tensor { return tensor.FromSlice(s.be, shape, v) }
	return norm{vec(one), vec(minusMean), vec(scale), vec(shift)}
}

func (n *norm) free() {
	for _, x := range []*tensor.Tensor{n.one, n.minusMean, n.scale, n.shift} {
		if x != nil {
			x.Free()
		}
	}
}
