package nn

import (
	"fmt"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Network turns pictures into stylized pictures of the same size. What it computes is
// described by an arch.Network.
type Network struct {
	be     backend.Backend
	arch   *arch.Network
	layers []Layer
	params []Param
	done   [][]int // the earlier layers whose outputs nobody reads after each layer
	frozen bool

	// From 0..255 to the values that the layers take, and back from theirs; nil if
	// these are the same.
	input, output *affine
}

// affine is a linear map of pixels' values.
type affine struct{ scale, shift *tensor.Tensor }

// NewNetwork makes an untrained network on be. Equal seeds give equal weights. It
// panics if a.Check returns an error.
func NewNetwork(be backend.Backend, a *arch.Network, seed uint64) *Network {
	if err := a.Check(); err != nil {
		panic(fmt.Sprintf("nn: NewNetwork: %v", err))
	}
	n := &Network{be: be, arch: a, done: make([][]int, len(a.Layers))}
	rng, last := newRand(seed), a.LastUse()
	for i, l := range a.Layers {
		n.layers = append(n.layers, newLayer(be, l, rng))
		n.params = append(n.params, n.layers[i].params()...)
		n.layers[i].spent = i > 0 && a.Spent(i)
		if last[i] > i && !(last[i] == i+1 && a.Spent(i+1)) {
			n.done[last[i]] = append(n.done[last[i]], i)
		}
	}
	n.input = newAffine(be, arch.Bytes, a.Input)
	n.output = newAffine(be, a.Output, arch.Bytes)
	return n
}

// NewTransformerNet makes the tutorial's network, untrained: NewNetwork with
// arch.Tutorial.
func NewTransformerNet(be backend.Backend, filters [3]int, blocks int, seed uint64) *Network {
	return NewNetwork(be, arch.Tutorial(filters, blocks), seed)
}

// NewNetworkFrom makes a network on be with the weights of d, which tell what
// network it is; the errors are those of arch.Recognize.
func NewNetworkFrom(be backend.Backend, d statedict.Dict) (*Network, error) {
	a, err := arch.Recognize(d)
	if err != nil {
		return nil, err
	}
	return NewNetworkWith(be, a, d)
}

// NewNetworkWith makes a network on be as a describes it, with the weights of d. The
// error is that of a.Check, or a *statedict.Mismatch if tensors are missing,
// unexpected or misshapen. It comes before memory is spent on the network.
func NewNetworkWith(be backend.Backend, a *arch.Network, d statedict.Dict) (*Network, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	if m := d.Compare(a.Params()); m != nil {
		return nil, m
	}
	n := NewNetwork(be, a, 0)
	write(n.params, d)
	return n, nil
}

func newAffine(be backend.Backend, from, to arch.Range) *affine {
	if from == to {
		return nil
	}
	scale := (to.High - to.Low) / (from.High - from.Low)
	return &affine{newFilled(be, tensor.Vec(3), scale), newFilled(be, tensor.Vec(3), to.Low-scale*from.Low)}
}

func (a *affine) forward(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	if a == nil {
		return x
	}
	return tp.ChannelAffine(x, a.scale, a.shift)
}

func (a *affine) free() {
	if a != nil {
		a.scale.Free()
		a.shift.Free()
	}
}

// Forward returns the stylized images of x {N, 3, H, W}, values 0..255, in the
// same shape. The result is not clamped and somewhat exceeds 0..255. It panics
// with a *tensor.ShapeError if the network's CheckSize refuses H and W.
func (n *Network) Forward(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	s := x.Shape()
	if err := n.arch.CheckSize(s[3], s[2]); err != nil || s[1] != 3 {
		panic(&tensor.ShapeError{
			Op: "network", Operands: []tensor.Operand{{Name: "input", Shape: s}},
			Reason: fmt.Sprintf("needs 3 channels and a height and width that are multiples of %d, at least %d", n.arch.Multiple(), n.arch.MinSize()),
		})
	}
	var few [64]*tensor.Tensor // enough for most, so that nothing is allocated
	outs := few[:]
	if len(n.layers) > len(few) {
		outs = make([]*tensor.Tensor, len(n.layers))
	}
	in := n.Enter(tp, x)
	y := in
	for i := range n.layers {
		y = n.layers[i].forward(tp, y, outs)
		outs[i] = y
		for _, j := range n.done[i] {
			tp.Release(outs[j])
		}
	}
	if in != x {
		tp.Release(in)
	}
	out := n.Leave(tp, y)
	if out != y {
		tp.Release(y)
	}
	return out
}

// Enter returns the input of the first layer for pixels x with values 0..255, which
// is x itself unless the network has a range of its own.
func (n *Network) Enter(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return n.input.forward(tp, x)
}

// Leave returns pixels with values 0..255 for the output y of the last layer, which
// is y itself unless the network has a range of its own.
func (n *Network) Leave(tp *tensor.Tape, y *tensor.Tensor) *tensor.Tensor {
	return n.output.forward(tp, y)
}

// Arch returns the network's description, which must not be changed.
func (n *Network) Arch() *arch.Network { return n.arch }

// Layers returns the layers, in order, for programs that run them one by one. The
// caller must not modify the slice.
func (n *Network) Layers() []Layer { return n.layers }

// Params returns all parameters in the order of the state dict. The caller must not
// modify the slice.
func (n *Network) Params() []Param { return n.params }

// NumParams returns the number of values in all parameters.
func (n *Network) NumParams() int { return n.arch.NumParams() }

// StateDict returns a copy of all parameters, as PyTorch names and orders them.
func (n *Network) StateDict() statedict.Dict { return StateDict(n.params) }

// LoadStateDict sets the parameters to those of d; see the function LoadStateDict
// for strict and for its errors. A frozen network stays frozen.
func (n *Network) LoadStateDict(d statedict.Dict, strict bool) error {
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
func (n *Network) Freeze() {
	n.frozen = true
	for i := range n.layers {
		n.layers[i].freeze(n.be)
	}
}

// Free gives the memory of all parameters back. The network must not be used
// afterwards.
func (n *Network) Free() {
	for i := range n.layers {
		n.layers[i].free()
	}
	n.input.free()
	n.output.free()
}
