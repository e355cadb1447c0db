package onnxexport

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Options says how to export. The zero value is a 960x540 frame for Barracuda.
type Options struct {
	Profile Profile

	// Width and Height are the frame size in pixels that the Barracuda profile
	// declares. 0 means 960x540, or the tutorial's portrait 540x960 with
	// Compat. The Runtime profile takes any frame size and ignores them.
	Width, Height int

	// UnitRange makes the graph take and return 0..1 instead of 0..255: the
	// factor is multiplied into the first and last convolution's weights.
	UnitRange bool

	// Compat reproduces the file that PyTorch 1.7 exports: its names of nodes
	// and values, order of initializers and producer, and no metadata. It needs
	// the Barracuda profile without UnitRange.
	Compat bool

	// Style is the name of the style, for the metadata; optional.
	Style string

	// Forward is the network's own forward pass: it takes one frame in NCHW
	// order, values 0..255, and returns the stylized one in the same layout. If
	// not nil, the exported graph must agree with it.
	Forward func(x []float32, h, w int) ([]float32, error)
}

// maxSide bounds the declared frame size; no device renders larger textures.
const maxSide = 1 << 16

// CheckSize returns an error unless the network accepts frames of this size:
// width and height must be multiples of 4 (the network halves twice, and adds
// what it doubles again to what it halved) and at least 8 (reflection padding
// needs more pixels than it adds).
func CheckSize(width, height int) error {
	for _, side := range []struct {
		name string
		n    int
	}{{"width", width}, {"height", height}} {
		switch {
		case side.n < 8:
			return fmt.Errorf("onnxexport: %s %d is too small: the nearest valid %s is 8", side.name, side.n, side.name)
		case side.n > maxSide:
			return fmt.Errorf("onnxexport: %s %d is too large: the nearest valid %s is %d", side.name, side.n, side.name, maxSide)
		case side.n%4 != 0:
			down := side.n &^ 3
			return fmt.Errorf("onnxexport: %s %d is not a multiple of 4: the nearest valid ones are %d and %d", side.name, side.n, down, down+4)
		}
	}
	return nil
}

// complete checks the options and fills in the defaults.
func (o Options) complete() (Options, error) {
	if _, ok := profiles[o.Profile]; !ok {
		return o, fmt.Errorf("onnxexport: unknown profile %d", int(o.Profile))
	}
	if o.Compat && o.Profile != Barracuda {
		return o, errors.New("onnxexport: Compat reproduces an opset 9 file: it needs the barracuda profile")
	}
	if o.Compat && o.UnitRange {
		return o, errors.New("onnxexport: Compat keeps the weights as they are: it excludes UnitRange")
	}
	if !utf8.ValidString(o.Style) || strings.ContainsRune(o.Style, 0) {
		return o, fmt.Errorf("onnxexport: style name %q is not valid text", o.Style)
	}
	if o.Width == 0 && o.Height == 0 {
		o.Width, o.Height = 960, 540
		if o.Compat {
			o.Width, o.Height = 540, 960
		}
	}
	if o.Profile == Runtime {
		return o, nil
	}
	return o, CheckSize(o.Width, o.Height)
}
