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

// game is a window, the scene in it, and the style that it is shown in.
type game struct {
	window *glfw.Window
	scene  *scene.Scene
	style  *glstyle.Stylizer
	styled bool
	times  []scene.Timing // of the frames in the style
}

// play opens the window and draws frames until it is closed. Only the lines with dev
// and style are about impasto.
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

	g := &game{window: window, scene: boxes, style: style, styled: true}
	window.SetKeyCallback(func(_ *glfw.Window, key glfw.Key, _ int, action glfw.Action, _ glfw.ModifierKey) { g.key(key, action) })
	for n := 0; !window.ShouldClose() && (s.frames == 0 || n < s.frames); n++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := g.frame(); err != nil {
			return err
		}
	}
	fmt.Printf("%s, %dx%d\n%s\n", printable.Line(dev.Info().Renderer), s.width, s.height, scene.Summary(g.times))
	return dev.Sync()
}

// frame draws, styles and shows the scene as it is now.
func (g *game) frame() error {
	start := time.Now()
	g.scene.Draw(float32(glfw.GetTime()))
	gl.Finish() // to tell the times apart; a game would not wait
	drawn := time.Now()
	if g.styled {
		if err := g.style.Texture(g.scene.Color, g.scene.Color); err != nil {
			return err
		}
		gl.Finish()
		g.times = append(g.times, scene.Timing{Draw: drawn.Sub(start), Style: time.Since(drawn)})
	}
	g.scene.Show(g.window.GetFramebufferSize())
	g.window.SwapBuffers()
	glfw.PollEvents()
	return nil
}

func (g *game) key(key glfw.Key, action glfw.Action) {
	switch {
	case action != glfw.Press:
	case key == glfw.KeySpace:
		g.styled = !g.styled
	case key == glfw.KeyEscape:
		g.window.SetShouldClose(true)
	}
}
