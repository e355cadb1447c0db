//go:build gl && cgo && (linux || windows)

package glstyle_test

import (
	"fmt"
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
	"github.com/impasto-go/impasto/nn/stylize"
	weightfile "github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

func open(t testing.TB, opts ...gpu.Option) *gpu.Device {
	t.Helper()
	d, err := gpu.Open(opts...)
	if err != nil {
		need.Missing(t, "opengl", "%v", err)
	}
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// weights of a small random network whose results fill the range of colors.
func weights() statedict.Dict {
	return vivid(nn.NewTransformerNet(reference.New(), [3]int{4, 6, 8}, 1, 7))
}

// vivid returns the weights of net with a last layer that fills the range of colors.
func vivid(net *nn.Network) statedict.Dict {
	d := net.StateDict()
	last := net.Layers()[len(net.Layers())-1].Conv
	weight := d.Lookup(last + ".weight").Data
	for i := range weight {
		weight[i] *= 90
	}
	copy(d.Lookup(last+".bias").Data, []float32{120, 130, 140})
	return d
}

func picture(w, h int) []byte {
	pixels := make([]byte, 4*w*h)
	for i := range pixels {
		pixels[i] = byte((i*i)>>3 ^ i*37)
		if i%4 == 3 {
			pixels[i] |= 1 // images that hide colors under zero alpha are treated apart
		}
	}
	return pixels
}

func flipped(pixels []byte, w int) []byte {
	var out []byte
	for at := len(pixels) - 4*w; at >= 0; at -= 4 * w {
		out = append(out, pixels[at:at+4*w]...)
	}
	return out
}

func newTexture(w, h int, pixels []byte) (name uint32) {
	gl.GenTextures(1, &name)
	gl.BindTexture(gl.TEXTURE_2D, name)
	gl.TexStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, int32(w), int32(h))
	gl.TexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, int32(w), int32(h), gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
	return name
}

func texels(name uint32, w, h int) []byte {
	pixels := make([]byte, 4*w*h)
	gl.BindTexture(gl.TEXTURE_2D, name)
	gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
	return pixels
}

// TestTextureEqualsImage compares with images that go through main memory.
func TestTextureEqualsImage(t *testing.T) {
	d := open(t)
	w := weights()
	style, err := glstyle.New(d, w)
	require.NoError(t, err)
	defer style.Close()
	model, err := stylize.New(w)
	require.NoError(t, err)
	session := model.NewSession(stylize.On(d))
	defer session.Close()
	for _, size := range [][2]int{{8, 8}, {1, 1}, {3, 70}, {13, 9}, {64, 48}, {101, 67}} {
		for _, flip := range []bool{false, true} {
			t.Run(fmt.Sprint(size, flip), func(t *testing.T) {
				pixels := picture(size[0], size[1])
				want := make([]byte, len(pixels))
				require.NoError(t, session.StylizeRGBA(want, pixels, size[0], size[1], 4*size[0]))
				if flip {
					pixels, want = flipped(pixels, size[0]), flipped(want, size[0])
				}
				style.Flip = flip
				d.Do(func() {
					src, dst := newTexture(size[0], size[1], pixels), newTexture(size[0], size[1], make([]byte, len(pixels)))
					require.NoError(t, style.Texture(dst, src))
					require.Equal(t, want, texels(dst, size[0], size[1]), "to another texture")
					require.Equal(t, pixels, texels(src, size[0], size[1]), "the source")
					require.NoError(t, style.Texture(src, src))
					require.Equal(t, want, texels(src, size[0], size[1]), "in place")
					gl.DeleteTextures(1, &src)
					gl.DeleteTextures(1, &dst)
				})
			})
		}
	}
	require.NoError(t, d.Sync())
}

// TestNetworksEqualCPU compares with the same frames on the CPU.
func TestNetworksEqualCPU(t *testing.T) {
	d := open(t)
	const w, h = 61, 44
	pixels := picture(w, h)
	for _, family := range arch.Families() {
		a, err := arch.New(family, [3]int{8, 16, 32}, 2)
		require.NoError(t, err)
		weights := vivid(nn.NewNetwork(reference.New(), a, 7))
		style, err := glstyle.New(d, weights)
		require.NoError(t, err)
		model, err := stylize.New(weights)
		require.NoError(t, err)
		session := model.NewSession()
		want := make([]byte, len(pixels))
		require.NoError(t, session.StylizeRGBA(want, pixels, w, h, 4*w))
		require.NoError(t, session.Close())
		d.Do(func() {
			tex := newTexture(w, h, pixels)
			require.NoError(t, style.Texture(tex, tex))
			for i, v := range texels(tex, w, h) {
				require.InDelta(t, want[i], v, 1, "%s, byte %d", family, i)
			}
			gl.DeleteTextures(1, &tex)
		})
		style.Close()
	}
}

// TestAuthorsPicture compares both ways with the picture that PyTorch made of the
// tutorial's weights.
func TestAuthorsPicture(t *testing.T) {
	dir := need.Shared(t, "data/author")
	d := open(t)
	w, err := weightfile.ReadFile(filepath.Join(dir, "final.pth"))
	require.NoError(t, err)
	in, err := imageio.Load(filepath.Join(dir, "011.png"), imageio.Options{})
	require.NoError(t, err)
	want, err := imageio.Load(filepath.Join(dir, "final.png"), imageio.Options{})
	require.NoError(t, err)

	model, err := stylize.New(w)
	require.NoError(t, err)
	session := model.NewSession(stylize.On(d))
	defer session.Close()
	got, err := session.Image(in)
	require.NoError(t, err)
	off := 0
	for i := range want.Pix {
		require.InDelta(t, want.Pix[i], got.Pix[i], 1, "subpixel %d", i)
		if want.Pix[i] != got.Pix[i] {
			off++
		}
	}
	t.Logf("%d of %d subpixels off by 1", off, len(want.Pix))
	require.LessOrEqual(t, off, len(want.Pix)/1000, "as package stylize demands of the CPU")

	style, err := glstyle.New(d, w)
	require.NoError(t, err)
	defer style.Close()
	d.Do(func() {
		tex := newTexture(in.W, in.H, in.NRGBA().Pix)
		require.NoError(t, style.Texture(tex, tex))
		require.Equal(t, got.NRGBA().Pix, texels(tex, in.W, in.H), "the texture")
		gl.DeleteTextures(1, &tex)
	})
}

func TestFramesAllocateNothing(t *testing.T) {
	d := open(t)
	style, err := glstyle.New(d, weights())
	require.NoError(t, err)
	defer style.Close()
	d.Do(func() {
		tex := newTexture(40, 28, picture(40, 28))
		require.NoError(t, style.Texture(tex, tex))
		before := d.Stats()
		for range 5 {
			require.NoError(t, style.Texture(tex, tex))
		}
		after := d.Stats()
		require.Greater(t, after.Dispatches, before.Dispatches)
		require.Equal(t, before.Allocations, after.Allocations)
		require.Equal(t, before.Programs, after.Programs)
	})
}

func TestFromCurrent(t *testing.T) {
	game := open(t)
	game.Do(func() {
		d, err := gpu.FromCurrent(gpu.ProcAddress)
		require.NoError(t, err)
		style, err := glstyle.New(d, weights())
		require.NoError(t, err)
		tex := newTexture(16, 16, picture(16, 16))
		gl.BindTexture(gl.TEXTURE_2D, tex)
		gl.UseProgram(0)
		require.NoError(t, style.Texture(tex, tex))
		var bound int32
		gl.GetIntegerv(gl.TEXTURE_BINDING_2D, &bound)
		require.Equal(t, int32(tex), bound)
		require.NotEqual(t, picture(16, 16), texels(tex, 16, 16))
		style.Close()
		require.NoError(t, d.Close())
	})
}

func TestErrors(t *testing.T) {
	_, err := glstyle.New(nil, statedict.Dict{})
	require.Error(t, err)

	d := open(t, gpu.MaxBlock(256<<10))
	style, err := glstyle.New(d, weights())
	require.NoError(t, err)
	defer style.Close()
	require.Error(t, style.Texture(0, 0))
	d.Do(func() {
		large := newTexture(200, 160, picture(200, 160))
		require.ErrorIs(t, style.Texture(large, large), gpu.ErrTooLarge)
		small := newTexture(9, 9, picture(9, 9))
		require.Error(t, style.Texture(large, small), "different sizes")
		require.NoError(t, style.Texture(small, small), "errors of arguments do not stick")
	})
	require.NoError(t, d.Sync())
}
