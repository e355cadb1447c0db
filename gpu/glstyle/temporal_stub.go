//go:build !(gl && cgo && (linux || windows))

package glstyle

import (
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn/temporal"
)

// Temporal is package temporal's Layer on textures: the styled picture of the last
// frame is carried along the engine's motion vectors.
type Temporal struct{}

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

// NewTemporal returns gpu.ErrUnavailable in this build.
func NewTemporal(*gpu.Device, int, int, temporal.Options) (*Temporal, error) {
	return nil, gpu.ErrUnavailable
}

// Close deletes the layer's objects.
func (*Temporal) Close() {}

// Cut forgets the last picture: the next frame shows another scene.
func (*Temporal) Cut() {}

// Add mixes the newly styled frame in the texture color with the last one, in place.
func (*Temporal) Add(color uint32, f TextureFrame) error { return gpu.ErrUnavailable }

// Move shows the last picture where its contents are now in the texture color.
func (*Temporal) Move(color uint32, f TextureFrame) error { return gpu.ErrUnavailable }

// Mark says that the frame that was shown last is being styled, and that the result
// will come some frames later, with AddMarked. Another mark, Add, and Cut take it back.
// The first Mark allocates.
func (*Temporal) Mark() error { return gpu.ErrUnavailable }

// AddMarked is Add for a picture of the frame that was marked, in the texture styled.
// It is mixed with what that frame showed, and appears in the texture color where its
// contents are now. From here on all is as if Add had been called in the marked frame.
// Both textures are GL_RGBA8.
func (*Temporal) AddMarked(color, styled uint32, f TextureFrame) error { return gpu.ErrUnavailable }
