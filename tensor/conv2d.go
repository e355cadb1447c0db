package tensor

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Conv2dOptions are the settings of Conv2d. The zero value is a convolution
// with stride 1 and no padding.
type Conv2dOptions struct {
	Stride   int  // step of the kernel; 0 means 1
	Padding  int  // pixels added on every side
	Reflect  bool // pad with mirrored pixels (ReflectionPad2d) instead of zeros
	Upsample int  // nearest upsampling factor before padding; 0 means 1
	ReLU     bool // clamp the result at zero
}

func (o Conv2dOptions) block() backend.ConvBlock {
	return backend.ConvBlock{
		Conv:     backend.Conv{Stride: max(o.Stride, 1), Pad: o.Padding},
		Reflect:  o.Reflect && o.Padding > 0,
		Upsample: max(o.Upsample, 1),
		ReLU:     o.ReLU,
	}
}

// Conv2d convolves x {N, C, H, W} with w {K, C, kernel height, kernel width} and
// adds the bias b {1, K, 1, 1}, which may be nil: PyTorch's conv2d, optionally
// with nearest upsampling and reflection padding before it and a ReLU after it.
// The result is {N, K, H', W'} with H' = (Upsample*H+2*Padding-kernel)/Stride+1,
// rounded down.
func (tp *Tape) Conv2d(x, w, b *Tensor, o Conv2dOptions) *Tensor {
	g := o.block()
	checkConv2d(x, w, b, g)
	if tp.conv == nil && (g.Reflect || g.Upsample > 1 || g.ReLU) {
		return tp.composeConv2d(x, w, b, g)
	}
	return Apply(tp, conv2d{g: g}, g.Out(x.shape, w.shape), x, w, b)
}

// Conv2dPool is Conv2d and MaxPool2 of its result y, in one operation where the backend
// has one.
func (tp *Tape) Conv2dPool(x, w, b *Tensor, o Conv2dOptions) (y, pooled *Tensor) {
	if tp.pool == nil {
		y = tp.Conv2d(x, w, b, o)
		return y, tp.MaxPool2(y)
	}
	g := o.block()
	checkConv2d(x, w, b, g)
	s := g.Out(x.shape, w.shape)
	checkMaxPool2("output", s)
	pooled = tp.make(pooledShape(s), anyNeedsGrad([]*Tensor{x, w, b}))
	y = Apply(tp, conv2d{g: g, pooled: pooled.buf}, s, x, w, b)
	in := [...]*Tensor{y}
	return y, tp.apply(newNode(tp, maxPool{done: true}), pooled, in[:], false)
}

// composeConv2d runs the parts of a block one by one.
func (tp *Tape) composeConv2d(x, w, b *Tensor, g backend.ConvBlock) *Tensor {
	t := x
	t.hold()
	step := func(next *Tensor) {
		tp.Release(t)
		t = next
	}
	if g.Upsample > 1 {
		step(tp.Upsample(t, g.Upsample))
	}
	o := Conv2dOptions{Stride: g.Stride, Padding: g.Pad}
	if g.Reflect {
		step(tp.ReflectPad(t, g.Pad))
		o.Padding = 0
	}
	step(tp.Conv2d(t, w, b, o))
	if g.ReLU {
		step(tp.ReLU(t))
	}
	return t
}

func checkConv2d(x, w, b *Tensor, g backend.ConvBlock) {
	bad := func(format string, args ...any) {
		operands := []Operand{operand("input", x), operand("weight", w)}
		if b != nil {
			operands = append(operands, operand("bias", b))
		}
		fail("conv2d", fmt.Sprintf(format, args...), operands...)
	}
	h, wd := x.shape[2]*g.Upsample, x.shape[3]*g.Upsample
	switch {
	case x.shape[1] != w.shape[1]:
		bad("channels %d ≠ %d", x.shape[1], w.shape[1])
	case b != nil && b.shape != Vec(w.shape[0]):
		bad("the bias must be %v", Vec(w.shape[0]))
	case g.Pad < 0:
		bad("padding %d is negative", g.Pad)
	case g.Reflect && (g.Pad >= h || g.Pad >= wd):
		bad("reflection padding %d needs a larger image", g.Pad)
	case h+2*g.Pad < w.shape[2] || wd+2*g.Pad < w.shape[3]:
		bad("the kernel is larger than the image with padding %d", g.Pad)
	}
}

type conv2d struct {
	g      backend.ConvBlock
	pooled backend.Buffer // for Conv2dPool
}

func (*conv2d) Name() string { return "conv2d" }

func (o *conv2d) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	x, w, b := in[0], in[1], in[2]
	var bias backend.Buffer
	if b != nil {
		bias = b.buf
	}
	switch {
	case o.pooled != nil:
		tp.pool.ConvBlockPool(y.buf, o.pooled, x.buf, w.buf, bias, o.g)
		o.pooled = nil
	case tp.conv != nil:
		tp.conv.ConvBlock(y.buf, x.buf, w.buf, bias, o.g)
	default:
		tp.be.Conv2d(y.buf, x.buf, w.buf, bias, o.g.Conv)
	}
}

func (o *conv2d) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	x, w, b := in[0], in[1], in[2]
	if w.needsGrad || b != nil && b.needsGrad {
		o.backwardWeight(tp, y, x, w, b)
	}
	dx, add := tp.GradFor(x)
	switch {
	case dx == nil:
	case tp.gates(x):
		tp.gate.ConvBlockGradInputGated(dx, y.grad, y.buf, w.buf, x.buf, o.g, add)
	case tp.conv != nil:
		tp.conv.ConvBlockGradInput(dx, y.grad, y.buf, w.buf, o.g, add)
	default:
		tp.be.Conv2dGradInput(dx, y.grad, w.buf, o.g.Conv, add)
	}
}

func (o *conv2d) backwardWeight(tp *Tape, y, x, w, b *Tensor) {
	dw, add, temp := tp.gradOrScratch(w)
	db, addBias := tp.GradFor(b)
	if db != nil && addBias != add {
		// One of the two starts afresh: make both do so from zero.
		if !add {
			tp.be.Fill(dw, 0)
		} else {
			tp.be.Fill(db, 0)
		}
		add = true
	}
	if tp.conv != nil {
		tp.conv.ConvBlockGradWeight(dw, db, x.buf, y.grad, y.buf, o.g, add)
	} else {
		tp.be.Conv2dGradWeight(dw, db, x.buf, y.grad, o.g.Conv, add)
	}
	if temp != nil {
		tp.be.Free(temp)
	}
}
