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
	"github.com/impasto-go/impasto/train/ranks"
	"github.com/impasto-go/impasto/vgg"
)

// Trainer trains one model. It is used by one goroutine at a time.
type Trainer struct {
	cfg        Config
	be         backend.Backend
	net        Model
	data       dataset.Source
	objectives []Objective
	perceptual *Perceptual // that New made
	opt        *nn.Adam
	tape       *tensor.Tape
	pending    *pending
	exchange   *exchange              // nil for a Group of one
	inputs     map[int]*tensor.Tensor // by the number of pictures

	// Scratch of a step.
	pass     Pass
	gradient func(*tensor.Tensor) // exchange.ready
	losses   []*tensor.Tensor
	sums     sums
	result   Losses

	settings map[string]string // what a resumed run must have in common with this one
	rate     float64           // the learning rate without its schedule
	planned  int               // steps of the run when it began
	progress checkpoint.Progress
}

// New prepares the training of net on be with the losses of features, toward the
// given style picture, and those of Config.Objectives, on data. The Gram matrices of
// the style are computed here.
func New(be backend.Backend, net Model, features *vgg.VGG, style *imageio.Image, data dataset.Source, cfg Config) (*Trainer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p, err := NewPerceptual(be, features, style, cfg.PerceptualOptions)
	if err != nil {
		return nil, err
	}
	cfg.Objectives = slices.Concat([]Objective{p}, cfg.Objectives)
	t, err := NewTrainer(be, net, data, cfg)
	if err != nil {
		p.Free()
		return nil, err
	}
	t.perceptual = p
	return t, nil
}

// NewTrainer prepares the training of net on be with Config.Objectives alone, on
// data. Model, data and objectives remain the caller's.
func NewTrainer(be backend.Backend, net Model, data dataset.Source, cfg Config) (*Trainer, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if a, ok := net.(described); ok {
		if err := a.Arch().CheckSize(cfg.ImageSize, cfg.ImageSize); err != nil {
			return nil, fmt.Errorf("ImageSize: %w", err)
		}
	}
	if len(cfg.Objectives) == 0 {
		return nil, fmt.Errorf("no Objectives are given")
	}
	if cfg.Schedule == nil {
		cfg.Schedule = Constant{}
	}
	if cfg.Group == nil {
		cfg.Group = ranks.One{}
	}
	if cfg.Group.Rank() > 0 {
		cfg.Events, cfg.Sampler, cfg.Losses = Events{}, nil, ""
	}
	result, sums, err := newLosses(cfg.Objectives)
	if err != nil {
		return nil, err
	}
	t := &Trainer{
		cfg: cfg, be: be, net: net, data: data, objectives: cfg.Objectives,
		opt: nn.NewAdam(be, net.Params(), cfg.LearningRate), tape: tensor.NewTape(be),
		inputs: map[int]*tensor.Tensor{}, sums: sums, result: result,
		rate: cfg.LearningRate, planned: cfg.TotalSteps(data.Len()),
	}
	t.opt.WeightDecay, t.opt.MaxNorm = cfg.WeightDecay, cfg.MaxGradNorm
	t.pending = newPending(be, t.opt, len(sums), cfg.Group.Size() > 1)
	if cfg.Group.Size() > 1 {
		t.exchange = newExchange(cfg.Group, be, net.Params(), len(sums))
		t.gradient = t.exchange.ready
	}
	t.progress.LossSums = map[string]float64{}
	t.settings = t.describe()
	return t, nil
}

// input returns the tensor for the pictures of a step. There are few sizes: that of
// the last batch of an epoch differs from the others'.
func (t *Trainer) input(pictures int) *tensor.Tensor {
	if t.inputs[pictures] == nil {
		size := t.cfg.ImageSize
		t.inputs[pictures] = tensor.New(t.be, tensor.Shape{pictures, 3, size, size})
	}
	return t.inputs[pictures]
}

// Step trains the network on one batch and returns the losses before the update,
// which are valid until the next step. A *NonFiniteError means that nothing has
// changed. With a Group, all ranks take the step with their parts of the batch, as
// its fields First and Total say, and return the losses of all of it.
func (t *Trainer) Step(b dataset.Batch) (Losses, error) {
	if err := t.compute(&b, votes{}); err != nil {
		return Losses{}, err
	}
	t.update(&b)
	steps, err := t.pending.read()
	if err != nil {
		return Losses{}, err
	}
	err = t.check(steps[0])
	return t.result, err
}

// compute gives the backend a step to do, all but the update of the weights. With a
// Group, its losses and gradients then are those of the whole batch.
func (t *Trainer) compute(b *dataset.Batch, v votes) error {
	n := len(b.Indices)
	if size := t.cfg.ImageSize; b.Size != size || len(b.Data) != n*3*size*size || n == 0 && t.exchange == nil {
		return fmt.Errorf("a batch of %d pictures of size %d with %d values, where the size is %d", n, b.Size, len(b.Data), size)
	}
	t.opt.LR = t.rate * t.cfg.Schedule.Factor(t.opt.Steps(), t.planned)
	t.opt.ZeroGrad()
	if t.exchange == nil {
		t.forward(b)
		t.tape.Backward(t.losses...)
		return nil
	}
	return t.computeTogether(b, v)
}

// computeTogether is compute of a rank, which may have no pictures.
func (t *Trainer) computeTogether(b *dataset.Batch, v votes) error {
	defer t.tape.Reset()
	x := t.exchange
	x.begin(float32(len(b.Indices)) / float32(max(b.Total, len(b.Indices), 1)))
	x.vote(v)
	t.losses = t.losses[:0]
	if len(b.Indices) > 0 {
		t.forward(b)
		if !x.late {
			t.tape.OnGradient(t.gradient)
		}
		t.tape.Backward(t.losses...)
	}
	if err := x.finish(t.opt.Steps(), t.losses); err != nil {
		return err
	}
	t.losses = append(t.losses[:0], x.scalars...)
	return nil
}

// update gives the backend the rest of a step to do.
func (t *Trainer) update(b *dataset.Batch) {
	t.pending.add(b, t.losses)
	t.tape.Reset()
}

// check makes the losses of a step that was read the result. One that is not
// finite was not done; it is a *NonFiniteError.
func (t *Trainer) check(s *pendingStep) error {
	t.sums.set(&t.result, s.values)
	if s.finite() {
		return nil
	}
	names, err := t.everyones(s.names)
	if err != nil {
		return err
	}
	return &NonFiniteError{
		Step: t.opt.Steps() + 1, Epoch: s.epoch, Batch: s.batch, Losses: t.result.Clone(),
		GradNorm: s.gradNorm(), Images: names,
	}
}

// forward computes the losses of a batch.
func (t *Trainer) forward(b *dataset.Batch) {
	x := t.input(len(b.Indices))
	x.Write(b.Data)
	p := &t.pass
	p.Tape, p.Model, p.Input, p.Output = t.tape, t.net, x, nil
	p.Step, p.Steps, p.seed, p.first = t.opt.Steps(), t.planned, t.cfg.Seed, b.First
	p.data, p.indices = t.data, b.Indices
	p.last, p.released = false, false
	for _, o := range t.objectives {
		if o, ok := o.(Preparer); ok {
			o.Prepare(p)
		}
	}
	p.Output = t.net.Forward(t.tape, x)
	t.losses = t.losses[:0]
	for i, o := range t.objectives {
		p.last = i == len(t.objectives)-1
		t.losses = o.Losses(t.losses, p)
	}
	p.Done()
	if len(t.losses) != len(t.sums) {
		panic(fmt.Sprintf("train: the objectives gave %d losses for %d terms", len(t.losses), len(t.sums)))
	}
}

// Terms returns the names of Losses.Terms and Losses.Parts.
func (t *Trainer) Terms() (terms, parts []string) {
	for _, l := range t.result.Terms {
		terms = append(terms, l.Name)
	}
	for _, l := range t.result.Parts {
		parts = append(parts, l.Name)
	}
	return terms, parts
}

// GramTraces returns those of the objective that New made: see Perceptual.GramTraces.
func (t *Trainer) GramTraces() []Loss {
	if t.perceptual == nil {
		return nil
	}
	return t.perceptual.GramTraces()
}

// Network returns the model in training.
func (t *Trainer) Network() Model { return t.net }

// Close frees what the Trainer made. What was given to it remains the caller's.
func (t *Trainer) Close() {
	t.tape.Reset()
	t.opt.Free()
	t.pending.free()
	if t.exchange != nil {
		t.exchange.free()
	}
	for _, x := range t.inputs {
		x.Free()
	}
	if t.perceptual != nil {
		t.perceptual.Free()
	}
}
