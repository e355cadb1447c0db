// Package budget is the program of examples/budget.
package budget

import (
	"context"
	"os"
	"slices"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/nn/arch"
)

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
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
	flags := cli.NewFlags("[-arch NETWORK] [-filters A,B,C] [-res-blocks N] [-width W -height H]",
		"Prints parameters, multiplications, memory and milliseconds per layer of a network, before it is trained.")
	filters := flags.String("filters", "8,16,32", "channels of the network's three widths")
	family := flags.String("arch", "tutorial", inputs.ArchUsage)
	resBlocks := flags.Int("res-blocks", 5, "residual blocks")
	o := &options{}
	flags.IntVar(&o.width, "width", 960, "width of the picture in `pixels`, a multiple of 4")
	flags.IntVar(&o.height, "height", 540, "height of the picture in `pixels`, a multiple of 4")
	flags.IntVar(&o.runs, "runs", 3, "measurements, of which each layer's quickest counts")
	flags.IntVar(&o.cpuThreads, "threads", 0, "threads; 0 for one per processor")
	if err := cli.Parse(flags, args, 0); err != nil {
		return nil, err
	}
	var err error
	if o.arch, err = inputs.Arch(*family, *filters, *resBlocks); err != nil {
		return nil, err
	}
	return o, o.check()
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
