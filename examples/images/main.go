// Command images makes the pictures of the README out of two finished runs of
// examples/train: the style and the input, which that program drew, the result of the
// first run, and a clip of a moving scene with the style of the second, for which it
// needs ffmpeg.
//
//	go run ./examples/train -out runs/first
//	go run ./examples/train -init runs/first/final.pth -steps 384 -stability 4e4 \
//	  -stability-moves 0.5,0.5 -stability-noise 0.5,4 -stability-noise-weight 1 \
//	  -stability-detail 0 -stability-ramp 0,0.25 -out runs/still
//	go run ./examples/images runs/first runs/still
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os/exec"
	"path/filepath"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
)

func main() { cli.Main(run) }

// Sizes in the README, and of the clip in time.
const (
	height     = 270
	clipWidth  = 480
	clipFrames = 48
	clipRate   = 12 // frames per second
)

func run(ctx context.Context, args []string) error {
	flags := cli.NewFlags("[-out DIR] FIRST STILL", "Makes the README's style.png, input.jpg, result.jpg and clip.webp from two runs of the demo.")
	out := flags.String("out", filepath.Join("examples", "images"), "`folder` for the pictures")
	if err := cli.Parse(flags, args, 2); err != nil {
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
	for name, m := range map[string]*imageio.Image{"style.png": drawn.Style, "input.jpg": drawn.Test, "result.jpg": result} {
		small := imageio.Resize(m, m.W*height/m.H, height, imageio.Lanczos)
		if err := imageio.Save(filepath.Join(*out, name), small, imageio.SaveOptions{}); err != nil {
			return err
		}
	}
	frames, err := styled(filepath.Join(flags.Arg(1), "final.pth"))
	if err != nil {
		return err
	}
	return encode(ctx, filepath.Join(*out, "clip.webp"), frames)
}

// styled returns the pixels of a clip: a camera passes the demo's scene and comes back.
func styled(model string) ([]byte, error) {
	net, err := stylize.Load(model)
	if err != nil {
		return nil, err
	}
	s := net.NewSession()
	defer s.Close()
	var frames []byte
	for i := range clipFrames {
		time := 2 * (1 - math.Cos(2*math.Pi*float64(i)/clipFrames))
		m, err := s.Image(paint.Moving(inputs.TestScene, 2*clipWidth, 2*height, time))
		if err != nil {
			return nil, err
		}
		frames = append(frames, imageio.Resize(m, clipWidth, height, imageio.Lanczos).Pix...)
	}
	return frames, nil
}

// encode writes an animated WebP.
func encode(ctx context.Context, path string, frames []byte) error {
	ffmpeg := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
		"-s", fmt.Sprintf("%dx%d", clipWidth, height), "-r", fmt.Sprint(clipRate), "-i", "-",
		"-c:v", "libwebp_anim", "-q:v", "55", "-compression_level", "6", "-loop", "0", "-f", "webp", "-")
	var clip, told bytes.Buffer
	ffmpeg.Stdin, ffmpeg.Stdout, ffmpeg.Stderr = bytes.NewReader(frames), &clip, &told
	if err := ffmpeg.Run(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, told.Bytes())
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := clip.WriteTo(w)
		return err
	})
}
