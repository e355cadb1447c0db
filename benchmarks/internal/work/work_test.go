package work

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

func newBackend(t *testing.T) backend.Backend {
	be := tensor.CPU()
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return be
}

func newStep(t *testing.T, be backend.Backend, batch int) Case {
	s, err := NewStep(be, Filters{8, 16, 32}, batch, 32)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s.Case()
}

// smallSpecs has every kind of convolution of the two networks.
func smallSpecs() []ConvSpec {
	specs := NetConvs(Filters{8, 16, 32}, 2, 24, 28)
	return append(specs,
		ConvSpec{Name: "vgg first", Count: 1, Batch: 2, Height: 20, Width: 20, In: 3, Out: 64, Kernel: 3, Stride: 1, Upsample: 1},
		ConvSpec{Name: "vgg", Count: 1, Batch: 2, Height: 20, Width: 20, In: 64, Out: 64, Kernel: 3, Stride: 1, Upsample: 1},
	)
}

func TestChecksAccept(t *testing.T) {
	be := newBackend(t)
	cases := []Case{Copy(1000, 3), NewFrame(be, Filters{8, 16, 32}, 32, 24).Case(), newStep(t, be, 1)}
	for _, s := range smallSpecs() {
		cases = append(cases, NewConv(be, s).Cases()...)
	}
	for _, name := range OpNames() {
		cases = append(cases, NewOp(be, name, tensor.Shape{2, 32, 12, 16}).Cases()...)
	}
	cases = append(cases, NewGram(be, tensor.Shape{2, 32, 12, 16}).Cases()...)
	texture, err := NewTexture(Filters{8, 16, 32}, 32, 24, 2)
	require.NoError(t, err)
	defer texture.Close()
	for _, c := range append(cases, texture.Case()) {
		require.NoError(t, c.Check(), c.Name)
		require.Positive(t, c.FLOP+c.Bytes, c.Name)
	}
}

// TestChecksRefuse spoils what a case computes with, unknown to its check.
func TestChecksRefuse(t *testing.T) {
	be := newBackend(t)
	for _, s := range smallSpecs() {
		c := NewConv(be, s)
		c.Cases()[0].Run()
		c.Cases()[1].Run()
		c.Cases()[2].Run()
		for _, result := range []*tensor.Tensor{c.y, c.dx, c.dw} {
			be.Axpy(result.Buffer(), result.Buffer(), 1.01, false)
		}
		require.Error(t, c.checkForward(), s.Name)
		require.Error(t, c.checkInput(), s.Name)
		require.Error(t, c.checkWeight(), s.Name)
	}
	o := NewOp(be, "relu", tensor.Shape{1, 1, 4, 4})
	o.forward = func() { be.Fill(o.y.Buffer(), 0.1) }
	require.Error(t, o.check())

	require.Error(t, finite("nan", []float32{1, float32(math.NaN())}))
	require.Error(t, finite("none", nil))
}

// TestFLOP compares with counts made by hand.
func TestFLOP(t *testing.T) {
	pass := 0.0
	for _, s := range VGGConvs(4, 256) {
		pass += float64(s.Count) * s.FLOP()
	}
	require.InDelta(t, 203.9e9, pass, 0.1e9) // 16 layers
	first := NetConvs(Filters{8, 16, 32}, 1, 540, 960)[0]
	require.Equal(t, float64(2*3*81*8*540*960), first.FLOP())
	up := NetConvs(Filters{8, 16, 32}, 1, 540, 960)[5]
	require.Equal(t, float64(2*16*9*8*540*960), up.FLOP()) // at the upsampled size
}

// TestSteadyAllocations: once they have seen their sizes, steps and frames leave
// nothing to the garbage collector.
func TestSteadyAllocations(t *testing.T) {
	be := newBackend(t)
	texture, err := NewTexture(Filters{8, 16, 32}, 64, 48, 2)
	require.NoError(t, err)
	defer texture.Close()
	for _, c := range []Case{
		newStep(t, be, 2),
		NewFrame(be, Filters{8, 16, 32}, 64, 48).Case(),
		texture.Case(),
	} {
		c.Run()
		require.Zero(t, testing.AllocsPerRun(2, c.Run), c.Name)
	}
}
