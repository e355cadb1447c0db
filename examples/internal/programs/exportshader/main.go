// Package exportshader is the program of examples/exportshader.
package exportshader

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/model"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/shader"
	"github.com/impasto-go/impasto/nn/statedict"
)

// options are what the command line says.
type options struct {
	model, out, in, title string
	half                  bool
}

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	var o options
	flags := cli.NewFlags("-model FILE -out FILE.html|FILE.gd [flags]",
		"Writes a trained network as compute shaders: a page that styles pictures and the webcam in\n"+
			"browsers with WebGPU, or a compositor effect for Godot 4. The file needs nothing else.")
	flags.StringVar(&o.model, "model", "", "the weights `file`: .pth, .safetensors or .onnx")
	flags.StringVar(&o.out, "out", "", "the `file` to make; its name ends in .html or .gd")
	flags.StringVar(&o.in, "in", "", "the `picture` that the page begins with; a drawn one without")
	flags.StringVar(&o.title, "title", "", "the page's `title`; the model's name without")
	flags.BoolVar(&o.half, "half", false, "store the weights as half floats: half the size, off by a level here and there")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	write, ok := map[string]func(options, *arch.Network, statedict.Dict) ([]byte, error){
		".html": page, ".gd": script,
	}[strings.ToLower(filepath.Ext(o.out))]
	switch {
	case o.model == "":
		return cli.Usagef("-model is missing: name a .pth, .safetensors or .onnx file")
	case o.out == "":
		return cli.Usagef("-out is missing: name the .html or .gd file to make")
	case !ok:
		return cli.Usagef("-out %s: the name must end in .html or .gd", o.out)
	}
	if o.title == "" {
		o.title = baseName(o.model)
	}
	weights, err := model.Read(ctx, o.model)
	if err != nil {
		return fmt.Errorf("-model: %w", err)
	}
	net, err := arch.Recognize(weights)
	if err != nil {
		return fmt.Errorf("-model %s: %w", o.model, err)
	}
	text, err := write(o, net, weights)
	if err != nil {
		return err
	}
	err = atomicfile.Write(o.out, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	fmt.Printf("%s: %v, %.0f kB\n", o.out, net, float64(len(text))/1e3)
	return nil
}

// baseName returns a file's name without folder and ending.
func baseName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

// picture returns the picture to begin with.
func (o *options) picture() (*imageio.Image, error) {
	if o.in == "" {
		return paint.Scene(7, 960, 540), nil
	}
	m, err := imageio.Load(o.in, imageio.Options{})
	if err != nil {
		return nil, fmt.Errorf("-in: %w", err)
	}
	return m, nil
}

// program returns the network as shaders, and its weights in base64.
func program(net *arch.Network, d statedict.Dict, half bool) (*shader.Program, string, error) {
	p, err := shader.New(net, d)
	if err != nil {
		return nil, "", err
	}
	bytes := make([]byte, 0, 4*len(p.Weights))
	for _, v := range p.Weights {
		if half && !(v >= -65504 && v <= 65504) {
			return nil, "", fmt.Errorf("-half: the weight %v is beyond 65504, the largest half float", v)
		}
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
	}
	if half {
		bytes = onnx.HalfTensor("", []int64{int64(len(p.Weights))}, p.Weights).Raw
	}
	return p, base64.StdEncoding.EncodeToString(bytes), nil
}
