// Package work builds the pieces of work that the benchmarks time, through the
// library's public interface: a training step, a frame, single layers and
// operations. Each can check its result.
package work

import (
	"fmt"
	"math/rand/v2"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// Filters are the widths of a TransformerNet.
type Filters [3]int

// Random returns a tensor of values that are uniform in 0..scale, the same ones
// each time.
func Random(be backend.Backend, s tensor.Shape, scale float32) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(1, uint64(s.Len())))
	v := make([]float32, s.Len())
	for i := range v {
		v[i] = scale * rng.Float32()
	}
	return tensor.FromSlice(be, s, v)
}

// Step is the Step of a train.Trainer with the tutorial's settings, all of which a
// run does: the guard against losses that are not finite and the norm of the
// gradients included. Images and the weights of VGG-19 are random; the time does not
// depend on them.
type Step struct {
	trainer *train.Trainer
	batch   dataset.Batch
	filters Filters
}

// NewStep prepares steps of batch square images with size pixels a side.
func NewStep(be backend.Backend, f Filters, batch, size int) (*Step, error) {
	cfg := train.Default()
	cfg.BatchSize, cfg.ImageSize = batch, size
	rng := rand.New(rand.NewPCG(1, 1))
	style := imageio.New(cfg.StyleSize, cfg.StyleSize)
	for i := range style.Pix {
		style.Pix[i] = uint8(rng.UintN(256))
	}
	trainer, err := train.New(be, nn.NewTransformerNet(be, f, 5, 1), vgg.Random(be, 1, cfg.Deepest()),
		style, dataset.Images{style}, cfg)
	if err != nil {
		return nil, err
	}
	return &Step{trainer, dataset.Batch{
		Size: size, Indices: make([]int, batch), Names: make([]string, batch),
		Data: Random(be, tensor.Shape{batch, 3, size, size}, 255).Values(),
	}, f}, nil
}

// Run does one step.
func (s *Step) Run() (train.Losses, error) { return s.trainer.Step(s.batch) }

// Close frees the trainer.
func (s *Step) Close() { s.trainer.Close() }

// Case returns the case "step".
func (s *Step) Case() Case {
	return Case{
		Name: "step", FLOP: StepFLOP(s.filters, len(s.batch.Indices), s.batch.Size),
		Run: func() {
			if _, err := s.Run(); err != nil {
				panic(err)
			}
		},
		Check: func() error {
			losses, err := s.Run()
			if err != nil {
				return fmt.Errorf("step: %w", err)
			}
			if content, style := losses.Term("content"), losses.Term("style"); !(content > 0 && style > 0) {
				return fmt.Errorf("step: the losses are %v and %v", content, style)
			}
			return nil
		},
	}
}

// StepFLOP counts the operations of the direct convolutions that a step needs:
// the network forward and both its gradients, VGG-19 forward and the gradient of
// its input, and VGG-19 up to the content layer once more.
func StepFLOP(f Filters, batch, size int) float64 {
	total := 0.0
	for i, c := range NetConvs(f, batch, size, size) {
		passes := 3.0
		if i == 0 {
			passes = 2 // nobody needs the gradient of the images
		}
		total += passes * float64(c.Count) * c.FLOP()
	}
	for i, c := range VGGConvs(batch, size) {
		passes := 2.0
		if i < 4 { // down to relu2_2
			passes = 3
		}
		total += passes * float64(c.Count) * c.FLOP()
	}
	return total
}
