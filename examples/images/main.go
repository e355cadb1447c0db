// Command images makes the pictures of the README out of a finished run of
// examples/train without arguments: the style and the input, which that program
// drew, and the result.
//
//	go run ./examples/train -out runs/readme
//	go run ./examples/images runs/readme
package main

import (
	"context"
	"path/filepath"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/nn/imageio"
)

func main() { cli.Main(run) }

// height is that of the pictures in the README.
const height = 180

func run(_ context.Context, args []string) error {
	flags := cli.NewFlags("[-out DIR] RUN", "Makes the README's style.png, input.png and result.png from a run of the demo.")
	out := flags.String("out", filepath.Join("examples", "images"), "`folder` for the pictures")
	if err := cli.Parse(flags, args, 1); err != nil {
		return err
	}
	result, err := imageio.Load(filepath.Join(flags.Arg(0), "final.png"), imageio.Options{})
	if err != nil {
		return err
	}
	drawn, err := inputs.OpenPictures(inputs.Choice{ContentScale: 1})
	if err != nil {
		return err
	}
	for name, m := range map[string]*imageio.Image{"style": drawn.Style, "input": drawn.Test, "result": result} {
		small := imageio.Resize(m, m.W*height/m.H, height, imageio.Lanczos)
		if err := imageio.Save(filepath.Join(*out, name+".png"), small, imageio.SaveOptions{}); err != nil {
			return err
		}
	}
	return nil
}
