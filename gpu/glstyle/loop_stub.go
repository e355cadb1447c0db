//go:build !(gl && cgo && (linux || windows))

package glstyle

import (
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn/temporal"
)

// Loop shows the frames of a game in a Stylizer's style, still from frame to frame:
// with what Temporal does, the network runs in every frame, in every n-th, or spread
// over n.
//
//	loop, err := style.NewLoop(width, height, temporal.LoopOptions{
//		Options: temporal.Options{Keep: 0.8}, Every: 4, Spread: true,
//	})
//	...
//	err = loop.Frame(frame, glstyle.TextureFrame{Motion: motion, Depth: depth})
//
// After the first frames nothing is allocated on the device.
type Loop struct{}

// NewLoop prepares for textures of width x height pixels. The error says what is wrong
// with size or options. Close the loop before the Stylizer.
func (s *Stylizer) NewLoop(int, int, temporal.LoopOptions) (*Loop, error) {
	return nil, gpu.ErrUnavailable
}

// Close deletes what the loop has made.
func (*Loop) Close() {}

// Cut says that the next frame shows another scene. The network then runs in it
// wholly, as in the first one.
func (*Loop) Cut() {}

// Frame replaces the colors of the texture color, GL_RGBA8. f says how it moved since
// the last frame. The work is queued, as all of OpenGL's.
func (*Loop) Frame(color uint32, f TextureFrame) error { return gpu.ErrUnavailable }
