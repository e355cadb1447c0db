package vgg_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend/reference"
	"github.com/impasto-go/impasto/vgg"
)

// narrow returns a random network of the given width down to relu2_2, with a view of
// relu1_2.
func narrow(width int) statedict.Dict {
	rng := rand.New(rand.NewPCG(3, 3))
	d := vgg.NarrowLayout(vgg.Relu22, width)
	d = append(d, statedict.Entry{Name: vgg.ViewName(vgg.Relu12), Shape: []int{width, width, 1, 1}, Data: make([]float32, width*width)})
	for _, e := range d {
		for i := range e.Data {
			e.Data[i] = float32(0.4 * rng.NormFloat64())
		}
	}
	return d
}

// TestNarrow compares a network of four filters with float64 loops: the layer with a view
// is multiplied with it, after what the next convolution sees.
func TestNarrow(t *testing.T) {
	const h, w, width = 6, 9, 4
	be := reference.New()
	d := narrow(width)
	v, err := vgg.Load(be, d, vgg.Relu22)
	require.NoError(t, err)
	require.Equal(t, 1.0/256, v.GramWeight())
	rng := rand.New(rand.NewPCG(1, 1))
	x32, x64 := make([]float32, 3*h*w), make([]float64, 3*h*w)
	for i := range x32 {
		x32[i] = float32(rng.NormFloat64())
		x64[i] = float64(x32[i])
	}
	x := tensor.FromSlice(be, tensor.Shape{1, 3, h, w}, x32)
	tp := tensor.NewTape(be)
	before := be.Live()
	got := v.Features(nil, tp, x, []vgg.Layer{vgg.Relu12, vgg.Relu22})
	require.Equal(t, before+2, be.Live(), "what is not returned is released")

	plain, _, _ := oracle(d, x64, h, w, "features.2")
	view := d.Lookup(vgg.ViewName(vgg.Relu12)).Data
	seen := make([]float32, len(plain))
	for i := range seen {
		sum := 0.0
		for c := range width {
			sum += float64(view[i/(h*w)*width+c]) * plain[c*h*w+i%(h*w)]
		}
		seen[i] = float32(sum)
	}
	require.Less(t, relativeL2(t, seen, got[0].Values()), 1e-5)
	deep, _, _ := oracle(d, x64, h, w, "features.7")
	want := make([]float32, len(deep))
	for i := range want {
		want[i] = float32(deep[i])
	}
	require.Equal(t, tensor.Shape{1, 2 * width, h / 2, w / 2}, got[1].Shape())
	require.Less(t, relativeL2(t, want, got[1].Values()), 1e-5)

	tp.Reset()
	x.Free()
	sum := v.Checksum()
	v.Free()
	require.Zero(t, be.Live())
	d[len(d)-1].Data[0]++
	v, err = vgg.Load(be, d, vgg.Relu22)
	require.NoError(t, err)
	require.NotEqual(t, sum, v.Checksum(), "views are among the weights")
}

func TestNarrowErrors(t *testing.T) {
	be := reference.New()
	d := narrow(4)
	view := &d[len(d)-1]
	view.Shape = []int{8, 2, 1, 1}
	_, err := vgg.Load(be, d, vgg.Relu22)
	require.ErrorContains(t, err, "views.relu1_2.weight: file has [8 2 1 1], network needs [4 4 1 1]")
	view.Name = "views.relu9_9.weight"
	_, err = vgg.Load(be, d, vgg.Relu22)
	require.ErrorContains(t, err, "views.relu9_9.weight")
	view.Name, view.Shape = vgg.ViewName(vgg.Relu34), nil
	_, err = vgg.Load(be, d, vgg.Relu22)
	require.NoError(t, err, "views of deeper layers are ignored")
	_, err = vgg.Load(be, d, vgg.Relu34)
	require.ErrorContains(t, err, "features.10.weight")
}
