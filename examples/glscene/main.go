// Command glscene shows style transfer inside a game's frame loop: it draws a scene
// with a moving camera, stylizes each frame in several ways (plain; accumulated along
// the motion; with the network in every 4th frame; spread over 4 frames), and prints
// what the ways take and how much they flicker. It needs no window.
//
//	go run -tags gl ./examples/glscene -model final.pth -out frames
//	go run ./examples/glscene -device cpu -model final.pth
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/impasto-go/impasto/examples/glscene/internal/scene"
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
)

func main() { cli.Main(run) }

// settings are what the command line says.
type settings struct {
	width, height, frames, every int
	keep                         float64
	device, out                  string
}

// game draws and styles a scene, on the graphics card or on the CPU.
type game interface {
	// draw draws a frame.
	draw(w *scene.World)
	// style styles it in one of the ways, and returns once that is done.
	style(way int) error
	// read returns what was drawn, and its pixels in all ways.
	read() (f *scene.Frame, styled [][]uint8)
	// cut says that the next frame shows another scene.
	cut()
}

func run(ctx context.Context, args []string) error {
	flags := cli.NewFlags("-model FILE [-device gl|cpu] [-out DIR] [-frames N] [-width N] [-height N] [-keep F]",
		"Stylizes a scene with a moving camera frame by frame, without a window, and compares ways to keep\n"+
			"the style still: what frames take, and the warping error along the scene's exact motion.")
	model := flags.String("model", "", "the network's weights, a .pth or .safetensors `file`")
	var s settings
	flags.StringVar(&s.device, "device", "gl", "`gl`, or cpu, for which the scene is drawn in Go")
	flags.StringVar(&s.out, "out", "", "save frames in this `directory`, made if it is missing: the scene and all ways side by side")
	flags.IntVar(&s.frames, "frames", 61, "draw `N` frames")
	flags.IntVar(&s.width, "width", 320, "the frame's width in pixels")
	flags.IntVar(&s.height, "height", 180, "the frame's height in pixels")
	flags.IntVar(&s.every, "every", 10, "save every `N`th frame")
	flags.Float64Var(&s.keep, "keep", 0.9, "how much of the last picture stays, 0 to less than 1")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	switch {
	case *model == "":
		return cli.Usagef("-model is missing: name a file with a network's weights")
	case s.device != "gl" && s.device != "cpu":
		return cli.Usagef("-device %s: want gl or cpu", s.device)
	case s.frames < 1 || s.every < 1:
		return cli.Usagef("-frames and -every must be at least 1")
	case s.width < 1 || s.height < 1 || s.width > 16384 || s.height > 16384:
		return cli.Usagef("-width and -height must be 1 to 16384")
	case !(s.keep >= 0 && s.keep < 1):
		return cli.Usagef("-keep must be 0 to less than 1")
	}
	dict, err := weights.ReadFile(*model)
	if err != nil {
		return err
	}
	if s.out != "" {
		if err := os.MkdirAll(s.out, 0o777); err != nil {
			return err
		}
	}
	if s.device == "cpu" {
		return s.onCPU(dict, func(g game, name string) error { return s.play(ctx, g, name) })
	}
	return s.onGL(dict, func(g game, name string) error { return s.play(ctx, g, name) })
}

// onGL opens a graphics card for play: see game_gl.go.
var _ func(settings, statedict.Dict, func(g game, name string) error) error = settings.onGL

// play draws all frames, each in all ways, which take turns in going first.
func (s settings) play(ctx context.Context, g game, name string) error {
	ways := scene.Ways(float32(s.keep))
	contest := scene.NewContest(ways)
	for n := range s.frames {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		world := scene.At(n, 0, float64(s.width)/float64(s.height))
		start := time.Now()
		g.draw(world)
		contest.Drawn(time.Since(start))
		for i := range ways {
			way := (i + n) % len(ways)
			start := time.Now()
			if err := g.style(way); err != nil {
				return err
			}
			contest.Took(way, time.Since(start))
		}
		f, styled := g.read()
		contest.Shown(f, styled)
		if s.out != "" && n%s.every == 0 {
			if err := s.save(n, append([][]uint8{f.Color}, styled...)); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%s, %dx%d, %d frames\n%s", name, s.width, s.height, s.frames, contest.Table())
	return nil
}

// save writes RGBA pictures side by side as frame number n.
func (s settings) save(n int, pictures [][]uint8) error {
	m := imageio.New(s.width*len(pictures), s.height)
	for i, p := range pictures {
		for at := range s.width * s.height {
			copy(m.Pix[3*(at/s.width*m.W+i*s.width+at%s.width):][:3], p[4*at:])
		}
	}
	return imageio.Save(filepath.Join(s.out, fmt.Sprintf("%05d.png", n)), m, imageio.SaveOptions{})
}
