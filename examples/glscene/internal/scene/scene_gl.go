//go:build gl && cgo && linux

package scene

import (
	"fmt"
	"strings"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// Scene is a field of turning boxes under a sky, drawn into a texture.
type Scene struct {
	Color uint32 // the texture, GL_RGBA8

	depth, framebuffer   uint32
	program, vertexArray uint32
	width, height        int32
}

// boxes is how many there are; boxes*36 vertices are made by the vertex shader.
const boxes = 40

const vertexShader = `#version 430 core
layout(location = 0) uniform float time;
layout(location = 1) uniform float aspect;
out vec3 tint;
out vec3 normal;

float hash(float n) { return fract(sin(n) * 43758.5453); }

mat3 turn(float a, float b) {
	return mat3(cos(a), 0, sin(a), 0, 1, 0, -sin(a), 0, cos(a)) * mat3(1, 0, 0, 0, cos(b), -sin(b), 0, sin(b), cos(b));
}

void main() {
	int box = gl_VertexID / 36, face = gl_VertexID / 6 % 6, corner = gl_VertexID % 6;
	vec2 uv = vec2[](vec2(-1, -1), vec2(1, -1), vec2(1, 1), vec2(-1, -1), vec2(1, 1), vec2(-1, 1))[corner];
	float side = face % 2 == 0 ? 1.0 : -1.0;
	int axis = face / 2;
	vec3 p = axis == 0 ? vec3(side, uv) : axis == 1 ? vec3(uv.x, side, uv.y) : vec3(uv, side);
	vec3 n = axis == 0 ? vec3(side, 0, 0) : axis == 1 ? vec3(0, side, 0) : vec3(0, 0, side);
	float id = float(box);
	mat3 m = turn(time * (0.4 + hash(id)) + id, time * hash(id + 0.5));
	vec3 at = vec3(hash(id + 1.0) * 9.0 - 4.5, hash(id + 2.0) * 5.0 - 2.5, -3.0 - mod(hash(id + 3.0) * 12.0 - time, 12.0));
	p = m * p * (0.2 + 0.4 * hash(id + 4.0)) + at;
	normal = m * n;
	tint = vec3(hash(id + 5.0), hash(id + 6.0), hash(id + 7.0));
	gl_Position = vec4(1.6 * p.x / aspect, 1.6 * p.y, -1.02 * p.z - 0.2, -p.z);
}
` + "\x00"

const fragmentShader = `#version 430 core
in vec3 tint;
in vec3 normal;
out vec4 color;
void main() {
	float light = 0.25 + 0.75 * max(0.0, dot(normalize(normal), normalize(vec3(0.5, 0.8, 0.6))));
	color = vec4(tint * light, 1.0);
}
` + "\x00"

// New makes a scene of the given size in pixels, in the current context.
func New(width, height int) (*Scene, error) {
	s := &Scene{width: int32(width), height: int32(height)}
	gl.GenTextures(1, &s.Color)
	gl.BindTexture(gl.TEXTURE_2D, s.Color)
	gl.TexStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, s.width, s.height)
	gl.GenRenderbuffers(1, &s.depth)
	gl.BindRenderbuffer(gl.RENDERBUFFER, s.depth)
	gl.RenderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT24, s.width, s.height)
	gl.GenFramebuffers(1, &s.framebuffer)
	gl.BindFramebuffer(gl.FRAMEBUFFER, s.framebuffer)
	gl.FramebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, s.Color, 0)
	gl.FramebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, s.depth)
	if status := gl.CheckFramebufferStatus(gl.FRAMEBUFFER); status != gl.FRAMEBUFFER_COMPLETE {
		s.Close()
		return nil, fmt.Errorf("a framebuffer of %dx%d is not possible: status %#x", width, height, status)
	}
	gl.GenVertexArrays(1, &s.vertexArray)
	gl.BindVertexArray(s.vertexArray)
	if err := s.link(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
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

// Draw draws the scene as it is after some seconds.
func (s *Scene) Draw(seconds float32) {
	gl.BindFramebuffer(gl.FRAMEBUFFER, s.framebuffer)
	gl.BindVertexArray(s.vertexArray)
	gl.Enable(gl.DEPTH_TEST)
	gl.Viewport(0, 0, s.width, s.height)
	gl.ClearColor(0.45, 0.65, 0.9, 1)
	gl.Clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT)
	gl.UseProgram(s.program)
	gl.Uniform1f(0, seconds)
	gl.Uniform1f(1, float32(s.width)/float32(s.height))
	gl.DrawArrays(gl.TRIANGLES, 0, boxes*36)
}

// Read copies the texture's pixels to main memory as RGBA, bottom row first.
func (s *Scene) Read(pixels []byte) {
	gl.BindFramebuffer(gl.READ_FRAMEBUFFER, s.framebuffer)
	gl.ReadPixels(0, 0, s.width, s.height, gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
}

// Show copies the texture to the window's framebuffer, scaled to its size.
func (s *Scene) Show(width, height int) {
	gl.BindFramebuffer(gl.READ_FRAMEBUFFER, s.framebuffer)
	gl.BindFramebuffer(gl.DRAW_FRAMEBUFFER, 0)
	gl.BlitFramebuffer(0, 0, s.width, s.height, 0, 0, int32(width), int32(height), gl.COLOR_BUFFER_BIT, gl.LINEAR)
}

// Close deletes the scene's objects.
func (s *Scene) Close() {
	gl.DeleteFramebuffers(1, &s.framebuffer)
	gl.DeleteRenderbuffers(1, &s.depth)
	gl.DeleteTextures(1, &s.Color)
	gl.DeleteVertexArrays(1, &s.vertexArray)
	gl.DeleteProgram(s.program)
}
