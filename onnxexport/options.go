package onnxexport

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/impasto-go/impasto/nn/arch"
)

// Options says how to export. The zero value is a 960x540 frame of values 0..1 for
// Barracuda.
type Options struct {
	Profile Profile

	// Network is what the weights belong to. nil means the one that arch.Recognize
	// finds.
	Network *arch.Network

	// Width and Height are the frame size in pixels that the file declares. 0 and 0
	// mean symbolic sizes where the profile has them by default, else 960x540, or
	// the tutorial's portrait 540x960 with Compat.
	Width, Height int

	// Symbolic declares symbolic sizes where the profile leaves the choice.
	Symbolic bool

	// AnySize mirrors pixels at the right and lower edge of a frame whose sides do
	// not suit the network, and crops the output, inside the graph.
	AnySize bool

	// Batch is the number of frames that the graph takes at once; 0 means 1, and
	// AnyBatch a symbol.
	Batch int

	// Opset is the version of the standard operators; 0 means the profile's.
	Opset int64

	// Precision is what is stored and computed in half precision.
	Precision Precision

	// Bytes makes the graph take and return 0..255, the range that the tutorial
	// trains with, by the very weights that were trained. Otherwise it takes and
	// returns 0..1, as textures hold: the factor is multiplied into the first and
	// last convolution's weights.
	Bytes bool

	// Compat reproduces the file that PyTorch 1.7 exports: its names of nodes and
	// values, order of initializers and producer, values 0..255, and no metadata.
	// It needs the Barracuda profile.
	Compat bool

	// Style is the name of the style, for the metadata; optional.
	Style string

	// Forward is the network's own forward pass: it takes one frame in NCHW
	// order, values in the network's range, and returns the stylized one in the
	// same layout. If not nil, the exported graph must agree with it.
	Forward func(x []float32, h, w int) ([]float32, error)
}

// AnyBatch is the value of Options.Batch for a symbolic number of frames.
const AnyBatch = -1

// Precision says what is in half precision.
type Precision int

const (
	// Single stores and computes all in float32.
	Single Precision = iota
	// HalfWeights stores the weights of the convolutions in float16, which halves
	// the file, and computes in float32.
	HalfWeights
	// HalfValues computes in float16 too, all but the encoder and the first residual
	// block; the input and the output stay float32. See the package documentation.
	HalfValues
)

// ParsePrecision returns the precision called name: "", weights or all.
func ParsePrecision(name string) (Precision, error) {
	switch name {
	case "":
		return Single, nil
	case "weights":
		return HalfWeights, nil
	case "all":
		return HalfValues, nil
	}
	return Single, fmt.Errorf("onnxexport: unknown precision %q: use weights or all", name)
}

// OptionError reports an option that cannot be, alone or with the others.
type OptionError struct {
	Option string // the name of the field of Options
	Reason string // a sentence, with the way out
}

func (e *OptionError) Error() string { return "onnxexport: " + e.Reason }

func refused(option, format string, args ...any) error {
	return &OptionError{Option: option, Reason: fmt.Sprintf(format, args...)}
}

// maxSide bounds the declared frame size; no device renders larger textures.
const maxSide = 1 << 16

// checkSize returns an error unless n accepts frames of this size; it names the
// nearest that it does.
func checkSize(n *arch.Network, width, height int, anySize bool) error {
	least, multiple := n.MinSize(), n.Multiple()
	if anySize {
		least, multiple = least-multiple+1, 1
	}
	for _, side := range []struct {
		option, name string
		n            int
	}{{"Width", "width", width}, {"Height", "height", height}} {
		switch {
		case side.n < least:
			return refused(side.option, "%s %d is too small: the nearest valid %s is %d", side.name, side.n, side.name, least)
		case side.n > maxSide:
			return refused(side.option, "%s %d is too large: the nearest valid %s is %d", side.name, side.n, side.name, maxSide)
		case side.n%multiple != 0:
			down := side.n - side.n%multiple
			return refused(side.option, "%s %d is not a multiple of %d: the nearest valid ones are %d and %d", side.name, side.n, multiple, down, down+multiple)
		}
	}
	return nil
}

// complete checks the options and fills in the defaults.
func (o Options) complete() (Options, error) {
	t, ok := targets[o.Profile]
	if !ok {
		return o, fmt.Errorf("onnxexport: unknown profile %d", int(o.Profile))
	}
	if o.Compat && (o.Profile != Barracuda || o.Symbolic || o.Batch > 1 || o.Batch < 0 || o.Precision != Single) {
		return o, refused("Compat", "the tutorial's file has opset 9 and a fixed size: it needs the barracuda profile and no other option")
	}
	if o.Compat {
		o.Bytes = true
	}
	if !utf8.ValidString(o.Style) || strings.ContainsRune(o.Style, 0) {
		return o, refused("Style", "style name %q is not valid text", o.Style)
	}
	if o.Opset == 0 {
		o.Opset = t.opset
	}
	if o.Batch == 0 {
		o.Batch = 1
	}
	sized := o.Width != 0 || o.Height != 0
	switch {
	case o.Opset < t.oldest || o.Opset > t.opsup:
		return o, refused("Opset", "opset %d: the profile %s has %d to %d", o.Opset, t.name, t.oldest, t.opsup)
	case o.Batch < AnyBatch || o.Batch > maxSide:
		return o, refused("Batch", "a batch of %d frames", o.Batch)
	case o.Batch == AnyBatch && !t.openBatch:
		return o, refused("Batch", "the profile %s needs a fixed number of frames", t.name)
	case sized && t.size == alwaysOpen:
		return o, refused("Width", "the profile %s takes frames of any size; for %dx%d only, use %s", t.name, o.Width, o.Height, Static)
	case o.Symbolic && t.size == fixed:
		return o, refused("Symbolic", "the profile %s needs a fixed frame size; for any, use %s", t.name, ONNXRuntime)
	case o.Symbolic && sized:
		return o, refused("Symbolic", "sizes cannot be symbolic and %dx%d", o.Width, o.Height)
	case o.AnySize && !t.anySize:
		return o, refused("AnySize", "the profile %s has no padding by what a frame lacks; sentis, onnxruntime and static have: render to a multiple of 4, or scale", t.name)
	case o.AnySize && o.Opset < 11:
		return o, refused("AnySize", "padding by what a frame lacks needs opset 11, not %d", o.Opset)
	case o.Precision < Single || o.Precision > HalfValues:
		return o, refused("Precision", "unknown precision %d", int(o.Precision))
	case o.Precision > t.half && t.half == Single:
		return o, refused("Precision", "the profile %s is for programs without half precision; onnxruntime and static have it, sentis has it for the weights", t.name)
	case o.Precision > t.half:
		return o, refused("Precision", "the profile %s is for programs that store weights in half precision and compute in single", t.name)
	}
	o.Symbolic = !sized && (o.Symbolic || t.size == alwaysOpen || t.size == byDefault)
	if !sized && !o.Symbolic {
		o.Width, o.Height = 960, 540
		if o.Compat {
			o.Width, o.Height = 540, 960
		}
	}
	return o, nil
}
