package stylize

import (
	"errors"
	"fmt"
	"time"

	"github.com/impasto-go/impasto/nn/temporal"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Spread runs a session's network bit by bit: each of several frames of a game does a
// portion of about equal time, whose ends are found by measuring, anywhere between the
// parts that threads work on. The result is that of StylizeRGBA, to the bit. Nothing
// is allocated after NewSpread.
//
// It has the session to itself until Close.
type Spread struct {
	session       *Session
	pacer         backend.Pacer
	width, height int
	portions      int
	work          temporal.Work
	src, dst      []byte
	stride        int // of dst

	resume chan struct{} // lets the goroutine do the next portion
	paused chan bool     // it has; true at the end of the pass
	busy   bool          // a pass is under way
	err    error         // of the last pass

	// What follows belongs to the goroutine during a pass. Steps with even numbers are
	// what lies between two operations, steps with odd ones are operations.
	at        temporal.Place
	ends      []temporal.Place // of portions that lie ahead
	parts     int              // of the operation that is being done; 0 between them
	took      time.Duration    // of the step at so far
	since     time.Time
	changed   bool // the steps are not those that were measured
	abandoned bool // nobody wants the result
}

// NewSpread prepares for frames of width x height pixels, in as many portions. It runs
// the network on an empty frame, to allocate and to measure. The error says that the
// session's backend cannot pause, or what is wrong with the numbers.
func (s *Session) NewSpread(width, height, portions int) (*Spread, error) {
	_, ok := s.be.(backend.Pacer)
	switch {
	case !ok:
		return nil, fmt.Errorf("stylize: %s cannot spread its work; on OpenGL, gpu/glstyle does", s.be.Name())
	case portions < 1:
		return nil, fmt.Errorf("stylize: %d portions: want 1 or more", portions)
	case width < 1 || height < 1 || width > (1<<31-1)/4/height:
		return nil, fmt.Errorf("stylize: frames of %dx%d pixels cannot be spread", width, height)
	}
	p := &Spread{
		session: s, width: width, height: height, portions: portions, src: make([]byte, 4*width*height),
		resume: make(chan struct{}), paused: make(chan bool),
	}
	empty := make([]byte, len(p.src))
	if err := s.StylizeRGBA(empty, p.src, width, height, 4*width); err != nil {
		return nil, err
	}
	// It may be another one now.
	p.pacer = s.be.(backend.Pacer)
	p.pacer.Pace(p.next)
	go p.loop()
	for range 2 {
		if err := p.Begin(empty, p.src, 4*width); err != nil {
			return nil, errors.Join(err, p.Close())
		}
		for done := false; !done; {
			var err error
			if done, err = p.Step(); err != nil {
				return nil, errors.Join(err, p.Close())
			}
		}
	}
	return p, nil
}

// Close abandons the pass that is under way and gives the session back.
func (p *Spread) Close() error {
	p.Cancel()
	close(p.resume)
	p.pacer.Pace(nil)
	return nil
}

// Begin copies the frame src, as StylizeRGBA takes it, whose stylized pixels the last
// Step will have written to dst. It does none of the work yet, and abandons a pass
// that is under way.
func (p *Spread) Begin(dst, src []byte, stride int) error {
	p.Cancel()
	if _, err := pictureOfRGBA(dst, p.width, p.height, stride); err != nil {
		return err
	}
	if _, err := pictureOfRGBA(src, p.width, p.height, stride); err != nil {
		return err
	}
	row := 4 * p.width
	for y := range p.height {
		copy(p.src[y*row:][:row], src[y*stride:])
	}
	p.dst, p.stride = dst, stride
	p.busy = true
	return nil
}

// Step does the next portion and reports whether it was the last one.
func (p *Spread) Step() (done bool, err error) {
	if !p.busy {
		return false, errors.New("stylize: no frame was begun")
	}
	p.resume <- struct{}{}
	if !<-p.paused {
		return false, nil
	}
	p.busy = false
	return true, p.err
}

// Cancel abandons the pass that is under way, if any. What its dst holds is undefined.
func (p *Spread) Cancel() {
	if !p.busy {
		return
	}
	p.abandoned = true
	for done := false; !done; {
		done, _ = p.Step()
	}
	p.abandoned = false
}

// loop does passes until Close.
func (p *Spread) loop() {
	for range p.resume {
		p.at, p.parts, p.took, p.changed = temporal.Place{}, 0, 0, false
		p.ends = nil
		if p.work.Steps() > 0 {
			ends := p.work.Cut(p.portions)
			p.ends = ends[:len(ends)-1] // nothing pauses at the end of all
		}
		if p.err = nil; !p.abandoned {
			p.since = time.Now()
			p.pause()
			p.err = p.stylize()
			p.finishStep(1)
			p.pause()
		}
		if !p.abandoned && (p.changed || p.at.Step != p.work.Steps()) {
			p.work.Reset() // the settings are others: the next pass is measured, in one portion
		}
		p.dst = nil
		p.paused <- true
	}
}

func (p *Spread) stylize() error {
	// Rows of the copy have no gaps.
	s := p.session
	src, err := pictureOfRGBA(p.src, p.width, p.height, 4*p.width)
	if err != nil {
		return err
	}
	dst, err := pictureOfRGBA(p.dst, p.width, p.height, p.stride)
	if err != nil {
		return err
	}
	return s.run(&dst, src)
}

// next is what the backend asks between parts of operations.
func (p *Spread) next(left int) int {
	if p.abandoned {
		return 0
	}
	if p.parts == 0 { // an operation begins
		p.finishStep(1)
		p.parts = left
	}
	if p.at.Part = p.parts - left; left == 0 {
		p.finishStep(p.parts)
		p.parts = 0
	}
	p.pause()
	switch {
	case p.abandoned:
		return 0
	case len(p.ends) > 0 && p.at.Step == p.ends[0].Step && !p.changed:
		return min(left, p.ends[0].Part-p.at.Part)
	}
	return left
}

// pause waits for the next Step where a portion ends.
func (p *Spread) pause() {
	for len(p.ends) > 0 && p.at == p.ends[0] && !p.changed && !p.abandoned {
		p.ends = p.ends[1:]
		p.took += time.Since(p.since)
		p.paused <- false
		<-p.resume
		p.since = time.Now()
	}
}

// finishStep notes what a step took and goes on to the next.
func (p *Spread) finishStep(parts int) {
	now := time.Now()
	p.took += now.Sub(p.since)
	p.since = now
	i := p.at.Step
	p.changed = p.changed || len(p.ends) > 0 && i >= p.work.Steps() || i < p.work.Steps() && p.work.Parts(i) != parts
	if !p.changed && !p.abandoned {
		p.work.Measured(i, parts, p.took)
	}
	p.at, p.took = temporal.Place{Step: i + 1}, 0
}
