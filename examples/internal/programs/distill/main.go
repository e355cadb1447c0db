// Package distill is the program of examples/distill.
package distill

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// options are the command line.
type options struct {
	vgg, dataset, out                          string
	width, size, batchSize, steps, logInterval int
	drawings                                   int
	lr                                         float64
	seed                                       uint64
}

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	var o options
	flags := cli.NewFlags("-vgg FILE -dataset DIR [flags]", "Makes a narrow VGG-19 that sees pictures much as VGG-19 does.")
	flags.StringVar(&o.vgg, "vgg", "", "VGG-19 weights `file` (.pth or .safetensors) to learn from")
	flags.StringVar(&o.dataset, "dataset", "", "`folder` or .zip of photographs")
	flags.StringVar(&o.out, "out", "compact.safetensors", "`file` for the weights")
	flags.IntVar(&o.width, "width", 16, "filters in the first block, where VGG-19 has 64")
	flags.IntVar(&o.drawings, "drawings", 400, "pictures to draw besides")
	flags.IntVar(&o.size, "image-size", 96, "side of the square pictures, in pixels")
	flags.IntVar(&o.batchSize, "batch-size", 4, "pictures per step")
	flags.IntVar(&o.steps, "steps", 2000, "steps")
	flags.IntVar(&o.logInterval, "log-interval", 100, "steps between lines on the terminal, and saved weights")
	flags.Float64Var(&o.lr, "lr", 1.2e-3, "learning rate at the beginning")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of everything random")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	if o.vgg == "" || o.dataset == "" {
		return cli.Usagef("-vgg and -dataset are needed")
	}
	for _, n := range []struct {
		flag             string
		value, low, high int
	}{
		{"width", o.width, 1, 64}, {"drawings", o.drawings, 1, 1 << 20}, {"image-size", o.size, 16, 1024},
		{"batch-size", o.batchSize, 2, 1024}, {"steps", o.steps, 1, 1 << 30}, {"log-interval", o.logInterval, 1, 1 << 30},
	} {
		if n.value < n.low || n.value > n.high {
			return cli.Usagef("-%s %d: want %d to %d", n.flag, n.value, n.low, n.high)
		}
	}
	be := tensor.CPU()
	defer be.Close()
	d, err := weights.ReadFile(o.vgg)
	if err != nil {
		return fmt.Errorf("-vgg: %w", err)
	}
	teacher, err := vgg.Load(be, d, taps[len(taps)-1])
	if err != nil {
		return fmt.Errorf("-vgg %s: %w", o.vgg, err)
	}
	files, err := dataset.Open(o.dataset, imageio.Options{})
	if err != nil {
		return fmt.Errorf("-dataset: %w", err)
	}
	defer files.Close()
	pool, err := newPool(ctx, files, o.drawings, o.seed)
	if err != nil {
		return err
	}
	fmt.Printf("%d photographs, %d drawn pictures\n", len(pool.photos), len(pool.drawn))
	l := &lesson{
		options: &o, be: be, teacher: teacher, painter: newPainter(be, pool, o.seed),
		pool: pool, rng: rand.New(rand.NewPCG(o.seed, 4)), tape: tensor.NewTape(be),
	}
	l.calibrate(d)
	if err := l.learn(ctx); err != nil {
		return err
	}
	if err := l.save(); err != nil {
		return err
	}
	l.examine()
	return nil
}

// save writes the student as it is, in half precision.
func (l *lesson) save() error {
	d, err := l.student.stateDict()
	if err != nil {
		return err
	}
	return safetensors.WriteHalfFile(l.out, d, nil)
}
