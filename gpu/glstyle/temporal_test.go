//go:build gl && cgo && (linux || windows)

package glstyle_test

import (
	"math/rand/v2"
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/glstyle"
	"github.com/impasto-go/impasto/nn/temporal"
)

// floats makes a texture of floats.
func floats(internal, format uint32, w, h int, values []float32) (name uint32) {
	gl.GenTextures(1, &name)
	gl.BindTexture(gl.TEXTURE_2D, name)
	gl.TexStorage2D(gl.TEXTURE_2D, 1, internal, int32(w), int32(h))
	gl.TexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, int32(w), int32(h), format, gl.FLOAT, gl.Ptr(values))
	gl.BindTexture(gl.TEXTURE_2D, 0)
	return name
}

func colors(w, h int, pixels []byte) (name uint32) {
	gl.GenTextures(1, &name)
	gl.BindTexture(gl.TEXTURE_2D, name)
	gl.TexStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, int32(w), int32(h))
	gl.TexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, int32(w), int32(h), gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
	gl.BindTexture(gl.TEXTURE_2D, 0)
	return name
}

func read(name uint32, w, h int) []byte {
	pixels := make([]byte, 4*w*h)
	gl.BindTexture(gl.TEXTURE_2D, name)
	gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
	gl.BindTexture(gl.TEXTURE_2D, 0)
	return pixels
}

// TestTemporalEqualsCPU runs the same frames, of random motion and depth with cuts,
// frames between and pictures that come late, through the layer of package temporal: at
// most 1 level apart.
func TestTemporalEqualsCPU(t *testing.T) {
	const w, h = 37, 29
	dev := open(t)
	o := temporal.Options{Keep: 0.8, DepthTolerance: 0.2}
	cpu := temporal.New(w, h, o)
	defer cpu.Close()
	layer, err := glstyle.NewTemporal(dev, w, h, o)
	require.NoError(t, err)
	defer layer.Close()
	rng := rand.New(rand.NewPCG(3, 4))
	require.Error(t, layer.Move(1, glstyle.TextureFrame{}), "nothing to move")
	require.Error(t, layer.AddMarked(1, 1, glstyle.TextureFrame{}), "nothing is marked")
	marked, lates := false, 0
	for frame := range 40 {
		pixels := picture(w, h)
		styled := picture(w, h)
		for i := range styled {
			styled[i] += byte(rng.UintN(30))
		}
		motion, depth := make([]float32, 2*w*h), make([]float32, w*h)
		for i := range pixels {
			pixels[i] += byte(rng.UintN(40))
		}
		for i := range motion {
			motion[i] = float32(rng.UintN(64))/16 - 2 // exact in half floats
		}
		for i := range depth {
			depth[i] = float32(1 + rng.UintN(4))
		}
		f := temporal.Frame{Motion: motion, Depth: depth, ScaleX: 1, ScaleY: -1}
		tf := glstyle.TextureFrame{ScaleX: 1, ScaleY: -1}
		if frame%11 == 5 {
			f.Depth = nil
		}
		if frame%13 == 7 {
			f.Motion = nil
		}
		if frame == 17 {
			cpu.Cut()
			layer.Cut()
		}
		add := frame%3 == 0 || frame == 17 // which is after the cut
		late := marked && frame%5 == 3
		marked = !add && !late && (marked || frame%5 > 0)
		var got []byte
		dev.Do(func() {
			internal, format := uint32(gl.RG16F), uint32(gl.RG)
			if frame%2 == 1 {
				internal = gl.RG32F
			}
			var motionTexture, depthTexture uint32
			if f.Motion != nil {
				motionTexture = floats(internal, format, w, h, motion)
			}
			if f.Depth != nil {
				depthTexture = floats(gl.R32F, gl.RED, w, h, depth)
			}
			tf.Motion, tf.Depth = motionTexture, depthTexture
			color := colors(w, h, pixels)
			switch {
			case late:
				texture := colors(w, h, styled)
				require.NoError(t, layer.AddMarked(color, texture, tf))
				gl.DeleteTextures(1, &texture)
			case add:
				require.NoError(t, layer.Add(color, tf))
			default:
				require.NoError(t, layer.Move(color, tf))
				if frame%5 > 0 {
					require.NoError(t, layer.Mark())
				}
			}
			got = read(color, w, h)
			gl.DeleteTextures(3, &[]uint32{color, motionTexture, depthTexture}[0])
		})
		switch {
		case late:
			lates++
			require.NoError(t, cpu.AddMarked(pixels, styled, 4*w, f))
		case add:
			require.NoError(t, cpu.Add(pixels, pixels, 4*w, f))
		default:
			require.NoError(t, cpu.Move(pixels, 4*w, f))
			if frame%5 > 0 {
				cpu.Mark()
			}
		}
		for i := range pixels {
			require.InDelta(t, pixels[i], got[i], 1, "frame %d, byte %d", frame, i)
		}
	}
	require.Greater(t, lates, 3)
}

// TestTemporalErrors names textures that do not fit.
func TestTemporalErrors(t *testing.T) {
	const w, h = 16, 8
	dev := open(t)
	for _, o := range []temporal.Options{{Keep: 1}, {Keep: -1}, {DepthTolerance: -1}} {
		_, err := glstyle.NewTemporal(dev, w, h, o)
		require.Error(t, err)
	}
	_, err := glstyle.NewTemporal(dev, 0, h, temporal.Options{})
	require.Error(t, err)
	layer, err := glstyle.NewTemporal(dev, w, h, temporal.Options{Keep: 0.5})
	require.NoError(t, err)
	defer layer.Close()
	dev.Do(func() {
		right, small := colors(w, h, make([]byte, 4*w*h)), colors(w, h-1, make([]byte, 4*w*h))
		motion := floats(gl.RG32F, gl.RG, w, h, make([]float32, 2*w*h))
		require.ErrorContains(t, layer.Add(small, glstyle.TextureFrame{}), "16x7")
		require.ErrorContains(t, layer.Add(99, glstyle.TextureFrame{}), "99")
		require.ErrorContains(t, layer.Add(right, glstyle.TextureFrame{Motion: right}), "GL_RG16F")
		require.ErrorContains(t, layer.Add(right, glstyle.TextureFrame{Motion: motion, Depth: small}), "GL_R32F")
		require.NoError(t, layer.Add(right, glstyle.TextureFrame{Motion: motion}))
		require.NoError(t, layer.Move(right, glstyle.TextureFrame{Motion: motion}))
	})
}

// TestTemporalKeepsState runs in a context that is the game's own: what it has bound
// stays bound.
func TestTemporalKeepsState(t *testing.T) {
	const w, h = 16, 8
	outer := open(t) // lends its context, as a game would
	outer.Do(func() {
		dev, err := gpu.FromCurrent(gpu.ProcAddress)
		require.NoError(t, err)
		defer dev.Close()
		layer, err := glstyle.NewTemporal(dev, w, h, temporal.Options{Keep: 0.5})
		require.NoError(t, err)
		defer layer.Close()
		color := colors(w, h, make([]byte, 4*w*h))
		motion := floats(gl.RG32F, gl.RG, w, h, make([]float32, 2*w*h))
		depth := floats(gl.R32F, gl.RED, w, h, make([]float32, w*h))
		f := glstyle.TextureFrame{Motion: motion, Depth: depth}
		var mine uint32
		gl.GenBuffers(1, &mine)
		for i := range 8 {
			gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, uint32(i), mine)
		}
		for unit := range 3 {
			gl.BindImageTexture(uint32(unit), motion, 0, false, 0, gl.READ_WRITE, gl.RG32F)
		}
		gl.BindTexture(gl.TEXTURE_2D, depth)
		require.NoError(t, layer.Add(color, f))
		require.NoError(t, layer.Move(color, f))
		require.NoError(t, layer.Mark())
		require.NoError(t, layer.AddMarked(color, color, f))
		var bound int32
		for i := range 8 {
			gl.GetIntegeri_v(gl.SHADER_STORAGE_BUFFER_BINDING, uint32(i), &bound)
			require.EqualValues(t, mine, bound)
		}
		for unit := range 3 {
			gl.GetIntegeri_v(gl.IMAGE_BINDING_NAME, uint32(unit), &bound)
			require.EqualValues(t, motion, bound)
			gl.GetIntegeri_v(gl.IMAGE_BINDING_FORMAT, uint32(unit), &bound)
			require.EqualValues(t, gl.RG32F, bound)
		}
		gl.GetIntegerv(gl.TEXTURE_BINDING_2D, &bound)
		require.EqualValues(t, depth, bound)
		gl.GetIntegerv(gl.CURRENT_PROGRAM, &bound)
		require.Zero(t, bound)
		require.EqualValues(t, gl.NO_ERROR, gl.GetError())
	})
}
