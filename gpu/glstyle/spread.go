package glstyle

import (
	"errors"
	"fmt"
	"time"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn/temporal"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Spread runs a Stylizer's network bit by bit: each of several frames of a game issues
// a portion of its dispatches of about equal time, whose ends are found by measuring,
// between any two work groups. The result is that of Texture, to the bit. Nothing is
// allocated on the device after NewSpread.
type Spread struct {
	style         *Stylizer
	width, height int
	portions      int
	tape          *tensor.Tape
	input, output *tensor.Tensor
	recording     *gpu.Recording
	work          temporal.Work
	ends          []temporal.Place

	busy bool // a pass is under way
	dst  uint32
	at   temporal.Place
	next int // portion
}

// NewSpread prepares for textures of width x height pixels, in as many portions. It
// runs the network to measure it, which waits for the device. Close the spread before
// the Stylizer.
func (s *Stylizer) NewSpread(width, height, portions int) (*Spread, error) {
	a := s.net.Arch()
	if width < 1 || height < 1 || width > 1<<15 || height > 1<<15 || portions < 1 {
		return nil, fmt.Errorf("glstyle: textures of %dx%d pixels in %d portions are out of range", width, height, portions)
	}
	p := &Spread{style: s, width: width, height: height, portions: portions, tape: tensor.NewTape(s.dev)}
	var err error
	s.dev.Do(func() {
		p.input = tensor.New(s.dev, backend.Shape{1, 3, a.FitSize(height), a.FitSize(width)})
		s.dev.Fill(p.input.Buffer(), 0)
		p.recording, err = s.dev.Record(func() { p.output = s.forward(p.tape, p.input) })
		if err == nil {
			err = p.measure()
		}
	})
	if err != nil {
		p.Close()
		return nil, err
	}
	p.ends = p.work.Cut(portions)
	return p, nil
}

// measure times all dispatches one by one, the second and third time they run.
func (p *Spread) measure() error {
	dev := p.style.dev
	for pass := range 3 {
		for i := range p.recording.Len() {
			groups := p.recording.Groups(i)
			start := time.Now()
			p.recording.Run(i, 0, groups)
			if err := dev.Sync(); err != nil {
				return err
			}
			if pass > 0 {
				p.work.Measured(i, groups, time.Since(start))
			}
		}
	}
	return nil
}

// Close gives the memory back to the device.
func (p *Spread) Close() {
	p.tape.Reset()
	if p.recording != nil {
		p.recording.Free()
	}
	p.input.Free()
}

// Begin copies the picture of the texture src, whose stylized colors the last Step will
// write to the texture dst. It does none of the network yet, and abandons a pass that
// is under way. Both are textures as Texture takes them, of the Spread's size.
func (p *Spread) Begin(dst, src uint32) error {
	p.Cancel()
	dev := p.style.dev
	for _, texture := range [2]uint32{dst, src} {
		if w, h, err := dev.TextureSize(texture); err != nil {
			return err
		} else if w != p.width || h != p.height {
			return fmt.Errorf("glstyle: a texture of %dx%d pixels for a spread of %dx%d", w, h, p.width, p.height)
		}
	}
	if err := dev.ReadTexture(p.input.Buffer(), src, p.style.Flip); err != nil {
		return err
	}
	p.dst, p.at, p.next, p.busy = dst, temporal.Place{}, 0, true
	return dev.Err()
}

// Step queues the next portion and reports whether it was the last one. dst keeps its
// alpha.
func (p *Spread) Step() (done bool, err error) {
	if !p.busy {
		return false, errors.New("glstyle: no picture was begun")
	}
	dev := p.style.dev
	dev.Do(func() { p.run(p.ends[p.next]) })
	p.next++
	if p.next < p.portions {
		return false, dev.Err()
	}
	p.busy = false
	if err := dev.WriteTexture(p.dst, p.dst, p.output.Buffer(), p.style.Flip); err != nil {
		return true, err
	}
	return true, dev.Err()
}

// run does the dispatches up to a place.
func (p *Spread) run(end temporal.Place) {
	for ; p.at.Step < end.Step; p.at = (temporal.Place{Step: p.at.Step + 1}) {
		p.recording.Run(p.at.Step, p.at.Part, p.work.Parts(p.at.Step)-p.at.Part)
	}
	if p.at.Part < end.Part {
		p.recording.Run(p.at.Step, p.at.Part, end.Part-p.at.Part)
		p.at.Part = end.Part
	}
}

// Cancel abandons the pass that is under way, if any. Its dst stays as it is.
func (p *Spread) Cancel() { p.busy = false }
