package stylize

import (
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
)

// convolve returns what layer i's convolution makes of area, a part of the padded
// picture. The statistics of all layers before i are known.
func (t *tiling) convolve(i int, area rect) *tensor.Tensor {
	outs := t.outputs(i, area, t.uses(i, false))
	y := t.forward(i, area, outs)
	t.drop(outs...)
	return y
}

// output returns the network's output for area.
func (t *tiling) output(area rect) *tensor.Tensor {
	last := len(t.layers) - 1
	outs := t.outputs(last, area, t.uses(last, true))
	y := t.finish(last, t.forward(last, area, outs), outs)
	t.drop(outs...)
	return t.s.net.Leave(t.s.tp, y)
}

// outputs computes those of the layers before i that are used, where uses counts how
// often each is read. What is nil has been read for the last time.
func (t *tiling) outputs(i int, area rect, uses []int) []*tensor.Tensor {
	outs := make([]*tensor.Tensor, i)
	for j := range outs {
		switch {
		case uses[j] == 0:
		case t.trunk[j]:
			outs[j] = t.upload(t.kept[j], area.at(t.scales[j]))
		default:
			outs[j] = t.finish(j, t.forward(j, area, outs), outs)
			t.release(j, uses, outs)
		}
	}
	return outs
}

// forward runs layer i's convolution on the output of the layer before.
func (t *tiling) forward(i int, area rect, outs []*tensor.Tensor) *tensor.Tensor {
	tp, l := t.s.tp, &t.layers[i]
	if i > 0 {
		return l.Convolve(tp, outs[i-1])
	}
	shape := tensor.Shape{1, 3, area.h, area.w}
	t.src.load(t.floats(shape.Len()), area)
	x := tensor.FromSlice(t.s.be, shape, t.host)
	defer x.Free()
	return l.Convolve(tp, t.s.net.Enter(tp, x))
}

// uses counts how often each output is read on the way to layer i's convolution, or
// to its output.
func (t *tiling) uses(i int, output bool) []int {
	uses := make([]int, len(t.layers))
	read := func(i int, plus bool) {
		if i > 0 {
			uses[i-1]++
		}
		for _, p := range t.layers[i].Plus {
			if plus {
				uses[p.Layer]++
			}
		}
	}
	read(i, output)
	for j := i - 1; j >= 0; j-- {
		if uses[j] > 0 && !t.trunk[j] {
			read(j, true)
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
	for _, p := range t.layers[j].Plus {
		done(p.Layer)
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

// finish does what follows the convolution of layer i, whose output is y.
func (t *tiling) finish(i int, y *tensor.Tensor, outs []*tensor.Tensor) *tensor.Tensor {
	tp, l, n := t.s.tp, &t.layers[i], &t.norms[i]
	step := func(next *tensor.Tensor) {
		t.drop(y)
		y = next
	}
	if l.Norm != "" {
		step(tp.ChannelAffine(y, n.one, n.minusMean))
		step(tp.ChannelAffine(y, n.scale, n.shift))
	}
	if l.ReLU {
		step(tp.ReLU(y))
	}
	for _, p := range l.Plus {
		step(tp.AddScaled(y, outs[p.Layer], p.Factor))
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

// newNorm returns the normalization of layer l with the statistics of whole planes.
func newNorm(s *Session, l *nn.Layer, stats []moments) norm {
	shape := tensor.Vec(len(stats))
	one, minusMean := make([]float32, len(stats)), make([]float32, len(stats))
	scale, shift := make([]float32, len(stats)), make([]float32, len(stats))
	s.model.read(l.Scale, scale)
	s.model.read(l.Shift, shift)
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
