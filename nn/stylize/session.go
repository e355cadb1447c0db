package stylize

import (
	"errors"
	"image"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// DefaultMemory is the memory budget of a session without the option Memory:
// 2 GiB, enough for about nine megapixels in one piece with filters 8, 16, 32.
const DefaultMemory = 2 << 30

// Option is a setting of NewSession.
type Option func(*Session)

// Threads sets how many threads the session's own CPU backend uses; the default
// is GOMAXPROCS. Results do not depend on it.
func Threads(n int) Option { return func(s *Session) { s.threads = n } }

// On runs the session on be, such as a gpu.Device, instead of a CPU backend of
// its own. The caller closes be, after the session.
func On(be backend.Backend) Option { return func(s *Session) { s.be = be } }

// Memory sets how many bytes a picture's activations may take; what is not
// positive means DefaultMemory. Larger pictures are processed in tiles; the tiles
// have at least 64x64 pixels and their surroundings however small the budget.
// The pictures themselves, 3 or 4 bytes per pixel each, come on top.
func Memory(bytes int64) Option {
	return func(s *Session) {
		if bytes > 0 {
			s.memory = bytes
		}
	}
}

// Session runs a model. It is for one goroutine at a time; its settings may be
// changed between calls.
type Session struct {
	// Strength is the weight of the stylized picture, from 0 for the original to
	// 1, the value that NewSession sets.
	Strength float32
	// KeepColor takes only the brightness from the stylized picture and the
	// color (chroma) from the original.
	KeepColor bool
	// Rounding turns the network's floats to bytes: by truncation unless set
	// otherwise, as in the tutorial.
	Rounding imageio.Rounding
	// Progress, if not nil, is called again and again while a picture is
	// processed in tiles, with the share done so far. An error ends the work and
	// is returned.
	Progress func(done float64) error

	model   *Model
	net     *nn.Network
	be      backend.Backend
	own     bool // be is the session's
	threads int
	memory  int64
	pixel   float64 // bytes that one pixel takes
	tp      *tensor.Tape

	input   *tensor.Tensor
	host    []float32 // the input before the network, its output after
	used    []rect    // sizes that be's pool holds memory for
	held    int64     // and how much
	mask    mask
	bleeder bleeder
	copied  []uint8 // of a picture that is overwritten while it is read
}

// NewSession returns a session of m with its own memory and threads, to be closed
// after use. Sessions on the CPU share the weights.
func (m *Model) NewSession(options ...Option) *Session {
	s := &Session{Strength: 1, model: m, memory: DefaultMemory}
	for _, set := range options {
		set(s)
	}
	if s.be != nil {
		s.net = m.netOn(s.be)
	} else {
		s.own = true
		s.net = m.net
		s.open()
	}
	s.tp = tensor.NewTape(s.be)
	// What is alive at once, half as much that is kept for reuse, the session's own
	// input and output, and a tenth for the backend's scratch.
	s.pixel = 4 * 1.1 * (12 + 1.5*m.Arch().LivePerPixel())
	return s
}

func (s *Session) open() { s.be = tensor.CPU(tensor.Threads(s.threads)) }

// Close releases the session's memory and threads. It must not be used
// afterwards.
func (s *Session) Close() error {
	s.forget()
	if !s.own {
		s.net.Free()
		return nil
	}
	return s.be.Close()
}

// forget gives the tensors between calls back.
func (s *Session) forget() {
	s.tp.Reset()
	if s.input != nil {
		s.input.Free()
		s.input = nil
	}
}

// Image returns m stylized, in the same size and with the same alpha.
func (s *Session) Image(m *imageio.Image) (*imageio.Image, error) {
	src, err := pictureOf(m)
	if err != nil {
		return nil, err
	}
	out := imageio.New(m.W, m.H)
	if m.Alpha != nil {
		out.Alpha = make([]uint8, len(m.Alpha))
	}
	dst, err := pictureOf(out)
	if err == nil {
		err = s.run(&dst, src)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Stylize returns an image of the standard library stylized, with the same bounds
// and the same alpha. Colors are taken as imageio.FromImage says.
func (s *Session) Stylize(m image.Image) (*image.NRGBA, error) {
	if m.Bounds().Empty() {
		return nil, errors.New("stylize: the picture is empty")
	}
	out, err := s.Image(imageio.FromImage(m))
	if err != nil {
		return nil, err
	}
	styled := out.NRGBA()
	styled.Rect = m.Bounds()
	return styled, nil
}

// StylizeRGBA stylizes a frame of width x height pixels of 8-bit R, G, B, A with
// straight (not premultiplied) alpha, as in image.NRGBA and in textures: src has
// height rows that begin stride bytes apart, and so has dst, which gets the
// colors of Image and the alpha of src. dst may be src, but must not overlap it
// otherwise. After the first call with a size nothing is allocated, as long as
// the frame fits the memory budget. After an error the contents of dst are
// undefined.
func (s *Session) StylizeRGBA(dst, src []byte, width, height, stride int) error {
	from, err := pictureOfRGBA(src, width, height, stride)
	if err != nil {
		return err
	}
	to, err := pictureOfRGBA(dst, width, height, stride)
	if err != nil {
		return err
	}
	return s.run(&to, from)
}

// run stylizes src to dst.
func (s *Session) run(dst *picture, src picture) error {
	b, err := s.blend(dst.w, dst.h)
	if err != nil {
		return err
	}
	if s.Strength == 0 {
		dst.copyFrom(&src)
		return nil
	}
	dst.copyAlphaFrom(&src)
	src = s.bleeder.bleed(src)
	a := s.net.Arch()
	whole := rect{w: a.FitSize(src.w), h: a.FitSize(src.h)}
	if s.bytes(whole) > s.memory {
		return s.runTiled(dst, src, whole, &b)
	}
	if err := s.runWhole(&src, whole); err != nil {
		return err
	}
	if err := checkFinite(s.host); err != nil {
		return err
	}
	b.write(dst, &src, s.host, whole, rect{w: src.w, h: src.h})
	return nil
}

// runWhole leaves the network's output for all of src in s.host.
func (s *Session) runWhole(src *picture, area rect) error {
	s.reserve(area)
	shape := tensor.Shape{1, 3, area.h, area.w}
	if s.input == nil || s.input.Shape() != shape {
		s.forget()
		s.input = tensor.New(s.be, shape)
	}
	host := s.floats(shape.Len())
	src.load(host, area)
	s.input.Write(host)
	s.net.Forward(s.tp, s.input).Read(host)
	s.tp.Reset()
	return s.be.Sync()
}

// floats returns s.host with n values.
func (s *Session) floats(n int) []float32 {
	if cap(s.host) < n {
		s.host = make([]float32, n)
	}
	s.host = s.host[:n]
	return s.host
}

// reserve keeps the backend's pool, which holds memory for every size it has
// seen, from outgrowing the budget: a backend of the session's own is replaced.
func (s *Session) reserve(area rect) {
	area.x, area.y = 0, 0
	for _, r := range s.used {
		if r == area {
			return
		}
	}
	need := s.bytes(area)
	if s.own && s.held > 0 && s.held+need > s.memory {
		s.forget()
		_ = s.be.Close() // nothing is pending
		s.open()
		s.tp = tensor.NewTape(s.be)
		s.used, s.held, s.host = s.used[:0], 0, nil
	}
	s.used = append(s.used, area)
	s.held += need
}

// bytes estimates the memory for a picture of the given padded size in one piece,
// the session's own included.
func (s *Session) bytes(area rect) int64 {
	return int64(s.pixel * float64(area.w) * float64(area.h))
}

// copyOf returns src with its colors copied to memory of the session.
func (s *Session) copyOf(src *picture) picture {
	if n := 3 * src.w * src.h; len(s.copied) != n {
		s.copied = make([]uint8, n)
	}
	dst := picture{w: src.w, h: src.h, rgb: s.copied, stride: 3 * src.w, step: 3}
	dst.copyFrom(src)
	return dst
}
