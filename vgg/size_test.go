package vgg_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/vgg"
)

// TestSize compares with the layout, and with the sum by hand of a few layers.
func TestSize(t *testing.T) {
	be := newBackend(t)
	v, err := vgg.Load(be, vgg.Layout(vgg.Relu54), vgg.Relu54)
	require.NoError(t, err)
	for _, l := range []vgg.Layer{vgg.Relu12, vgg.Relu22, vgg.Relu54} {
		want := vgg.Layout(l).NumElements()
		got, _ := v.Size(l)
		require.Equal(t, want, got, l)
	}
	for l, want := range map[vgg.Layer]float64{
		{Block: 1, Conv: 1}: 64,
		vgg.Relu12:          64 + 64,
		vgg.Relu22:          64 + 64 + 16 + 32 + 32,
		{Block: 3, Conv: 3}: 64 + 64 + 16 + 32 + 32 + 8 + 3*16,
		vgg.Relu54:          64 + 64 + 16 + 32 + 32 + 8 + 4*16 + 4 + 4*8 + 2 + 4*2,
	} {
		_, got := v.Size(l)
		require.Equal(t, want, got, l)
	}
	v.Free()

	// A narrow network is as small as it is, and its view of relu1_2 counts.
	d := narrow(4)
	v, err = vgg.Load(be, d, vgg.Relu22)
	require.NoError(t, err)
	params, perPixel := v.Size(vgg.Relu22)
	require.Equal(t, d.NumElements(), params)
	require.Equal(t, 4.0+4+4+1+2+2, perPixel)
	params, _ = v.Size(vgg.Layer{Block: 1, Conv: 1})
	require.Equal(t, 4*3*9+4, params)
}
