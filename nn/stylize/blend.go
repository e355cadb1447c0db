package stylize

import (
	"errors"
	"fmt"
	"math"

	"github.com/impasto-go/impasto/nn/imageio"
)

// blend is how a session combines the network's output with the picture.
type blend struct {
	strength  float32
	keepColor bool
	half      float64 // added before truncation
	mask      []uint8 // weight of each pixel of the picture, or nil
}

// write finishes the pixels of core: out holds the network's planar output for
// area, of which core is a part, src and dst are the whole pictures.
func (b *blend) write(dst, src *picture, out []float32, area, core rect) {
	n := area.w * area.h
	plain := b.strength == 1 && !b.keepColor && b.mask == nil
	for y := core.y; y < min(core.y+core.h, dst.h); y++ {
		at := (y-area.y)*area.w + core.x - area.x
		width := min(core.w, dst.w-core.x)
		red, green, blue := out[at:at+width], out[n+at:][:width], out[2*n+at:][:width]
		d, s := dst.rgb[y*dst.stride+core.x*dst.step:], src.rgb[y*src.stride+core.x*src.step:]
		for x := range red {
			rgb := [3]float32{red[x], green[x], blue[x]}
			if !plain {
				c := s[x*src.step:]
				k := b.strength
				if b.mask != nil {
					k *= float32(b.mask[y*dst.w+core.x+x]) / 255
				}
				b.mix(&rgb, [3]float32{float32(c[0]), float32(c[1]), float32(c[2])}, k)
			}
			q := d[x*dst.step : x*dst.step+3]
			q[0], q[1], q[2] = b.quantize(rgb[0]), b.quantize(rgb[1]), b.quantize(rgb[2])
		}
	}
}

// mix replaces the stylized color c by what is shown at weight k.
func (b *blend) mix(c *[3]float32, source [3]float32, k float32) {
	for i := range c {
		c[i] = min(max(c[i], 0), 255)
	}
	if b.keepColor {
		// A new luma Y with the old Cb and Cr adds the same to R, G and B.
		d := luma(*c) - luma(source)
		for i := range c {
			c[i] = source[i] + d
		}
	}
	for i := range c {
		c[i] = source[i] + (c[i]-source[i])*k
	}
}

// luma is the Y of JPEG's YCbCr (ITU-R BT.601).
func luma(c [3]float32) float32 { return 0.299*c[0] + 0.587*c[1] + 0.114*c[2] }

func (b *blend) quantize(v float32) uint8 { return uint8(min(max(float64(v)+b.half, 0), 255)) }

// checkFinite returns an error if out holds NaN or infinities.
func checkFinite(out []float32) error {
	for _, v := range out {
		if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
			return fmt.Errorf("stylize: the network's output is not finite (%v): the weights are damaged or its training diverged", v)
		}
	}
	return nil
}

// blend checks the settings and returns them for a picture of w x h pixels.
func (s *Session) blend(w, h int) (blend, error) {
	b := blend{strength: s.Strength, keepColor: s.KeepColor}
	if !(s.Strength >= 0 && s.Strength <= 1) {
		return b, fmt.Errorf("stylize: strength %v is not in 0..1", s.Strength)
	}
	switch s.Rounding {
	case imageio.Truncate:
	case imageio.Round:
		b.half = 0.5
	default:
		return b, errors.New("stylize: unknown rounding")
	}
	b.mask = s.mask.fit(w, h)
	return b, nil
}

// mask is where a picture is stylized.
type mask struct {
	full  *imageio.Image // as given, opaque gray
	sized *imageio.Image // resized to the last picture
	gray  []uint8        // one byte per pixel of sized
}

// SetMask sets where pictures are stylized: wholly where m is white, not at all
// where it is black or transparent, in part where it is gray. It is resized to
// each picture. nil, the default, stylizes everywhere.
func (s *Session) SetMask(m *imageio.Image) error {
	if m == nil {
		s.mask = mask{}
		return nil
	}
	p, err := pictureOf(m)
	if err != nil {
		return fmt.Errorf("%w (the mask)", err)
	}
	full := imageio.New(p.w, p.h)
	for i := range p.w * p.h {
		c := m.Pix[3*i:]
		v := luma([3]float32{float32(c[0]), float32(c[1]), float32(c[2])})
		if m.Alpha != nil {
			v *= float32(m.Alpha[i]) / 255
		}
		g := uint8(v + 0.5)
		full.Pix[3*i], full.Pix[3*i+1], full.Pix[3*i+2] = g, g, g
	}
	s.mask = mask{full: full}
	return nil
}

// fit returns the weights for a picture of w x h pixels, or nil without a mask.
func (m *mask) fit(w, h int) []uint8 {
	if m.full == nil {
		return nil
	}
	if m.sized == nil || m.sized.W != w || m.sized.H != h {
		m.sized = m.full
		if m.full.W != w || m.full.H != h {
			m.sized = imageio.Resize(m.full, w, h, imageio.Bilinear)
		}
		m.gray = make([]uint8, w*h)
		for i := range m.gray {
			m.gray[i] = m.sized.Pix[3*i]
		}
	}
	return m.gray
}
