package train

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train/dataset"
)

// pan is a film of a camera that moves by (3, -2) pixels a frame, and by the way gets
// lighter. Motion is known in the upper half, or everywhere.
type pan struct {
	dataset.Images
	side, lighter int
	half          bool
}

func (f *pan) gray(n, x, y int) uint8 {
	x, y = x+3*n, y-2*n
	return uint8(120 + 50*math.Sin(float64(x)/5+float64(y)/9) + float64(f.lighter*n))
}

func (f *pan) frame(n int) *imageio.Image {
	m := imageio.New(f.side, f.side)
	for i := range m.Pix {
		m.Pix[i] = f.gray(n, i/3%f.side, i/3/f.side)
	}
	return m
}

func newPan(side, lighter int, half bool) *pan {
	f := &pan{side: side, lighter: lighter, half: half}
	for n := range 4 {
		f.Images = append(f.Images, f.frame(n))
	}
	return f
}

func (f *pan) After(i int) (*dataset.Successor, error) {
	switch i {
	case 2:
		return nil, nil
	case 3:
		return nil, errors.New("it cannot be read")
	}
	n := f.side * f.side
	s := &dataset.Successor{Image: f.frame(i + 1), Flow: make([]float32, 2*n), Known: make([]bool, n)}
	for k := range n {
		s.Flow[k], s.Flow[n+k], s.Known[k] = 3, -2, !f.half || k < n/2
	}
	return s, nil
}

// twice is a model that doubles what it sees.
type twice struct{ passes []float32 }

func (m *twice) Forward(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	m.passes = append(m.passes, x.Values()...)
	return tp.Scale(x, 2)
}
func (*twice) Params() []nn.Param { return nil }

// TestFootage compares results of a film's frames: those of a model that keeps to its
// input differ only by how the film got lighter, where its motion is known.
func TestFootage(t *testing.T) {
	const side = 64
	be := tensor.CPU()
	defer be.Close()
	loss := func(o StabilityOptions, src dataset.Source, step int, indices ...int) (float64, []float32) {
		s, err := NewStability(o)
		require.NoError(t, err)
		defer s.Free()
		var values []float32
		for _, i := range indices {
			m, err := src.Load(i)
			require.NoError(t, err)
			v := make([]float32, 3*side*side)
			imageio.ToFloats(v, m)
			values = append(values, v...)
		}
		x := tensor.FromSlice(be, tensor.Shape{len(indices), 3, side, side}, values)
		defer x.Free()
		tp, model := tensor.NewTape(be), &twice{}
		defer tp.Reset()
		p := &Pass{Tape: tp, Model: model, Input: x, Output: tp.Scale(x, 2), Step: step, Steps: 10, data: src, indices: indices}
		return float64(s.Losses(nil, p)[0].Item()), model.passes
	}
	o := StabilityOptions{Weight: 10, Footage: 1}
	const eps = 10 * stabilityEps
	got, seen := loss(o, newPan(side, 0, false), 1, 0, 1)
	require.InDelta(t, eps, got, 1e-3)
	for k, v := range seen[:side*side] { // what the model saw beside the batch
		require.EqualValues(t, newPan(side, 0, false).gray(1, k%side, k/side), v)
	}
	// Lighter by 4 levels, doubled, where both ends are away from the edges: 8 pixels here.
	got, _ = loss(o, newPan(side, 4, false), 1, 0, 1)
	require.InEpsilon(t, eps+10*8*float64((side-16-3)*(side-16-2))/(side*side), got, 0.02)
	got, _ = loss(o, newPan(side, 4, true), 1, 0, 1)
	require.InEpsilon(t, eps+10*8*float64((side-16-3)*(side/2-8-2))/(side*side), got, 0.02)
	// Those without a next frame are compared with themselves, and so are all that a
	// Source knows no film of.
	got, _ = loss(o, newPan(side, 4, false), 1, 2, 3)
	require.InDelta(t, eps, got, 1e-3)
	got, _ = loss(o, newPan(side, 4, false).Images, 1, 0, 1)
	require.InDelta(t, eps, got, 1e-3)
	// A mirrored film, and one in a mix.
	got, _ = loss(o, dataset.Mirrored(newPan(side, 0, false)), 1, 4, 5)
	require.InDelta(t, eps, got, 1e-3)
	mix, err := dataset.NewMix(dataset.Share{Source: newPan(side, 0, false).Images, Weight: 1}, dataset.Share{Source: newPan(side, 4, false), Weight: 1})
	require.NoError(t, err)
	got, _ = loss(o, mix, 1, 0, 4)
	require.InEpsilon(t, eps+10*4*float64((side-16-3)*(side-16-2))/(side*side), got, 0.02)

	// A share of the draws, which leaves those of other runs as they were.
	o.Footage, o.Shifts = 0.25, 1
	drawn := 0
	for step := range 200 {
		if got, _ := loss(o, newPan(side, 8, false), step, 0); got > 2*eps {
			drawn++
		}
	}
	require.InDelta(t, 50, drawn, 20)
	o.Footage = 1.5
	require.ErrorContains(t, o.Validate(), "Footage is 1.5")
}
