package shader

import (
	"fmt"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Program is a network as compute shaders. Its JSON form has no weights, which are
// binary: 4 bytes each, little endian.
type Program struct {
	Multiple int       `json:"multiple"` // of the rounded width and height
	MinSize  int       `json:"minSize"`  // of both
	Kernels  []Kernel  `json:"-"`
	Buffers  []Buffer  `json:"buffers"`
	Moments  int       `json:"moments"` // channels of the widest layer, for Moments and Affine
	Steps    []Step    `json:"steps"`
	Weights  []float32 `json:"-"`
}

// Buffer holds activations: Channels planes of a picture reduced by Scale.
type Buffer struct {
	Channels int `json:"channels"`
	Scale    int `json:"scale"`
}

// Step is one dispatch.
type Step struct {
	Kernel   int       `json:"kernel"`
	Bindings []Binding `json:"bindings"`
	Scale    int       `json:"scale"` // what Groups divides the picture's size by
	Tile     [2]int    `json:"tile"`  // pixels per workgroup, {n, 0} for n pixels of a plane in any order
	Planes   int       `json:"planes"`
}

// Binding names what a kernel is given: a buffer of activations by its index, or
// one of the constants below.
type Binding int

const (
	Picture Binding = -1 - iota // the input, a texture or image of the host's
	Result                      // the output
	Weights                     // Program.Weights
	Moments                     // 2 floats for each channel and each ChunkPixels pixels, rounded up
	Affine                      // 4 floats for each channel
)

// ChunkPixels is how many pixels of a plane one workgroup sums up.
const ChunkPixels = 2048

// Groups returns the numbers of workgroups for a picture whose rounded size is
// width x height.
func (s *Step) Groups(width, height int) (x, y, z int) {
	w, h := width/s.Scale, height/s.Scale
	switch {
	case s.Tile[0] == 0:
		return 1, s.Planes, 1
	case s.Tile[1] == 0:
		return ceil(w*h, s.Tile[0]), s.Planes, 1
	}
	return ceil(w, s.Tile[0]), ceil(h, s.Tile[1]), s.Planes
}

func ceil(a, b int) int { return (a + b - 1) / b }

// New returns the program for a network with the weights in d. The error says which
// of them is missing or misshapen.
func New(net *arch.Network, d statedict.Dict) (*Program, error) {
	if err := net.Check(); err != nil {
		return nil, err
	}
	b := &builder{
		net: net, scales: net.Scales(), last: net.LastUse(), owner: map[int]int{},
		Program: &Program{Multiple: net.Multiple(), MinSize: net.MinSize()},
	}
	values := func(name string, n int) ([]float32, error) {
		e := d.Lookup(name)
		if e == nil {
			return nil, fmt.Errorf("the weights lack %s", name)
		}
		if len(e.Data) != n {
			return nil, fmt.Errorf("%s has %d values, not %d", name, len(e.Data), n)
		}
		return e.Data, nil
	}
	x := b.take(Buffer{3, 1})
	b.step(pixels("read", net.Input), Step{Bindings: []Binding{Picture, Binding(x)}, Scale: 1, Tile: [2]int{8, 8}, Planes: 1})
	for i := range net.Layers {
		l := &net.Layers[i]
		var p layerWeights
		var err error
		for _, from := range []struct {
			to   *[]float32
			name string
			n    int
		}{
			{&p.weight, l.Conv + ".weight", l.Out * l.In * l.Kernel * l.Kernel},
			{&p.bias, l.Conv + ".bias", l.Out},
			{&p.gamma, l.Norm + ".weight", l.Out},
			{&p.beta, l.Norm + ".bias", l.Out},
		} {
			if l.Norm == "" && (from.to == &p.gamma || from.to == &p.beta) {
				continue
			}
			if *from.to, err = values(from.name, from.n); err != nil {
				return nil, err
			}
		}
		x = b.layer(i, x, p)
	}
	for len(b.Weights)%4 != 0 {
		b.Weights = append(b.Weights, 0)
	}
	b.step(pixels("write", net.Output), Step{Bindings: []Binding{Picture, Binding(x), Result}, Scale: 1, Tile: [2]int{8, 8}, Planes: 1})
	return b.Program, nil
}

// pixels returns a kernel between 8-bit levels and values of a range.
func pixels(kind string, r arch.Range) Kernel {
	return Kernel{kind: kind, Scale: 1, Low: r.Low, Span: (r.High - r.Low) / 255}
}

type layerWeights struct{ weight, bias, gamma, beta []float32 }

// builder makes a program layer by layer.
type builder struct {
	*Program
	net    *arch.Network
	scales []int
	last   []int
	free   []int       // buffers that hold nothing of use
	owner  map[int]int // buffers by layer; -1 is the picture
}

// take returns a buffer, a free one if one fits.
func (b *builder) take(want Buffer) int {
	for i, f := range b.free {
		if b.Buffers[f] == want {
			b.free = append(b.free[:i:i], b.free[i+1:]...)
			return f
		}
	}
	b.Buffers = append(b.Buffers, want)
	return len(b.Buffers) - 1
}

// step appends a dispatch, with a kernel that an earlier one may have made.
func (b *builder) step(k Kernel, s Step) {
	s.Kernel = len(b.Kernels)
	for i := range b.Kernels {
		if b.Kernels[i].equal(&k) {
			s.Kernel = i
		}
	}
	if s.Kernel == len(b.Kernels) {
		b.Kernels = append(b.Kernels, k)
	}
	b.Steps = append(b.Steps, s)
}

// append adds weights at a multiple of 4, because kernels read them by fours.
func (b *builder) append(values ...float32) (at int) {
	for len(b.Weights)%4 != 0 {
		b.Weights = append(b.Weights, 0)
	}
	at = len(b.Weights)
	b.Weights = append(b.Weights, values...)
	return at
}

// layer appends the steps of layer i, which reads buffer x, and returns the buffer
// with its output.
func (b *builder) layer(i, x int, p layerWeights) (y int) {
	l, scale := &b.net.Layers[i], b.scales[i]
	y = b.take(Buffer{l.Out, scale})
	block, lanes := blockOf(l.Out)
	b.step(Kernel{
		kind: "conv", In: l.In, Out: l.Out, Side: l.Taps(), Stride: l.Stride, Upsample: l.Upsample,
		Scale: scale, InScale: scale / l.Stride * l.Upsample, Lanes: lanes,
		At: b.append(packed(l, p, block)...),
	}, Step{Bindings: []Binding{Weights, Binding(x), Binding(y)}, Scale: scale, Tile: [2]int{8, 8}, Planes: ceil(l.Out, block)})

	affine := Kernel{kind: "apply", Out: l.Out, Scale: scale, Norm: l.Norm != "", ReLU: l.ReLU}
	bindings := []Binding{Binding(y)}
	if l.Norm != "" {
		b.Moments = max(b.Moments, l.Out)
		b.step(Kernel{kind: "moments", Scale: scale},
			Step{Bindings: []Binding{Binding(y), Moments}, Scale: scale, Tile: [2]int{ChunkPixels, 0}, Planes: l.Out})
		b.step(Kernel{kind: "affine", Out: l.Out, Scale: scale, At: b.append(append(append([]float32{}, p.gamma...), p.beta...)...)},
			Step{Bindings: []Binding{Weights, Moments, Affine}, Scale: scale, Planes: l.Out})
		bindings = append(bindings, Affine)
	}
	for _, t := range l.Plus {
		affine.Factors = append(affine.Factors, t.Factor)
		bindings = append(bindings, Binding(b.owner[t.Layer]))
	}
	if affine.Norm || affine.ReLU || len(affine.Factors) > 0 {
		b.step(affine, Step{Bindings: bindings, Scale: scale, Tile: [2]int{256, 0}, Planes: l.Out})
	}

	if i == 0 {
		b.free = append(b.free, x)
	}
	b.owner[i] = y
	for j := range i {
		if b.last[j] == i {
			b.free = append(b.free, b.owner[j])
		}
	}
	return y
}

// blockOf returns how many output channels one invocation computes, and in how many
// vectors of 4.
func blockOf(out int) (channels, vectors int) {
	vectors = min(4, ceil(out, 4))
	return 4 * vectors, vectors
}

// packed returns bias and weights block by block: the biases of a block's channels,
// then for each input channel and tap their weights, zeros for channels beyond.
func packed(l *arch.Layer, p layerWeights, block int) []float32 {
	taps := l.Taps() * l.Taps()
	weight := l.Fold(p.weight)
	var all []float32
	for first := 0; first < l.Out; first += block {
		for c := first; c < first+block; c++ {
			var v float32
			if c < l.Out {
				v = p.bias[c]
			}
			all = append(all, v)
		}
		for tap := range l.In * taps {
			for c := first; c < first+block; c++ {
				var v float32
				if c < l.Out {
					v = weight[c*l.In*taps+tap]
				}
				all = append(all, v)
			}
		}
	}
	return all
}
