// Package gpuinfo is the program of examples/gpuinfo.
package gpuinfo

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/selftest"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// Run is the program, with the arguments of its command line.
func Run(_ context.Context, args []string) error {
	flags := cli.NewFlags("[-size N] [-time D] [-quick]",
		"Describes the OpenGL device, tests every operation on it against the CPU, and measures it.")
	size := flags.Int("size", 256, "measure with images of `N`xN pixels")
	budget := flags.Duration("time", 200*time.Millisecond, "measure each operation for about `D`")
	quick := flags.Bool("quick", false, "test, but do not measure")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	if *size < 16 || *size > 4096 {
		return cli.Usagef("-size %d: want 16 to 4096", *size)
	}
	dev, err := gpu.Open()
	if err != nil {
		return err
	}
	defer dev.Close()
	describe(os.Stdout, dev.Info())
	if err := test(os.Stdout, dev); err != nil || *quick {
		return err
	}
	return bench(os.Stdout, dev, *size, *budget)
}

func describe(out io.Writer, info gpu.Info) {
	fmt.Fprintf(out, "renderer  %s\nvendor    %s\nversion   %s\ncontext   EGL, %s platform\n",
		printable.Line(info.Renderer), printable.Line(info.Vendor), printable.Line(info.Version), info.Platform)
	fmt.Fprintf(out, "limits    %d MiB of a buffer per shader, %d work groups per axis, textures up to %d pixels\n\n",
		info.MaxBlock>>20, info.MaxGroups, info.MaxTextureSize)
}

// test compares with package reference, which computes in float64.
func test(out io.Writer, dev backend.Backend) error {
	results, err := selftest.Run(dev, reference.New(), backend.Shape{2, 19, 20, 22})
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range results {
		verdict := "ok"
		if !r.OK() {
			verdict = "WRONG"
			failed++
		}
		fmt.Fprintf(out, "%-48s %-14s error %.1e  %s\n", r.Op, r.Out, r.Err, verdict)
	}
	fmt.Fprintf(out, "\n%d of %d operations are within %.0e of the CPU\n\n", len(results)-failed, len(results), selftest.Tolerance)
	if failed > 0 {
		return fmt.Errorf("%d operation(s) are wrong on this device: update its driver, or train and stylize on the CPU", failed)
	}
	return nil
}
