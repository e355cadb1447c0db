//go:build gl && cgo && (linux || windows)

package glstyle_test

import (
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/glstyle"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/temporal"
)

// drawn is frame n of a game.
func drawn(n, w, h int) []byte {
	p := picture(w, h)
	for i := range p {
		if i%4 < 3 {
			p[i] += byte(n * (1 + i%5))
		}
	}
	return p
}

// TestSpread runs pictures in portions: to the bit what Texture makes of them, with
// other pictures on the same device between the portions.
func TestSpread(t *testing.T) {
	const w, h = 61, 47
	d := open(t)
	style, err := glstyle.New(d, weights())
	require.NoError(t, err)
	defer style.Close()
	style.Flip = true
	for _, portions := range []int{1, 2, 4, 9, 200} {
		spread, err := style.NewSpread(w, h, portions)
		require.NoError(t, err)
		d.Do(func() {
			src, dst, want := newTexture(w, h, make([]byte, 4*w*h)), newTexture(w, h, drawn(7, w, h)), newTexture(w, h, drawn(7, w, h))
			game, other := newTexture(w, h, drawn(5, w, h)), newTexture(33, 21, drawn(6, 33, 21))
			pass := func(n int, disturb bool) {
				upload(src, w, h, drawn(n, w, h))
				require.NoError(t, style.Texture(want, src))
				require.NoError(t, spread.Begin(dst, src))
				upload(src, w, h, drawn(99, w, h)) // it was copied
				for k := range portions {
					done, err := spread.Step()
					require.NoError(t, err)
					require.Equal(t, k == portions-1, done)
					if disturb {
						require.NoError(t, style.Texture(game, game))
						require.NoError(t, style.Texture(other, other))
					}
				}
			}
			for n := range 3 {
				pass(n, portions < 10)
				a, b := texels(want, w, h), texels(dst, w, h)
				for i := range a {
					if i%4 == 3 {
						a[i] = drawn(7, w, h)[i] // dst's own
					}
				}
				require.Equal(t, a, b, "%d portions", portions)
			}
			before := d.Stats()
			pass(4, false)
			require.Equal(t, before.Allocations, d.Stats().Allocations)
			_, err := spread.Step()
			require.ErrorContains(t, err, "begun")
			require.ErrorContains(t, spread.Begin(dst, other), "33x21")
			require.NoError(t, spread.Begin(dst, src))
			spread.Cancel()
			_, err = spread.Step()
			require.Error(t, err)
			gl.DeleteTextures(5, &[]uint32{src, dst, want, game, other}[0])
		})
		spread.Close()
	}
	for _, n := range [][3]int{{0, 4, 1}, {4, 4, 0}, {1 << 20, 4, 1}} {
		_, err := style.NewSpread(n[0], n[1], n[2])
		require.Error(t, err)
	}
	require.NoError(t, d.Sync())
}

func upload(name uint32, w, h int, pixels []byte) {
	gl.BindTexture(gl.TEXTURE_2D, name)
	gl.TexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, int32(w), int32(h), gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
}

// TestLoopEqualsCPU runs the same frames through the loops of textures, in the game's
// own context, and of main memory: at most 1 level
// apart.
func TestLoopEqualsCPU(t *testing.T) {
	const w, h, frames, cut = 45, 38, 14, 9
	model, err := stylize.New(weights())
	require.NoError(t, err)
	motion, depth := make([]float32, 2*w*h), make([]float32, w*h)
	for i := range depth {
		motion[2*i], motion[2*i+1], depth[i] = 0.75, float32(i%5)/4-0.5, float32(1+i/w/9)
	}
	f := temporal.Frame{Motion: motion, Depth: depth}
	outer := open(t)
	outer.Do(func() {
		d, err := gpu.FromCurrent(gpu.ProcAddress)
		require.NoError(t, err)
		defer d.Close()
		style, err := glstyle.New(d, weights())
		require.NoError(t, err)
		defer style.Close()
		tf := glstyle.TextureFrame{
			Motion: floats(gl.RG32F, gl.RG, w, h, motion), Depth: floats(gl.R32F, gl.RED, w, h, depth),
		}
		for _, o := range []temporal.LoopOptions{
			{}, {Options: temporal.Options{Keep: 0.8}}, {Options: temporal.Options{Keep: 0.8}, Every: 4},
			{Options: temporal.Options{Keep: 0.8}, Every: 4, Spread: true},
		} {
			session := model.NewSession()
			defer session.Close()
			cpu, err := session.NewLoop(w, h, o)
			require.NoError(t, err)
			loop, err := style.NewLoop(w, h, o)
			require.NoError(t, err)
			var stats gpu.Stats
			for n := range frames {
				if n == cut {
					cpu.Cut()
					loop.Cut()
				}
				pixels := drawn(n, w, h)
				color := newTexture(w, h, pixels)
				require.NoError(t, cpu.Frame(pixels, 4*w, f))
				var bound int32
				gl.BindTexture(gl.TEXTURE_2D, tf.Depth)
				require.NoError(t, loop.Frame(color, tf))
				gl.GetIntegerv(gl.TEXTURE_BINDING_2D, &bound)
				require.EqualValues(t, tf.Depth, bound, "the game's state")
				got := texels(color, w, h)
				for i := range pixels {
					require.InDelta(t, pixels[i], got[i], 1, "%+v, frame %d, byte %d", o, n, i)
				}
				gl.DeleteTextures(1, &color)
				if n == cut-1 {
					stats = d.Stats()
				}
			}
			require.Equal(t, stats.Allocations, d.Stats().Allocations)
			require.Equal(t, stats.Programs, d.Stats().Programs)
			require.NoError(t, cpu.Close())
			loop.Close()
		}
		_, err = style.NewLoop(w, h, temporal.LoopOptions{Every: -1})
		require.Error(t, err)
		_, err = style.NewLoop(0, h, temporal.LoopOptions{})
		require.Error(t, err)
		require.NoError(t, d.Sync())
		require.EqualValues(t, gl.NO_ERROR, gl.GetError())
	})
}
