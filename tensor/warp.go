package tensor

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Border says what Warp finds outside an image: BorderZero or BorderEdge.
type Border = backend.Border

const (
	BorderZero = backend.BorderZero // zeros
	BorderEdge = backend.BorderEdge // the nearest pixel of the edge
)

// Warp samples x {N, C, H, W} where flow {N, 2, H', W'} points, bilinearly. The
// result {N, C, H', W'} at row i and column j is x at
//
//	column j + flow[n, 0, i, j], row i + flow[n, 1, i, j]
//
// in pixels: a flow from a frame to the one before it, as optical flow methods
// give it, brings the frame before into the place of the frame (backward warping;
// spatial transformers, Jaderberg et al., arXiv:1506.02025). Gradients flow to x and
// to flow. AffineFlow makes flows from matrices, and WarpMask says which pixels of
// the result come from inside x.
func (tp *Tape) Warp(x, flow *Tensor, border Border) *Tensor {
	s, f := x.shape, flow.shape
	if f[0] != s[0] || f[1] != 2 {
		fail("warp", fmt.Sprintf("the flow must have 2 channels for each of %d images", s[0]),
			operand("input", x), operand("flow", flow))
	}
	return Apply(tp, warp{border}, Shape{s[0], s[1], f[2], f[3]}, x, flow)
}

type warp struct{ border Border }

func (*warp) Name() string { return "warp" }

func (o *warp) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.Warp(y.buf, in[0].buf, in[1].buf, o.border)
}

func (o *warp) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	x, flow := in[0], in[1]
	if dx, add := tp.GradFor(x); dx != nil {
		tp.be.WarpGrad(dx, y.grad, flow.buf, o.border, add)
	}
	if dflow, add := tp.GradFor(flow); dflow != nil {
		tp.be.WarpFlowGrad(dflow, y.grad, x.buf, flow.buf, o.border, add)
	}
}

// WarpMask returns {N, 1, H', W'}, 1 where flow {N, 2, H', W'} points into an image
// of the given height and width, centers of its edge pixels included, and 0
// elsewhere. It has no gradient.
func (tp *Tape) WarpMask(flow *Tensor, height, width int) *Tensor {
	f := flow.shape
	if f[1] != 2 || height < 1 || width < 1 {
		fail("warpmask", fmt.Sprintf("the flow must have 2 channels, and the image of %d×%d pixels some", height, width),
			operand("flow", flow))
	}
	y := tp.New(Shape{f[0], 1, f[2], f[3]})
	return tp.apply(newNode(tp, warpMask{height, width}), y, []*Tensor{flow}, false)
}

type warpMask struct{ height, width int }

func (*warpMask) Name() string { return "warpmask" }

func (o *warpMask) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.WarpMask(y.buf, in[0].buf, o.height, o.width)
}

// Backward is never called: the mask requires no gradient.
func (*warpMask) Backward(*Tape, *Tensor, []*Tensor) {}

// Affine maps the pixel at column x and row y to column A*x + B*y + C and row
// D*x + E*y + F.
type Affine struct{ A, B, C, D, E, F float64 }

// AffineFlow sets flow, the values of one image's flow {2, height, width}, so that
// Warp finds each pixel where m maps it.
func AffineFlow(flow []float32, height, width int, m Affine) {
	if len(flow) != 2*height*width {
		fail("affineflow", fmt.Sprintf("%d host values", len(flow)), Operand{"flow", Shape{1, 2, height, width}})
	}
	for i := range height * width {
		x, y := float64(i%width), float64(i/width)
		flow[i] = float32(m.A*x + m.B*y + m.C - x)
		flow[height*width+i] = float32(m.D*x + m.E*y + m.F - y)
	}
}
