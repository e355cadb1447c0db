// Package stylize is the program of examples/stylize.
package stylize

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/memory"
	"github.com/impasto-go/impasto/examples/internal/model"
	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
)

// settings are the flags.
type settings struct {
	model, in, out string
	scale          float64
	device         string
	strength       float64
	keepColor      bool
	half           bool
	mask           string
	round          bool
	every          int
	colors         string
	memory         int
	pictureMemory  int
}

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	flags := cli.NewFlags("-model FILE -in FILE|DIR -out FILE|DIR [flags]",
		"Applies a trained style to a picture, to the pictures in a folder and below it, or to a\n"+
			"video (with ffmpeg 5.1 or later; sound, subtitles, chapters and metadata come along where\n"+
			"-out can hold them). The ending of -out tells which: .png, .jpg, .bmp\n"+
			"and .tiff are pictures; .mp4, .mkv, .mov, .webm, .avi, .m4v and .gif are videos.")
	var c settings
	flags.StringVar(&c.model, "model", "", "the weights `file`: .pth, .safetensors or .onnx")
	flags.StringVar(&c.in, "in", "", "a picture or video `file`, or a folder of pictures")
	flags.StringVar(&c.out, "out", "", "the `file` or folder to make")
	flags.Float64Var(&c.scale, "scale", 1, "divide width and height by this first; larger `factor`s make coarser strokes")
	flags.StringVar(&c.device, "device", "cpu", "compute on `cpu or gl` (OpenGL 4.3)")
	flags.BoolVar(&c.half, "half", false, "with -device gl, keep activations in 16 bits: half the memory to move, and colors that differ by a few steps of 255")
	flags.Float64Var(&c.strength, "strength", 1, "how much of the style to apply, from 0 to 1")
	flags.BoolVar(&c.keepColor, "keep-color", false, "keep the colors and take only the brightness from the styled picture")
	flags.StringVar(&c.mask, "mask", "", "a picture `file`: apply the style where it is white, not where it is black")
	flags.BoolVar(&c.round, "round", false, "round colors to the nearest instead of downwards")
	flags.IntVar(&c.every, "every", 1, "of a video, style every `N`th frame and show it until the next")
	flags.StringVar(&c.colors, "colors", "common", "of a video: `common, deep, hdr or full`: 4:2:0 in 8 bits, as every player shows it; in 10 bits; in 10 bits and the high dynamic range of the source; or 4:4:4")
	flags.IntVar(&c.memory, "memory", stylize.DefaultMemory>>20, "`MiB` for the network's activations, at most half of what is free; larger pictures are done in tiles, without seams")
	flags.IntVar(&c.pictureMemory, "max-picture-memory", imageio.DefaultMaxMemory>>20, "`MiB` for reading pictures, all that are read at the same time together; one that takes more is left out")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	return c.run(ctx)
}

// check looks at the flags before any work is done.
func (c *settings) check() error {
	switch {
	case c.model == "":
		return cli.Usagef("-model is missing: name a .pth, .safetensors or .onnx file")
	case c.in == "":
		return cli.Usagef("-in is missing: name a picture, a video or a folder")
	case c.out == "":
		return cli.Usagef("-out is missing: name the file or folder to make")
	case !(c.scale > 0 && c.scale <= 1000):
		return cli.Usagef("-scale %v: want more than 0, at most 1000", c.scale)
	case c.device != "cpu" && c.device != "gl":
		return cli.Usagef("-device %s: want cpu or gl", c.device)
	case c.half && c.device != "gl":
		return cli.Usagef("-half: want -device gl with it")
	case !(c.strength >= 0 && c.strength <= 1):
		return cli.Usagef("-strength %v: want 0 to 1", c.strength)
	case c.every < 1:
		return cli.Usagef("-every %d: want 1 or more", c.every)
	case !slices.Contains([]string{"common", "deep", "hdr", "full"}, c.colors):
		return cli.Usagef("-colors %s: want common, deep, hdr or full", c.colors)
	case c.pictureMemory < 1 || c.pictureMemory > 1<<24:
		return cli.Usagef("-max-picture-memory %d: want 1 to %d MiB", c.pictureMemory, 1<<24)
	case c.memory < 1 || c.memory > 1<<24:
		return cli.Usagef("-memory %d: want 1 to %d MiB", c.memory, 1<<24)
	}
	in, err := os.Stat(c.in)
	if err != nil {
		return fmt.Errorf("-in: %w", err)
	}
	if !in.IsDir() && !movie.Is(c.out) {
		if movie.Is(c.in) && !strings.EqualFold(filepath.Ext(c.in), ".gif") {
			return cli.Usagef("-out %s: -in is a video, so want a name that ends in %s", c.out, strings.Join(movie.Extensions, ", "))
		}
		if imageio.CanSave(c.out) != nil {
			return cli.Usagef("-out %s: want a name that ends in .png, .jpg, .bmp or .tiff for a picture, or in %s for a video", c.out, strings.Join(movie.Extensions, ", "))
		}
	}
	if out, err := os.Stat(c.out); err == nil && os.SameFile(in, out) {
		return cli.Usagef("-out %s is -in itself, which would be overwritten: name another", c.out)
	}
	return nil
}

func (c *settings) run(ctx context.Context) (err error) {
	weights, err := model.Read(ctx, c.model)
	if err != nil {
		return fmt.Errorf("-model: %w", err)
	}
	m, err := stylize.New(weights)
	if err != nil {
		return fmt.Errorf("-model %s: %w", c.model, err)
	}
	w := &workshop{settings: *c, model: m, budget: imageio.NewBudget(int64(c.pictureMemory) << 20)}
	if c.mask != "" {
		if w.mask, err = imageio.Load(c.mask, w.options()); err != nil {
			return fmt.Errorf("-mask: %w", err)
		}
		w.budget.Release(w.mask)
	}
	if c.device == "gl" {
		device, err := gpu.Open()
		if err != nil {
			return fmt.Errorf("-device gl: %w", err)
		}
		defer func() { err = errors.Join(err, device.Close()) }()
		device.Half(c.half)
		w.device = device
	}
	info, err := os.Stat(c.in)
	switch {
	case err != nil:
		return fmt.Errorf("-in: %w", err)
	case info.IsDir():
		return w.folder(ctx)
	case movie.Is(c.out):
		return w.video(ctx)
	}
	return w.single(ctx)
}

// workshop makes sessions with the settings of the command line.
type workshop struct {
	settings
	model  *stylize.Model
	mask   *imageio.Image
	budget *imageio.Budget // of pictures being read
	device *gpu.Device     // nil for the CPU
}

// session returns one of n sessions that work at the same time.
func (w *workshop) session(n int) (*stylize.Session, error) {
	budget := int64(w.memory) << 20
	if free, ok := memory.Free(); ok {
		budget = min(budget, free/2)
	}
	options := []stylize.Option{
		stylize.Memory(max(budget/int64(n), 1)),
		stylize.Threads(max(1, runtime.GOMAXPROCS(0)/n)),
	}
	if w.device != nil {
		options = append(options, stylize.On(w.device))
	}
	s := w.model.NewSession(options...)
	s.Strength, s.KeepColor = float32(w.strength), w.keepColor
	if w.round {
		s.Rounding = imageio.Round
	}
	return s, s.SetMask(w.mask)
}
