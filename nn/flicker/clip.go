package flicker

import (
	"context"
	"errors"
	"fmt"
)

// ClipReport is what was measured on a film, as the mean over its frames.
type ClipReport struct {
	Frames      int     `json:"frames"`
	Change      float64 `json:"change"`       // of the result from frame to frame, in levels
	ChangeInput float64 `json:"change_input"` // of the film itself
	Warp        float64 `json:"warp"`         // warping error along the estimated motion, in levels
	WarpInput   float64 `json:"warp_input"`   // the same of the film itself
	Known       float64 `json:"known"`        // share of the picture whose motion is known
}

// Clip takes the frames of a film one by one.
type Clip struct {
	net                Network
	height, width      int
	last, lastStyled   []float32
	report             ClipReport
	pairs, withFlow    int
	change, changeIn   float64
	warp, warpIn, know float64
}

// NewClip returns a measure for frames of one size, which the network must take.
func NewClip(net Network, height, width int) *Clip {
	return &Clip{net: net, height: height, width: width}
}

// Add styles a frame, planes {3, height, width} with values 0..255, compares it with
// the one before, and returns the result, clamped. The frame is not kept.
func (c *Clip) Add(ctx context.Context, frame []float32) (styled []float32, err error) {
	if len(frame) != 3*c.height*c.width {
		return nil, fmt.Errorf("flicker: a frame of %d values, not 3*%d*%d", len(frame), c.height, c.width)
	}
	g := &gauge{ctx: ctx, net: c.net}
	frame = append([]float32(nil), frame...)
	y, err := g.style(&planes{c.width, c.height, frame})
	if err != nil {
		return nil, err
	}
	c.report.Frames++
	if c.last != nil {
		m := Estimate(c.last, frame, c.height, c.width)
		c.pairs++
		c.change += difference(c.lastStyled, y.data)
		c.changeIn += difference(c.last, frame)
		c.know += m.Known()
		if m.Known() > 0 {
			c.withFlow++
			c.warp += WarpingError(c.lastStyled, y.data, c.height, c.width, m.Before)
			c.warpIn += WarpingError(c.last, frame, c.height, c.width, m.Before)
		}
	}
	c.last, c.lastStyled = frame, y.data
	return y.data, nil
}

// Cut forgets the last frame: the next belongs to another scene.
func (c *Clip) Cut() { c.last = nil }

// Report returns the means so far. The error says that there were less than two
// frames in a row.
func (c *Clip) Report() (ClipReport, error) {
	if c.pairs == 0 {
		return ClipReport{}, errors.New("flicker: the clip has less than two frames in a row")
	}
	r := c.report
	n, k := float64(c.pairs), float64(max(c.withFlow, 1))
	r.Change, r.ChangeInput, r.Known = c.change/n, c.changeIn/n, c.know/n
	r.Warp, r.WarpInput = c.warp/k, c.warpIn/k
	return r, nil
}

func difference(a, b []float32) float64 {
	var sum float64
	for i, v := range a {
		d := float64(v - b[i])
		sum += max(d, -d)
	}
	return sum / float64(len(a))
}
