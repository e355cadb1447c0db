// Package scale is the program of examples/scale.
package scale

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/train/ranks"
)

// netFloats are the gradients of the network with filters 8,16,32.
const netFloats = 108_771

// Run is the program, with the arguments of its command line.
func Run(_ context.Context, args []string) error {
	flags := cli.NewFlags("[-measure] [flags]", "Predicts, or measures, what several processes that train together take.")
	measured := flags.Bool("measure", false, "measure sums among the processes of mpirun")
	compute := flags.Duration("compute", 250*time.Millisecond, "`time` that one process takes for a picture of a step")
	batch := flags.Int("batch", 32, "pictures of a step")
	floats := flags.Int("floats", netFloats, "parameters of the network")
	latency := flags.Duration("latency", 50*time.Microsecond, "`time` that a byte takes from one machine to another")
	rates := flags.String("gbit", "1,10,25,100", "speeds of links, in Gbit/s")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	if *measured {
		group, leave, err := inputs.Group()
		if err != nil {
			return err
		}
		defer leave()
		return measure(group)
	}
	var gbits []float64
	for _, text := range strings.Split(*rates, ",") {
		g, err := strconv.ParseFloat(text, 64)
		if err != nil || !(g > 0) {
			return cli.Usagef("-gbit %q: want numbers such as 1,10", *rates)
		}
		gbits = append(gbits, g)
	}
	if *batch < 1 || *floats < 1 || *compute <= 0 || *latency < 0 {
		return cli.Usagef("-batch, -floats and -compute must be positive")
	}
	m := model{compute: compute.Seconds(), batch: *batch, buckets: buckets(*floats)}
	m.table(os.Stdout, latency.Seconds(), gbits)
	return nil
}

// buckets are the sums of a step as train makes them: gradients in parts, then losses
// and votes.
func buckets(floats int) (list []int) {
	const part = 32 << 10
	for ; floats > part; floats -= part {
		list = append(list, part)
	}
	return append(list, floats, 64)
}

// measure prints the median and the least time of sums of several lengths.
func measure(group ranks.Group) error {
	for _, n := range []int{1, 1 << 10, 32 << 10, netFloats, 1 << 20, 1 << 22} {
		values := make([]float32, n)
		repeats := max(10, min(300, 20_000_000/n))
		times := make([]time.Duration, repeats)
		for i := range times {
			if err := group.Barrier(); err != nil {
				return err
			}
			start := time.Now()
			if err := group.AllReduce(values); err != nil {
				return err
			}
			times[i] = time.Since(start)
		}
		slices.Sort(times)
		if group.Rank() == 0 {
			fmt.Printf("%d processes, %d values: median %v, least %v\n", group.Size(), n, times[repeats/2], times[0])
		}
	}
	return nil
}
