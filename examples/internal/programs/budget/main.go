// Package budget is the program of examples/budget.
package budget

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/model"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err == nil && o.model != "" {
		err = o.read(ctx)
	}
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return err
	}
	if o.fps > 0 {
		return o.fit(ctx, os.Stdout)
	}
	b, err := measure(ctx, o)
	if err != nil {
		return err
	}
	return b.print(os.Stdout)
}

// options are the command line.
type options struct {
	arch             *arch.Network
	weights          statedict.Dict // of the model; nil for an untrained network
	model            string
	filtersGiven     bool
	fps              float64
	device           string
	width, height    int
	runs, cpuThreads int
}

// The bounds keep a slip of the finger from taking all of the memory.
const (
	maxFilters   = 1024
	maxResBlocks = 100
	maxSide      = 16384
	maxRuns      = 1000
	maxThreads   = 1024
	maxGiB       = 16
)

func parse(args []string) (*options, error) {
	flags := cli.NewFlags("[-model FILE | -arch NETWORK -filters A,B,C -res-blocks N] [-width W -height H | -fps N]",
		"Prints parameters, multiplications, memory and milliseconds per layer of a network, before it is\n"+
			"trained. With -fps it finds the largest frames that can be styled so often, by filters.")
	filters := flags.String("filters", "8,16,32", "channels of the network's three widths")
	family := flags.String("arch", "tutorial", inputs.ArchUsage)
	resBlocks := flags.Int("res-blocks", 5, "residual blocks")
	o := &options{}
	flags.StringVar(&o.model, "model", "", "the network of this weights `file` instead: .pth, .safetensors or .onnx")
	flags.Float64Var(&o.fps, "fps", 0, "find the largest frames that can be styled so many `times` a second, in the proportions of -width and -height; with several filters unless -filters or -model names some")
	flags.StringVar(&o.device, "device", "cpu", "with -fps, compute on `cpu or gl` (OpenGL 4.3; needs a build with -tags gl)")
	flags.IntVar(&o.width, "width", 960, "width of the picture in `pixels`, a multiple of 4")
	flags.IntVar(&o.height, "height", 540, "height of the picture in `pixels`, a multiple of 4")
	flags.IntVar(&o.runs, "runs", 3, "measurements, of which each layer's, or frame's, quickest counts")
	flags.IntVar(&o.cpuThreads, "threads", 0, "threads; 0 for one per processor")
	if err := cli.Parse(flags, args, 0); err != nil {
		return nil, err
	}
	var err error
	if o.arch, err = inputs.Arch(*family, *filters, *resBlocks); err != nil {
		return nil, err
	}
	o.filtersGiven = flags.Given("filters")
	for _, name := range []string{"arch", "filters", "res-blocks"} {
		if o.model != "" && flags.Given(name) {
			return nil, cli.Usagef("-model and -%s exclude each other: the file says what network it is", name)
		}
	}
	switch {
	case flags.Given("fps") && !(o.fps >= 0.1 && o.fps <= 1000):
		return nil, cli.Usagef("-fps %v: want 0.1 to 1000", o.fps)
	case o.fps == 0 && o.device != "cpu":
		return nil, cli.Usagef("-device %s is for -fps: layers are measured on the CPU", o.device)
	case o.device != "cpu" && o.device != "gl":
		return nil, cli.Usagef("-device %s: want cpu or gl", o.device)
	}
	if o.model != "" {
		return o, nil // the rest is checked when it is known
	}
	return o, o.check()
}

// read takes the network of -model.
func (o *options) read(ctx context.Context) (err error) {
	if o.weights, err = model.Read(ctx, o.model); err != nil {
		return fmt.Errorf("-model: %w", err)
	}
	if o.arch, err = arch.Recognize(o.weights); err != nil {
		return fmt.Errorf("-model %s: %w", o.model, err)
	}
	return nil
}

func (o *options) check() error {
	for _, f := range []struct {
		name     string
		value    int
		from, to int
	}{
		{"filters", slices.Max(o.arch.Filters[:]), 1, maxFilters},
		{"res-blocks", o.arch.Blocks, 1, maxResBlocks},
		{"width", o.width, o.arch.MinSize(), maxSide},
		{"height", o.height, o.arch.MinSize(), maxSide},
		{"runs", o.runs, 1, maxRuns},
		{"threads", o.cpuThreads, 0, maxThreads},
	} {
		if f.value < f.from || f.value > f.to {
			return cli.Usagef("-%s %d: want a number from %d to %d", f.name, f.value, f.from, f.to)
		}
	}
	if err := o.arch.CheckSize(o.width, o.height); err != nil {
		return cli.Usagef("-width and -height: %v; the nearest that holds it is -width %d -height %d",
			err, o.arch.FitSize(o.width), o.arch.FitSize(o.height))
	}
	if gib := o.bytes() / (1 << 30); gib > maxGiB {
		return cli.Usagef("this network and picture would take about %.0f GiB of memory, more than the %d GiB that this program allows itself", gib, maxGiB)
	}
	return nil
}

// bytes is a rough upper estimate of the memory of the weights and of the layers that
// are alive at once.
func (o *options) bytes() float64 {
	return 4 * (float64(o.arch.NumParams()) + float64(o.width)*float64(o.height)*(6+o.arch.LivePerPixel()))
}
