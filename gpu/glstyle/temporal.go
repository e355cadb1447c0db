//go:build gl && cgo && (linux || windows)

package glstyle

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/go-gl/gl/v4.3-core/gl"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn/temporal"
)

//go:embed temporal.comp
var temporalSource string

// imageFormats are the formats that textures of motion and depth may have, as
// shaders name them.
var imageFormats = map[uint32]string{
	gl.RG16F: "rg16f", gl.RG32F: "rg32f", gl.RGBA16F: "rgba16f", gl.RGBA32F: "rgba32f",
	gl.R16F: "r16f", gl.R32F: "r32f",
}

// kernels of temporal.comp.
const (
	addKernel = iota
	showKernel
	moveKernel
	markKernel
	mixKernel
	carryKernel
	kernels
)

var kernelNames = [kernels]string{"ADD", "SHOW", "MOVE", "MARK", "MIX", "CARRY"}

// Buffers of temporal.comp, by their bindings but for the last, which takes the place
// of the one before it where a frame is marked and its picture comes. Odd ones take
// the place of those before them after a frame. Those from lateBuffer on are made when
// a frame is marked.
const (
	baseBuffer = iota
	nextBuffer
	atBuffer
	atNextBuffer
	lastBuffer
	nowBuffer
	lateBuffer
	lateNextBuffer
	markedBuffer
	buffers
)

// bufferFloats are the sizes of buffers per pixel.
var bufferFloats = [buffers]int{4, 4, 2, 2, 2, 2, 2, 2, 4}

// Temporal is package temporal's Layer on textures: the styled picture of the last
// frame is carried along the engine's motion vectors. After the first frames it
// allocates nothing, and it leaves the caller's OpenGL state as it was.
type Temporal struct {
	dev           *gpu.Device
	width, height int
	opts          temporal.Options

	buffers  [buffers]uint32
	programs map[[2]uint32][kernels]uint32 // by the formats of motion and depth
	formats  [2]uint32                     // of the last frame
	started  bool
	marks    bool // there is memory for marks
	waiting  bool // a frame is marked
	deep     bool // lastBuffer holds the last frame's depth
}

// NewTemporal makes a layer for textures of width x height pixels in dev's context;
// Options.Threads means nothing here. Close it before dev.
func NewTemporal(dev *gpu.Device, width, height int, o temporal.Options) (*Temporal, error) {
	if width < 1 || height < 1 || !(o.Keep >= 0 && o.Keep < 1) || !(o.DepthTolerance >= 0) {
		return nil, fmt.Errorf("glstyle: a temporal layer of %dx%d pixels with %+v is out of range", width, height, o)
	}
	if o.DepthTolerance == 0 {
		o.DepthTolerance = 0.1
	}
	t := &Temporal{dev: dev, width: width, height: height, opts: o, programs: map[[2]uint32][kernels]uint32{}}
	err := gpu.ErrClosed
	dev.Do(func() {
		gl.GenBuffers(buffers, &t.buffers[0])
		if err = t.allocate(0, lateBuffer); err != nil {
			gl.DeleteBuffers(buffers, &t.buffers[0])
		}
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// allocate gives buffers from first to end their memory.
func (t *Temporal) allocate(first, end int) error {
	for i := first; i < end; i++ {
		gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, t.buffers[i])
		gl.BufferData(gl.SHADER_STORAGE_BUFFER, 4*bufferFloats[i]*t.width*t.height, nil, gl.DYNAMIC_COPY)
	}
	return glError("making a temporal layer")
}

// Close deletes the layer's objects.
func (t *Temporal) Close() {
	t.dev.Do(func() {
		gl.DeleteBuffers(buffers, &t.buffers[0])
		for _, p := range t.programs {
			for _, name := range p {
				gl.DeleteProgram(name)
			}
		}
	})
}

// Cut forgets the last picture: the next frame shows another scene.
func (t *Temporal) Cut() { t.started, t.waiting = false, false }

// TextureFrame is what an engine knows of a frame, in textures of the layer's size.
// Rows count as the textures' do, so for textures that OpenGL rendered from the
// bottom to the top; the rest is as in temporal.Frame.
type TextureFrame struct {
	// Motion holds a vector for each pixel in red and green, in the format GL_RG16F,
	// GL_RG32F, GL_RGBA16F or GL_RGBA32F; 0 means that nothing moved.
	Motion uint32
	// ScaleX and ScaleY multiply the vectors; 0 means 1.
	ScaleX, ScaleY float32
	// Depth is the distance of each pixel from the camera, linear, in red, in one of
	// these formats or GL_R16F or GL_R32F; 0 if unknown.
	Depth uint32
}

// Add mixes the newly styled frame in the texture color, GL_RGBA8, with the last one,
// in place. The work is queued, as all of OpenGL's. The error says what is wrong with
// a texture.
func (t *Temporal) Add(color uint32, f TextureFrame) error {
	return t.frame(color, color, f, func(p [kernels]uint32) {
		t.waiting = false
		t.dispatch(p, addKernel, f)
		t.dispatch(p, showKernel, f)
		t.swap(baseBuffer)
		t.swap(lastBuffer)
		t.started = true
	})
}

// Move shows the last picture where its contents are now in the texture color,
// GL_RGBA8, whose alpha stays. The error says that there is no last picture, or what
// is wrong with a texture.
func (t *Temporal) Move(color uint32, f TextureFrame) error {
	if !t.started {
		return errors.New("glstyle: there is no picture to move: begin, and go on after a cut, with Add")
	}
	return t.frame(color, color, f, func(p [kernels]uint32) {
		t.move(p, f)
	})
}

func (t *Temporal) move(p [kernels]uint32, f TextureFrame) {
	t.dispatch(p, moveKernel, f)
	t.swap(atBuffer)
	t.swap(lastBuffer)
	t.swap(lateBuffer)
}

// Mark says that the frame that was shown last is being styled, and that the result
// will come some frames later, with AddMarked. Another mark, Add, and Cut take it back.
// The first Mark allocates.
func (t *Temporal) Mark() error {
	if !t.started {
		return nil // AddMarked will say so
	}
	var err error
	t.dev.Do(func() {
		var p [kernels]uint32
		if p, err = t.compiled(t.formats); err != nil {
			return
		}
		if !t.marks {
			if err = t.allocate(lateBuffer, buffers); err != nil {
				return
			}
			t.marks = true
		}
		t.dispatch(p, markKernel, TextureFrame{})
		t.waiting = true
	})
	return err
}

// AddMarked is Add for a picture of the frame that was marked, in the texture styled.
// It is mixed with what that frame showed, and appears in the texture color where its
// contents are now. From here on all is as if Add had been called in the marked frame.
// Both textures are GL_RGBA8.
func (t *Temporal) AddMarked(color, styled uint32, f TextureFrame) error {
	if !t.waiting {
		return errors.New("glstyle: no frame is marked, or it was before a cut or another Add")
	}
	return t.frame(color, styled, f, func(p [kernels]uint32) {
		t.move(p, f)
		gl.BindImageTexture(0, styled, 0, false, 0, gl.READ_WRITE, gl.RGBA8)
		t.dispatch(p, mixKernel, f)
		t.swap(baseBuffer)
		t.buffers[atBuffer], t.buffers[lateBuffer] = t.buffers[lateBuffer], t.buffers[atBuffer]
		t.waiting = false
		gl.BindImageTexture(0, color, 0, false, 0, gl.READ_WRITE, gl.RGBA8)
		t.dispatch(p, carryKernel, f)
	})
}

func (t *Temporal) swap(i int) { t.buffers[i], t.buffers[i+1] = t.buffers[i+1], t.buffers[i] }

// frame checks and binds the textures and calls work.
func (t *Temporal) frame(color, styled uint32, f TextureFrame, work func(p [kernels]uint32)) error {
	for _, texture := range [2]uint32{color, styled} {
		w, h, err := t.dev.TextureSize(texture)
		if err != nil {
			return err
		}
		if w != t.width || h != t.height {
			return fmt.Errorf("glstyle: a texture of %dx%d pixels for a temporal layer of %dx%d", w, h, t.width, t.height)
		}
	}
	var err error
	t.dev.Do(func() { err = t.bound(color, f, work) })
	if err != nil {
		return err
	}
	return t.dev.Err()
}

func (t *Temporal) bound(color uint32, f TextureFrame, work func(p [kernels]uint32)) error {
	gl.MemoryBarrier(gl.ALL_BARRIER_BITS)
	gl.BindImageTexture(0, color, 0, false, 0, gl.READ_WRITE, gl.RGBA8)
	formats := [2]uint32{gl.RG32F, gl.R32F}
	for i, texture := range []uint32{f.Motion, f.Depth} {
		if texture == 0 {
			continue
		}
		var err error
		if formats[i], err = t.format(texture); err != nil {
			return err
		}
		gl.BindImageTexture(uint32(1+i), texture, 0, false, 0, gl.READ_ONLY, formats[i])
	}
	t.formats = formats
	p, err := t.compiled(formats)
	if err != nil {
		return err
	}
	work(p)
	t.deep = f.Depth != 0
	gl.MemoryBarrier(gl.ALL_BARRIER_BITS)
	return nil
}

// format returns the format of a texture of motion or depth, and an error if that or
// the size is not as it must be.
func (t *Temporal) format(texture uint32) (uint32, error) {
	var w, h, format int32
	gl.BindTexture(gl.TEXTURE_2D, texture)
	gl.GetTexLevelParameteriv(gl.TEXTURE_2D, 0, gl.TEXTURE_WIDTH, &w)
	gl.GetTexLevelParameteriv(gl.TEXTURE_2D, 0, gl.TEXTURE_HEIGHT, &h)
	gl.GetTexLevelParameteriv(gl.TEXTURE_2D, 0, gl.TEXTURE_INTERNAL_FORMAT, &format)
	gl.BindTexture(gl.TEXTURE_2D, 0)
	if gl.GetError() != gl.NO_ERROR || int(w) != t.width || int(h) != t.height || imageFormats[uint32(format)] == "" {
		return 0, fmt.Errorf("glstyle: texture %d (%dx%d, format %#x) is no 2D texture of %dx%d floats, such as GL_RG16F for motion or GL_R32F for depth",
			texture, w, h, format, t.width, t.height)
	}
	return uint32(format), nil
}

// dispatch runs a kernel over all pixels.
func (t *Temporal) dispatch(p [kernels]uint32, kernel int, f TextureFrame) {
	for i, b := range t.buffers[:markedBuffer] {
		if i == lateNextBuffer && kernel != moveKernel {
			b = t.buffers[markedBuffer]
		}
		gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, uint32(i), b)
	}
	program := p[kernel]
	scaleX, scaleY, keep, tolerance := f.ScaleX, f.ScaleY, t.opts.Keep, t.opts.DepthTolerance
	var deep, waiting int32
	if scaleX == 0 {
		scaleX = 1
	}
	if scaleY == 0 {
		scaleY = 1
	}
	if f.Motion == 0 {
		scaleX, scaleY = 0, 0
	}
	if !t.started {
		keep = 0
	}
	if f.Depth == 0 {
		tolerance = -1
	}
	if t.deep {
		deep = 1
	}
	if t.waiting {
		waiting = 1
	}
	gl.UseProgram(program)
	gl.ProgramUniform2i(program, 0, int32(t.width), int32(t.height))
	gl.ProgramUniform2f(program, 1, scaleX, scaleY)
	gl.ProgramUniform1f(program, 2, keep)
	gl.ProgramUniform1f(program, 3, tolerance)
	gl.ProgramUniform1i(program, 4, deep)
	gl.ProgramUniform1i(program, 5, waiting)
	gl.DispatchCompute(uint32(t.width+15)/16, uint32(t.height+15)/16, 1)
	gl.MemoryBarrier(gl.SHADER_STORAGE_BARRIER_BIT | gl.SHADER_IMAGE_ACCESS_BARRIER_BIT)
}

// compiled returns the kernels for formats of motion and depth.
func (t *Temporal) compiled(formats [2]uint32) (p [kernels]uint32, err error) {
	if p, ok := t.programs[formats]; ok {
		return p, nil
	}
	for i, name := range kernelNames {
		head := fmt.Sprintf("#version 430 core\n#define %s\n#define MOTION_FORMAT %s\n#define DEPTH_FORMAT %s\n",
			name, imageFormats[formats[0]], imageFormats[formats[1]])
		if p[i], err = link(head + temporalSource); err != nil {
			return p, err
		}
	}
	t.programs[formats] = p
	return p, nil
}

func link(source string) (uint32, error) {
	text, free := gl.Strs(source + "\x00")
	defer free()
	program := gl.CreateShaderProgramv(gl.COMPUTE_SHADER, 1, text)
	var ok, n int32
	if gl.GetProgramiv(program, gl.LINK_STATUS, &ok); ok == gl.TRUE {
		return program, nil
	}
	gl.GetProgramiv(program, gl.INFO_LOG_LENGTH, &n)
	log := make([]uint8, n+1)
	gl.GetProgramInfoLog(program, n+1, nil, &log[0])
	gl.DeleteProgram(program)
	return 0, fmt.Errorf("glstyle: the driver refuses temporal.comp: %s", strings.TrimRight(string(log), "\x00\n"))
}

func glError(doing string) error {
	if code := gl.GetError(); code != gl.NO_ERROR {
		return fmt.Errorf("glstyle: %s: OpenGL error %#x", doing, code)
	}
	return nil
}
