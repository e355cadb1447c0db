// Package backend defines what a compute device must do to run impasto's
// tensors: own memory, and execute a small closed set of float32 operations on
// it. Package tensor is the only caller; the CPU (tensor/internal/cpu) and
// OpenGL (gpu) implement it; package backendtest holds the conformance suite
// that every implementation passes.
//
// # Contract
//
// Package tensor validates shapes before it calls a Backend, so methods return
// nothing and may trust their arguments; a check that fires all the same says
// "BUG:". Device errors are sticky and come out of Sync, as with bufio.Writer.
//
// Buffers are opaque: how a Backend lays out the elements of a Buffer in its
// memory is its own affair (the CPU uses planar NCHW for few channels and
// blocks of 16 channels for many), and so is what it caches about them. Write
// and Read are the only passages between host slices, always in NCHW order,
// and buffers.
//
// Destinations come first and never overlap sources unless a method says so.
// Gradients of inputs take a final argument add: false overwrites the
// destination, true adds to it. A Backend is used by one goroutine at a time.
// Results do not depend on the number of threads.
package backend

import (
	"fmt"
	"math"
	"time"
)

// Shape holds the four NCHW dimensions of a tensor: batch, channels, height,
// width. A vector of C per-channel values is {1, C, 1, 1}, a convolution weight
// {out, in, kernel height, kernel width}, a Gram matrix {N, 1, C, C} and a
// scalar {1, 1, 1, 1}.
type Shape [4]int

// Vec returns the shape of a vector of c per-channel values.
func Vec(c int) Shape { return Shape{1, c, 1, 1} }

// Scalar is the shape of a single value.
var Scalar = Shape{1, 1, 1, 1}

// Len returns the number of elements.
func (s Shape) Len() int { return s[0] * s[1] * s[2] * s[3] }

// String returns the dimensions as "4×3×256×256".
func (s Shape) String() string { return fmt.Sprintf("%d×%d×%d×%d", s[0], s[1], s[2], s[3]) }

// Buffer is a tensor in a Backend's memory.
type Buffer interface {
	// Shape returns the shape given to Alloc.
	Shape() Shape
}

// Conv describes a two-dimensional cross-correlation (PyTorch's conv2d) with
// square stride and zero padding. Kernel and channel counts come from the
// weight's shape.
type Conv struct {
	Stride int // >= 1
	Pad    int // zeros on every side, >= 0
}

// Out returns the output shape for an input x and a weight w.
func (g Conv) Out(x, w Shape) Shape {
	return Shape{x[0], w[0], (x[2]+2*g.Pad-w[2])/g.Stride + 1, (x[3]+2*g.Pad-w[3])/g.Stride + 1}
}

// Border says what Warp finds outside an image.
type Border int

const (
	BorderZero Border = iota // zeros
	BorderEdge               // the nearest pixel of the edge
)

// AdamParams are the constants of one Adam step (Kingma and Ba,
// arXiv:1412.6980), with PyTorch's meaning:
//
//	m = Beta1*m + (1-Beta1)*g
//	v = Beta2*v + (1-Beta2)*g*g
//	w -= StepSize * m / (sqrt(v)*InvSqrtCorrection2 + Eps)
//
// where StepSize is lr/(1-Beta1^t) and InvSqrtCorrection2 is 1/sqrt(1-Beta2^t).
type AdamParams struct {
	// 1-Beta1 and 1-Beta2 too are rounded once to the backend's precision.
	Beta1, Beta2 float64

	Eps, StepSize, InvSqrtCorrection2 float32

	// Decay is the part of w that is lost before the step: the learning rate times
	// the decoupled weight decay of AdamW (Loshchilov and Hutter, arXiv:1711.05101).
	Decay float32
	// MaxNorm, unless it is 0, limits the norm of all gradients together as PyTorch's
	// clip_grad_norm_ does (Pascanu et al., arXiv:1211.5063): Squares, a scalar, is
	// the square of that norm, and g counts times
	//
	//	min(1, MaxNorm / (sqrt(Squares) + 1e-6))
	MaxNorm float32
	Squares Buffer
}

// ClipFactor returns what a gradient counts times, where squares is the value of
// Squares.
func (p *AdamParams) ClipFactor(squares float64) float64 {
	return min(1, float64(p.MaxNorm)/(math.Sqrt(squares)+1e-6))
}

// Backend is a device that runs tensor operations.
type Backend interface {
	// Name describes the device, such as "cpu (avx512, 2 threads)".
	Name() string
	// Alloc returns a Buffer with undefined contents, reusing freed memory.
	Alloc(s Shape) Buffer
	// Free gives a Buffer back to the pool; it must not be used again.
	Free(b Buffer)
	// Write copies len(dst) host values in NCHW order into dst.
	Write(dst Buffer, src []float32)
	// Read copies src to the host in NCHW order, waiting for it to be ready.
	Read(dst []float32, src Buffer)
	// Sync waits for all work and returns the first error since the last Sync.
	Sync() error
	// Close releases everything. Buffers must not be used afterwards.
	Close() error

	// Fill sets every element of dst to v.
	Fill(dst Buffer, v float32)
	// Add sets dst = a + b. dst may be a or b.
	Add(dst, a, b Buffer)
	// Axpy sets dst = alpha*x, or dst += alpha*x with add.
	Axpy(dst, x Buffer, alpha float32, add bool)
	// Mul sets dst = a*b element by element, or adds it. a may be b.
	Mul(dst, a, b Buffer, add bool)

	// Mask multiplies every channel of x {N, C, H, W} with m {N, 1, H, W}, which is
	// its own gradient: dst = x*m, or dst += x*m with add.
	Mask(dst, x, m Buffer, add bool)
	// CopyChannels copies, or adds with add, count channels of x from the channel
	// from on to those of dst from the channel to on, and leaves the others alone. But
	// for the channels, the shapes are equal.
	CopyChannels(dst, x Buffer, to, from, count int, add bool)

	// Conv2d sets dst = conv(x, w) + bias. bias may be nil.
	Conv2d(dst, x, w, bias Buffer, g Conv)
	// Conv2dGradInput computes the gradient of the input from that of the output.
	Conv2dGradInput(dx, dy, w Buffer, g Conv, add bool)
	// Conv2dGradWeight computes the gradients of weight and bias. dbias may be nil.
	Conv2dGradWeight(dw, dbias, x, dy Buffer, g Conv, add bool)

	// ReflectPad mirrors pad < min(H, W) pixels at every side, without repeating
	// the edge (PyTorch's ReflectionPad2d).
	ReflectPad(dst, x Buffer, pad int)
	// ReflectPadGrad sums the gradient of every copy of a pixel.
	ReflectPadGrad(dx, dy Buffer, pad int, add bool)

	// Upsample repeats every pixel factor times in both directions (nearest).
	Upsample(dst, x Buffer, factor int)
	// UpsampleGrad sums the gradient over the copies of a pixel.
	UpsampleGrad(dx, dy Buffer, factor int, add bool)

	// Warp samples x {N, C, H, W} bilinearly where flow {N, 2, H', W'} points:
	// dst {N, C, H', W'} at row i and column j is x at column j + flow[0] and row
	// i + flow[1], in pixels (PyTorch's grid_sample with align_corners=True, but for
	// the units). Places that are no numbers are outside, with BorderEdge at 0.
	Warp(dst, x, flow Buffer, border Border)
	// WarpGrad sums the gradients of all samples that a pixel has a part in.
	WarpGrad(dx, dy, flow Buffer, border Border, add bool)
	// WarpFlowGrad computes the gradient of the flow, which at whole pixels is that
	// toward the right and lower ones, and zero where BorderEdge holds a place back.
	WarpFlowGrad(dflow, dy, x, flow Buffer, border Border, add bool)
	// WarpMask sets dst {N, 1, H', W'} to 1 where flow points into an image of the
	// given height and width, centers of its edge pixels included, and to 0 elsewhere.
	WarpMask(dst, flow Buffer, height, width int)

	// MaxPool2 is a 2x2 maximum with stride 2; odd last rows and columns are
	// dropped (PyTorch's MaxPool2d(2, 2)).
	MaxPool2(dst, x Buffer)
	// MaxPool2Grad routes dy to the first maximum of each window in row order, or to
	// the last NaN, as PyTorch does; x and y are the forward operands.
	MaxPool2Grad(dx, dy, x, y Buffer, add bool)

	// ReLU sets dst = max(x, 0). dst may be x.
	ReLU(dst, x Buffer)
	// ReLUGrad passes dy where the output y is positive. dx may be dy.
	ReLUGrad(dx, dy, y Buffer, add bool)

	// Tanh sets dst to the hyperbolic tangent of x.
	Tanh(dst, x Buffer)
	// TanhGrad computes dx = dy*(1-y²) from the output y.
	TanhGrad(dx, dy, y Buffer, add bool)

	// Sigmoid sets dst = 1/(1+exp(-x)).
	Sigmoid(dst, x Buffer)
	// SigmoidGrad computes dx = dy*y*(1-y) from the output y.
	SigmoidGrad(dx, dy, y Buffer, add bool)

	// InstanceNorm normalizes every (n, c) plane to zero mean and unit biased
	// variance, then scales by gamma and shifts by beta, both {1, C, 1, 1}. It
	// saves mean and rstd = 1/sqrt(var+eps), both {N, C, 1, 1}. (Ulyanov et al.,
	// arXiv:1607.08022.)
	InstanceNorm(dst, mean, rstd, x, gamma, beta Buffer, eps float32)
	// InstanceNormGrad computes the gradients of x, gamma and beta; add applies
	// to dx, addParams to dgamma and dbeta.
	InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma Buffer, add, addParams bool)

	// ChannelAffine sets dst = x*scale + shift with per-channel {1, C, 1, 1}
	// constants.
	ChannelAffine(dst, x, scale, shift Buffer)
	// ChannelAffineGrad computes dx = dy*scale.
	ChannelAffineGrad(dx, dy, scale Buffer, add bool)

	// Gram sets dst {N, 1, C, C} to F*Fᵀ/(C*H*W), F being x as a C by H*W matrix
	// (Gatys et al., arXiv:1508.06576; the normalization is the tutorial's).
	Gram(dst, x Buffer)
	// GramGrad computes dx = (dg + dgᵀ)*F/(C*H*W).
	GramGrad(dx, dg, x Buffer, add bool)

	// MSE sets the scalar dst = weight * mean((a-b)²).
	MSE(dst, a, b Buffer, weight float32)
	// MSEGrad computes da = dloss * weight * 2*(a-b)/len(a); dloss is a scalar.
	// The gradient of b is MSEGrad with a and b exchanged.
	MSEGrad(da, dloss, a, b Buffer, weight float32, add bool)

	// Charbonnier sets the scalar dst = weight * mean(sqrt((a-b)² + eps²)), which is
	// the mean absolute difference if eps is 0 (Charbonnier et al., ICIP 1994).
	Charbonnier(dst, a, b Buffer, weight, eps float32)
	// CharbonnierGrad computes da = dloss * weight * (a-b)/sqrt((a-b)²+eps²)/len(a),
	// zero where a = b. The gradient of b is CharbonnierGrad with a and b exchanged.
	CharbonnierGrad(da, dloss, a, b Buffer, weight, eps float32, add bool)

	// Mean sets the scalar dst = weight * mean(x).
	Mean(dst, x Buffer, weight float32)
	// MeanGrad sets every element of dx to dloss * weight/len(dx).
	MeanGrad(dx, dloss Buffer, weight float32, add bool)

	// TotalVariation sets the scalar dst to weight/len(x) times the sum of the squared
	// differences of all pixels to their right and to their lower neighbors.
	TotalVariation(dst, x Buffer, weight float32)
	// TotalVariationGrad computes dx = dloss * weight/len(x) * 2 times the sum of a
	// pixel's differences to its up to four neighbors.
	TotalVariationGrad(dx, dloss, x Buffer, weight float32, add bool)

	// AbsVariation sets the scalar dst to weight/len(x) times the sum of sqrt(d²+eps²)
	// over the differences d of all pixels to their right and to their lower neighbors
	// (Rudin, Osher and Fatemi, Physica D 1992).
	AbsVariation(dst, x Buffer, weight, eps float32)
	// AbsVariationGrad computes dx = dloss * weight/len(x) times the sum of
	// d/sqrt(d²+eps²), zero where d is, over a pixel's differences d to its up to four
	// neighbors.
	AbsVariationGrad(dx, dloss, x Buffer, weight, eps float32, add bool)

	// SumSquares sets the scalar dst to the sum of squares of x.
	SumSquares(dst, x Buffer)
	// Adam updates the parameter w and its moments m and v in place. With a guard,
	// a scalar, they stay as they are unless its value is finite; it may be nil.
	Adam(w, m, v, g, guard Buffer, p AdamParams)
}

// ConvBlock is a convolution with what surrounds it in style networks:
//
//	relu?( conv( reflectpad?( upsample?( x ) ) ) + bias )
type ConvBlock struct {
	Conv          // with Reflect, Pad counts mirrored pixels instead of zeros
	Reflect  bool // mirror instead of zero padding
	Upsample int  // nearest upsampling factor before padding; 1 for none
	ReLU     bool // clamp the result at zero
}

// Out returns the output shape for an input x and a weight w.
func (g ConvBlock) Out(x, w Shape) Shape {
	x[2] *= g.Upsample
	x[3] *= g.Upsample
	return g.Conv.Out(x, w)
}

// ConvFuser is implemented by backends that run a ConvBlock as one operation.
// Package tensor composes it from the methods of Backend otherwise.
type ConvFuser interface {
	// ConvBlock sets dst to the block's output. bias may be nil.
	ConvBlock(dst, x, w, bias Buffer, g ConvBlock)
	// ConvBlockGradInput computes the gradient of x. y is the forward output,
	// whose sign masks dy when g.ReLU is set.
	ConvBlockGradInput(dx, dy, y, w Buffer, g ConvBlock, add bool)
	// ConvBlockGradWeight computes the gradients of w and bias. dbias may be nil.
	ConvBlockGradWeight(dw, dbias, x, dy, y Buffer, g ConvBlock, add bool)
}

// ConvPooler is implemented by backends with ConvFuser that can pool a block's output
// while they store it.
type ConvPooler interface {
	// ConvBlockPool sets dst to the block's output and pooled to MaxPool2 of that. bias
	// may be nil.
	ConvBlockPool(dst, pooled, x, w, bias Buffer, g ConvBlock)
}

// GradGater is implemented by backends with ConvFuser that, where they store what goes
// last into the gradient of a ReLU's result x, can do what the gradient of the ReLU does:
// dx becomes 0 where x is not positive.
type GradGater interface {
	// ConvBlockGradInputGated is ConvBlockGradInput with the input x of the block, and
	// then, of the sum with add, ReLUGrad.
	ConvBlockGradInputGated(dx, dy, y, w, x Buffer, g ConvBlock, add bool)
	// GramGradGated is GramGrad and then, of the sum with add, ReLUGrad.
	GramGradGated(dx, dg, x Buffer, add bool)
}

// NormBlock is an instance normalization with what follows it in style networks:
//
//	relu?( instancenorm(x) ) + Alpha*residual
type NormBlock struct {
	Eps   float32
	ReLU  bool
	Alpha float32 // factor of the residual, ignored without one
}

// NormFuser is implemented by backends that run a NormBlock as one operation.
type NormFuser interface {
	// NormBlock sets dst to the block's output and saves mean and rstd as
	// InstanceNorm does. dst may be x, and residual may be nil.
	NormBlock(dst, mean, rstd, x, gamma, beta, residual Buffer, g NormBlock)
	// NormBlockGrad computes the gradients of x, gamma and beta. The gradient of
	// the residual is Alpha*dy and left to the caller.
	NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, beta Buffer, g NormBlock, add, addParams bool)
}

// Freezer is implemented by backends that keep derived forms of constants, such
// as transformed convolution weights.
type Freezer interface {
	// Freeze promises that b's contents stay as they are until the next Write
	// or operation with b as destination.
	Freeze(b Buffer)
}

// Queuer is implemented by backends that queue operations: methods return before
// the work is done, and Read waits for all of it. A program that reads rarely keeps
// the device busy.
type Queuer interface {
	// Throttle marks the work queued so far and waits until all that lies before
	// the last ahead marks is done, so that no more than that piles up.
	Throttle(ahead int)
	// ReadScalars copies the values of scalars to dst, waiting once for all.
	ReadScalars(dst []float32, src []Buffer)
}

// Pacer is implemented by backends whose operations can pause in their midst, so that
// a program that has little time at once spreads its work.
type Pacer interface {
	// Pace has operations ask next before they work: it gets how many equal parts of
	// the operation are left, and returns how many to do at once, after which it is
	// asked again; its last call for an operation is with 0. next may block. If it
	// returns 0 with parts left, these are not done, and the result is undefined.
	// Results do not depend on the numbers otherwise. nil ends the pace.
	//
	// Operations that prepare what the backend keeps, such as forms of frozen
	// weights, must not be paced: run all once before.
	Pace(next func(left int) int)
}

// Prober is implemented by backends that can measure what their device is
// capable of, for benchmarks to compare with.
type Prober interface {
	// PeakFLOPS measures the rate of float32 multiply-adds, two operations each,
	// from registers alone, in operations per second. It takes some 10
	// milliseconds to a second, in which the device should have nothing else to do.
	PeakFLOPS() float64
}

// Region is work that a backend cut into independent parts.
type Region struct {
	Task  string          // its kind, in the backend's own words
	Parts []time.Duration // what each part took, in the order in which cores take them
}

// Tracer is implemented by backends that can tell how they cut their work, from
// which benchmarks compute what more cores would bring.
type Tracer interface {
	// Trace has f look at every region from now on, whose parts then run one after
	// the other in the calling goroutine, timed with clock; nil ends that. f must not
	// keep Parts.
	Trace(clock func() time.Duration, f func(Region))
}
