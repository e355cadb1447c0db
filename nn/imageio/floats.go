package imageio

import (
	"fmt"
	"math"
)

// Rounding says how a float becomes a byte.
type Rounding int

const (
	// Truncate drops the fraction, as the tutorial's save_image does.
	Truncate Rounding = iota
	// Round takes the nearest byte, halves away from zero.
	Round
)

// ToFloats writes the colors of m to dst as a planar CHW tensor: all reds,
// all greens, all blues, each in 0..255. It panics with a *SizeError unless
// len(dst) is 3*W*H.
func ToFloats(dst []float32, m *Image) {
	n := m.W * m.H
	if len(dst) != 3*n {
		panic(&SizeError{Op: fmt.Sprintf("ToFloats into %d floats", len(dst)), W: m.W, H: m.H})
	}
	r, g, b := dst[:n], dst[n:2*n], dst[2*n:]
	p := m.Pix
	for i := range r {
		c := p[3*i : 3*i+3 : 3*i+3]
		r[i], g[i], b[i] = float32(c[0]), float32(c[1]), float32(c[2])
	}
}

// FromFloats makes dst the opaque w x h picture whose colors are the planar
// CHW tensor src, clamped to 0..255; it reuses dst's memory. NaN and infinite
// values are an error that names the first. It panics with a *SizeError unless
// len(src) is 3*w*h.
func FromFloats(dst *Image, src []float32, w, h int, rounding Rounding) error {
	n := w * h
	if w < 1 || h < 1 || len(src) != 3*n {
		panic(&SizeError{Op: fmt.Sprintf("FromFloats of %d floats", len(src)), W: w, H: h})
	}
	dst.reset(w, h, false)
	half := 0.0
	if rounding == Round {
		half = 0.5
	}
	for c := range 3 {
		for i, v := range src[c*n : (c+1)*n] {
			if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
				return fmt.Errorf("imageio: %v in channel %d at x %d, y %d: the network's output is not finite", v, c, i%w, i/w)
			}
			dst.Pix[3*i+c] = uint8(min(max(float64(v)+half, 0), 255))
		}
	}
	return nil
}
