//go:build gl && cgo && linux

package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/go-gl/glfw/v3.3/glfw"

	"github.com/impasto-go/impasto/examples/glscene/internal/scene"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/glstyle"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/statedict"
)

func init() { runtime.LockOSThread() } // GLFW wants the main thread

// game is a window, the scene in it, and the ways to style it.
type game struct {
	window  *glfw.Window
	scene   *scene.Scene
	loops   []*glstyle.Loop
	way     int // -1 is none
	n, shot int
	contest *scene.Contest // of which only times are used
}

// play opens the window and draws frames until it is closed. Only the lines with dev,
// style and loop are about impasto.
func play(ctx context.Context, s settings, dict statedict.Dict) error {
	if err := glfw.Init(); err != nil {
		return fmt.Errorf("no window is possible: %w", err)
	}
	defer glfw.Terminate()
	glfw.WindowHint(glfw.ContextVersionMajor, 4)
	glfw.WindowHint(glfw.ContextVersionMinor, 3)
	glfw.WindowHint(glfw.OpenGLProfile, glfw.OpenGLCoreProfile)
	window, err := glfw.CreateWindow(2*s.width, 2*s.height, "impasto", nil, nil)
	if err != nil {
		return fmt.Errorf("no window with OpenGL 4.3 is possible: %w", err)
	}
	window.MakeContextCurrent()
	dev, err := gpu.FromCurrent(glfw.GetProcAddress)
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

	ways := scene.Ways(0.9)
	g := &game{window: window, scene: boxes, way: len(ways) - 1, contest: scene.NewContest(ways)}
	for _, way := range ways {
		loop, err := style.NewLoop(s.width, s.height, way.Options)
		if err != nil {
			return err
		}
		defer loop.Close()
		g.loops = append(g.loops, loop)
	}
	window.SetKeyCallback(func(_ *glfw.Window, key glfw.Key, _ int, action glfw.Action, _ glfw.ModifierKey) { g.key(key, action) })
	for !window.ShouldClose() && (s.frames == 0 || g.n < s.frames) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := g.frame(float64(s.width) / float64(s.height)); err != nil {
			return err
		}
	}
	fmt.Printf("%s, %dx%d\n%s", printable.Line(dev.Info().Renderer), s.width, s.height, g.contest.Times())
	return dev.Sync()
}

// frame draws, styles and shows the scene as it is now.
func (g *game) frame(aspect float64) error {
	start := time.Now()
	g.scene.Draw(scene.At(g.n, g.shot, aspect))
	g.n++
	gl.Finish() // to tell the times apart; a game would not wait
	g.contest.Drawn(time.Since(start))
	if g.way >= 0 {
		start := time.Now()
		if err := g.loops[g.way].Frame(g.scene.Color, glstyle.TextureFrame{Motion: g.scene.Motion, Depth: g.scene.Depth}); err != nil {
			return err
		}
		gl.Finish()
		g.contest.Took(g.way, time.Since(start))
	}
	g.scene.Show(g.window.GetFramebufferSize())
	g.window.SwapBuffers()
	glfw.PollEvents()
	return nil
}

// key chooses a way by its number, or none, and cuts.
func (g *game) key(key glfw.Key, action glfw.Action) {
	switch {
	case action != glfw.Press:
	case key == glfw.KeySpace:
		g.way = -1
	case key >= glfw.Key1 && key < glfw.Key1+glfw.Key(len(g.loops)):
		g.way = int(key - glfw.Key1)
		g.loops[g.way].Cut() // it has not seen the last frames
	case key == glfw.KeyC:
		g.shot = 1 - g.shot
		for _, l := range g.loops {
			l.Cut()
		}
	case key == glfw.KeyEscape:
		g.window.SetShouldClose(true)
	}
}
