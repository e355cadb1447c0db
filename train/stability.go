package train

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// StabilityOptions are the settings of a Stability objective. DefaultStability has
// values that work.
type StabilityOptions struct {
	// Weight is the influence of the term once it is full.
	Weight float64
	// From and Full are the parts of the run, 0 to 1, at which the weight begins to
	// rise from 0, and at which it is full.
	From, Full float64
	// Shifts is the share of pictures that are moved by whole pixels, 1 to 3 along an
	// axis; Warps that of those which are moved, scaled, rotated and bent a little. The
	// rest stays where it is, and differs by the noise alone.
	Shifts, Warps float64
	// NoiseLow and NoiseHigh bound the standard deviation of the noise that is added,
	// in levels of 255. Much noise calms the answer to little, at less cost in style than
	// little noise with more weight.
	NoiseLow, NoiseHigh float64
	// Every is the number of steps of which one computes the term, with as many times the
	// weight, so that the model's additional pass costs as many times less (lazy
	// regularization, Karras et al., arXiv:1912.04958). In the other steps the term is 0.
	// 0 means 1.
	Every int
	// Footage is the share of pictures that are compared with the frame after them in
	// their film, where there is one (Pass.After), instead of with themselves: it takes
	// the place of the moved picture, and the film's motion that of a drawn one.
	Footage float64
	// NoiseWeight is the weight of the pictures that stay where they are, as a multiple
	// of that of the others. Noise changes the result less than a move does, and under a
	// move it hardly shows in the distance: these pictures give it a gradient of its own.
	// 0 means 1.
	NoiseWeight float64
	// Detail is the influence, as a multiple of Weight, of the term detail: the mean
	// absolute difference between the result's neighboring pixels is taken off the loss,
	// in every step, so that results get still by keeping their lines in place, and less
	// by losing them. 0 for no such term.
	Detail float64
}

// DefaultStability returns the options with a weight.
func DefaultStability(weight float64) StabilityOptions {
	return StabilityOptions{Weight: weight, Full: 0.05, Shifts: 0.3, Warps: 0.3, NoiseLow: 4, NoiseHigh: 16, Every: 2, NoiseWeight: 6, Detail: 0.5}
}

// Validate returns an error that names every setting out of its range.
func (o *StabilityOptions) Validate() error {
	var v validation
	share := func(f float64) bool { return f >= 0 && f <= 1 }
	v.check(notNegative(o.Weight), "Stability.Weight is %v, must not be negative and fit a float32", o.Weight)
	v.check(share(o.From) && share(o.Full) && o.From <= o.Full, "Stability: From %v and Full %v must be ascending parts of 1", o.From, o.Full)
	v.check(share(o.Shifts) && share(o.Warps) && o.Shifts+o.Warps <= 1, "Stability: Shifts %v and Warps %v must be parts of 1", o.Shifts, o.Warps)
	v.check(o.NoiseLow >= 0 && o.NoiseLow <= o.NoiseHigh && o.NoiseHigh <= 255, "Stability: NoiseLow %v and NoiseHigh %v must be ascending, 0 to 255", o.NoiseLow, o.NoiseHigh)
	v.check(share(o.Footage), "Stability.Footage is %v, must be a part of 1", o.Footage)
	v.check(o.Every >= 0 && o.Every <= 1000, "Stability: Every is %d, must be 1 to 1000", o.Every)
	v.check(notNegative(o.NoiseWeight), "Stability.NoiseWeight is %v, must not be negative and fit a float32", o.NoiseWeight)
	v.check(notNegative(o.Detail), "Stability.Detail is %v, must not be negative and fit a float32", o.Detail)
	return errors.Join(v...)
}

// Stability is an Objective, the terms stability and detail, that makes a network's
// results stay where the picture's contents are. For each picture x it draws a small
// motion W and noise n, and compares W(G(x)) with G(W(x) + n), where W shows both: what the network
// G makes of the moved picture should be what it made of the picture, moved (the
// relaxed form of compound regularization in Wang et al., Consistent Video Style
// Transfer via Relaxation and Regularization, arXiv:2009.11204; noise as in Zheng et
// al., arXiv:1604.04326). The distance is Charbonnier's, in levels of 255.
type Stability struct {
	opts  StabilityOptions
	zero  *tensor.Tensor     // nil until it is needed
	moved map[[2]int]*motion // by the number and the size of pictures
}

// motion holds what is drawn for a batch.
type motion struct {
	flow, noise, mask             *tensor.Tensor
	hostFlow, hostNoise, hostMask []float32

	// Of pictures that the frame after them takes the place of, 0; of the others 1.
	kept     *tensor.Tensor // nil until it is needed
	hostKept []float32
	films    int // how many are 0
}

const (
	stabilityEps    = 0.1 // levels below which differences hardly count
	stabilityMargin = 16  // pixels at the edges that are not compared: mirrored surroundings show there
	bends           = 5   // points of a bent flow's grid, along an axis
)

// NewStability makes the objective of one Trainer. Free it after use.
func NewStability(opts StabilityOptions) (*Stability, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	opts.Every = max(opts.Every, 1)
	if opts.NoiseWeight == 0 {
		opts.NoiseWeight = 1
	}
	return &Stability{opts: opts, moved: map[[2]int]*motion{}}, nil
}

// Free gives the memory of the objective back.
func (o *Stability) Free() {
	if o.zero != nil {
		o.zero.Free()
	}
	for _, m := range o.moved {
		m.flow.Free()
		m.noise.Free()
		m.mask.Free()
		if m.kept != nil {
			m.kept.Free()
		}
	}
}

// Terms implements Objective. The term detail is negative.
func (o *Stability) Terms() []string {
	if o.opts.Detail == 0 {
		return []string{"stability"}
	}
	return []string{"stability", "detail"}
}

// Describe implements Describer.
func (o *Stability) Describe(settings map[string]string) {
	// What there was no choice of once, older states do not tell.
	text := fmt.Sprintf("%+v", o.opts)
	for _, newer := range []string{" Detail:0}", " NoiseWeight:1}", " Footage:0}", " Every:1}"} {
		text = strings.Replace(text, newer, "}", 1)
	}
	settings["stability"] = text
}

// weight returns the influence at a step of a run.
func (o *Stability) weight(step, steps int) float64 {
	done := float64(step) / float64(max(steps, 1))
	switch {
	case done >= o.opts.Full:
		return o.opts.Weight
	case done <= o.opts.From:
		return 0
	}
	return o.opts.Weight * (done - o.opts.From) / (o.opts.Full - o.opts.From)
}

// Losses implements Objective.
func (o *Stability) Losses(dst []*tensor.Tensor, p *Pass) []*tensor.Tensor {
	weight := o.weight(p.Step, p.Steps)
	detail := o.detail(p, weight*o.opts.Detail) // before stability is done with the output
	if weight *= float64(o.opts.Every); p.Step%o.opts.Every != 0 {
		weight = 0
	}
	dst = append(dst, o.stability(p, weight))
	if o.opts.Detail > 0 {
		dst = append(dst, detail)
	}
	return dst
}

// none is a term without influence.
func (o *Stability) none(tp *tensor.Tape) *tensor.Tensor {
	if o.zero == nil {
		o.zero = tensor.FromSlice(tp.Backend(), backend.Scalar, []float32{0})
	}
	return o.zero
}

// detail is the term of that name.
func (o *Stability) detail(p *Pass, weight float64) *tensor.Tensor {
	if weight == 0 {
		return o.none(p.Tape)
	}
	return p.Tape.AbsVariation(p.Output, float32(-weight/2), stabilityEps)
}

// stability is the term of that name.
func (o *Stability) stability(p *Pass, weight float64) *tensor.Tensor {
	if weight == 0 {
		p.Done()
		return o.none(p.Tape)
	}
	tp, m := p.Tape, o.draw(p)
	replace := func(old, next *tensor.Tensor) *tensor.Tensor {
		tp.Release(old)
		return next
	}
	x := tp.Warp(p.Input, m.flow, tensor.BorderEdge)
	if m.films > 0 {
		x = replace(x, tp.Mask(x, m.kept))
	}
	x = replace(x, tp.Add(x, m.noise))
	y := replace(x, p.Model.Forward(tp, x))
	y = replace(y, tp.Mask(y, m.mask))
	want := tp.Warp(p.Output, m.flow, tensor.BorderEdge)
	p.Done()
	want = replace(want, tp.Mask(want, m.mask))
	loss := tp.Charbonnier(y, want, float32(weight), stabilityEps)
	tp.Release(y)
	tp.Release(want)
	return loss
}

// draw makes the motion and the noise of a step.
func (o *Stability) draw(p *Pass) *motion {
	s := p.Input.Shape()
	n, h, w := s[0], s[2], s[3]
	m := o.moved[[2]int{n, w}]
	if m == nil {
		be := p.Tape.Backend()
		m = &motion{hostFlow: make([]float32, n*2*h*w), hostNoise: make([]float32, n*3*h*w), hostMask: make([]float32, n*h*w)}
		m.flow = tensor.New(be, tensor.Shape{n, 2, h, w})
		m.noise = tensor.New(be, tensor.Shape{n, 3, h, w})
		m.mask = tensor.New(be, tensor.Shape{n, 1, h, w})
		o.moved[[2]int{n, w}] = m
	}
	m.films = 0
	turn := p.Rand("stability kinds", -p.first).Float64()
	for i := range n {
		// Multiples of the golden ratio spread the kinds of motion over the batch: each
		// step has its share of all, and gradients differ less from step to step.
		_, kind := math.Modf(turn + float64(p.first+i)*(math.Phi-1))
		weight := float32(1)
		rng := p.Rand("stability", i)
		flow, mask := m.hostFlow[i*2*h*w:][:2*h*w], m.hostMask[i*h*w:][:h*w]
		next := o.next(p, i, rng)
		if next != nil {
			copy(flow, next.Flow)
		} else if !o.move(flow, h, w, kind, rng) {
			weight = float32(o.opts.NoiseWeight)
		}
		shown(mask, weight, flow, h, w)
		sigma := o.opts.NoiseLow + rng.Float64()*(o.opts.NoiseHigh-o.opts.NoiseLow)
		noise(m.hostNoise[i*3*h*w:][:3*h*w], float32(sigma), rng)
		if next != nil {
			m.replace(p, i, next)
		}
	}
	if m.films > 0 {
		m.kept.Write(m.hostKept)
	}
	m.flow.Write(m.hostFlow)
	m.noise.Write(m.hostNoise)
	m.mask.Write(m.hostMask)
	return m
}

// normals are the 4096-quantiles of the normal distribution.
var normals = func() (q [1 << 12]float32) {
	for i := range q {
		q[i] = float32(math.Sqrt2 * math.Erfinv((2*float64(i)+1)/float64(len(q))-1))
	}
	return q
}()

// noise draws normal numbers with standard deviation sigma, five from a random number:
// one each would take longer than the rest of what a step draws.
func noise(dst []float32, sigma float32, rng *rand.Rand) {
	for len(dst) > 0 {
		bits := rng.Uint64()
		n := min(len(dst), 5)
		for i := range dst[:n] {
			dst[i] = sigma * normals[bits%uint64(len(normals))]
			bits /= uint64(len(normals))
		}
		dst = dst[n:]
	}
}

// move draws the motion of a picture, of a kind from 0 to 1, and says whether there is
// any.
func (o *Stability) move(flow []float32, h, w int, kind float64, rng *rand.Rand) bool {
	switch {
	case kind < o.opts.Shifts:
		dx, dy := 0, 0
		for dx == 0 && dy == 0 {
			dx, dy = rng.IntN(7)-3, rng.IntN(7)-3
		}
		tensor.AffineFlow(flow, h, w, tensor.Affine{A: 1, C: float64(dx), E: 1, F: float64(dy)})
	case kind < o.opts.Shifts+o.opts.Warps:
		within := func(v float64) float64 { return v * (2*rng.Float64() - 1) }
		sin, cos := math.Sincos(within(math.Pi / 180))
		scale := 1 + within(0.02)
		a, b := scale*cos, scale*sin
		cx, cy := float64(w-1)/2, float64(h-1)/2
		tensor.AffineFlow(flow, h, w, tensor.Affine{
			A: a, B: -b, C: cx - a*cx + b*cy + within(4),
			D: b, E: a, F: cy - b*cx - a*cy + within(4),
		})
		bend(flow[:h*w], h, w, rng)
		bend(flow[h*w:], h, w, rng)
	default:
		clear(flow)
		return false
	}
	return true
}

// bend adds a coarse random displacement, interpolated linearly between points whose
// standard deviation is a pixel.
func bend(flow []float32, h, w int, rng *rand.Rand) {
	var grid [bends + 1][bends + 1]float64
	for i := range bends {
		for j := range bends {
			grid[i][j] = rng.NormFloat64()
		}
	}
	for y := range h {
		v := float64(y) * (bends - 1) / float64(max(h-1, 1))
		i, fy := int(v), v-math.Floor(v)
		for x := range w {
			u := float64(x) * (bends - 1) / float64(max(w-1, 1))
			j, fx := int(u), u-math.Floor(u)
			top := grid[i][j]*(1-fx) + grid[i][j+1]*fx
			bottom := grid[i+1][j]*(1-fx) + grid[i+1][j+1]*fx
			flow[y*w+x] += float32(top*(1-fy) + bottom*fy)
		}
	}
}

// shown sets mask to weight where the flow leads into the picture and neither end is
// at the edges, of which small pictures have narrower ones, and to 0 elsewhere.
func shown(mask []float32, weight float32, flow []float32, h, w int) {
	margin := min(stabilityMargin, min(h, w)/8)
	low, right, lower := float32(margin), float32(w-1-margin), float32(h-1-margin)
	for i := range mask {
		x, y := float32(i%w), float32(i/w)
		u, v := x+flow[i], y+flow[h*w+i]
		mask[i] = 0
		if min(x, u, y, v) >= low && max(x, u) <= right && max(y, v) <= lower {
			mask[i] = weight
		}
	}
}
