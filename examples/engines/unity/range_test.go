package unity_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// TestRangeShows holds what FindScale in the scripts counts on: given the test
// picture of 0 to 1, a network for 0 to 255 answers beyond 8, and the same network
// with the factor in its first and last weights does not.
func TestRangeShows(t *testing.T) {
	t.Run("drawn weights", func(t *testing.T) {
		be := tensor.CPU()
		defer be.Close()
		net := nn.NewTransformerNet(be, [3]int{8, 16, 32}, 5, 3)
		defer net.Free()
		// Like a trained network, this one paints mid gray and 40 levels about it. The
		// last convolution of a fresh one answers in units.
		scaleLast(net, 40, 128)
		require.Greater(t, answer(be, net), 8.0)
		scaleLast(net, 1.0/255, 0)
		require.Less(t, answer(be, net), 8.0)
	})
	t.Run("the tutorial's weights", func(t *testing.T) {
		d, err := weights.ReadFile(need.Shared(t, "data/author/final.pth"))
		require.NoError(t, err)
		be := tensor.CPU()
		defer be.Close()
		net, err := nn.NewNetworkFrom(be, d)
		require.NoError(t, err)
		defer net.Free()
		require.Greater(t, answer(be, net), 100.0)
		scaleLast(net, 1.0/255, 0)
		require.Less(t, answer(be, net), 3.0)
	})
}

// scaleLast multiplies what the network returns and adds to it.
func scaleLast(net *nn.Network, factor, plus float32) {
	params := net.Params()
	for i, p := range params[len(params)-2:] {
		values := p.Tensor.Values()
		for j := range values {
			values[j] *= factor
			if i == 1 {
				values[j] += plus
			}
		}
		p.Tensor.Write(values)
	}
}

// answer returns the largest value that a network makes of the scripts' picture.
func answer(be backend.Backend, net *nn.Network) float64 {
	const size = 64
	x := make([]float32, 3*size*size)
	for i := range x {
		x[i] = float32(0.5 + 0.5*math.Sin(0.37*float64(i%size)+0.23*float64(i/size)))
	}

	tp := tensor.NewTape(be)
	defer tp.Reset()
	frame := tensor.FromSlice(be, tensor.Shape{1, 3, size, size}, x)
	defer frame.Free()
	var largest float64
	for _, v := range net.Forward(tp, frame).Values() {
		largest = max(largest, math.Abs(float64(v)))
	}
	return largest
}
