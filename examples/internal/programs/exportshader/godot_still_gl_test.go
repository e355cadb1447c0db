//go:build gl && cgo && linux

package exportshader

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/temporal"
)

// TestStillInHost runs the shaders that keep the style still as Godot would, with
// OpenGL, on random motion, depth and pictures, of which some frames have none, and
// compares with package temporal: at most 1 level of 255.
func TestStillInHost(t *testing.T) {
	dev, err := gpu.Open()
	if err != nil {
		need.Missing(t, "opengl", "%v", err)
	}
	defer dev.Close()
	const w, h, keep, near, far = 43, 31, 0.75, 0.05, 400.0
	layer := temporal.New(w, h, temporal.Options{Keep: keep})
	defer layer.Close()
	rng := rand.New(rand.NewPCG(4, 5))
	dev.Do(func() {
		mixing, showing := compile(t, openGL+"#define MIX\n"+temporalGLSL), compile(t, openGL+"#define SHOW\n"+temporalGLSL)
		var planes [4]uint32
		gl.GenBuffers(4, &planes[0])
		for _, b := range planes {
			gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, b)
			gl.BufferData(gl.SHADER_STORAGE_BUFFER, 16*w*h, nil, gl.DYNAMIC_COPY)
		}
		var block uint32
		gl.GenBuffers(1, &block)
		texture := func(internal, format uint32, values []float32) (name uint32) {
			gl.GenTextures(1, &name)
			gl.BindTexture(gl.TEXTURE_2D, name)
			gl.TexStorage2D(gl.TEXTURE_2D, 1, internal, w, h)
			gl.TexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, w, h, format, gl.FLOAT, gl.Ptr(values))
			gl.TexParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
			return name
		}
		for n := range 24 {
			fresh, parallel := n%4 == 0 || n%7 == 1, n >= 12
			if n == 12 {
				layer.Cut() // the distances are those of another camera
			}
			pixels, colors := make([]byte, 4*w*h), make([]float32, 4*w*h)
			motion, distance, depth := make([]float32, 2*w*h), make([]float32, w*h), make([]float32, w*h)
			for i := range pixels {
				pixels[i] = byte(rng.UintN(256))
				colors[i] = float32(pixels[i]) / 255
			}
			for i := range motion {
				motion[i] = float32(rng.IntN(65)-32) / 1024 // in parts of the screen, exact in half floats
			}
			for i := range distance {
				z := float64(2 + rng.UintN(4))
				distance[i] = float32(z)
				depth[i] = float32((near*far/z - near) / (far - near))
				if parallel {
					depth[i] = float32((z - far) / (near - far))
				}
			}
			f := temporal.Frame{Motion: motion, ScaleX: -w, ScaleY: -h, Depth: distance}
			if fresh || n == 12 {
				fresh = true
				require.NoError(t, layer.Add(pixels, pixels, 4*w, f))
			} else {
				require.NoError(t, layer.Move(pixels, 4*w, f))
			}

			picture := texture(gl.RGBA32F, gl.RGBA, colors)
			moved, deep := texture(gl.RG16F, gl.RG, motion), texture(gl.R32F, gl.RED, depth)
			var settings []byte
			for _, v := range []int{w, h, flag(fresh), flag(n > 0 && n != 12)} {
				settings = binary.LittleEndian.AppendUint32(settings, uint32(v))
			}
			for _, v := range []float32{keep, 0.1, 0, 0, near, far, float32(flag(parallel)), 0} {
				settings = binary.LittleEndian.AppendUint32(settings, math.Float32bits(v))
			}
			gl.BindBuffer(gl.UNIFORM_BUFFER, block)
			gl.BufferData(gl.UNIFORM_BUFFER, len(settings), gl.Ptr(settings), gl.DYNAMIC_DRAW)
			gl.BindBufferBase(gl.UNIFORM_BUFFER, 0, block)
			gl.BindImageTexture(0, picture, 0, false, 0, gl.READ_WRITE, gl.RGBA32F)
			for unit, name := range []uint32{moved, deep} {
				gl.ActiveTexture(gl.TEXTURE1 + uint32(unit))
				gl.BindTexture(gl.TEXTURE_2D, name)
			}
			gl.ActiveTexture(gl.TEXTURE0)
			for i, b := range planes {
				gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, uint32(3+i), b)
			}
			for _, program := range []uint32{mixing, showing} {
				gl.UseProgram(program)
				gl.DispatchCompute((w+7)/8, (h+7)/8, 1)
				gl.MemoryBarrier(gl.ALL_BARRIER_BITS)
			}
			gl.BindTexture(gl.TEXTURE_2D, picture)
			gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RGBA, gl.FLOAT, gl.Ptr(colors))
			planes[2], planes[3] = planes[3], planes[2]
			if fresh {
				planes[0], planes[1] = planes[1], planes[0]
			}
			for i, v := range pixels {
				require.InDelta(t, float64(v), 255*float64(colors[i]), 1, "frame %d, byte %d", n, i)
			}
			gl.DeleteTextures(3, &[]uint32{picture, moved, deep}[0])
		}
		gl.UseProgram(0)
		gl.DeleteProgram(mixing)
		gl.DeleteProgram(showing)
		gl.DeleteBuffers(4, &planes[0])
		gl.DeleteBuffers(1, &block)
		require.EqualValues(t, gl.NO_ERROR, gl.GetError())
	})
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
