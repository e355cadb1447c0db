package train_test

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// A whole run in small: pictures drawn by code, random filters instead of VGG-19's
// weights, and three steps. A real one opens a folder with dataset.Open, the style
// with imageio.Load and the weights with vgg.LoadFile.
func Example() {
	be := tensor.CPU()
	defer be.Close()

	style := imageio.New(32, 32)
	for i := range style.Pix {
		style.Pix[i] = uint8(17 * (i % 15))
	}
	pictures := dataset.Images{imageio.New(40, 30), imageio.New(32, 32), imageio.New(50, 60)}

	folder, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)

	cfg := train.Default()
	cfg.ImageSize, cfg.BatchSize, cfg.StyleSize = 32, 1, 32
	cfg.StyleLayers = train.EqualLayers(vgg.Relu12, vgg.Relu22)
	cfg.CheckpointDir = folder
	cfg.Events.OnStep = func(e *train.StepEvent) {
		fmt.Printf("step %d of %d: picture %d\n", e.Step, e.TotalSteps, e.Images)
	}

	net := nn.NewTransformerNet(be, [3]int{4, 8, 8}, 1, 1)
	trainer, err := train.New(be, net, vgg.Random(be, 1, cfg.Deepest()), style, pictures, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer trainer.Close()
	fmt.Println(trainer.Train(context.Background()))
	// Output:
	// step 1 of 3: picture 1
	// step 2 of 3: picture 2
	// step 3 of 3: picture 3
	// <nil>
}

// warmth is an Objective that draws what the network makes toward one color, red,
// green and blue in 0..255.
type warmth struct {
	weight float64
	color  [3]float32
	target *tensor.Tensor
}

func (w *warmth) Terms() []string { return []string{"warmth"} }

func (w *warmth) Losses(dst []*tensor.Tensor, p *train.Pass) []*tensor.Tensor {
	s := p.Output.Shape()
	if w.target == nil || w.target.Shape() != s {
		values := make([]float32, 0, s.Len())
		for range s[0] {
			for _, v := range w.color {
				values = append(values, slices.Repeat([]float32{v}, s[2]*s[3])...)
			}
		}
		w.target = tensor.FromSlice(p.Tape.Backend(), s, values)
	}
	return append(dst, p.Tape.MSE(p.Output, w.target, float32(w.weight)))
}

// A Trainer with an objective of one's own beside the tutorial's, and a learning rate
// that warms up and then falls along a cosine.
func ExampleObjective() {
	be := tensor.CPU()
	defer be.Close()
	pictures := dataset.Images{imageio.New(32, 32), imageio.New(32, 32), imageio.New(32, 32), imageio.New(32, 32)}

	cfg := train.Default()
	cfg.ImageSize, cfg.BatchSize, cfg.StyleSize = 32, 1, 32
	cfg.StyleLayers = train.EqualLayers(vgg.Relu12)
	cfg.Schedule = train.WarmUp{Steps: 2, Then: train.Cosine{}}
	cfg.Objectives = []train.Objective{&warmth{weight: 10, color: [3]float32{200, 120, 60}}}
	cfg.Events.OnStep = func(e *train.StepEvent) {
		fmt.Printf("step %d, rate %.5f:", e.Step, e.LearningRate)
		for _, l := range e.Terms {
			fmt.Printf(" %s", l.Name)
		}
		fmt.Println()
	}

	net := nn.NewTransformerNet(be, [3]int{4, 8, 8}, 1, 1)
	trainer, err := train.New(be, net, vgg.Random(be, 1, cfg.Deepest()), imageio.New(32, 32), pictures, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer trainer.Close()
	if err := trainer.Train(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// step 1, rate 0.00050: content style warmth
	// step 2, rate 0.00100: content style warmth
	// step 3, rate 0.00100: content style warmth
	// step 4, rate 0.00050: content style warmth
}
