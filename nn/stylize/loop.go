package stylize

import (
	"fmt"

	"github.com/impasto-go/impasto/nn/temporal"
)

// Loop shows the frames of a game in a session's style, still from frame to frame:
// with what package temporal does, the network runs in every frame, in every n-th, or
// spread over n.
//
//	loop, err := session.NewLoop(width, height, temporal.LoopOptions{
//		Options: temporal.Options{Keep: 0.8}, Every: 4, Spread: true,
//	})
//	...
//	err = loop.Frame(pixels, stride, temporal.Frame{Motion: motion, Depth: depth})
//
// It has the session to itself until Close. After the first frames nothing is
// allocated, as long as they fit the session's memory.
type Loop struct {
	session       *Session
	layer         *temporal.Layer
	spread        *Spread // nil without
	width, height int
	every         int
	styled        []byte // what spread is working on
	since         int    // frames since the network began one
	cut           bool   // the next frame has no past
}

// NewLoop prepares for frames of width x height pixels. The error says what is wrong
// with size or options.
func (s *Session) NewLoop(width, height int, o temporal.LoopOptions) (*Loop, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if width < 1 || height < 1 || width > (1<<31-1)/4/height {
		return nil, fmt.Errorf("stylize: frames of %dx%d pixels", width, height)
	}
	l := &Loop{session: s, width: width, height: height, every: max(o.Every, 1), cut: true}
	if o.Spread && l.every > 1 {
		var err error
		if l.spread, err = s.NewSpread(width, height, l.every); err != nil {
			return nil, err
		}
	}
	l.layer = temporal.New(width, height, o.Options)
	return l, nil
}

// Close gives the session back.
func (l *Loop) Close() error {
	l.layer.Close()
	if l.spread == nil {
		return nil
	}
	return l.spread.Close()
}

// Cut says that the next frame shows another scene. The network then runs in it
// wholly, as in the first one.
func (l *Loop) Cut() {
	l.cut = true
	l.layer.Cut()
	if l.spread != nil {
		l.spread.Cancel()
	}
}

// Frame replaces the colors of a frame as StylizeRGBA takes it. f says how it moved
// since the last one.
func (l *Loop) Frame(pixels []byte, stride int, f temporal.Frame) error {
	switch {
	case l.cut || l.spread == nil && l.since >= l.every:
		if err := l.whole(pixels, stride); err != nil {
			return err
		}
		l.cut, l.since = false, 1
		return l.layer.Add(pixels, pixels, stride, f)
	case l.spread == nil:
		l.since++
		return l.layer.Move(pixels, stride, f)
	}
	return l.portion(pixels, stride, f)
}

// whole runs the network at once.
func (l *Loop) whole(pixels []byte, stride int) error {
	if l.spread == nil {
		return l.session.StylizeRGBA(pixels, pixels, l.width, l.height, stride)
	}
	if err := l.spread.Begin(pixels, pixels, stride); err != nil {
		return err
	}
	for {
		if done, err := l.spread.Step(); done || err != nil {
			return err
		}
	}
}

// portion runs a portion of the network.
func (l *Loop) portion(pixels []byte, stride int, f temporal.Frame) error {
	begins := !l.spread.busy
	if begins {
		if n := stride*(l.height-1) + 4*l.width; len(l.styled) < n {
			l.styled = make([]byte, max(n, 0))
		}
		if err := l.spread.Begin(l.styled, pixels, stride); err != nil {
			return err
		}
	}
	done, err := l.spread.Step()
	switch {
	case err != nil:
		l.Cut()
		return err
	case done && begins: // the settings ask for no work
		return l.layer.Add(pixels, l.styled, stride, f)
	case done:
		return l.layer.AddMarked(pixels, l.styled, stride, f)
	}
	if err := l.layer.Move(pixels, stride, f); err != nil {
		return err
	}
	if begins {
		l.layer.Mark()
	}
	return nil
}
