// Package glstyle stylizes OpenGL textures in place, inside a game's frame: the
// pixels never leave the graphics card.
//
//	dev, err := gpu.FromCurrent(glfw.GetProcAddress) // on the thread of the game's context
//	style, err := glstyle.New(dev, weights)
//	...
//	err = style.Texture(frame, frame) // after the scene is drawn
package glstyle

import (
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Stylizer runs a network on textures. Frames of the same size allocate nothing
// on the device after the first.
type Stylizer struct {
	// Flip turns pictures over on the way to the network and back. Set it for
	// textures that OpenGL rendered, whose first row is the bottom: networks
	// have learned from upright pictures.
	Flip bool

	// Half keeps the network's activations in 16 bits, half the bytes, where rows are
	// multiples of 4 pixels: all of them in pictures whose width is a multiple of 16.
	// Colors change; README.md in folder gpu says by how much. Values that are too
	// large for that become the largest, and the device's Sync returns gpu.ErrRange.
	Half bool

	dev   *gpu.Device
	net   *nn.Network
	tape  *tensor.Tape
	input *tensor.Tensor // padded, of the last frame's size
}

// New makes a Stylizer with the given weights, which tell what network it is. The
// device stays the caller's.
func New(dev *gpu.Device, weights statedict.Dict) (*Stylizer, error) {
	a, err := arch.Recognize(weights)
	if err != nil {
		return nil, err
	}
	return NewWith(dev, a, weights)
}

// NewWith makes a Stylizer of the network a with the given weights.
func NewWith(dev *gpu.Device, a *arch.Network, weights statedict.Dict) (*Stylizer, error) {
	net, err := nn.NewNetworkWith(dev, a, weights)
	if err != nil {
		return nil, err
	}
	net.Freeze()
	return &Stylizer{dev: dev, net: net, tape: tensor.NewTape(dev)}, nil
}

// Texture replaces the colors of the texture dst by the stylized ones of src,
// which may be dst. Alpha is src's. Both are 2D textures of the format GL_RGBA8,
// of any one size, in the device's context.
//
// The work is queued, as all of OpenGL's: nothing waits for it, and what the
// caller draws next comes after it. The error says what is wrong with the
// textures, that the picture is too large for the device (gpu.ErrTooLarge), or
// which earlier work failed.
func (s *Stylizer) Texture(dst, src uint32) error {
	w, h, err := s.dev.TextureSize(src)
	if err != nil {
		return err
	}
	s.dev.Do(func() { err = s.frame(dst, src, w, h) })
	if err != nil {
		return err
	}
	return s.dev.Err()
}

func (s *Stylizer) frame(dst, src uint32, width, height int) error {
	a := s.net.Arch()
	shape := backend.Shape{1, 3, a.FitSize(height), a.FitSize(width)}
	if s.input == nil || s.input.Shape() != shape {
		if s.input != nil {
			s.input.Free()
		}
		s.input = tensor.New(s.dev, shape)
	}
	if err := s.dev.ReadTexture(s.input.Buffer(), src, s.Flip); err != nil {
		return err
	}
	defer s.tape.Reset()
	out := s.forward(s.tape, s.input)
	return s.dev.WriteTexture(dst, src, out.Buffer(), s.Flip)
}

// forward runs the network.
func (s *Stylizer) forward(tape *tensor.Tape, in *tensor.Tensor) *tensor.Tensor {
	if s.Half {
		s.dev.Half(true)
		defer s.dev.Half(false)
	}
	return s.net.Forward(tape, in)
}

// Close gives the network's memory back to the device.
func (s *Stylizer) Close() {
	s.net.Free()
	if s.input != nil {
		s.input.Free()
	}
}
