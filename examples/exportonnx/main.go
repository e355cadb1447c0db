// Command exportonnx turns a trained style into an ONNX file for game engines and
// other runtimes.
//
//	exportonnx -model final.pth -out final.onnx
//	exportonnx -model final.pth -out final.onnx -profile runtime -unit-range
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/model"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/impasto-go/impasto/tensor"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string) error {
	flags := cli.NewFlags("-model FILE -out FILE.onnx [flags]",
		"Writes a trained network as an ONNX file. Before the file appears, it is read back, checked\n"+
			"against the profile's rules and compared with the network on test frames.")
	in := flags.String("model", "", "the weights `file`: .pth, .safetensors or .onnx")
	out := flags.String("out", "", "the `file` to make; its name ends in .onnx")
	profile := flags.String("profile", "barracuda", "what is to read it: `barracuda` (opset 9, a fixed frame size) or runtime (ONNX Runtime, Sentis: opset 15, any frame size)")
	width := flags.Int("width", 960, "frame width in `pixels` for barracuda, a multiple of 4")
	height := flags.Int("height", 540, "frame height in `pixels` for barracuda, a multiple of 4")
	unitRange := flags.Bool("unit-range", false, "take and return colours from 0 to 1 instead of 0 to 255")
	compat := flags.Bool("compat", false, "reproduce the tutorial's file, node by node; it is portrait, 540x960, unless sizes are given")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	o := onnxexport.Options{Width: *width, Height: *height, UnitRange: *unitRange, Compat: *compat}
	sized := !*compat || given(flags, "width") || given(flags, "height")
	if !sized {
		o.Width, o.Height = 0, 0 // the tutorial's
	}
	var err error
	if o.Profile, err = onnxexport.ParseProfile(*profile); err != nil {
		return cli.Usagef("-profile %s: want barracuda or runtime", *profile)
	}
	switch {
	case *in == "":
		return cli.Usagef("-model is missing: name a .pth, .safetensors or .onnx file")
	case *out == "":
		return cli.Usagef("-out is missing: name the .onnx file to make")
	case !strings.EqualFold(filepath.Ext(*out), ".onnx"):
		return cli.Usagef("-out %s: the name must end in .onnx", *out)
	case *compat && (*unitRange || o.Profile != onnxexport.Barracuda):
		return cli.Usagef("-compat reproduces a given file: it excludes -unit-range and -profile %s", onnxexport.Runtime)
	}
	if sized && o.Profile == onnxexport.Barracuda {
		if err := onnxexport.CheckSize(o.Width, o.Height); err != nil {
			return cli.Usagef("-width %d -height %d: %w", o.Width, o.Height, err)
		}
	}
	if same(*in, *out) {
		return cli.Usagef("-out %s is -model itself, which would be overwritten: name another", *out)
	}
	return export(ctx, *in, *out, o)
}

// given reports whether the command line sets a flag.
func given(flags *flag.FlagSet, name string) (found bool) {
	flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// export writes the weights in the file in as the ONNX file out.
func export(ctx context.Context, in, out string, o onnxexport.Options) (err error) {
	weights, err := model.Read(ctx, in)
	if err != nil {
		return fmt.Errorf("-model: %w", err)
	}
	be := tensor.CPU()
	defer func() { err = errors.Join(err, be.Close()) }()
	net, err := nn.NewNetworkFrom(be, weights)
	if err != nil {
		return fmt.Errorf("-model %s: %w", in, err)
	}
	net.Freeze()
	tp := tensor.NewTape(be)
	o.Forward = func(x []float32, h, w int) ([]float32, error) {
		defer tp.Reset()
		frame := tensor.FromSlice(be, tensor.Shape{1, 3, h, w}, x)
		defer frame.Free()
		return net.Forward(tp, frame).Values(), be.Sync()
	}
	if err := onnxexport.WriteFile(out, weights, o); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	info, err := os.Stat(out)
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	fmt.Printf("%s: profile %v, %v, %d parameters, %.0f kB\n",
		out, o.Profile, net.Arch(), net.NumParams(), float64(info.Size())/1e3)
	return nil
}
