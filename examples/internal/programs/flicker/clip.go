package flicker

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"

	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/flicker"
	"github.com/impasto-go/impasto/nn/imageio"
)

// clip measures on the frames of a video.
func (o *options) clip(ctx context.Context, styles []*style) error {
	info, err := movie.Probe(ctx, o.in)
	if err != nil {
		return fmt.Errorf("-in: %w", err)
	}
	multiple := 1
	for _, s := range styles {
		multiple = max(multiple, s.net.Arch().Multiple())
	}
	height := min(info.Height, o.rows) / multiple * multiple
	width := info.Width * height / info.Height / multiple * multiple
	for _, s := range styles {
		if err := s.net.Arch().CheckSize(width, height); err != nil {
			return fmt.Errorf("-in %s: %w", o.in, err)
		}
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	reader, err := info.Open(running, width, height)
	if err != nil {
		return err
	}
	defer reader.Close()
	defer stop()
	var v *video
	if o.video != "" {
		if v, err = newVideo(o.video, styles); err != nil {
			return err
		}
		defer v.clean()
	}
	clips := make([]*flicker.Clip, len(styles))
	for i, s := range styles {
		clips[i] = flicker.NewClip(s.run, height, width)
	}
	rgba := make([]byte, 4*width*height)
	m := imageio.New(width, height)
	x := make([]float32, 3*width*height)
	var first, last *big.Rat
	n := 0
	for ; n < o.clipFrames; n++ {
		shown, err := reader.Next(rgba)
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("-in %s: %w", o.in, err)
		}
		if first == nil {
			first = shown.Time
		}
		last = shown.Time
		for i := range width * height {
			copy(m.Pix[3*i:3*i+3], rgba[4*i:])
		}
		imageio.ToFloats(x, m)
		styled := make([][]float32, len(styles))
		for i, c := range clips {
			if styled[i], err = c.Add(ctx, x); err != nil {
				return err
			}
		}
		if v != nil {
			if err := v.row(x, styled, width, height); err != nil {
				return err
			}
		}
	}
	for i, s := range styles {
		r, err := clips[i].Report()
		if err != nil {
			return fmt.Errorf("-in %s: %w", o.in, err)
		}
		s.Clip = &r
	}
	if v == nil {
		return nil
	}
	rate := big.NewRat(30, 1)
	if first != nil && last != nil && last.Cmp(first) > 0 {
		rate.Quo(big.NewRat(int64(n-1), 1), new(big.Rat).Sub(last, first))
	}
	return v.finish(ctx, rate)
}

// video collects frames of original, styled pictures and differences side by side.
type video struct {
	out    string
	dir    string // of the frames as pictures
	remove func() error
	styles []*style
	n      int
	last   [][]float32 // the original's and the styles' last frames
}

func newVideo(out string, styles []*style) (*video, error) {
	dir, remove, err := atomicfile.Scratch(filepath.Dir(out), "flicker")
	if err != nil {
		return nil, fmt.Errorf("-video: %w", err)
	}
	return &video{out: out, dir: dir, remove: remove, styles: styles}, nil
}

func (v *video) clean() { _ = v.remove() }

// add styles a picture and appends it.
func (v *video) add(ctx context.Context, m *imageio.Image) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x := make([]float32, 3*m.W*m.H)
	imageio.ToFloats(x, m)
	var styled [][]float32
	for _, s := range v.styles {
		y, err := s.run(x, m.H, m.W)
		if err != nil {
			return err
		}
		styled = append(styled, y)
	}
	return v.row(x, styled, m.W, m.H)
}

// row appends a frame.
func (v *video) row(x []float32, styled [][]float32, w, h int) error {
	all := append([][]float32{append([]float32(nil), x...)}, styled...)
	sheet, err := Sheet(v.last, all, w, h)
	if err != nil {
		return err
	}
	v.last = all
	v.n++
	path := filepath.Join(v.dir, fmt.Sprintf("%06d.png", v.n))
	if err := imageio.Save(path, sheet, imageio.SaveOptions{}); err != nil {
		return fmt.Errorf("-video: %w", err)
	}
	return nil
}

// Sheet lays out pictures side by side, and below each what has changed in it since
// the last frame, nil for none, 4 times as strong. All are planes {3, h, w}.
func Sheet(last, now [][]float32, w, h int) (*imageio.Image, error) {
	sheet := imageio.New(w*len(now), 2*h)
	for i, y := range now {
		change := make([]float32, len(y))
		if last != nil {
			for j := range y {
				d := min(max(y[j], 0), 255) - min(max(last[i][j], 0), 255)
				change[j] = 4 * max(d, -d)
			}
		}
		for row, planes := range [][]float32{y, change} {
			m := &imageio.Image{}
			if err := imageio.FromFloats(m, planes, w, h, imageio.Round); err != nil {
				return nil, fmt.Errorf("picture %d: %w", i+1, err)
			}
			for line := range h {
				copy(sheet.Pix[3*((row*h+line)*sheet.W+i*w):][:3*w], m.Pix[3*line*w:])
			}
		}
	}
	return sheet, nil
}

// finish makes the video of what was appended.
func (v *video) finish(ctx context.Context, rate *big.Rat) error {
	finished := "finished" + filepath.Ext(v.out)
	err := movie.Run(ctx, v.dir, "make "+v.out, "-framerate", rate.RatString(), "-i", "%06d.png",
		"-pix_fmt", "yuv420p", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", movie.File(finished))
	if err != nil {
		return fmt.Errorf("-video: %w", err)
	}
	if err := os.Rename(filepath.Join(v.dir, finished), v.out); err != nil {
		return fmt.Errorf("-video: %w", err)
	}
	return nil
}
