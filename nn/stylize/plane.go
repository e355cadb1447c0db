package stylize

import (
	"math"
	"slices"

	"github.com/impasto-go/impasto/tensor"
)

// plane is a layer's activation for the whole picture, in main memory as
// channels of rows.
type plane struct {
	channels, w, h int
	data           []float32
}

// newPlane returns a plane for a layer of the given scale, undefined.
func (t *tiling) newPlane(channels, scale int) *plane {
	for i, p := range t.spare { // all of the trunk have the same size
		if p.channels == channels {
			t.spare = slices.Delete(t.spare, i, i+1)
			return p
		}
	}
	r := t.whole.at(scale)
	return &plane{channels, r.w, r.h, make([]float32, channels*r.w*r.h)}
}

// write sets the part core of the plane to that of values, which are for area.
func (p *plane) write(values []float32, area, core rect) {
	for c := range p.channels {
		for y := core.y; y < core.y+core.h; y++ {
			from := values[(c*area.h+y-area.y)*area.w+core.x-area.x:]
			copy(p.data[(c*p.h+y)*p.w+core.x:][:core.w], from)
		}
	}
}

// upload returns the part r of p as a tensor, to be given back by drop.
func (t *tiling) upload(p *plane, r rect) *tensor.Tensor {
	shape := tensor.Shape{1, p.channels, r.h, r.w}
	host := t.floats(shape.Len())
	for c := range p.channels {
		for y := range r.h {
			copy(host[(c*r.h+y)*r.w:][:r.w], p.data[(c*p.h+r.y+y)*p.w+r.x:])
		}
	}
	return tensor.FromSlice(t.s.be, shape, host)
}

// moments are the mean and the sum of squared deviations of values seen so far.
type moments struct{ count, mean, deviation float64 }

// add takes in the part core of values, which are for area, merging as Chan et
// al. do (Algorithms for computing the sample variance, 1983).
func (m *moments) add(values []float32, area, core rect) {
	var sum, deviation float64
	row := func(y int) []float32 { return values[(core.y-area.y+y)*area.w+core.x-area.x:][:core.w] }
	for y := range core.h {
		for _, v := range row(y) {
			sum += float64(v)
		}
	}
	n := float64(core.w * core.h)
	mean := sum / n
	for y := range core.h {
		for _, v := range row(y) {
			d := float64(v) - mean
			deviation += d * d
		}
	}
	delta, total := mean-m.mean, m.count+n
	m.mean += delta * n / total
	m.deviation += deviation + delta*delta*m.count*n/total
	m.count = total
}

// rstd is 1/sqrt(variance + epsilon), with the biased variance and the epsilon of
// an instance normalization.
func (m *moments) rstd() float64 { return 1 / math.Sqrt(m.deviation/m.count+1e-5) }
