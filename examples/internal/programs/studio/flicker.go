package studio

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"io"
	"slices"

	program "github.com/impasto-go/impasto/examples/internal/programs/flicker"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/flicker"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// moving are the frames that are shown and measured.
const (
	shownFrames = 48
	maxRows     = 540
)

// judged is a model whose flicker is measured.
type judged struct {
	Model  string              `json:"model"`
	Report *flicker.Report     `json:"pictures,omitempty"`
	Clip   *flicker.ClipReport `json:"clip,omitempty"`

	net *nn.Network
	run flicker.Network
}

// flickerResult is what a page is told; the frames are the task's files.
type flickerResult struct {
	Styles []*judged `json:"styles"`
	Frames int       `json:"frames"`
	Width  int       `json:"width"` // of a picture; a frame has one for the original and each style
	Height int       `json:"height"`
}

func (s *studio) judge(ctx context.Context, be backend.Backend, name string) (*judged, error) {
	m, err := s.bench.load(ctx, name)
	if err != nil {
		return nil, err
	}
	net, err := nn.NewNetworkFrom(be, m.dict)
	if err != nil {
		return nil, err
	}
	net.Freeze()
	return &judged{Model: name, net: net, run: func(x []float32, h, w int) ([]float32, error) { return net.Evaluate(be, x, h, w) }}, nil
}

// measure shows and measures how still one or two models stay on a clip, or on a
// camera's move over a picture.
func (s *studio) measure(ctx context.Context, t *task, f *form) (any, error) {
	be := tensor.CPU()
	defer be.Close()
	result := &flickerResult{}
	multiple := 4
	for _, field := range []string{"model", "with"} {
		if f.fields[field] == "" && field == "with" {
			continue
		}
		j, err := s.judge(ctx, be, f.fields[field])
		if err != nil {
			return nil, err
		}
		defer j.net.Free()
		result.Styles = append(result.Styles, j)
		multiple = max(multiple, j.net.Arch().Multiple())
	}
	rows, err := f.number("rows", 270, flicker.MinSize+32, maxRows)
	if err != nil {
		return nil, err
	}
	show := &film{task: t, styles: result.Styles}
	if _, err := s.lib.find(f.fields["picture"], kindClip); f.clip != "" || err == nil {
		return result, s.measureClip(ctx, show, f, int(rows), multiple, result)
	}
	m, err := s.sourceOr(f, 640, 360)
	if err != nil {
		return nil, err
	}
	m = reduced(m, int(rows))
	if min(m.W, m.H) < flicker.MinSize+32 {
		return nil, fmt.Errorf("a picture of %dx%d is too small to be measured: want %d pixels each way", m.W, m.H, flicker.MinSize+32)
	}
	for i := range shownFrames {
		t.progress(fmt.Sprintf("frame %d of %d", i+1, shownFrames), 0.5*float64(i)/shownFrames)
		// There and back, so that the film can run in a loop.
		frame := flicker.Render(m, "parallax", float64(min(i, shownFrames-i))/8)
		x := make([]float32, 3*frame.W*frame.H)
		imageio.ToFloats(x, frame)
		styled := make([][]float32, len(result.Styles))
		for k, style := range result.Styles {
			if styled[k], err = style.run(x, frame.H, frame.W); err != nil {
				return nil, err
			}
		}
		if err := show.add(ctx, x, styled, frame.W, frame.H); err != nil {
			return nil, err
		}
	}
	for k, style := range result.Styles {
		t.progress("measuring "+style.Model, 0.5+0.5*float64(k)/float64(len(result.Styles)))
		style.Report, err = flicker.Measure(ctx, style.run, []*imageio.Image{m}, flicker.Options{Multiple: multiple, Seed: 1})
		if err != nil {
			return nil, err
		}
	}
	result.Frames, result.Width, result.Height = show.n, show.width, show.height
	return result, nil
}

// measureClip does so on the first frames of a clip.
func (s *studio) measureClip(ctx context.Context, show *film, f *form, rows, multiple int, result *flickerResult) error {
	info, err := s.probe(ctx, f)
	if err != nil {
		return err
	}
	h := min(info.Height, rows) / multiple * multiple
	w := info.Width * h / max(info.Height, 1) / multiple * multiple
	if h < multiple || w < multiple || w*h > maxClipPixels {
		return fmt.Errorf("frames of %dx%d cannot be measured", w, h)
	}
	running, stop := context.WithCancel(ctx)
	reader, err := info.Open(running, w, h)
	if err != nil {
		stop()
		return err
	}
	defer reader.Close()
	defer stop()
	var clips []*flicker.Clip
	for _, style := range result.Styles {
		clips = append(clips, flicker.NewClip(style.run, h, w))
	}
	rgba, x, m := make([]byte, 4*w*h), make([]float32, 3*w*h), imageio.New(w, h)
	for n := range shownFrames {
		if _, err := reader.Next(rgba); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		for i := range w * h {
			copy(m.Pix[3*i:3*i+3], rgba[4*i:])
		}
		imageio.ToFloats(x, m)
		styled := make([][]float32, len(clips))
		for k, c := range clips {
			if styled[k], err = c.Add(ctx, x); err != nil {
				return err
			}
		}
		if err := show.add(ctx, slices.Clone(x), styled, w, h); err != nil {
			return err
		}
		show.task.progress(fmt.Sprintf("frame %d", n+1), float64(n+1)/float64(min(shownFrames, max(info.Frames, n+1))))
	}
	for k, c := range clips {
		r, err := c.Report()
		if err != nil {
			return err
		}
		result.Styles[k].Clip = &r
	}
	result.Frames, result.Width, result.Height = show.n, show.width, show.height
	return nil
}

// film keeps frames as JPEGs: original and styles side by side, what has changed below.
type film struct {
	task          *task
	styles        []*judged
	n             int
	width, height int
	last          [][]float32
}

func (v *film) add(ctx context.Context, x []float32, styled [][]float32, w, h int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	all := append([][]float32{x}, styled...)
	sheet, err := program.Sheet(v.last, all, w, h)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, sheet.NRGBA(), &jpeg.Options{Quality: 92}); err != nil {
		return err
	}
	v.last, v.width, v.height = all, w, h
	name := fmt.Sprintf("%d.jpg", v.n)
	v.n++
	return v.task.keep(name, taskFile{kind: "image/jpeg", data: b.Bytes()})
}
