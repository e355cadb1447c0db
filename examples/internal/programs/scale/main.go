// Package scale is the program of examples/scale.
package scale

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
)

// netFloats are the gradients of the network with filters 8,16,32.
const netFloats = 108_771

// Run is the program, with the arguments of its command line.
func Run(_ context.Context, args []string) error {
	flags := cli.NewFlags("[-measure] [flags]", "Predicts, or measures, what several processes that train together take.")
	measured := flags.Bool("measure", false, "measure sums and steps among the processes of mpirun, beside what is predicted for the first of -gbit")
	most := flags.Float64("most", 0, "with -measure, fail if the sums take more than this `part` of a step; 0 for no limit")
	styleLayers := flags.String("style-layers", "relu1_2,relu2_2,relu3_3,relu4_3,relu5_3", "with -measure, VGG-19 layers that compare styles")
	size := flags.Int("image-size", 256, "with -measure, side of the pictures")
	compute := flags.Duration("compute", 250*time.Millisecond, "`time` that one process takes for a picture of a step")
	batch := flags.Int("batch", 32, "pictures of a step")
	floats := flags.Int("floats", netFloats, "parameters of the network")
	latency := flags.Duration("latency", 50*time.Microsecond, "`time` that a byte takes from one machine to another")
	rates := flags.String("gbit", "1,10,25,100", "speeds of links, in Gbit/s")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	var gbits []float64
	for _, text := range strings.Split(*rates, ",") {
		g, err := strconv.ParseFloat(text, 64)
		if err != nil || !(g > 0) {
			return cli.Usagef("-gbit %q: want numbers such as 1,10", *rates)
		}
		gbits = append(gbits, g)
	}
	if *batch < 1 || *floats < 1 || *compute <= 0 || *latency < 0 || *size < 1 {
		return cli.Usagef("-batch, -floats, -compute and -image-size must be positive")
	}
	m := model{compute: compute.Seconds(), batch: *batch, buckets: buckets(*floats)}
	layers, err := inputs.StyleLayers(*styleLayers)
	if err != nil {
		return err
	}
	if *measured {
		m.link = link{latency.Seconds(), gbits[0] * 1e9 / 8}
		return measureAll(m, work{*size, layers, 30, *most})
	}
	m.table(os.Stdout, latency.Seconds(), gbits)
	return nil
}

// tail is how many values go with the gradients of a step: its losses, votes, a
// checksum, and a mark for each parameter.
const tail = 73

// buckets are the sums of a step as train makes them: gradients in parts, then the tail.
func buckets(floats int) (list []int) {
	const part = 32 << 10
	for ; floats > part; floats -= part {
		list = append(list, part)
	}
	return append(list, floats, tail)
}
