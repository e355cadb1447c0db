package stylize_test

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
)

// TestStandardImages gives pictures of the standard library's types, with any origin,
// and takes one back that is the same as of our own type.
func TestStandardImages(t *testing.T) {
	session := newSession(t, goldenModel(t))
	bounds := image.Rect(-3, 5, 37, 31)
	for _, m := range []interface {
		image.Image
		Set(x, y int, c color.Color)
	}{image.NewNRGBA(bounds), image.NewRGBA(bounds), image.NewGray(bounds), image.NewRGBA64(bounds)} {
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				m.Set(x, y, color.NRGBA{uint8(5 * x), uint8(7 * y), uint8(x * y), 255})
			}
		}
		got, err := session.Stylize(m)
		require.NoError(t, err)
		require.Equal(t, bounds, got.Bounds())
		want, err := session.Image(imageio.FromImage(m))
		require.NoError(t, err)
		require.Equal(t, want.NRGBA().Pix, got.Pix, "%T", m)
	}
	_, err := session.Stylize(image.NewGray(image.Rectangle{}))
	require.Error(t, err)
}

// TestRead reads models from memory, and says what is wrong with others.
func TestRead(t *testing.T) {
	pass := picture(golden.Read(t, "tutorial.safetensors").Get(t, "x"))
	want, err := newSession(t, goldenModel(t)).Image(pass)
	require.NoError(t, err)
	data := golden.Bytes(t, "tutorial.pth")
	model, err := stylize.Read(bytes.NewReader(data))
	require.NoError(t, err)
	got, err := newSession(t, model).Image(pass)
	require.NoError(t, err)
	require.Equal(t, want, got)

	_, err = stylize.Read(bytes.NewReader(data[:len(data)/2]))
	require.ErrorIs(t, err, weights.ErrCorrupt)
	_, err = stylize.Read(bytes.NewReader(nil))
	require.ErrorContains(t, err, "empty")
	_, err = stylize.Read(bytes.NewReader(golden.Bytes(t, "op/relu.safetensors")))
	require.ErrorContains(t, err, "state dict")
}

func goldenModel(t *testing.T) *stylize.Model {
	model, err := stylize.Load(golden.Path(t, "tutorial.pth"))
	require.NoError(t, err)
	return model
}
