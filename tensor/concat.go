package tensor

import "fmt"

// Concat puts the channels of tensors one after another: PyTorch's cat with dim=1.
// But for the channels, their shapes must be equal.
func (tp *Tape) Concat(xs ...*Tensor) *Tensor {
	if len(xs) == 0 {
		fail("concat", "there is nothing to put together")
	}
	s := xs[0].shape
	s[1] = 0
	for _, x := range xs {
		if x.shape[0] != s[0] || x.shape[2] != s[2] || x.shape[3] != s[3] {
			fail("concat", "shapes differ in more than channels", operand("first", xs[0]), operand("other", x))
		}
		s[1] += x.shape[1]
	}
	return Apply(tp, concat{}, s, xs...)
}

type concat struct{}

func (concat) Name() string { return "concat" }

func (concat) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	at := 0
	for _, x := range in {
		tp.be.CopyChannels(y.buf, x.buf, at, 0, x.shape[1], false)
		at += x.shape[1]
	}
}

func (concat) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	at := 0
	for _, x := range in {
		if dx, add := tp.GradFor(x); dx != nil {
			tp.be.CopyChannels(dx, y.grad, 0, at, x.shape[1], add)
		}
		at += x.shape[1]
	}
}

// Channels returns count channels of x from the channel first on.
func (tp *Tape) Channels(x *Tensor, first, count int) *Tensor {
	s := x.shape
	if first < 0 || count < 1 || first+count > s[1] {
		fail("channels", fmt.Sprintf("there are no channels %d to %d", first, first+count-1), operand("input", x))
	}
	s[1] = count
	return Apply(tp, channels{first}, s, x)
}

type channels struct{ first int }

func (*channels) Name() string { return "channels" }

func (o *channels) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.CopyChannels(y.buf, in[0].buf, 0, o.first, y.shape[1], false)
}

func (o *channels) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	if !add {
		tp.be.Fill(dx, 0)
	}
	tp.be.CopyChannels(dx, y.grad, o.first, 0, y.shape[1], true)
}
