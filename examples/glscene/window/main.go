// Command window shows glscene's moving scene in a window, in a style or without:
//
//	go run -tags gl . -model final.pth
//
// Each frame is styled in place, in the window's own OpenGL context. The keys 1 to 4
// choose a way to keep the style still, space turns the style off, C cuts to another
// camera, and escape closes the window and prints the frame times.
package main

import (
	"context"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
)

func main() { cli.Main(run) }

// settings are what the command line says.
type settings struct{ width, height, frames int }

func run(ctx context.Context, args []string) error {
	flags := cli.NewFlags("-model FILE [-width N] [-height N] [-frames N]",
		"Shows a moving OpenGL scene in a style. Keys: 1 plain, 2 accumulated, 3 every 4th frame, 4 spread over 4;\n"+
			"space turns it off, C cuts to another camera, escape ends.")
	model := flags.String("model", "", "the network's weights, a .pth or .safetensors `file`")
	var s settings
	flags.IntVar(&s.width, "width", 320, "the styled frame's width in pixels; the window is twice as wide and can be resized")
	flags.IntVar(&s.height, "height", 180, "the styled frame's height in pixels")
	flags.IntVar(&s.frames, "frames", 0, "close the window after `N` frames; 0 means never")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	switch {
	case *model == "":
		return cli.Usagef("-model is missing: name a file with a network's weights")
	case s.frames < 0:
		return cli.Usagef("-frames must not be negative")
	case s.width < 1 || s.height < 1 || s.width > 8192 || s.height > 8192:
		return cli.Usagef("-width and -height must be 1 to 8192")
	}
	dict, err := weights.ReadFile(*model)
	if err != nil {
		return err
	}
	return play(ctx, s, dict)
}

// play is the game: see game_gl.go.
var _ func(context.Context, settings, statedict.Dict) error = play
