package stylize_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/nn/imageio"
)

// TestEqualsPyTorch compares with PyTorch's result for the same weights, made a
// picture as the tutorial does: clipped and cut to whole values.
func TestEqualsPyTorch(t *testing.T) {
	model := goldenModel(t)
	pass := golden.Read(t, "tutorial.safetensors")
	got, err := newSession(t, model).Image(picture(pass.Get(t, "x")))
	require.NoError(t, err)
	off, worst := compare(t, picture(pass.Get(t, "y")), got)
	require.LessOrEqual(t, worst, 1)
	require.LessOrEqual(t, off, len(got.Pix)/1000)
}

// picture turns a tensor of one image into a picture.
func picture(x golden.Tensor) *imageio.Image {
	m := imageio.New(x.Shape[3], x.Shape[2])
	plane := m.W * m.H
	for i := range plane {
		for c := range 3 {
			m.Pix[3*i+c] = uint8(min(max(x.Data[c*plane+i], 0), 255))
		}
	}
	return m
}
