package flicker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Network is a style transfer network as a function of a picture in planes {3,
// height, width}, values 0..255, such as nn.Network.Evaluate on a backend. The
// result, in the same layout, need not be clamped.
type Network func(x []float32, height, width int) ([]float32, error)

// Options say how to measure.
type Options struct {
	// Multiple is what the network's widths and heights must be divisible by,
	// arch.Network.Multiple; 0 means 4. Pictures are cropped to it.
	Multiple int
	// Seed is that of the noise.
	Seed uint64
	// Heat asks for Report.Heat.
	Heat bool
}

// Shifts is the number of distances that pictures are shifted by: 1 to 8 pixels.
const Shifts = 8

// Report is what was measured, as the mean over pictures.
type Report struct {
	Pictures int `json:"pictures"`

	NoiseGain1   float64 `json:"noise_gain_1"`   // output change per input change, noise of 1 level
	NoiseGain4   float64 `json:"noise_gain_4"`   // noise of 4 levels
	NoiseChange1 float64 `json:"noise_change_1"` // output change in levels, noise of 1 level

	Shift [Shifts]float64 `json:"shift"` // levels, by the distance in pixels less 1

	Warp      map[string]float64 `json:"warp"`       // levels, by the name of the move
	WarpInput map[string]float64 `json:"warp_input"` // the same of the input itself

	Detail      float64 `json:"detail"`       // levels
	DetailInput float64 `json:"detail_input"` // the same of the input itself

	// Heat shows where the first picture's result changes: levels per pixel, the
	// mean over noise of 1 level and all shifts. HeatWidth is its row's length.
	Heat      []float32 `json:"-"`
	HeatWidth int       `json:"-"`
}

// ShiftError returns the mean error of shifts by 1, 2 and 3 pixels, in levels.
func (r *Report) ShiftError() float64 { return (r.Shift[0] + r.Shift[1] + r.Shift[2]) / 3 }

// WarpError returns the mean warping error of all moves, in levels.
func (r *Report) WarpError() float64 { return mean(r.Warp) }

// WarpErrorInput returns the mean of WarpInput.
func (r *Report) WarpErrorInput() float64 { return mean(r.WarpInput) }

func mean(m map[string]float64) (sum float64) {
	for _, name := range Moves() {
		sum += m[name] / float64(len(moves))
	}
	return sum
}

// MinSize is the smallest width and height of a picture that can be measured.
const MinSize = 96

// Measure runs the network on each picture about 30 times. It stops with ctx's error
// between two runs. Pictures must have MinSize pixels each way.
func Measure(ctx context.Context, net Network, pictures []*imageio.Image, o Options) (*Report, error) {
	if len(pictures) == 0 {
		return nil, errors.New("flicker: there are no pictures to measure on")
	}
	if o.Multiple < 1 {
		o.Multiple = 4
	}
	r := &Report{Pictures: len(pictures), Warp: map[string]float64{}, WarpInput: map[string]float64{}}
	for i, m := range pictures {
		if m.W < MinSize || m.H < MinSize {
			return nil, fmt.Errorf("flicker: picture %d has %dx%d pixels; at least %dx%d are needed", i+1, m.W, m.H, MinSize, MinSize)
		}
		g := &gauge{
			ctx: ctx, net: net, multiple: o.Multiple, picture: floats(m), part: 1 / float64(len(pictures)),
			rng: rand.New(rand.NewPCG(o.Seed, uint64(i))), report: r,
		}
		if o.Heat && i == 0 {
			w, h := g.whole(0)
			r.Heat, r.HeatWidth = make([]float32, w*h), w
			g.heat = true
		}
		for _, step := range []func() error{g.noise, g.shifts, g.warps} {
			if err := step(); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// gauge measures on one picture and adds its part to the report.
type gauge struct {
	ctx      context.Context
	net      Network
	multiple int
	picture  *planes
	part     float64
	rng      *rand.Rand
	report   *Report
	heat     bool // goes to the report
}

// style returns the network's result, clamped.
func (g *gauge) style(p *planes) (*planes, error) {
	if err := g.ctx.Err(); err != nil {
		return nil, err
	}
	y, err := g.net(p.data, p.h, p.w)
	if err != nil {
		return nil, fmt.Errorf("flicker: %w", err)
	}
	if len(y) != len(p.data) {
		return nil, fmt.Errorf("flicker: the network made %d values of %d", len(y), len(p.data))
	}
	out := &planes{w: p.w, h: p.h, data: make([]float32, len(y))}
	for i, v := range y {
		out.data[i] = min(max(v, 0), 255)
	}
	return out, nil
}

// whole returns the picture cropped to what the network takes, less margin.
func (g *gauge) whole(margin int) (w, h int) {
	fit := func(n int) int { return (n - margin) / g.multiple * g.multiple }
	return fit(g.picture.w), fit(g.picture.h)
}

// warm adds a difference to the heat map.
func (g *gauge) warm(x, y int, levels float64) {
	if g.heat {
		g.report.Heat[y*g.report.HeatWidth+x] += float32(levels / (1 + Shifts))
	}
}
