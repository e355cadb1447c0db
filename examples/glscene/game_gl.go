//go:build gl && cgo && linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"

	"github.com/impasto-go/impasto/examples/glscene/internal/scene"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/glstyle"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/statedict"
)

// play opens a context, which stands for the one that a windowing library would
// give, and runs the game on its thread.
func play(ctx context.Context, s settings, dict statedict.Dict) (err error) {
	window, err := gpu.Open()
	if err != nil {
		return err
	}
	defer window.Close()
	window.Do(func() { err = loop(ctx, s, dict) })
	return err
}

// loop is a game's loop. Only the lines with dev and style are about impasto.
func loop(ctx context.Context, s settings, dict statedict.Dict) error {
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

	var times []scene.Timing
	pixels := make([]byte, 4*s.width*s.height)
	for n := range s.frames {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		start := time.Now()
		boxes.Draw(float32(n) / 30)
		gl.Finish() // to tell the times apart; a game would not wait
		drawn := time.Now()
		if err := style.Texture(boxes.Color, boxes.Color); err != nil {
			return err
		}
		gl.Finish()
		times = append(times, scene.Timing{Draw: drawn.Sub(start), Style: time.Since(drawn)})
		if s.out != "" && n%s.every == 0 {
			boxes.Read(pixels)
			if err := s.save(n, pixels); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%s, %dx%d\n%s\n", printable.Line(dev.Info().Renderer), s.width, s.height, scene.Summary(times))
	return dev.Sync()
}
