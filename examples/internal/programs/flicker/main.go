// Package flicker is the program of examples/flicker.
package flicker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/model"
	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/flicker"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor/backend"
)

// options are what the command line says.
type options struct {
	model, with, in, device    string
	json, heat, video          string
	rows, pictures, clipFrames int
	seed                       uint64
}

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	var o options
	flags := cli.NewFlags("-model FILE [-with FILE] [-in PICTURE|FOLDER|VIDEO] [flags]",
		"Measures how still a style stays: its answer to noise, to shifts and to camera moves; less is\n"+
			"better, but for detail, which a blurred result lacks. go doc nn/flicker explains the figures.")
	flags.StringVar(&o.model, "model", "", "the weights `file`: .pth, .safetensors or .onnx")
	flags.StringVar(&o.with, "with", "", "a second weights `file` to compare with")
	flags.StringVar(&o.in, "in", "", "a picture, a folder of pictures or a video to measure on; drawn scenes without")
	flags.IntVar(&o.rows, "rows", 540, "`pixels` of height to which larger pictures and videos are reduced")
	flags.IntVar(&o.pictures, "pictures", 4, "how `many` pictures of a folder to take, evenly spread")
	flags.IntVar(&o.clipFrames, "frames", 60, "how `many` frames of a video to take")
	flags.StringVar(&o.json, "json", "", "the `file` for the figures")
	flags.StringVar(&o.heat, "heat", "", "the picture `file` for a map of where the first picture's result changes")
	flags.StringVar(&o.video, "video", "", "the video `file` for original, styled and difference side by side")
	flags.StringVar(&o.device, "device", "cpu", "cpu or `gl`, an OpenGL graphics card")
	flags.Uint64Var(&o.seed, "seed", 1, "of the noise")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	switch {
	case o.model == "":
		return cli.Usagef("-model is missing: name a .pth, .safetensors or .onnx file")
	case o.rows < flicker.MinSize:
		return cli.Usagef("-rows %d: want %d or more", o.rows, flicker.MinSize)
	case o.pictures < 1:
		return cli.Usagef("-pictures %d: want 1 or more", o.pictures)
	case o.clipFrames < 2:
		return cli.Usagef("-frames %d: want 2 or more", o.clipFrames)
	case o.video != "" && !movie.Is(o.video):
		return cli.Usagef("-video %s: the name must have a video's ending, such as .mp4", o.video)
	case o.heat != "" && imageio.CanSave(o.heat) != nil:
		return cli.Usagef("-heat: %w", imageio.CanSave(o.heat))
	case o.heat != "" && movie.Is(o.in):
		return cli.Usagef("-heat is for pictures, and -in %s is a video", o.in)
	}
	return o.measure(ctx)
}

// style is a network under test.
type style struct {
	Model  string              `json:"model"`
	Report *flicker.Report     `json:"pictures,omitempty"`
	Clip   *flicker.ClipReport `json:"clip,omitempty"`

	net *nn.Network
	run flicker.Network
}

func (o *options) measure(ctx context.Context) (err error) {
	be, err := inputs.Device(o.device, -1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, be.Close()) }()
	var styles []*style
	for _, f := range []struct{ flag, path string }{{"-model", o.model}, {"-with", o.with}} {
		if f.path == "" {
			continue
		}
		s, err := open(ctx, be, f.path)
		if err != nil {
			return fmt.Errorf("%s: %w", f.flag, err)
		}
		defer s.net.Free()
		styles = append(styles, s)
	}
	if movie.Is(o.in) {
		err = o.clip(ctx, styles)
	} else {
		err = o.stills(ctx, styles)
	}
	if err != nil {
		return err
	}
	if err := print(os.Stdout, styles); err != nil {
		return err
	}
	if o.json == "" {
		return nil
	}
	err = atomicfile.Write(o.json, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(styles)
	})
	if err != nil {
		return fmt.Errorf("-json: %w", err)
	}
	return nil
}

func open(ctx context.Context, be backend.Backend, path string) (*style, error) {
	d, err := model.Read(ctx, path)
	if err != nil {
		return nil, err
	}
	net, err := nn.NewNetworkFrom(be, d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	net.Freeze()
	return &style{Model: path, net: net, run: func(x []float32, h, w int) ([]float32, error) {
		return net.Evaluate(be, x, h, w)
	}}, nil
}

// stills measures on pictures.
func (o *options) stills(ctx context.Context, styles []*style) error {
	pictures, err := o.load()
	if err != nil {
		return err
	}
	for _, s := range styles {
		s.Report, err = flicker.Measure(ctx, s.run, pictures, flicker.Options{
			Multiple: s.net.Arch().Multiple(), Seed: o.seed, Heat: o.heat != "",
		})
		if err != nil {
			return err
		}
	}
	if o.heat != "" {
		if err := imageio.Save(o.heat, heatMap(styles), imageio.SaveOptions{}); err != nil {
			return fmt.Errorf("-heat: %w", err)
		}
	}
	if o.video == "" {
		return nil
	}
	v, err := newVideo(o.video, styles)
	if err != nil {
		return err
	}
	defer v.clean()
	for t := range o.clipFrames {
		// There and back, so that the video can run in a loop.
		at := float64(min(t, o.clipFrames-t))
		if err := v.add(ctx, flicker.Render(pictures[0], "parallax", at/8)); err != nil {
			return err
		}
	}
	return v.finish(ctx, big.NewRat(30, 1))
}

// load reads the pictures and reduces large ones.
func (o *options) load() ([]*imageio.Image, error) {
	if o.in == "" {
		return []*imageio.Image{paint.Scene(7, 640, 360), paint.Scene(8, 640, 360)}, nil
	}
	paths := []string{o.in}
	info, err := os.Stat(o.in)
	if err != nil {
		return nil, fmt.Errorf("-in: %w", err)
	}
	if info.IsDir() {
		if paths, err = pictureFiles(o.in); err != nil {
			return nil, fmt.Errorf("-in: %w", err)
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("-in %s: there are no pictures in it", o.in)
		}
		if n := len(paths); n > o.pictures {
			for i := range o.pictures {
				paths[i] = paths[i*n/o.pictures]
			}
			paths = paths[:o.pictures]
		}
	}
	var pictures []*imageio.Image
	for _, p := range paths {
		m, err := imageio.Load(p, imageio.Options{})
		if err != nil {
			return nil, fmt.Errorf("-in: %w", err)
		}
		pictures = append(pictures, o.reduce(m))
	}
	return pictures, nil
}

func (o *options) reduce(m *imageio.Image) *imageio.Image {
	if m.H <= o.rows {
		return m
	}
	return imageio.Resize(m, max(1, m.W*o.rows/m.H), o.rows, imageio.Lanczos)
}

// pictureFiles returns the pictures right in a folder, by name.
func pictureFiles(dir string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); !e.IsDir() && imageio.CanSave(path) == nil {
			paths = append(paths, path)
		}
	}
	return paths, nil
}
