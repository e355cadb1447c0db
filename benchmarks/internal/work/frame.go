package work

import (
	"errors"
	"fmt"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Frame is the forward pass of a frozen network on one image.
type Frame struct {
	filters Filters
	tape    *tensor.Tape
	net     *nn.Network
	x       *tensor.Tensor
}

// NewFrame prepares frames of width by height pixels.
func NewFrame(be backend.Backend, f Filters, width, height int) *Frame {
	net := nn.NewTransformerNet(be, f, 5, 1)
	net.Freeze()
	return &Frame{f, tensor.NewTape(be), net, Random(be, tensor.Shape{1, 3, height, width}, 255)}
}

// Run does one forward pass.
func (f *Frame) Run() {
	f.tape.Release(f.net.Forward(f.tape, f.x))
	f.tape.Reset()
}

// Case returns the case "stylize".
func (f *Frame) Case() Case {
	s := f.x.Shape()
	return Case{
		Name: "stylize", Run: f.Run, FLOP: FrameFLOP(f.filters, s[3], s[2]),
		Check: func() error {
			defer f.tape.Reset()
			return finite("stylize", f.net.Forward(f.tape, f.x).Values())
		},
	}
}

// FrameFLOP counts the operations of a forward pass's direct convolutions.
func FrameFLOP(f Filters, width, height int) float64 {
	total := 0.0
	for _, c := range NetConvs(f, 1, height, width) {
		total += float64(c.Count) * c.FLOP()
	}
	return total
}

// Weights returns the state dict of an untrained network whose last layer is
// scaled so that pictures are not black.
func Weights(f Filters) statedict.Dict {
	be := tensor.CPU(tensor.Threads(1))
	defer be.Close()
	net := nn.NewTransformerNet(be, f, 5, 1)
	d := net.StateDict()
	last := net.Layers()[len(net.Layers())-1].Conv
	weight, bias := d.Lookup(last+".weight").Data, d.Lookup(last+".bias").Data
	for i := range weight {
		weight[i] *= 100
	}
	for i := range bias {
		bias[i] = 128
	}
	return d
}

// Texture is a game's frame from bytes to bytes.
type Texture struct {
	filters       Filters
	session       *stylize.Session
	src, dst      []byte
	width, height int
	err           error // of the last frame
}

// NewTexture prepares textures of width by height pixels, to be processed by
// threads threads.
func NewTexture(f Filters, width, height, threads int) (*Texture, error) {
	model, err := stylize.New(Weights(f))
	if err != nil {
		return nil, err
	}
	t := &Texture{
		filters: f, session: model.NewSession(stylize.Threads(threads)),
		src: make([]byte, 4*width*height), dst: make([]byte, 4*width*height),
		width: width, height: height,
	}
	for i := range t.src {
		t.src[i] = byte(i * 7919 >> 3)
		if i%4 == 3 {
			t.src[i] = byte(1 + i/4%255) // wholly transparent pixels would be extra work
		}
	}
	return t, nil
}

// Close releases the session.
func (t *Texture) Close() error { return t.session.Close() }

// Case returns the case "rgba": Session.StylizeRGBA.
func (t *Texture) Case() Case {
	return Case{
		Name: "rgba", FLOP: FrameFLOP(t.filters, t.width, t.height),
		Run: func() { t.err = t.session.StylizeRGBA(t.dst, t.src, t.width, t.height, 4*t.width) },
		Check: func() error {
			if err := t.session.StylizeRGBA(t.dst, t.src, t.width, t.height, 4*t.width); err != nil {
				return err
			}
			return t.check()
		},
	}
}

// check wants the alpha of the source and colors that are not all the same.
func (t *Texture) check() error {
	colors := map[[3]byte]bool{}
	for i := 0; i < len(t.dst); i += 4 {
		if t.dst[i+3] != t.src[i+3] {
			return fmt.Errorf("rgba: alpha of pixel %d is %d instead of %d", i/4, t.dst[i+3], t.src[i+3])
		}
		if len(colors) < 10 {
			colors[[3]byte(t.dst[i:i+3])] = true
		}
	}
	if len(colors) < 10 {
		return errors.New("rgba: the frame is of almost one color")
	}
	return nil
}
