package nn

import (
	"fmt"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// TransformerNet turns images into stylised images of the same size: the network
// of Johnson et al. (arXiv:1603.08155) with instance normalisation, upsampling
// convolutions, skip connections from the encoder to the decoder, and a second
// identity around every residual block.
type TransformerNet struct {
	Conv1, Conv2, Conv3 *ConvLayer // 9x9, then 3x3 with stride 2 twice
	In1, In2, In3       *InstanceNorm2d
	ResNets             []*ResidualBlock
	Deconv1, Deconv2    *ConvLayer // 3x3 after doubling the size
	In4, In5            *InstanceNorm2d
	Deconv3             *ConvLayer // 9x9, to RGB

	filters [3]int
	params  []Param
	frozen  bool
}

// NewTransformerNet makes an untrained network on be. filters are the widths of
// the three convolutions of the encoder, each at least 1 (the tutorial's default
// is 32, 64, 128, its recommendation 8, 16, 32); resBlocks is the number of
// residual blocks, at least 1 (less becomes 1). Equal seeds give equal weights.
func NewTransformerNet(be backend.Backend, filters [3]int, resBlocks int, seed uint64) *TransformerNet {
	rng := newRand(seed)
	f0, f1, f2 := filters[0], filters[1], filters[2]
	n := &TransformerNet{
		filters: filters,
		Conv1:   NewConvLayer(be, 3, f0, 9, 1, rng), In1: NewInstanceNorm2d(be, f0),
		Conv2: NewConvLayer(be, f0, f1, 3, 2, rng), In2: NewInstanceNorm2d(be, f1),
		Conv3: NewConvLayer(be, f1, f2, 3, 2, rng), In3: NewInstanceNorm2d(be, f2),
	}
	for range max(resBlocks, 1) {
		n.ResNets = append(n.ResNets, NewResidualBlock(be, f2, rng))
	}
	n.Deconv1, n.In4 = NewUpsampleConvLayer(be, f2, f1, 3, 2, rng), NewInstanceNorm2d(be, f1)
	n.Deconv2, n.In5 = NewUpsampleConvLayer(be, f1, f0, 3, 2, rng), NewInstanceNorm2d(be, f0)
	n.Deconv3 = NewConvLayer(be, f0, 3, 9, 1, rng)
	n.collectParams()
	return n
}

// NewTransformerNetFrom makes a network on be with the weights of d, whose shapes
// give its filters and residual blocks. The error is a *statedict.Mismatch if
// tensors are missing, unexpected or misshapen, or says why d is no such network.
func NewTransformerNetFrom(be backend.Backend, d statedict.Dict) (*TransformerNet, error) {
	filters, resBlocks, err := FiltersOf(d)
	if err != nil {
		return nil, err
	}
	if err := compare(layout(filters, resBlocks), d, true); err != nil {
		return nil, err
	}
	n := NewTransformerNet(be, filters, resBlocks, 0)
	write(n.params, d)
	return n, nil
}

// collectParams lists the parameters in PyTorch's order, which is that of the
// tutorial's constructor.
func (n *TransformerNet) collectParams() {
	add := func(p []Param) { n.params = append(n.params, p...) }
	add(n.Conv1.Params("conv1."))
	add(n.In1.Params("in1."))
	add(n.Conv2.Params("conv2."))
	add(n.In2.Params("in2."))
	add(n.Conv3.Params("conv3."))
	add(n.In3.Params("in3."))
	for i, b := range n.ResNets {
		add(b.Params(fmt.Sprintf("resnets.%d.", i)))
	}
	add(n.Deconv1.Params("deconv1."))
	add(n.In4.Params("in4."))
	add(n.Deconv2.Params("deconv2."))
	add(n.In5.Params("in5."))
	add(n.Deconv3.Params("deconv3."))
}

// Forward returns the stylised images of x {N, 3, H, W}, values 0..255, in the
// same shape. The result is not clamped and somewhat exceeds 0..255. It panics
// with a *tensor.ShapeError if CheckSize refuses H and W.
func (n *TransformerNet) Forward(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	s := x.Shape()
	if err := CheckSize(s[3], s[2]); err != nil || s[1] != 3 {
		panic(&tensor.ShapeError{
			Op: "transformernet", Operands: []tensor.Operand{{Name: "input", Shape: s}},
			Reason: "needs 3 channels and a height and width that are multiples of 4, at least 8",
		})
	}
	relu := tensor.InstanceNormOptions{ReLU: true}
	c1 := normalized(tp, n.Conv1, n.In1, x, relu)
	c2 := normalized(tp, n.Conv2, n.In2, c1, relu)
	c3 := normalized(tp, n.Conv3, n.In3, c2, relu)

	// Both identities at once: resnet(y) + y = in2(...) + y + y.
	y := n.ResNets[0].forward(tp, c3, 2)
	for _, b := range n.ResNets[1:] {
		y = replace(tp, y, b.forward(tp, y, 2))
	}
	y = replace(tp, y, tp.Add(c3, y))
	tp.Release(c3)
	// The skip connections are residuals of the normalisations before them.
	y = replace(tp, y, normalized(tp, n.Deconv1, n.In4, y, tensor.InstanceNormOptions{ReLU: true, Residual: c2}))
	tp.Release(c2)
	y = replace(tp, y, normalized(tp, n.Deconv2, n.In5, y, tensor.InstanceNormOptions{ReLU: true, Residual: c1}))
	tp.Release(c1)
	return replace(tp, y, n.Deconv3.Forward(tp, y))
}

// replace releases old and returns next.
func replace(tp *tensor.Tape, old, next *tensor.Tensor) *tensor.Tensor {
	tp.Release(old)
	return next
}

// Filters returns the widths of the encoder's convolutions.
func (n *TransformerNet) Filters() [3]int { return n.filters }

// Params returns all parameters in PyTorch's order. The caller must not modify
// the slice.
func (n *TransformerNet) Params() []Param { return n.params }

// NumParams returns the number of values in all parameters.
func (n *TransformerNet) NumParams() int {
	total := 0
	for _, p := range n.params {
		total += p.Tensor.Len()
	}
	return total
}

// StateDict returns a copy of all parameters, as PyTorch names and orders them.
func (n *TransformerNet) StateDict() statedict.Dict { return StateDict(n.params) }

// LoadStateDict sets the parameters to those of d; see the function LoadStateDict
// for strict and for its errors. A frozen network stays frozen.
func (n *TransformerNet) LoadStateDict(d statedict.Dict, strict bool) error {
	if err := LoadStateDict(n.params, d, strict); err != nil {
		return err
	}
	if n.frozen {
		n.Freeze()
	}
	return nil
}

// Freeze turns the network into one for inference only: no gradients are
// computed, so that Forward runs in the memory of its widest layers, and the
// backend may keep prepared forms of the weights.
func (n *TransformerNet) Freeze() {
	n.frozen = true
	for _, p := range n.params {
		p.Tensor.Freeze()
	}
}

// Free gives the memory of all parameters back. The network must not be used
// afterwards.
func (n *TransformerNet) Free() {
	for _, p := range n.params {
		p.Tensor.Free()
	}
}
