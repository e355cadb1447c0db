package train

import (
	"fmt"
	"slices"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// Trainer trains one network on one style. It is used by one goroutine at a time.
type Trainer struct {
	cfg      Config
	be       backend.Backend
	net      *nn.Network
	features *vgg.VGG
	data     dataset.Source
	opt      *nn.Adam
	tape     *tensor.Tape
	pending  *pending

	layers  []vgg.Layer       // the style layers, and the content layer if it is none of them
	content int               // its place in layers
	grams   []*tensor.Tensor  // of the style picture, {1, 1, C, C}
	batches map[int]*operands // by the number of pictures

	// Scratch of a step.
	outputs []*tensor.Tensor
	target  []*tensor.Tensor
	losses  []*tensor.Tensor
	result  Losses

	settings map[string]string // what a resumed run must have in common with this one
	progress checkpoint.Progress
}

// operands are the constant tensors of a step with a certain number of pictures.
type operands struct {
	x     *tensor.Tensor
	grams []*tensor.Tensor // of the style picture, repeated
}

// New prepares the training of net on be with the losses of features, towards the
// given style picture, on data. The Gram matrices of the style are computed here.
func New(be backend.Backend, net *nn.Network, features *vgg.VGG, style *imageio.Image, data dataset.Source, cfg Config) (*Trainer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := net.Arch().CheckSize(cfg.ImageSize, cfg.ImageSize); err != nil {
		return nil, fmt.Errorf("ImageSize: %w", err)
	}
	cfg.StyleLayers = slices.Clone(cfg.StyleLayers)
	t := &Trainer{
		cfg: cfg, be: be, net: net, features: features, data: data,
		opt: nn.NewAdam(be, net.Params(), cfg.LearningRate), tape: tensor.NewTape(be),
		batches: map[int]*operands{},
	}
	t.pending = newPending(be, t.opt, len(cfg.StyleLayers)+1)
	for _, s := range cfg.StyleLayers {
		t.layers = append(t.layers, s.Layer)
	}
	if t.content = slices.Index(t.layers, contentLayer); t.content < 0 {
		t.content = len(t.layers)
		t.layers = append(t.layers, contentLayer)
	}
	t.result.Layers = make([]float64, len(cfg.StyleLayers))
	if err := t.setStyle(style); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// setStyle computes the Gram matrices of the style picture.
func (t *Trainer) setStyle(m *imageio.Image) error {
	if size := t.cfg.StyleSize; size > 0 && (m.W != size || m.H != size) {
		m = imageio.Resize(m, size, size, imageio.Lanczos)
	}
	if least := t.cfg.Deepest().MinSize(); m.W < least || m.H < least {
		return fmt.Errorf("the style picture has %dx%d pixels, but %s needs at least %dx%d", m.W, m.H, t.cfg.Deepest().Name(), least, least)
	}
	values := make([]float32, 3*m.W*m.H)
	imageio.ToFloats(values, m)
	t.settings = t.describe(values)
	x := tensor.FromSlice(t.be, tensor.Shape{1, 3, m.H, m.W}, values)
	defer x.Free()
	defer t.tape.Reset()
	styleLayers := t.layers[:len(t.cfg.StyleLayers)]
	for _, f := range t.features.Features(nil, t.tape, t.features.Normalize(t.tape, x), styleLayers) {
		g := t.tape.Gram(f)
		t.grams = append(t.grams, tensor.FromSlice(t.be, g.Shape(), g.Values()))
	}
	if err := t.be.Sync(); err != nil {
		return fmt.Errorf("style picture: %w", err)
	}
	return nil
}

// operands returns the tensors for steps with n pictures. There are at most two
// sizes: that of the last batch of an epoch differs from the others'.
func (t *Trainer) operands(n int) *operands {
	if o := t.batches[n]; o != nil {
		return o
	}
	size := t.cfg.ImageSize
	o := &operands{x: tensor.New(t.be, tensor.Shape{n, 3, size, size})}
	for _, g := range t.grams {
		s := g.Shape()
		s[0] = n
		o.grams = append(o.grams, tensor.FromSlice(t.be, s, slices.Repeat(g.Values(), n)))
	}
	t.batches[n] = o
	return o
}

// Step trains the network on one batch and returns the losses before the update,
// which are valid until the next step. A *NonFiniteError means that nothing has
// changed.
func (t *Trainer) Step(b dataset.Batch) (Losses, error) {
	if err := t.queue(&b); err != nil {
		return Losses{}, err
	}
	steps, err := t.pending.read()
	if err != nil {
		return Losses{}, err
	}
	err = t.check(steps[0])
	return t.result, err
}

// queue gives the backend a step to do.
func (t *Trainer) queue(b *dataset.Batch) error {
	n := len(b.Indices)
	if size := t.cfg.ImageSize; b.Size != size || len(b.Data) != n*3*size*size || n == 0 {
		return fmt.Errorf("a batch of %d pictures of size %d with %d values, where the size is %d", n, b.Size, len(b.Data), size)
	}
	defer t.tape.Reset()
	t.opt.ZeroGrad()
	t.forward(b)
	t.tape.Backward(t.losses...)
	t.pending.add(b, t.losses)
	return nil
}

// check makes the losses of a step that was read the result. One that is not
// finite was not done; it is a *NonFiniteError.
func (t *Trainer) check(s *pendingStep) error {
	s.losses(&t.result)
	if s.finite() {
		return nil
	}
	return &NonFiniteError{
		Step: t.opt.Steps() + 1, Epoch: s.epoch, Batch: s.batch, Content: t.result.Content,
		Style: t.result.Style, GradNorm: s.gradNorm(), Images: slices.Clone(s.names),
	}
}

// forward computes the losses of a batch: content, then each style layer.
func (t *Trainer) forward(b *dataset.Batch) {
	tp, v, o := t.tape, t.features, t.operands(len(b.Indices))
	o.x.Write(b.Data)

	// The content first: it needs no gradient, so its memory is free again before
	// the network starts to fill its own.
	x := v.Normalize(tp, o.x)
	t.target = v.Features(t.target[:0], tp, x, t.layers[t.content:t.content+1])
	tp.Release(x)

	y := t.net.Forward(tp, o.x)
	normalized := v.Normalize(tp, y)
	tp.Release(y)
	t.outputs = v.Features(t.outputs[:0], tp, normalized, t.layers)
	tp.Release(normalized)

	t.losses = append(t.losses[:0], tp.MSE(t.outputs[t.content], t.target[0], float32(t.cfg.ContentWeight)))
	tp.Release(t.target[0])
	for i, s := range t.cfg.StyleLayers {
		g := tp.Gram(t.outputs[i])
		t.losses = append(t.losses, tp.MSE(g, o.grams[i], float32(t.cfg.StyleWeight*s.Weight)))
		tp.Release(g)
	}
	for _, f := range t.outputs {
		tp.Release(f)
	}
}

// Network returns the network in training.
func (t *Trainer) Network() *nn.Network { return t.net }

// Close frees what the Trainer made. The network and VGG remain the caller's.
func (t *Trainer) Close() {
	t.tape.Reset()
	t.opt.Free()
	t.pending.free()
	for _, g := range t.grams {
		g.Free()
	}
	for _, o := range t.batches {
		o.x.Free()
		for _, g := range o.grams {
			g.Free()
		}
	}
}
