package main

import (
	"errors"
	"runtime"

	"github.com/impasto-go/impasto/examples/glscene/internal/scene"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/temporal"
)

// cpuGame draws in Go and styles with nn/stylize.
type cpuGame struct {
	frame  *scene.Frame
	loops  []*stylize.Loop
	styled [][]uint8
}

func (s settings) onCPU(dict statedict.Dict, play func(g game, name string) error) (err error) {
	model, err := stylize.New(dict)
	if err != nil {
		return err
	}
	g := &cpuGame{frame: scene.NewFrame(s.width, s.height)}
	for _, way := range scene.Ways(float32(s.keep)) {
		session := model.NewSession()
		defer func() { err = errors.Join(err, session.Close()) }()
		loop, err := session.NewLoop(s.width, s.height, way.Options)
		if err != nil {
			return err
		}
		defer loop.Close()
		g.loops = append(g.loops, loop)
		g.styled = append(g.styled, make([]uint8, 4*s.width*s.height))
	}
	return play(g, "CPU, "+runtime.GOARCH)
}

func (g *cpuGame) draw(w *scene.World) {
	g.frame.Draw(w)
	for _, p := range g.styled {
		copy(p, g.frame.Color)
	}
}

func (g *cpuGame) style(way int) error {
	f := temporal.Frame{Motion: g.frame.Motion, Depth: g.frame.Depth}
	return g.loops[way].Frame(g.styled[way], 4*g.frame.Width, f)
}

func (g *cpuGame) read() (*scene.Frame, [][]uint8) { return g.frame, g.styled }

func (g *cpuGame) cut() {
	for _, l := range g.loops {
		l.Cut()
	}
}
