package train_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
	"github.com/impasto-go/impasto/train"
)

// function is a model without parameters.
type function func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor

func (f function) Forward(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return f(tp, x) }
func (f function) Params() []nn.Param                                       { return nil }

const stabilitySize = 64

// stability returns the loss of that name in a step for a model.
func stability(t *testing.T, be backend.Backend, opts train.StabilityOptions, model train.Model, step int) float64 {
	t.Helper()
	return stabilityTerms(t, be, opts, model, step)[0]
}

// stabilityTerms returns all losses of a step for a model.
func stabilityTerms(t *testing.T, be backend.Backend, opts train.StabilityOptions, model train.Model, step int) (terms []float64) {
	t.Helper()
	o, err := train.NewStability(opts)
	require.NoError(t, err)
	defer o.Free()
	const n, size = 4, stabilitySize
	values := make([]float32, n*3*size*size)
	for i := range values {
		x, y := float64(i%size), float64(i/size%size)
		values[i] = float32(128 + 50*math.Sin(x/5+y/9+float64(i/size/size)))
	}
	x := tensor.FromSlice(be, tensor.Shape{n, 3, size, size}, values)
	defer x.Free()
	tp := tensor.NewTape(be)
	defer tp.Reset()
	losses := o.Losses(nil, &train.Pass{Tape: tp, Model: model, Input: x, Output: model.Forward(tp, x), Step: step, Steps: 10})
	require.Len(t, losses, len(o.Terms()))
	for _, l := range losses {
		terms = append(terms, float64(l.Item()))
	}
	return terms
}

// compared is the share of pixels that a picture which stays where it is is compared
// at: all but an eighth at each edge.
const compared = 0.75 * 0.75

func TestStabilityOfKnownModels(t *testing.T) {
	be := newCPU(t)
	twice := function(func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Scale(x, 2) })
	still := train.StabilityOptions{Weight: 10}
	moving := still
	moving.Shifts, moving.Warps = 0.5, 0.5
	shifts := still
	shifts.Shifts = 1
	noisy := still
	noisy.NoiseLow, noisy.NoiseHigh = 3, 3

	// What moves with its input is still, whatever the motion: sqrt(0 + 0.1²) is left.
	for step := range 5 {
		require.InDelta(t, 10*0.1, stability(t, be, moving, twice, step), 1e-3)
	}
	// Noise of 3 levels becomes noise of 6, whose mean size is 6*sqrt(2/pi).
	want := 10 * (compared*6*math.Sqrt(2/math.Pi) + (1-compared)*0.1)
	require.InEpsilon(t, want, stability(t, be, noisy, twice, 1), 0.02)
	// It counts as many times as is asked for where nothing moves, and once elsewhere.
	noisy.NoiseWeight = 7
	want = 10 * (compared*7*6*math.Sqrt(2/math.Pi) + (1-compared)*0.1)
	require.InEpsilon(t, want, stability(t, be, noisy, twice, 1), 0.02)
	moved := noisy
	moved.Warps, moved.NoiseWeight = 1, 0
	once := stability(t, be, moved, twice, 1)
	moved.NoiseWeight = 7
	require.Equal(t, once, stability(t, be, moved, twice, 1))

	// A pattern that stays where it is, as a lattice does: columns differ from their
	// neighbors by 40, and whether a shift shows depends on its columns alone.
	stripes := make([]float32, 4*3*stabilitySize*stabilitySize)
	for i := range stripes {
		stripes[i] = float32(40 * (i % 2))
	}
	pattern := tensor.FromSlice(be, tensor.Shape{4, 3, stabilitySize, stabilitySize}, stripes)
	defer pattern.Free()
	lattice := function(func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Add(x, pattern) })
	var sum, odd float64
	const draws = 200
	for step := range draws {
		sum += stability(t, be, shifts, lattice, step) / draws
	}
	// Of the 48 shifts 28 are by 1 or 3 columns; each pixel they compare is off by 40.
	side := math.Sqrt(compared) * stabilitySize
	for _, dx := range []float64{-3, -1, 1, 3} {
		for dy := -3.; dy <= 3; dy++ {
			odd += (side - math.Abs(dx)) * (side - math.Abs(dy)) / (stabilitySize * stabilitySize) / 48
		}
	}
	require.InEpsilon(t, 10*(40*odd+0.1*(1-odd)), sum, 0.06)
}

// TestStabilityGradient compares the gradients of a network's parameters, which flow
// through both of its passes, the warping and the reward of detail, with finite
// differences.
func TestStabilityGradient(t *testing.T) {
	be := reference.New()
	net := nn.NewNetwork(be, &arch.Network{
		Name: "two", Input: arch.Bytes, Output: arch.Bytes,
		Layers: []arch.Layer{
			{Name: "a", Conv: "a", In: 3, Out: 2, Kernel: 3, Stride: 1, Upsample: 1, Norm: "n"},
			{Name: "b", Conv: "b", In: 2, Out: 3, Kernel: 3, Stride: 1, Upsample: 1},
		},
	}, 1)
	defer net.Free()
	opts := train.DefaultStability(5)
	opts.Full, opts.Every, opts.Detail = 0, 1, 0.5
	o, err := train.NewStability(opts)
	require.NoError(t, err)
	defer o.Free()
	const size = 16
	values := make([]float32, 3*3*size*size)
	for i := range values {
		values[i] = float32(128 + 100*math.Sin(float64(i)/7))
	}
	x := tensor.FromSlice(be, tensor.Shape{3, 3, size, size}, values)
	defer x.Free()
	tp := tensor.NewTape(be)
	loss := func() *tensor.Tensor {
		terms := o.Losses(nil, &train.Pass{Tape: tp, Model: net, Input: x, Output: net.Forward(tp, x), Step: 3, Steps: 10})
		return tp.Add(terms[0], terms[1])
	}
	tp.Backward(loss())
	tp.Reset()
	for _, p := range net.Params() {
		grad, values := p.Tensor.Grad(), p.Tensor.Values()
		if grad == nil { // of a bias that the normalization takes away
			grad = make([]float32, len(values))
		}
		for i := 0; i < len(values); i += 5 {
			at := func(v float32) float64 {
				was := values[i]
				values[i] = v
				p.Tensor.Write(values)
				values[i] = was
				defer tp.Reset()
				return float64(loss().Item())
			}
			const h = 1e-3
			high, low := at(values[i]+h), at(values[i]-h)
			p.Tensor.Write(values)
			// Differences of a float32 loss near 10 are good to 1e-6 / h.
			require.InDelta(t, (high-low)/(2*h), float64(grad[i]), 5e-3+2e-2*math.Abs(float64(grad[i])), "%s[%d]", p.Name, i)
		}
	}
}

// TestStabilityDetail has results whose neighboring pixels differ by known amounts.
func TestStabilityDetail(t *testing.T) {
	be := newCPU(t)
	const size = stabilitySize
	values := make([]float32, 4*3*size*size)
	for i := range values {
		x, y := i%size, i/size%size
		values[i] = float32(2*(x%2) + 8*(y%2))
	}
	checks := tensor.FromSlice(be, tensor.Shape{4, 3, size, size}, values)
	defer checks.Free()
	constant := function(func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Add(tp.Scale(x, 0), checks) })
	opts := train.StabilityOptions{Weight: 10, Full: 0.5, Every: 2, Detail: 0.7}
	// All columns but the last have a right neighbor, and all rows but the last a lower one.
	along := func(difference float64) float64 { return math.Hypot(difference, 0.1) * (size - 1) / size }
	want := -10 * 0.7 * (along(2) + along(8)) / 2
	for step, share := range map[int]float64{0: 0, 2: 0.4, 7: 1, 8: 1} {
		terms := stabilityTerms(t, be, opts, constant, step)
		require.InDelta(t, share*want, terms[1], 1e-4, "step %d", step)
	}
	opts.Detail = 0
	require.Len(t, stabilityTerms(t, be, opts, constant, 8), 1)
}

func TestStabilityRamp(t *testing.T) {
	be := newCPU(t)
	passes := 0
	twice := function(func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { passes++; return tp.Scale(x, 2) })
	opts := train.StabilityOptions{Weight: 8, From: 0.2, Full: 0.6, NoiseLow: 1, NoiseHigh: 1}
	require.Zero(t, stability(t, be, opts, twice, 2))
	require.Equal(t, 1, passes, "without weight, the model runs once")
	lazy := opts
	lazy.Every = 3
	require.Zero(t, stability(t, be, lazy, twice, 7))
	require.Equal(t, 2, passes)
	require.InEpsilon(t, 3*stability(t, be, opts, twice, 9), stability(t, be, lazy, twice, 9), 1e-6)
	passes = 1
	full := stability(t, be, opts, twice, 6)
	require.Equal(t, 3, passes)
	// The noise differs from step to step; its mean size hardly.
	require.InEpsilon(t, full/2, stability(t, be, opts, twice, 4), 0.03)
	require.InEpsilon(t, full, stability(t, be, opts, twice, 9), 0.03)
}

func TestStabilityOptions(t *testing.T) {
	ok := train.DefaultStability(1)
	require.NoError(t, ok.Validate())
	for _, change := range []func(o *train.StabilityOptions){
		func(o *train.StabilityOptions) { o.Weight = -1 },
		func(o *train.StabilityOptions) { o.Weight = math.Inf(1) },
		func(o *train.StabilityOptions) { o.From = 0.5 },
		func(o *train.StabilityOptions) { o.Full = 1.1 },
		func(o *train.StabilityOptions) { o.Shifts = 0.8 },
		func(o *train.StabilityOptions) { o.Warps = -0.1 },
		func(o *train.StabilityOptions) { o.NoiseLow = 17 },
		func(o *train.StabilityOptions) { o.NoiseHigh = math.NaN() },
		func(o *train.StabilityOptions) { o.Every = -1 },
		func(o *train.StabilityOptions) { o.NoiseWeight = -1 },
		func(o *train.StabilityOptions) { o.NoiseWeight = math.NaN() },
		func(o *train.StabilityOptions) { o.Detail = -0.1 },
	} {
		o := train.DefaultStability(1)
		change(&o)
		_, err := train.NewStability(o)
		require.Error(t, err, "%+v", o)
	}
}
