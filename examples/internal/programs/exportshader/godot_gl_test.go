//go:build gl && cgo && linux

package exportshader

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/modeltest"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/shader"
	"github.com/impasto-go/impasto/nn/statedict"
)

// openGL begins the shaders for the host below. Colors are full floats, so that
// the picture can be held exactly.
const openGL = `#version 430
#define UNIFORM layout(std140, binding = 0) uniform Settings
#define BINDING(i) binding = i
#define FORMAT , rgba32f
`

// TestShadersInHost runs the shaders of the script as Godot would, with OpenGL, and
// compares with the library: at most 1 level of 255.
func TestShadersInHost(t *testing.T) {
	dev, err := gpu.Open()
	if err != nil {
		need.Missing(t, "opengl", "%v", err)
	}
	defer dev.Close()
	for _, n := range []*arch.Network{
		arch.Tutorial([3]int{8, 16, 32}, 5), arch.PyTorchExamples([3]int{6, 10, 18}, 2), arch.AntiAliased([3]int{4, 8, 12}, 1, true),
	} {
		t.Run(n.Name, func(t *testing.T) {
			d := modeltest.Weights(n)
			for _, size := range [][2]int{{64, 48}, {101, 67}, {9, 131}} {
				m := paint.Scene(3, size[0], size[1])
				want := styledRGB(t, d, m)
				for _, linear := range []bool{false, true} {
					var got []byte
					dev.Do(func() { got = inHost(t, n, d, m, linear) })
					most := 0
					for i := range want {
						most = max(most, max(int(want[i])-int(got[i]), int(got[i])-int(want[i])))
					}
					require.LessOrEqual(t, most, 1, "%v, linear light %v", size, linear)
				}
			}
		})
	}
}

// inHost styles a picture in a texture of floats, which holds linear light if
// linear is set.
func inHost(t *testing.T, n *arch.Network, d statedict.Dict, m *imageio.Image, linear bool) []byte {
	p, err := shader.New(n, d)
	require.NoError(t, err)
	w, h := n.FitSize(m.W), n.FitSize(m.H)
	var made []uint32
	buffer := func(size int, bytes []byte) uint32 {
		var b uint32
		gl.GenBuffers(1, &b)
		gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, b)
		data := gl.Ptr(nil)
		if bytes != nil {
			data = gl.Ptr(bytes)
		}
		gl.BufferData(gl.SHADER_STORAGE_BUFFER, size, data, gl.DYNAMIC_COPY)
		made = append(made, b)
		return b
	}
	var planes []uint32
	for _, b := range p.Buffers {
		planes = append(planes, buffer(4*b.Channels*(w/b.Scale)*(h/b.Scale), nil))
	}
	moments := buffer(8*p.Moments*((w*h+shader.ChunkPixels-1)/shader.ChunkPixels), nil)
	affine := buffer(16*p.Moments, nil)
	var bytes []byte
	for _, v := range p.Weights {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
	}
	weights := buffer(len(bytes), bytes)
	var settings []byte
	for _, v := range []int{m.W, m.H, w, h} {
		settings = binary.LittleEndian.AppendUint32(settings, uint32(v))
	}
	light := float32(0)
	if linear {
		light = 1
	}
	for _, v := range []float32{1, light, 0, 0} {
		settings = binary.LittleEndian.AppendUint32(settings, math.Float32bits(v))
	}
	gl.BindBufferBase(gl.UNIFORM_BUFFER, 0, buffer(len(settings), settings))

	pixels := make([]float32, 0, 4*m.W*m.H)
	for i := range m.W * m.H {
		for _, c := range m.Pix[3*i : 3*i+3] {
			v := float64(c) / 255
			if linear {
				v = toLinear(v)
			}
			pixels = append(pixels, float32(v))
		}
		pixels = append(pixels, 0.5) // an alpha that must stay
	}
	var picture uint32
	gl.GenTextures(1, &picture)
	gl.BindTexture(gl.TEXTURE_2D, picture)
	gl.TexStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32F, int32(m.W), int32(m.H))
	gl.TexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, int32(m.W), int32(m.H), gl.RGBA, gl.FLOAT, gl.Ptr(pixels))

	programs := make([]uint32, len(p.Kernels))
	for i := range p.Kernels {
		programs[i] = compile(t, openGL+p.Kernels[i].GLSL())
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		gl.UseProgram(programs[s.Kernel])
		at := uint32(0)
		for _, b := range s.Bindings {
			switch b {
			case shader.Picture:
				gl.BindImageTexture(at, picture, 0, false, 0, gl.READ_WRITE, gl.RGBA32F)
			case shader.Result:
				continue // the picture itself
			case shader.Weights:
				gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, at, weights)
			case shader.Moments:
				gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, at, moments)
			case shader.Affine:
				gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, at, affine)
			default:
				gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, at, planes[b])
			}
			at++
		}
		x, y, z := s.Groups(w, h)
		gl.DispatchCompute(uint32(x), uint32(y), uint32(z))
		gl.MemoryBarrier(gl.ALL_BARRIER_BITS)
	}
	gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RGBA, gl.FLOAT, gl.Ptr(pixels))
	require.EqualValues(t, gl.NO_ERROR, gl.GetError())
	gl.UseProgram(0)
	gl.DeleteTextures(1, &picture)
	gl.DeleteBuffers(int32(len(made)), &made[0])
	for _, p := range programs {
		gl.DeleteProgram(p)
	}

	var rgb []byte
	for i := range m.W * m.H {
		require.EqualValues(t, 0.5, pixels[4*i+3])
		for _, v := range pixels[4*i : 4*i+3] {
			c := float64(v)
			if linear {
				c = fromLinear(c)
			}
			rgb = append(rgb, byte(math.Floor(255*c+1e-3))) // the library truncates
		}
	}
	return rgb
}

func compile(t *testing.T, source string) uint32 {
	s := gl.CreateShader(gl.COMPUTE_SHADER)
	text, free := gl.Strs(source + "\x00")
	defer free()
	gl.ShaderSource(s, 1, text, nil)
	gl.CompileShader(s)
	program := gl.CreateProgram()
	gl.AttachShader(program, s)
	gl.LinkProgram(program)
	gl.DeleteShader(s)
	var ok, n int32
	gl.GetProgramiv(program, gl.LINK_STATUS, &ok)
	if ok == 0 {
		gl.GetShaderiv(s, gl.INFO_LOG_LENGTH, &n)
		log := strings.Repeat("\x00", int(n)+1)
		gl.GetShaderInfoLog(s, n, nil, gl.Str(log))
		t.Errorf("%s\n%s", source, log)
	}
	return program
}

func toLinear(c float64) float64 {
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

func fromLinear(c float64) float64 {
	if c <= 0.0031308 {
		return 12.92 * c
	}
	return 1.055*math.Pow(c, 1/2.4) - 0.055
}
