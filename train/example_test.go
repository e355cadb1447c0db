package train_test

import (
	"context"
	"fmt"
	"os"

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
