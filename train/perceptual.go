package train

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/vgg"
)

// PerceptualOptions are the settings of a Perceptual objective.
type PerceptualOptions struct {
	ContentWeight float64 // influence of the content picture
	StyleWeight   float64 // influence of the style picture
	StyleSize     int     // the style picture is resized to a square of this many pixels; 0 means not at all
	StyleLayers   []StyleLayer
}

// StyleLayer is a layer at which styles are compared, and its weight in the sum.
type StyleLayer struct {
	Layer  vgg.Layer
	Weight float64
}

// EqualLayers returns layers with a weight of 1 each.
func EqualLayers(layers ...vgg.Layer) []StyleLayer {
	var s []StyleLayer
	for _, l := range layers {
		s = append(s, StyleLayer{l, 1})
	}
	return s
}

// contentLayer is where contents are compared.
var contentLayer = vgg.Relu22

// Deepest returns the deepest layer of VGG-19 that the losses need.
func (o *PerceptualOptions) Deepest() vgg.Layer {
	deepest := contentLayer
	for _, s := range o.StyleLayers {
		l := s.Layer
		if l.Block > deepest.Block || l.Block == deepest.Block && l.Conv > deepest.Conv {
			deepest = l
		}
	}
	return deepest
}

// Validate returns an error that names every setting out of its range.
func (o *PerceptualOptions) Validate() error {
	var v validation
	v.check(o.StyleSize >= 0, "StyleSize is %d, must not be negative", o.StyleSize)
	v.check(notNegative(o.ContentWeight), "ContentWeight is %v, must not be negative and fit a float32", o.ContentWeight)
	v.check(notNegative(o.StyleWeight), "StyleWeight is %v, must not be negative and fit a float32", o.StyleWeight)
	v.check(o.ContentWeight != 0 || o.StyleWeight != 0, "ContentWeight and StyleWeight are both 0: there is nothing to learn")
	v.check(len(o.StyleLayers) > 0, "StyleLayers is empty")
	seen := map[vgg.Layer]bool{}
	for _, s := range o.StyleLayers {
		v.check(s.Layer.Valid(), "StyleLayers: VGG-19 has no %v", s.Layer)
		v.check(!seen[s.Layer], "StyleLayers: %s is listed twice", s.Layer.Name())
		v.check(positive(s.Weight), "StyleLayers: the weight of %s is %v, must be positive", s.Layer.Name(), s.Weight)
		seen[s.Layer] = true
	}
	return errors.Join(v...)
}

// checkSize refuses pictures that are too small.
func (o *PerceptualOptions) checkSize(size int) error {
	if least := o.Deepest().MinSize(); size < least {
		return fmt.Errorf("ImageSize is %d, but %s needs at least %d", size, o.Deepest().Name(), least)
	}
	return nil
}

// Perceptual is the tutorial's Objective (Johnson et al., arXiv:1603.08155), the
// terms content and style, of which the latter has a part for each layer.
type Perceptual struct {
	be       backend.Backend
	opts     PerceptualOptions
	features *vgg.VGG

	layers   []vgg.Layer              // the style layers, and the content layer if it is none of them
	content  int                      // its place in layers
	grams    []*tensor.Tensor         // of the style picture, {1, 1, C, C}
	repeated map[int][]*tensor.Tensor // by the number of pictures
	style    uint32                   // checksum of the style picture

	// Scratch of a step.
	outputs []*tensor.Tensor
	target  []*tensor.Tensor
}

// NewPerceptual makes the objective with the features of VGG-19, which must be on be
// and remain the caller's, and computes the Gram matrices of the style picture. Free
// it after use.
func NewPerceptual(be backend.Backend, features *vgg.VGG, style *imageio.Image, opts PerceptualOptions) (*Perceptual, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	opts.StyleLayers = slices.Clone(opts.StyleLayers)
	o := &Perceptual{be: be, opts: opts, features: features, repeated: map[int][]*tensor.Tensor{}}
	for _, s := range opts.StyleLayers {
		o.layers = append(o.layers, s.Layer)
	}
	if o.content = slices.Index(o.layers, contentLayer); o.content < 0 {
		o.content = len(o.layers)
		o.layers = append(o.layers, contentLayer)
	}
	if err := o.setStyle(style); err != nil {
		o.Free()
		return nil, err
	}
	return o, nil
}

// setStyle computes the Gram matrices of the style picture.
func (o *Perceptual) setStyle(m *imageio.Image) error {
	if size := o.opts.StyleSize; size > 0 && (m.W != size || m.H != size) {
		m = imageio.Resize(m, size, size, imageio.Lanczos)
	}
	if least := o.opts.Deepest().MinSize(); m.W < least || m.H < least {
		return fmt.Errorf("the style picture has %dx%d pixels, but %s needs at least %dx%d", m.W, m.H, o.opts.Deepest().Name(), least, least)
	}
	values := make([]float32, 3*m.W*m.H)
	imageio.ToFloats(values, m)
	o.style = updateChecksum(0, values)
	x := tensor.FromSlice(o.be, tensor.Shape{1, 3, m.H, m.W}, values)
	defer x.Free()
	tp := tensor.NewTape(o.be)
	defer tp.Reset()
	styleLayers := o.layers[:len(o.opts.StyleLayers)]
	for _, f := range o.features.Features(nil, tp, o.features.Normalize(tp, x), styleLayers) {
		g := tp.Gram(f)
		o.grams = append(o.grams, tensor.FromSlice(o.be, g.Shape(), g.Values()))
	}
	if err := o.be.Sync(); err != nil {
		return fmt.Errorf("style picture: %w", err)
	}
	return nil
}

// Terms implements Objective.
func (o *Perceptual) Terms() []string {
	names := []string{"content"}
	for _, s := range o.opts.StyleLayers {
		names = append(names, "style/"+s.Layer.Name())
	}
	return names
}

// Describe implements Describer.
func (o *Perceptual) Describe(settings map[string]string) {
	float := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	var layers []string
	for _, s := range o.opts.StyleLayers {
		layers = append(layers, s.Layer.String()+":"+float(s.Weight))
	}
	settings["content weight"] = float(o.opts.ContentWeight)
	settings["style weight"] = float(o.opts.StyleWeight)
	settings["style layers"] = strings.Join(layers, ",")
	settings["style picture"] = fmt.Sprintf("%08x", o.style)
	settings["vgg weights"] = fmt.Sprintf("%08x", o.features.Checksum())
}

// Prepare implements Preparer: it follows the pictures through VGG-19 as far as the
// content layer. That needs no gradient, so its memory is free again before the
// model starts to fill its own.
func (o *Perceptual) Prepare(p *Pass) {
	x := o.features.Normalize(p.Tape, p.Input)
	o.target = o.features.Features(o.target[:0], p.Tape, x, o.layers[o.content:o.content+1])
	p.Tape.Release(x)
}

// Losses implements Objective: content, then each style layer.
func (o *Perceptual) Losses(dst []*tensor.Tensor, p *Pass) []*tensor.Tensor {
	tp := p.Tape
	normalized := o.features.Normalize(tp, p.Output)
	p.Done()
	o.outputs = o.features.Features(o.outputs[:0], tp, normalized, o.layers)
	tp.Release(normalized)

	dst = append(dst, tp.MSE(o.outputs[o.content], o.target[0], float32(o.opts.ContentWeight)))
	tp.Release(o.target[0])
	style := o.styleGrams(p.Input.Shape()[0])
	for i, s := range o.opts.StyleLayers {
		g := tp.Gram(o.outputs[i])
		dst = append(dst, tp.MSE(g, style[i], float32(o.opts.StyleWeight*s.Weight*o.features.GramWeight())))
		tp.Release(g)
	}
	for _, f := range o.outputs {
		tp.Release(f)
	}
	return dst
}

// styleGrams returns the Gram matrices of the style, repeated for n pictures. There
// are few numbers: that of the last batch of an epoch differs from the others'.
func (o *Perceptual) styleGrams(n int) []*tensor.Tensor {
	if grams := o.repeated[n]; grams != nil {
		return grams
	}
	var grams []*tensor.Tensor
	for _, g := range o.grams {
		s := g.Shape()
		s[0] = n
		grams = append(grams, tensor.FromSlice(o.be, s, slices.Repeat(g.Values(), n)))
	}
	o.repeated[n] = grams
	return grams
}

// GramTraces returns the trace of the style picture's Gram matrix for each style
// layer, by the layer's name: the mean square of its features, summed over channels
// and divided by their number. Among styles that are compared with the same weights
// of VGG-19, those with larger traces make less stable networks: what matches a Gram
// matrix lies on a sphere whose radius is the root of the trace (Gupta et al.,
// Characterizing and Improving Stability in Neural Style Transfer, arXiv:1705.02092).
func (o *Perceptual) GramTraces() []Loss {
	var traces []Loss
	for i, g := range o.grams {
		v, n := g.Values(), g.Shape()[3]
		sum := 0.0
		for c := range n {
			sum += float64(v[c*n+c])
		}
		traces = append(traces, Loss{o.opts.StyleLayers[i].Layer.Name(), sum})
	}
	return traces
}

// Free gives the memory of the Gram matrices back.
func (o *Perceptual) Free() {
	for _, g := range o.grams {
		g.Free()
	}
	for _, grams := range o.repeated {
		for _, g := range grams {
			g.Free()
		}
	}
}
