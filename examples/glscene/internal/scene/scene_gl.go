//go:build gl && cgo && linux

package scene

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// Scene draws the world into textures, with what a temporal layer wants to know. As
// all that OpenGL renders, their first row is the bottom.
type Scene struct {
	Color  uint32 // GL_RGBA8
	Motion uint32 // GL_RGBA32F: pixels moved to the right and up, distance in the last frame, box
	Depth  uint32 // GL_R32F: distance from the camera

	buffer, framebuffer  uint32 // of depth as OpenGL wants it, and of all
	boxes                uint32
	program, vertexArray uint32
	width, height        int32
	floats               []float32
}

const boxDeclaration = `#version 430 core
struct Box { mat4 now, before; vec4 tint; float light[8]; };
layout(std430, binding = 0) readonly buffer Boxes { Box boxes[]; };
`

const vertexShader = boxDeclaration + `
out vec2 uv;
out vec3 before;
flat out int box, face;
void main() {
	box = gl_VertexID / 36;
	face = gl_VertexID / 6 % 6;
	uv = vec2[](vec2(-1, -1), vec2(1, -1), vec2(1, 1), vec2(-1, -1), vec2(1, 1), vec2(-1, 1))[gl_VertexID % 6];
	float side = face % 2 == 0 ? 1.0 : -1.0;
	vec3 p = face < 2 ? vec3(side, uv) : face < 4 ? vec3(uv.x, side, uv.y) : vec3(uv, side);
	before = (boxes[box].before * vec4(p, 1)).xyw;
	gl_Position = boxes[box].now * vec4(p, 1);
}
` + "\x00"

const fragmentShader = boxDeclaration + `
layout(location = 0) uniform vec2 size;
in vec2 uv;
in vec3 before;
flat in int box, face;
layout(location = 0) out vec4 color;
layout(location = 1) out vec4 motion;
layout(location = 2) out float depth;
void main() {
	float pattern = 0.8 + 0.2 * sin(7.0 * uv.x + 2.0 * uv.y) * sin(6.0 * uv.y - uv.x);
	color = vec4(boxes[box].tint.rgb * boxes[box].light[face] * pattern, 1.0);
	motion = vec4(gl_FragCoord.xy - (before.xy / before.z + 1.0) / 2.0 * size, before.z, float(box));
	depth = 1.0 / gl_FragCoord.w;
}
` + "\x00"

// New makes a scene of the given size in pixels, in the current context.
func New(width, height int) (*Scene, error) {
	s := &Scene{width: int32(width), height: int32(height)}
	gl.GenFramebuffers(1, &s.framebuffer)
	gl.BindFramebuffer(gl.FRAMEBUFFER, s.framebuffer)
	for i, t := range []struct {
		name   *uint32
		format uint32
	}{{&s.Color, gl.RGBA8}, {&s.Motion, gl.RGBA32F}, {&s.Depth, gl.R32F}} {
		*t.name = NewTexture(width, height, t.format)
		gl.FramebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0+uint32(i), gl.TEXTURE_2D, *t.name, 0)
	}
	gl.DrawBuffers(3, &[]uint32{gl.COLOR_ATTACHMENT0, gl.COLOR_ATTACHMENT1, gl.COLOR_ATTACHMENT2}[0])
	gl.GenRenderbuffers(1, &s.buffer)
	gl.BindRenderbuffer(gl.RENDERBUFFER, s.buffer)
	gl.RenderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT24, s.width, s.height)
	gl.FramebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, s.buffer)
	if status := gl.CheckFramebufferStatus(gl.FRAMEBUFFER); status != gl.FRAMEBUFFER_COMPLETE {
		s.Close()
		return nil, fmt.Errorf("a framebuffer of %dx%d is not possible: status %#x", width, height, status)
	}
	gl.GenVertexArrays(1, &s.vertexArray)
	gl.GenBuffers(1, &s.boxes)
	gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, s.boxes)
	gl.BufferData(gl.SHADER_STORAGE_BUFFER, boxCount*int(unsafe.Sizeof(Box{})), nil, gl.STREAM_DRAW)
	if err := s.link(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// NewTexture makes a texture without mipmaps.
func NewTexture(width, height int, format uint32) (name uint32) {
	gl.GenTextures(1, &name)
	gl.BindTexture(gl.TEXTURE_2D, name)
	gl.TexStorage2D(gl.TEXTURE_2D, 1, format, int32(width), int32(height))
	return name
}

// link compiles the shaders.
func (s *Scene) link() error {
	s.program = gl.CreateProgram()
	for kind, source := range map[uint32]string{gl.VERTEX_SHADER: vertexShader, gl.FRAGMENT_SHADER: fragmentShader} {
		shader := gl.CreateShader(kind)
		text, free := gl.Strs(source)
		gl.ShaderSource(shader, 1, text, nil)
		free()
		gl.CompileShader(shader)
		gl.AttachShader(s.program, shader)
		gl.DeleteShader(shader)
	}
	gl.LinkProgram(s.program)
	var ok, n int32
	if gl.GetProgramiv(s.program, gl.LINK_STATUS, &ok); ok == gl.TRUE {
		return nil
	}
	gl.GetProgramiv(s.program, gl.INFO_LOG_LENGTH, &n)
	log := make([]uint8, n+1)
	gl.GetProgramInfoLog(s.program, n+1, nil, &log[0])
	return fmt.Errorf("the scene's shaders: %s", strings.TrimRight(string(log), "\x00\n"))
}

// Draw draws the world.
func (s *Scene) Draw(w *World) {
	gl.BindFramebuffer(gl.FRAMEBUFFER, s.framebuffer)
	gl.BindVertexArray(s.vertexArray)
	gl.Enable(gl.DEPTH_TEST)
	gl.Viewport(0, 0, s.width, s.height)
	gl.Clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT)
	gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, s.boxes)
	gl.BufferSubData(gl.SHADER_STORAGE_BUFFER, 0, len(w.Boxes)*int(unsafe.Sizeof(Box{})), gl.Ptr(w.Boxes))
	gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, 0, s.boxes)
	gl.UseProgram(s.program)
	gl.Uniform2f(0, float32(s.width), float32(s.height))
	gl.DrawArrays(gl.TRIANGLES, 0, int32(len(w.Boxes)*36))
}

// Copy copies the colors to another texture.
func (s *Scene) Copy(color uint32) {
	gl.CopyImageSubData(s.Color, gl.TEXTURE_2D, 0, 0, 0, 0, color, gl.TEXTURE_2D, 0, 0, 0, 0, s.width, s.height, 1)
}

// Read copies what was drawn to main memory.
func (s *Scene) Read(f *Frame) {
	w := f.Width
	ReadTexture(s.Color, f.Color, w)
	if s.floats == nil {
		s.floats = make([]float32, 4*w*f.Height)
	}
	gl.BindTexture(gl.TEXTURE_2D, s.Motion)
	gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RGBA, gl.FLOAT, gl.Ptr(s.floats))
	for i := range f.Depth {
		m := s.floats[4*((f.Height-1-i/w)*w+i%w):]
		f.Motion[2*i], f.Motion[2*i+1], f.Before[i], f.Box[i] = m[0], -m[1], m[2], uint8(m[3])
	}
	gl.BindTexture(gl.TEXTURE_2D, s.Depth)
	gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RED, gl.FLOAT, gl.Ptr(s.floats))
	for i := range f.Depth {
		f.Depth[i] = s.floats[(f.Height-1-i/w)*w+i%w]
	}
}

// ReadTexture copies the RGBA pixels of a texture to main memory, the top row first.
func ReadTexture(texture uint32, pixels []uint8, width int) {
	gl.BindTexture(gl.TEXTURE_2D, texture)
	gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
	row := 4 * width
	for top, bottom := 0, len(pixels)-row; top < bottom; top, bottom = top+row, bottom-row {
		for i := range row {
			pixels[top+i], pixels[bottom+i] = pixels[bottom+i], pixels[top+i]
		}
	}
}

// Show copies the colors to the window's framebuffer, scaled to its size.
func (s *Scene) Show(width, height int) {
	gl.BindFramebuffer(gl.READ_FRAMEBUFFER, s.framebuffer)
	gl.BindFramebuffer(gl.DRAW_FRAMEBUFFER, 0)
	gl.BlitFramebuffer(0, 0, s.width, s.height, 0, 0, int32(width), int32(height), gl.COLOR_BUFFER_BIT, gl.LINEAR)
}

// Close deletes the scene's objects.
func (s *Scene) Close() {
	gl.DeleteFramebuffers(1, &s.framebuffer)
	gl.DeleteRenderbuffers(1, &s.buffer)
	gl.DeleteTextures(3, &[]uint32{s.Color, s.Motion, s.Depth}[0])
	gl.DeleteBuffers(1, &s.boxes)
	gl.DeleteVertexArrays(1, &s.vertexArray)
	gl.DeleteProgram(s.program)
}
