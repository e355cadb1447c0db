//go:build gl && cgo && (linux || windows)

package glstyle_test

import (
	"path/filepath"
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/glstyle"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	weightfile "github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// moved is what 16 bits change in a picture.
type moved struct {
	most       int     // steps of 255
	more, mean float64 // the share of colors that move by more than 1, and their mean
}

// halved stylizes a picture in 32 and in 16 bits.
func halved(t *testing.T, d *gpu.Device, weights statedict.Dict, pixels []byte, w, h int) (m moved) {
	style, err := glstyle.New(d, weights)
	require.NoError(t, err)
	defer style.Close()
	d.Do(func() {
		tex, dst := newTexture(w, h, pixels), newTexture(w, h, pixels)
		require.NoError(t, style.Texture(dst, tex))
		full := texels(dst, w, h)
		style.Half = true
		require.NoError(t, style.Texture(dst, tex))
		got := texels(dst, w, h)
		colors := 1 / float64(3*w*h)
		for i, v := range full {
			off := max(int(v)-int(got[i]), int(got[i])-int(v))
			m.most = max(m.most, off)
			m.mean += float64(off) * colors
			if off > 1 {
				m.more += colors
			}
		}
		style.Half = false
		require.NoError(t, style.Texture(dst, tex))
		require.Equal(t, full, texels(dst, w, h), "and back")
		gl.DeleteTextures(1, &tex)
		gl.DeleteTextures(1, &dst)
	})
	require.NoError(t, d.Sync())
	return m
}

// TestHalf bounds what 16 bits change, in each family of networks with random weights.
func TestHalf(t *testing.T) {
	d := open(t)
	const w, h = 64, 48
	for _, family := range arch.Families() {
		a, err := arch.New(family, [3]int{8, 16, 32}, 2)
		require.NoError(t, err)
		m := halved(t, d, vivid(nn.NewNetwork(reference.New(), a, 7)), picture(w, h), w, h)
		t.Logf("%s: %+v", family, m)
		require.NotZero(t, m.mean, family)
		require.LessOrEqual(t, m.most, 3, family)
		require.LessOrEqual(t, m.more, 0.01, family)
	}
}

// TestHalfAuthor bounds it for the tutorial's own network and a part of its picture, or
// all of that with IMPASTO_LONG=1.
func TestHalfAuthor(t *testing.T) {
	dir := need.Shared(t, "data/author")
	d := open(t)
	weights, err := weightfile.ReadFile(filepath.Join(dir, "final.pth"))
	require.NoError(t, err)
	in, err := imageio.Load(filepath.Join(dir, "011.png"), imageio.Options{})
	require.NoError(t, err)
	if !need.Long() {
		in = imageio.CenterCrop(in, 320, 192)
	}
	m := halved(t, d, weights, in.NRGBA().Pix, in.W, in.H)
	t.Logf("%dx%d: %+v", in.W, in.H, m)
	require.NotZero(t, m.mean)
	require.LessOrEqual(t, m.most, 8)
	require.LessOrEqual(t, m.more, 0.01)
}

// TestHalfSpread spreads a network in 16 bits over frames, to the bit the same.
func TestHalfSpread(t *testing.T) {
	d := open(t)
	const w, h = 32, 16
	style, err := glstyle.New(d, weights())
	require.NoError(t, err)
	defer style.Close()
	style.Half = true
	spread, err := style.NewSpread(w, h, 3)
	require.NoError(t, err)
	defer spread.Close()
	d.Do(func() {
		tex, at, once := newTexture(w, h, picture(w, h)), newTexture(w, h, picture(w, h)), newTexture(w, h, picture(w, h))
		require.NoError(t, style.Texture(once, tex))
		for range 2 {
			require.NoError(t, spread.Begin(at, tex))
			for done := false; !done; {
				done, err = spread.Step()
				require.NoError(t, err)
			}
			require.Equal(t, texels(once, w, h), texels(at, w, h))
		}
	})
}
