//go:build gl && cgo && (linux || windows)

package glstyle

import (
	"fmt"

	"github.com/go-gl/gl/v4.3-core/gl"

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
type Loop struct {
	style  *Stylizer
	layer  *Temporal
	spread *Spread // nil without
	styled uint32  // the texture that spread writes to
	every  int
	since  int  // frames since the network began one
	cut    bool // the next frame has no past
}

// NewLoop prepares for textures of width x height pixels. The error says what is wrong
// with size or options. Close the loop before the Stylizer.
func (s *Stylizer) NewLoop(width, height int, o temporal.LoopOptions) (*Loop, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	layer, err := NewTemporal(s.dev, width, height, o.Options)
	if err != nil {
		return nil, err
	}
	l := &Loop{style: s, layer: layer, every: max(o.Every, 1), cut: true}
	if !o.Spread || l.every == 1 {
		return l, nil
	}
	s.dev.Do(func() {
		gl.GenTextures(1, &l.styled)
		gl.BindTexture(gl.TEXTURE_2D, l.styled)
		gl.TexStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, int32(width), int32(height))
		gl.BindTexture(gl.TEXTURE_2D, 0)
		if err = glError(fmt.Sprintf("making a texture of %dx%d pixels", width, height)); err == nil {
			l.spread, err = s.NewSpread(width, height, l.every)
		}
	})
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Close deletes what the loop has made.
func (l *Loop) Close() {
	l.layer.Close()
	if l.spread != nil {
		l.spread.Close()
	}
	if l.styled != 0 {
		l.style.dev.Do(func() { gl.DeleteTextures(1, &l.styled) })
	}
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

// Frame replaces the colors of the texture color, GL_RGBA8. f says how it moved since
// the last frame. The work is queued, as all of OpenGL's.
func (l *Loop) Frame(color uint32, f TextureFrame) (err error) {
	l.style.dev.Do(func() { err = l.frame(color, f) })
	return err
}

func (l *Loop) frame(color uint32, f TextureFrame) error {
	switch {
	case l.cut || l.spread == nil && l.since >= l.every:
		if err := l.whole(color); err != nil {
			return err
		}
		l.cut, l.since = false, 1
		return l.layer.Add(color, f)
	case l.spread == nil:
		l.since++
		return l.layer.Move(color, f)
	}
	begins := !l.spread.busy
	if begins {
		if err := l.spread.Begin(l.styled, color); err != nil {
			return err
		}
	}
	done, err := l.spread.Step()
	switch {
	case err != nil:
		l.Cut()
		return err
	case done:
		return l.layer.AddMarked(color, l.styled, f)
	}
	if err := l.layer.Move(color, f); err != nil || !begins {
		return err
	}
	return l.layer.Mark()
}

// whole runs the network at once.
func (l *Loop) whole(color uint32) error {
	if l.spread == nil {
		return l.style.Texture(color, color)
	}
	if err := l.spread.Begin(color, color); err != nil {
		return err
	}
	for {
		if done, err := l.spread.Step(); done || err != nil {
			return err
		}
	}
}
