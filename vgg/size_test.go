package vgg_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/vgg"
)

// TestSize compares with the layout, and with the sum by hand of a few layers.
func TestSize(t *testing.T) {
	for _, l := range []vgg.Layer{vgg.Relu12, vgg.Relu22, vgg.Relu54} {
		want := 0
		for _, e := range vgg.Layout(l) {
			want += len(e.Data)
		}
		got, _ := l.Size()
		require.Equal(t, want, got, l)
	}
	for l, want := range map[vgg.Layer]float64{
		{Block: 1, Conv: 1}: 64,
		vgg.Relu12:          64 + 64,
		vgg.Relu22:          64 + 64 + 16 + 32 + 32,
		{Block: 3, Conv: 3}: 64 + 64 + 16 + 32 + 32 + 8 + 3*16,
		vgg.Relu54:          64 + 64 + 16 + 32 + 32 + 8 + 4*16 + 4 + 4*8 + 2 + 4*2,
	} {
		_, got := l.Size()
		require.Equal(t, want, got, l)
	}
}
