package flicker

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Glance is what a Report says, measured on a part of one picture: enough to follow
// a training, whose numbers change by factors.
type Glance struct {
	NoiseGain float64 `json:"noise_gain"` // as Report.NoiseGain1
	Shift     float64 `json:"shift"`      // as Report.ShiftError, along rows alone
	Warp      float64 `json:"warp"`       // as Report.Warp of "pan", of two frames
	Detail    float64 `json:"detail"`     // as Report.Detail
}

// String returns the figures as a line.
func (g *Glance) String() string {
	return fmt.Sprintf("noise gain %.2f, shifts %.1f, warping %.1f, detail %.1f", g.NoiseGain, g.Shift, g.Warp, g.Detail)
}

// GlanceSide is the largest width and height that Look measures on.
const GlanceSide = 256

// Look runs the network 7 times on the middle of the picture m, at most GlanceSide
// pixels each way, however large m is. m must have MinSize pixels each way; o.Heat is
// not heeded. The error is ctx's if that ends.
func Look(ctx context.Context, net Network, m *imageio.Image, o Options) (*Glance, error) {
	if m.W < MinSize || m.H < MinSize {
		return nil, fmt.Errorf("flicker: the picture has %dx%d pixels; at least %dx%d are needed", m.W, m.H, MinSize, MinSize)
	}
	all := floats(m)
	// The camera and the shifts need surroundings.
	pw, ph := min(all.w, GlanceSide+2*reach), min(all.h, GlanceSide+2*reach)
	picture := all.crop((all.w-pw)/2, (all.h-ph)/2, pw, ph)
	g := &gauge{
		ctx: ctx, net: net, multiple: max(o.Multiple, 4), picture: picture,
		rng: rand.New(rand.NewPCG(o.Seed, 0)),
	}
	w, h := g.whole(2 * reach)
	x := picture.crop(reach, reach, w, h)
	still, err := g.style(x)
	if err != nil {
		return nil, err
	}
	r := &Glance{Detail: still.detail()}
	in, out, err := g.answer(x, still, 1)
	if err != nil {
		return nil, err
	}
	r.NoiseGain = out / in
	for d := 1; d <= 3; d++ {
		moved, err := g.style(picture.crop(reach+d, reach, w, h))
		if err != nil {
			return nil, err
		}
		r.Shift += g.apart(still, moved, d, 0) / 3
	}
	f := &film{move: moves[0], picture: picture, w: w, h: h}
	var frames [2]*planes
	for t := range frames {
		if frames[t], err = g.style(f.frame(float64(t))); err != nil {
			return nil, err
		}
	}
	r.Warp = f.error(1, frames[0], frames[1])
	return r, nil
}
