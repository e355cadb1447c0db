// Command budget prints what a style transfer network costs before anyone trains
// it: parameters, multiplications, memory and the time of every layer on this
// computer, for one picture of a given size. Costs do not depend on the values of
// the weights, so it measures an untrained network.
//
//	budget -filters 8,16,32 -res-blocks 5 -width 960 -height 540
package main

import (
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string) error {
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
	filters          [3]int
	resBlocks        int
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
	maxBytes     = 16 << 30
)

func parse(args []string) (*options, error) {
	flags := cli.NewFlags("[-filters A,B,C] [-res-blocks N] [-width W -height H]",
		"Prints parameters, multiplications, memory and milliseconds per layer of a network, before it is trained.")
	filters := flags.String("filters", "8,16,32", "channels of the network's three widths")
	o := &options{}
	flags.IntVar(&o.resBlocks, "res-blocks", 5, "residual blocks")
	flags.IntVar(&o.width, "width", 960, "width of the picture in `pixels`, a multiple of 4")
	flags.IntVar(&o.height, "height", 540, "height of the picture in `pixels`, a multiple of 4")
	flags.IntVar(&o.runs, "runs", 3, "measurements, of which each layer's quickest counts")
	flags.IntVar(&o.cpuThreads, "threads", 0, "threads; 0 for one per processor")
	if err := cli.Parse(flags, args, 0); err != nil {
		return nil, err
	}
	if err := o.parseFilters(*filters); err != nil {
		return nil, err
	}
	return o, o.check()
}

func (o *options) parseFilters(list string) error {
	parts := strings.Split(list, ",")
	if len(parts) != len(o.filters) {
		return cli.Usagef("-filters %q: want three numbers such as 8,16,32", list)
	}
	for i, p := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil || n < 1 || n > maxFilters {
			return cli.Usagef("-filters %q: want three numbers from 1 to %d", list, maxFilters)
		}
		o.filters[i] = n
	}
	return nil
}

func (o *options) check() error {
	for _, f := range []struct {
		name     string
		value    int
		from, to int
	}{
		{"res-blocks", o.resBlocks, 1, maxResBlocks},
		{"width", o.width, nn.MinSize, maxSide},
		{"height", o.height, nn.MinSize, maxSide},
		{"runs", o.runs, 1, maxRuns},
		{"threads", o.cpuThreads, 0, maxThreads},
	} {
		if f.value < f.from || f.value > f.to {
			return cli.Usagef("-%s %d: want a number from %d to %d", f.name, f.value, f.from, f.to)
		}
	}
	if err := nn.CheckSize(o.width, o.height); err != nil {
		return cli.Usagef("-width and -height: %v; the nearest that holds it is -width %d -height %d",
			err, nn.FitSize(o.width), nn.FitSize(o.height))
	}
	if n := o.bytes(); n > maxBytes {
		return cli.Usagef("this network and picture would take about %d GiB of memory, more than the %d GiB that this program allows itself",
			n>>30, maxBytes>>30)
	}
	return nil
}

// bytes is a rough upper estimate of the memory of the weights and of the widest
// layers.
func (o *options) bytes() int {
	f, pixels := o.filters, o.width*o.height
	weights := 9*(2*f[0]*f[1]+2*f[1]*f[2]+2*o.resBlocks*f[2]*f[2]) + 2*81*3*f[0]
	return 4 * (weights + pixels*(6+2*f[0]+f[1]+f[2]/4))
}
