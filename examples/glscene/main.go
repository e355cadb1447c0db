// Command glscene shows style transfer inside a game's frame: it draws a moving
// scene with plain OpenGL into a framebuffer, stylizes the framebuffer's texture
// in place, saves frames, and sums up the frame times. It needs no window.
//
//	go run -tags gl ./examples/glscene -model final.pth -out frames
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
)

func main() { cli.Main(run) }

// settings are what the command line says.
type settings struct {
	width, height, frames, every int
	out                          string
}

func run(ctx context.Context, args []string) error {
	flags := cli.NewFlags("-model FILE [-out DIR] [-frames N] [-width N] [-height N] [-every N]",
		"Stylizes a moving OpenGL scene frame by frame, without a window.")
	model := flags.String("model", "", "the network's weights, a .pth or .safetensors `file`")
	var s settings
	flags.StringVar(&s.out, "out", "", "save frames in this `directory`, made if it is missing; without it nothing is saved")
	flags.IntVar(&s.frames, "frames", 60, "draw `N` frames")
	flags.IntVar(&s.width, "width", 320, "the frame's width in pixels")
	flags.IntVar(&s.height, "height", 180, "the frame's height in pixels")
	flags.IntVar(&s.every, "every", 10, "save every `N`th frame")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	switch {
	case *model == "":
		return cli.Usagef("-model is missing: name a file with a network's weights")
	case s.frames < 1 || s.every < 1:
		return cli.Usagef("-frames and -every must be at least 1")
	case s.width < 1 || s.height < 1 || s.width > 16384 || s.height > 16384:
		return cli.Usagef("-width and -height must be 1 to 16384")
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
	return play(ctx, s, dict)
}

// play is the game: see game_gl.go.
var _ func(context.Context, settings, statedict.Dict) error = play

// save writes RGBA pixels, whose first row is the bottom, as frame number n.
func (s settings) save(n int, pixels []byte) error {
	m := imageio.New(s.width, s.height)
	for y := range s.height {
		row := pixels[4*s.width*(s.height-1-y):]
		for x := range s.width {
			copy(m.Pix[3*(y*s.width+x):][:3], row[4*x:])
		}
	}
	return imageio.Save(filepath.Join(s.out, fmt.Sprintf("%05d.png", n)), m, imageio.SaveOptions{})
}
