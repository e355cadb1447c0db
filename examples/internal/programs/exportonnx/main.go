// Package exportonnx is the program of examples/exportonnx.
package exportonnx

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/model"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/impasto-go/impasto/tensor"
)

// settings is the command line.
type settings struct {
	in, out, modelRange string
	options             onnxexport.Options
}

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	return s.export(ctx)
}

// parse reads the command line.
func parse(args []string) (*settings, error) {
	flags := cli.NewFlags("-model FILE -out FILE.onnx [flags]",
		"Writes a trained network as an ONNX file. Before the file appears, it is read back, checked\n"+
			"against the profile's rules and compared with the network on test frames.")
	s := &settings{}
	o := &s.options
	flags.StringVar(&s.in, "model", "", "the weights `file`: .pth, .safetensors or .onnx")
	flags.StringVar(&s.modelRange, "model-range", "", "`0..1 or 0..255`: what an .onnx file given with -model takes and returns, if nothing in it tells")
	flags.StringVar(&s.out, "out", "", "the `file` to make; its name ends in .onnx")
	profile := flags.String("profile", "barracuda", "what is to read it: `"+strings.Join(onnxexport.Profiles(), ", ")+"`")
	flags.IntVar(&o.Width, "width", 0, "frame width in `pixels`, a multiple of 4; by default 960, or symbolic for sentis and onnxruntime")
	flags.IntVar(&o.Height, "height", 0, "frame height in `pixels`, a multiple of 4; by default 540, or symbolic for sentis and onnxruntime")
	flags.BoolVar(&o.Symbolic, "symbolic", false, "leave height and width open, for barracuda and sentis")
	flags.BoolVar(&o.AnySize, "any-size", false, "take frames whose sides are no multiples of 4: pad and crop inside the graph")
	batch := flags.String("batch", "1", "how many frames the graph takes at once: a `number or symbolic`")
	flags.Int64Var(&o.Opset, "opset", 0, "`version` of the operators; by default the profile's")
	precision := flags.String("fp16", "", "`weights or all`: store weights in half precision, or compute in it too")
	values := flags.String("range", onnx.UnitRange, "`range` of input and output: 0..1, or 0..255 with the very weights that were trained")
	unit := flags.Bool("unit-range", false, "as -range 0..1, which is the default")
	flags.BoolVar(&o.Compat, "compat", false, "reproduce the tutorial's file, node by node; it is portrait, 540x960, unless sizes are given")
	flags.StringVar(&o.Style, "style", "", "`name` of the style, for the file's metadata")
	if err := cli.Parse(flags, args, 0); err != nil {
		return nil, err
	}
	switch {
	case s.in == "":
		return nil, cli.Usagef("-model is missing: name a .pth, .safetensors or .onnx file")
	case s.out == "":
		return nil, cli.Usagef("-out is missing: name the .onnx file to make")
	case !strings.EqualFold(filepath.Ext(s.out), ".onnx"):
		return nil, cli.Usagef("-out %s: the name must end in .onnx", s.out)
	case same(s.in, s.out):
		return nil, cli.Usagef("-out %s is -model itself, which would be overwritten: name another", s.out)
	case s.modelRange != "" && s.modelRange != onnx.UnitRange && s.modelRange != onnx.ByteRange:
		return nil, cli.Usagef("-model-range %s: want %s or %s", s.modelRange, onnx.UnitRange, onnx.ByteRange)
	case *values != onnx.UnitRange && *values != onnx.ByteRange:
		return nil, cli.Usagef("-range %s: want %s or %s", *values, onnx.UnitRange, onnx.ByteRange)
	case *unit && (*values == onnx.ByteRange || o.Compat):
		return nil, cli.Usagef("-unit-range excludes -range 0..255 and -compat")
	case o.Compat && flags.Given("range") && *values == onnx.UnitRange:
		return nil, cli.Usagef("-compat reproduces a given file of 0..255: it excludes -range 0..1")
	}
	o.Bytes = *values == onnx.ByteRange
	if err := sizes(flags, o); err != nil {
		return nil, err
	}
	var err error
	if o.Profile, err = onnxexport.ParseProfile(*profile); err != nil {
		return nil, cli.Usagef("-profile %s: want one of %s", *profile, strings.Join(onnxexport.Profiles(), ", "))
	}
	if o.Profile == onnxexport.ONNXRuntime && o.Width > 0 {
		return nil, cli.Usagef("-profile %s takes frames of any size: leave -width and -height out, or choose -profile static for %dx%d alone", *profile, o.Width, o.Height)
	}
	if *profile == "runtime" {
		cli.Note("-profile runtime is called onnxruntime now; Unity's Sentis has a profile of its own, sentis")
	}
	if o.Precision, err = onnxexport.ParsePrecision(*precision); err != nil {
		return nil, cli.Usagef("-fp16 %s: want weights or all", *precision)
	}
	if *batch == "symbolic" {
		o.Batch = onnxexport.AnyBatch
	} else if n, err := fmt.Sscan(*batch, &o.Batch); n != 1 || err != nil || o.Batch < 1 {
		return nil, cli.Usagef("-batch %s: want a number from 1, or symbolic", *batch)
	}
	return s, nil
}

// sizes fills in the side of a frame that is not given.
func sizes(flags *cli.Flags, o *onnxexport.Options) error {
	w, h := flags.Given("width"), flags.Given("height")
	if w && o.Width < 1 || h && o.Height < 1 {
		return cli.Usagef("-width %d -height %d: want sizes in pixels", o.Width, o.Height)
	}
	width, height := 960, 540
	if o.Compat {
		width, height = 540, 960
	}
	switch {
	case w && !h:
		o.Height = height
	case h && !w:
		o.Width = width
	}
	return nil
}

func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// weights reads the model.
func (s *settings) weights(ctx context.Context) (statedict.Dict, error) {
	if s.modelRange == "" {
		return model.Read(ctx, s.in)
	}
	m, err := onnx.ReadFile(s.in)
	if err != nil {
		return nil, err
	}
	n, err := m.Network()
	if errors.Is(err, onnx.ErrRange) {
		m.SetProperty(onnx.KeyRange, s.modelRange)
		n, err = m.Network()
	}
	if err != nil {
		return nil, err
	}
	if said := fmt.Sprintf("%v..%v", n.Input.Low, n.Input.High); said != s.modelRange {
		return nil, cli.Usagef("-model-range %s: %s takes values of %s, as can be seen from it: leave the flag out", s.modelRange, s.in, said)
	}
	for _, note := range n.Notes {
		cli.Note(s.in + ": " + note)
	}
	return n.Weights, nil
}

// export writes the ONNX file.
func (s *settings) export(ctx context.Context) (err error) {
	weights, err := s.weights(ctx)
	if err != nil {
		return fmt.Errorf("-model: %w", err)
	}
	be := tensor.CPU()
	defer func() { err = errors.Join(err, be.Close()) }()
	net, err := nn.NewNetworkFrom(be, weights)
	if err != nil {
		return fmt.Errorf("-model %s: %w", s.in, err)
	}
	net.Freeze()
	s.options.Forward = func(x []float32, h, w int) ([]float32, error) { return net.Evaluate(be, x, h, w) }
	err = onnxexport.WriteFile(s.out, weights, s.options)
	if option := (*onnxexport.OptionError)(nil); errors.As(err, &option) {
		return cli.Usagef("%s: %s", flagOf[option.Option], option.Reason)
	}
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	info, err := os.Stat(s.out)
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	fmt.Printf("%s: profile %v, %s, values %s, %v, %d parameters, %.0f kB\n",
		s.out, s.options.Profile, frames(s.options), valueRange(s.options), net.Arch(), net.NumParams(), float64(info.Size())/1e3)
	return nil
}

// flagOf names the flags of the options that are checked when the weights are known.
var flagOf = map[string]string{
	"Width": "-width", "Height": "-height", "Symbolic": "-symbolic", "AnySize": "-any-size", "Batch": "-batch",
	"Opset": "-opset", "Precision": "-fp16", "Compat": "-compat", "Style": "-style",
}

// frames says which sizes the file takes.
func frames(o onnxexport.Options) string {
	switch {
	case o.Width > 0:
		return fmt.Sprintf("frames of %dx%d", o.Width, o.Height)
	case o.Symbolic || o.Profile == onnxexport.Sentis || o.Profile == onnxexport.ONNXRuntime:
		if o.AnySize {
			return "frames of any size"
		}
		return "frames of any size in multiples of 4"
	case o.Compat:
		return "frames of 540x960"
	}
	return "frames of 960x540"
}

func valueRange(o onnxexport.Options) string {
	if o.Bytes || o.Compat {
		return onnx.ByteRange
	}
	return onnx.UnitRange
}
