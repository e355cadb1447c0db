package progress

import (
	"math"
	"slices"
	"sort"
	"strconv"
)

// maxPoints bounds the memory of a long run, and what a browser has to draw.
const maxPoints = 4096

// history keeps the losses of all steps as at most maxPoints points: when there are
// too many, each two neighbors become one. A slice of points, once taken, never
// changes, so that others may read it while the history grows.
type history struct {
	width   int // values per point
	points  []point
	stride  int   // steps per point
	version int64 // changes when earlier points do
	pending point // the sum of the steps that do not make a point yet
	n       int   // of those steps
}

// point holds the means of some steps' losses and the last of these steps.
type point struct {
	step   int
	values []float64
	json   []byte // [step, value, ...], made once for all who ask
}

func newPoint(step int, values []float64) point {
	b := strconv.AppendInt([]byte{'['}, int64(step), 10)
	for _, v := range values {
		b = appendNumber(append(b, ','), v)
	}
	return point{step, values, append(b, ']')}
}

func newHistory(width int) *history {
	return &history{width: width, stride: 1, pending: point{values: make([]float64, width)}}
}

// add appends a step. After one that goes back, what was there from it on is
// forgotten. Missing values become NaN.
func (h *history) add(step int, values ...float64) {
	if step <= h.last() {
		h.rewind(step)
	}
	for i := range h.pending.values {
		v := math.NaN()
		if i < len(values) {
			v = values[i]
		}
		h.pending.values[i] += v
	}
	h.pending.step = step
	if h.n++; h.n < h.stride {
		return
	}
	means := make([]float64, h.width)
	for i, v := range h.pending.values {
		means[i] = v / float64(h.n)
	}
	h.points = append(h.points, newPoint(step, means))
	h.reset()
	if len(h.points) == maxPoints {
		h.halve()
	}
}

// last returns the last step, or the smallest integer.
func (h *history) last() int {
	switch {
	case h.n > 0:
		return h.pending.step
	case len(h.points) > 0:
		return h.points[len(h.points)-1].step
	}
	return math.MinInt
}

func (h *history) reset() {
	clear(h.pending.values)
	h.n = 0
}

func (h *history) rewind(step int) {
	n := sort.Search(len(h.points), func(i int) bool { return h.points[i].step >= step })
	h.points = slices.Clone(h.points[:n])
	h.version++
	h.reset()
}

func (h *history) halve() {
	half := make([]point, len(h.points)/2, maxPoints)
	for i := range half {
		a, b := h.points[2*i], h.points[2*i+1]
		means := make([]float64, h.width)
		for j := range means {
			means[j] = (a.values[j] + b.values[j]) / 2
		}
		half[i] = newPoint(b.step, means)
	}
	h.points = half
	h.stride *= 2
	h.version++
}

// appendPoints appends points as a JSON array.
func appendPoints(b []byte, points []point) []byte {
	b = append(b, '[')
	for i, p := range points {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, p.json...)
	}
	return append(b, ']')
}

// number is a float64 that may be no number.
type number float64

// MarshalJSON writes null for NaN and infinities, which JSON lacks.
func (n number) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(n)), nil }

// appendNumber appends five digits of v.
func appendNumber(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', 5, 64)
}
