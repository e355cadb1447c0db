//go:build gl && cgo && (linux || windows)

package gpu_test

import (
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/glstyle"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
	"github.com/impasto-go/impasto/train"
)

// overtaking writes as the package must not.
type overtaking struct{ *gpu.Device }

func (o overtaking) Write(dst backend.Buffer, src []float32) { gpu.Overtake(o.Device, dst, src) }

// losses are those of all steps of a run, and its final weights.
func losses(t *testing.T, be backend.Backend) ([]float64, statedict.Dict) {
	var all []float64
	trainer, err := tiny(t, be, func(c *train.Config) {
		c.Events.OnStep = func(e *train.StepEvent) { all = append(all, e.Term("content"), e.Term("style")) }
	})
	require.NoError(t, err)
	return all, nn.StateDict(trainer.Network().Params())
}

// threaded gives a device another thread for its dispatches, where tests can.
var threaded func(testing.TB, *gpu.Device) *gpu.Device

// TestTrainingInAnyOrder trains with dispatches at once, as late as they may be and on
// another thread: to the bit the same, and the same again. A write that overtakes dispatches gives
// wrong batches, which the late device must show.
func TestTrainingInAnyOrder(t *testing.T) {
	want, weights := losses(t, open(t))
	for range 2 {
		got, w := losses(t, gpu.Late(open(t)))
		require.Equal(t, want, got)
		require.Equal(t, weights, w)
	}
	if threaded != nil {
		got, w := losses(t, threaded(t, open(t)))
		require.Equal(t, want, got)
		require.Equal(t, weights, w)
	}
	overtaken, _ := losses(t, overtaking{gpu.Late(open(t))})
	require.NotEqual(t, want, overtaken)
}

func TestLateConformance(t *testing.T) { conform(t, gpu.Late) }

// frame is a picture that depends on its number.
func frame(k, w, h int) []byte {
	pixels := make([]byte, 4*w*h)
	for i := range pixels {
		pixels[i] = byte(i*i>>3^i*37) + byte(k*57)
		if i%4 == 3 {
			pixels[i] = 255
		}
	}
	return pixels
}

// TestFramesInAnyOrder stylizes frames of changing content, through main memory and
// in textures that are drawn to again at once, the last of them in 16 bits.
func TestFramesInAnyOrder(t *testing.T) {
	const w, h, frames = 40, 24, 5
	weights := nn.NewTransformerNet(reference.New(), [3]int{4, 6, 8}, 1, 7).StateDict()
	model, err := stylize.New(weights)
	require.NoError(t, err)
	stylized := func(d *gpu.Device) (out [][]byte) {
		session := model.NewSession(stylize.On(d))
		defer session.Close()
		for k := range frames {
			dst := make([]byte, 4*w*h)
			require.NoError(t, session.StylizeRGBA(dst, frame(k, w, h), w, h, 4*w))
			out = append(out, dst)
		}
		style, err := glstyle.New(d, weights)
		require.NoError(t, err)
		defer style.Close()
		d.Do(func() {
			var src, dst [1]uint32
			for _, tex := range []*[1]uint32{&src, &dst} {
				gl.GenTextures(1, &tex[0])
				gl.BindTexture(gl.TEXTURE_2D, tex[0])
				gl.TexStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, w, h)
			}
			draw := func(k int) {
				gl.BindTexture(gl.TEXTURE_2D, src[0])
				gl.TexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(frame(k, w, h)))
			}
			draw(0)
			for k := range frames + 3 {
				style.Half = k >= frames
				require.NoError(t, style.Texture(dst[0], src[0]))
				draw(k + 1)
				got := make([]byte, 4*w*h)
				gl.BindTexture(gl.TEXTURE_2D, dst[0])
				gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(got))
				if style.Half {
					out = append(out, got)
				}
				require.Equal(t, out[k], got)
			}
		})
		return out
	}
	want := stylized(open(t))
	require.NotEqual(t, want[0], want[1])
	require.Equal(t, want, stylized(gpu.Late(open(t))))
	if threaded != nil {
		require.Equal(t, want, stylized(threaded(t, open(t))))
	}
}
