//go:build gl && cgo && (linux || windows)

package main

import (
	"errors"

	"github.com/go-gl/gl/v4.3-core/gl"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/glstyle"
)

// textureFrames stylizes a texture into another, with half in 16 bits.
func textureFrames(d *gpu.Device, f work.Filters, width, height int, half bool, name string) ([]work.Case, func(), error) {
	style, err := glstyle.New(d, work.Weights(f))
	if err != nil {
		return nil, nil, err
	}
	style.Half = half
	var textures [2]uint32
	d.Do(func() {
		gl.GenTextures(2, &textures[0])
		pixels := make([]byte, 4*width*height)
		for i := range pixels {
			pixels[i] = byte(i * i >> 3)
		}
		for _, t := range textures {
			gl.BindTexture(gl.TEXTURE_2D, t)
			gl.TexStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, int32(width), int32(height))
			gl.TexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, int32(width), int32(height), gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
		}
		gl.BindTexture(gl.TEXTURE_2D, 0)
	})
	var failed error
	c := work.Case{Name: name, FLOP: work.FrameFLOP(f, width, height), Run: func() {
		if err := style.Texture(textures[1], textures[0]); err != nil {
			failed = err
		}
	}}
	c.Check = func() error {
		c.Run()
		pixels := make([]byte, 4*width*height)
		d.Do(func() {
			gl.BindTexture(gl.TEXTURE_2D, textures[1])
			gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
			gl.BindTexture(gl.TEXTURE_2D, 0)
		})
		seen := map[byte]bool{}
		for _, p := range pixels {
			seen[p] = true
		}
		if failed == nil && len(seen) < 10 {
			failed = errors.New("the picture has hardly any colors")
		}
		return failed
	}
	return []work.Case{c}, func() {
		style.Close()
		d.Do(func() { gl.DeleteTextures(2, &textures[0]) })
	}, nil
}
