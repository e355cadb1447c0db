//go:build gl && cgo && linux

package main

import (
	"github.com/go-gl/gl/v4.3-core/gl"

	"github.com/impasto-go/impasto/examples/glscene/internal/scene"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/glstyle"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/statedict"
)

// glGame draws with OpenGL and styles with gpu/glstyle: nothing leaves the graphics
// card.
type glGame struct {
	scene  *scene.Scene
	loops  []*glstyle.Loop
	colors []uint32 // textures that the ways style

	frame  *scene.Frame // what read returns
	styled [][]uint8
}

// onGL opens a context, which stands for the one that a windowing library would give,
// and plays on its thread.
func (s settings) onGL(dict statedict.Dict, play func(g game, name string) error) (err error) {
	window, err := gpu.Open()
	if err != nil {
		return err
	}
	defer window.Close()
	window.Do(func() { err = s.inContext(dict, play) })
	return err
}

// inContext is what a game with impasto has to do.
func (s settings) inContext(dict statedict.Dict, play func(g game, name string) error) error {
	dev, err := gpu.FromCurrent(gpu.ProcAddress)
	if err != nil {
		return err
	}
	defer dev.Close()
	style, err := glstyle.New(dev, dict)
	if err != nil {
		return err
	}
	defer style.Close()
	style.Flip = true // the scene's first row is its bottom
	boxes, err := scene.New(s.width, s.height)
	if err != nil {
		return err
	}
	defer boxes.Close()

	g := &glGame{scene: boxes, frame: scene.NewFrame(s.width, s.height)}
	for _, way := range scene.Ways(float32(s.keep)) {
		loop, err := style.NewLoop(s.width, s.height, way.Options)
		if err != nil {
			return err
		}
		defer loop.Close()
		color := scene.NewTexture(s.width, s.height, gl.RGBA8)
		defer gl.DeleteTextures(1, &color)
		g.loops = append(g.loops, loop)
		g.colors = append(g.colors, color)
		g.styled = append(g.styled, make([]uint8, 4*s.width*s.height))
	}
	if err := play(g, printable.Line(dev.Info().Renderer)); err != nil {
		return err
	}
	return dev.Sync()
}

func (g *glGame) draw(w *scene.World) {
	g.scene.Draw(w)
	for _, color := range g.colors {
		g.scene.Copy(color)
	}
	gl.Finish() // to tell the times apart; a game would not wait
}

func (g *glGame) style(way int) error {
	f := glstyle.TextureFrame{Motion: g.scene.Motion, Depth: g.scene.Depth}
	err := g.loops[way].Frame(g.colors[way], f)
	gl.Finish()
	return err
}

func (g *glGame) read() (*scene.Frame, [][]uint8) {
	g.scene.Read(g.frame)
	for i, color := range g.colors {
		scene.ReadTexture(color, g.styled[i], g.frame.Width)
	}
	return g.frame, g.styled
}

func (g *glGame) cut() {
	for _, l := range g.loops {
		l.Cut()
	}
}
