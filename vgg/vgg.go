// Package vgg computes features of images with the convolutions of VGG-19
// (Simonyan and Zisserman, arXiv:1409.1556), the measure of content and style in
// style transfer (Gatys et al., arXiv:1508.06576).
//
//	v, err := vgg.LoadFile(be, "vgg19.safetensors", vgg.Relu54)
//	features := v.Features(nil, tp, v.Normalize(tp, x), vgg.StyleLayers())
//
// A network is built and computed only as deep as asked: a file with the first
// blocks is enough when no deeper layer is needed. Weights are frozen; gradients
// flow through them to the image.
//
// Random makes a network without a weights file. Random filters, too, tell
// textures apart (He et al., arXiv:1606.04801), but know nothing of objects: they
// serve for trials and tests, and for simple styles. Package compact has a small
// network that sees much as VGG-19 does, and needs no file either.
package vgg

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// VGG is the convolutional part of VGG-19 down to some layer.
type VGG struct {
	deepest Layer
	width   int // filters in the first block
	convs   []conv
	views   map[Layer]*tensor.Tensor // see Load
	scale   *tensor.Tensor           // of Normalize
	shift   *tensor.Tensor

	checksum uint32
}

type conv struct {
	weight, bias *tensor.Tensor
	layer        Layer
}

// The statistics of ImageNet in the range 0..1 that torchvision's weights expect.
var (
	imageNetMean = [3]float64{0.485, 0.456, 0.406}
	imageNetStd  = [3]float64{0.229, 0.224, 0.225}
)

// Load makes a network on be down to the deepest layer with the weights of d,
// whose keys are torchvision's: features.N.weight and features.N.bias. Deeper
// convolutions and the classifier are ignored. The error is a *statedict.Mismatch
// if tensors are missing, misshapen or foreign to VGG-19.
//
// A narrow network, such as that of package compact, is recognized by the number of
// filters in its first block. It may have views: matrices that what Features returns
// of a layer is multiplied with, so that distances there are those in VGG-19.
func Load(be backend.Backend, d statedict.Dict, deepest Layer) (*VGG, error) {
	if !deepest.Valid() {
		return nil, fmt.Errorf("VGG-19 has no layer %v", deepest)
	}
	if err := check(d, deepest); err != nil {
		return nil, fmt.Errorf("VGG-19 down to %v: %w", deepest, err)
	}
	return build(be, deepest, d), nil
}

// LoadFile is Load for the .pth or safetensors file at path, of which only what
// is needed is read, with options of package weights.
func LoadFile(be backend.Backend, path string, deepest Layer, opts ...weights.Option) (*VGG, error) {
	needed := weights.WithFilter(func(name string) bool { return wanted(name, deepest) })
	d, err := weights.ReadFile(path, append(opts[:len(opts):len(opts)], needed)...)
	if err != nil {
		return nil, err
	}
	v, err := Load(be, d, deepest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// Random makes a network on be with weights that are uniform in ±sqrt(6/fan-in),
// which keeps the features' magnitude from layer to layer (He et al.,
// arXiv:1502.01852), and biases of zero. Equal seeds give equal weights on every
// platform.
func Random(be backend.Backend, seed uint64, deepest Layer) *VGG {
	rng := rand.New(rand.NewPCG(seed, 0x766767))
	d := Layout(deepest)
	for _, e := range d {
		if len(e.Shape) < 4 {
			continue
		}
		bound := math.Sqrt(6 / float64(e.Shape[1]*e.Shape[2]*e.Shape[3]))
		for i := range e.Data {
			e.Data[i] = float32(bound * (2*rng.Float64() - 1))
		}
	}
	return build(be, deepest, d)
}

func build(be backend.Backend, deepest Layer, d statedict.Dict) *VGG {
	v := &VGG{deepest: deepest, width: widthOf(d), views: map[Layer]*tensor.Tensor{}}
	shapes := layout(deepest, v.width)
	for i := 0; i < len(shapes); i += 2 {
		w, b := d.Lookup(shapes[i].name).Data, d.Lookup(shapes[i+1].name).Data
		v.convs = append(v.convs, conv{
			weight: tensor.FromSlice(be, tensor.Shape(shapes[i].shape), w).Freeze(),
			bias:   tensor.FromSlice(be, tensor.Vec(len(b)), b).Freeze(),
			layer:  shapes[i].layer,
		})
		v.checksum = updateChecksum(updateChecksum(v.checksum, w), b)
		if e := d.Lookup(ViewName(shapes[i].layer)); e != nil {
			v.views[shapes[i].layer] = tensor.FromSlice(be, tensor.Shape(e.Shape), e.Data).Freeze()
			v.checksum = updateChecksum(v.checksum, e.Data)
		}
	}
	var scale, shift [3]float32
	for c := range scale {
		scale[c] = float32(1 / (255 * imageNetStd[c]))
		shift[c] = float32(-imageNetMean[c] / imageNetStd[c])
	}
	v.scale = tensor.FromSlice(be, tensor.Vec(3), scale[:]).Freeze()
	v.shift = tensor.FromSlice(be, tensor.Vec(3), shift[:]).Freeze()
	return v
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func updateChecksum(sum uint32, values []float32) uint32 {
	var b [4096]byte
	for chunk := range slices.Chunk(values, len(b)/4) {
		for i, v := range chunk {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
		}
		sum = crc32.Update(sum, castagnoli, b[:4*len(chunk)])
	}
	return sum
}

// Checksum identifies the weights: the CRC-32C of all of them as little-endian
// float32, in torchvision's order, each view after its convolution.
func (v *VGG) Checksum() uint32 { return v.checksum }

// Deepest returns the last layer the network has.
func (v *VGG) Deepest() Layer { return v.deepest }

// GramWeight is what the mean squared difference of two Gram matrices of this network's
// features is multiplied with to be on the scale of VGG-19's: 1 for VGG-19 itself. A
// Gram matrix of fewer channels has fewer and larger entries; the mean squared difference
// of the features themselves needs no such factor.
func (v *VGG) GramWeight() float64 {
	r := float64(v.width) / fullWidth
	return r * r
}

// Normalize returns the images x {N, 3, H, W}, values 0..255, as the network
// expects them: divided by 255, less ImageNet's mean, divided by its deviation.
func (v *VGG) Normalize(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return tp.ChannelAffine(x, v.scale, v.shift)
}

// Features appends the outputs of layers, each {N, filters, H', W'}, to dst (which
// may be nil) in the order of layers, and returns it. x {N, 3, H, W} is a
// normalized image of at least MinSize of the deepest of them; no layer may be
// asked for twice. Everything that is not returned is released.
//
// It panics with a *tensor.ShapeError if x is too small, and if the network lacks
// one of the layers.
func (v *VGG) Features(dst []*tensor.Tensor, tp *tensor.Tape, x *tensor.Tensor, layers []Layer) []*tensor.Tensor {
	depth := 0
	for _, l := range layers {
		if !l.Valid() || l.index() >= len(v.convs) {
			panic(fmt.Sprintf("vgg: layer %v of a network down to %v", l, v.deepest))
		}
		depth = max(depth, l.index()+1)
		dst = append(dst, nil)
	}
	out := dst[len(dst)-len(layers):]
	h, kept := x, true // the caller's x is not ours to release
	step := func(next *tensor.Tensor) {
		if !kept {
			tp.Release(h)
		}
		h, kept = next, false
	}
	for i, c := range v.convs[:depth] {
		o := tensor.Conv2dOptions{Padding: 1, ReLU: true}
		var pooled *tensor.Tensor
		if i+1 < depth && v.convs[i+1].layer.Conv == 1 {
			var y *tensor.Tensor
			y, pooled = tp.Conv2dPool(h, c.weight, c.bias, o)
			step(y)
		} else {
			step(tp.Conv2d(h, c.weight, c.bias, o))
		}
		for j, l := range layers {
			if l != c.layer {
				continue
			}
			if view := v.views[l]; view != nil {
				out[j] = tp.Conv2d(h, view, nil, tensor.Conv2dOptions{})
			} else {
				out[j], kept = h, true
			}
		}
		if pooled != nil {
			step(pooled)
		}
	}
	if !kept {
		tp.Release(h)
	}
	return dst
}

// Free gives the memory of the weights back. The network must not be used
// afterwards.
func (v *VGG) Free() {
	for _, c := range v.convs {
		c.weight.Free()
		c.bias.Free()
	}
	for _, view := range v.views {
		view.Free()
	}
	v.scale.Free()
	v.shift.Free()
}
