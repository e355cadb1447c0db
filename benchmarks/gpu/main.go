// Gpu times training steps, frames, and the layers and operations they are made of on
// a graphics card, says what share of the card's peak and copy they reach, and times
// PyTorch on the same card beside them, where it is installed with CUDA:
//
//	go run -tags gl ./benchmarks/gpu
//
// Every result is checked once before it is timed. The last line is a row for the table
// by card in gpu/README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"

	"github.com/impasto-go/impasto/gpu"
)

type options struct {
	only          *regexp.Regexp
	budget        time.Duration
	shrink        int
	python, peers string
	kernels       bool
	card          card // what floors of kernels are for; zeros for the device's own
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "gpu:", err)
		os.Exit(1)
	}
}

func parse(args []string, log io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("gpu", flag.ContinueOnError)
	f.SetOutput(log)
	only := f.String("only", "", "time only rows whose name matches this regular `expression`")
	f.DurationVar(&o.budget, "time", 300*time.Millisecond, "time each row for about `D`; 0 computes nothing and only counts, see -kernels")
	f.IntVar(&o.shrink, "shrink", 1, "divide the sides of all images by `N`, for software renderers")
	f.BoolVar(&o.kernels, "kernels", false, "print what the kernels of each row are counted to do and took one by one, in Markdown")
	f.Float64Var(&o.card.flops, "tflops", 0, "with -kernels, floors are for a card of `N` TFLOP/s; 0 for what is measured")
	f.Float64Var(&o.card.bytes, "gbs", 0, "with -kernels, floors are for a card that copies `N` GB/s; 0 for what is measured")
	f.StringVar(&o.python, "python", "python3", "Python `program` with PyTorch; empty for none")
	f.StringVar(&o.peers, "peers", filepath.Join("benchmarks", "peers"), "`folder` with cuda.py")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if !(o.card.flops >= 0 && o.card.bytes >= 0) {
		return nil, errors.New("-tflops and -gbs want no less than 0")
	}
	o.card.flops, o.card.bytes = 1e12*o.card.flops, 1e9*o.card.bytes
	if o.shrink < 1 || o.shrink > 16 {
		return nil, fmt.Errorf("-shrink %d: want 1 to 16", o.shrink)
	}
	var err error
	o.only, err = regexp.Compile(*only)
	return o, err
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	d, err := gpu.Open()
	if err != nil {
		return err
	}
	defer d.Close()
	info := d.Info()
	t := &table{out: out, peers: peerTimes(ctx, o, log)}
	t.peak = d.PeakFLOPS()
	if err := d.Err(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, %s\nmultiply-adds from registers: %.2f TFLOP/s\nkernels: %s\n\n", info.Renderer, info.Version, t.peak/1e12, d.Kernels())
	t.head()
	for _, g := range groups(d, o.shrink) {
		if err := g.measure(ctx, d, o, t); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\n%s\n", t.summary(info))
	return d.Err()
}

// peerTimes has PyTorch time its rows, in a process of its own. Without PyTorch or CUDA
// there are none, and log says why.
func peerTimes(ctx context.Context, o *options, log io.Writer) map[string]float64 {
	if o.python == "" {
		return nil
	}
	cmd := exec.CommandContext(ctx, o.python, filepath.Join(o.peers, "cuda.py"), fmt.Sprintf("--shrink=%d", o.shrink), "--only="+o.only.String())
	text, err := cmd.Output()
	times := parsePeer(text)
	if err != nil && len(times) == 0 {
		why := err.Error()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			why = lastLine(exit.Stderr)
		}
		fmt.Fprintf(log, "without PyTorch: %s\n", why)
	}
	return times
}
