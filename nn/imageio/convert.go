package imageio

import (
	"image"
	"image/color"
)

// FromImage converts src to RGB and keeps its alpha where it is not opaque.
// The rules are Pillow's: gray is repeated, alpha is split off and not
// composited, palettes are looked up, of 16-bit samples the high byte is
// taken. JPEG's subsampled chroma is interpolated and converted as libjpeg
// does it. (Only for 16-bit gray Pillow has another rule: it clips to 255,
// which turns such pictures white.)
func FromImage(src image.Image) *Image {
	m := &Image{}
	fromImage(m, src, true)
	m.dropOpaqueAlpha()
	return m
}

func fromImage(m *Image, src image.Image, keepAlpha bool) {
	b := src.Bounds()
	m.reset(b.Dx(), b.Dy(), keepAlpha)
	switch s := src.(type) {
	case *image.YCbCr:
		if b.Min == (image.Point{}) {
			fillAlpha(m.Alpha)
			fromJPEG(m, s)
			return
		}
	case *image.Paletted:
		fromPaletted(m, s)
		return
	}
	if line := lineReader(src); line != nil {
		for y := range m.H {
			line(m.Pix[3*m.W*y:3*m.W*(y+1)], alphaRow(m, y), y)
		}
		return
	}
	for y := range m.H {
		a := alphaRow(m, y)
		for x := range m.W {
			c := color.NRGBAModel.Convert(src.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			d := m.Pix[3*(y*m.W+x):][:3]
			d[0], d[1], d[2] = c.R, c.G, c.B
			if a != nil {
				a[x] = c.A
			}
		}
	}
}

func alphaRow(m *Image, y int) []uint8 {
	if m.Alpha == nil {
		return nil
	}
	return m.Alpha[y*m.W : (y+1)*m.W]
}

func fillAlpha(a []uint8) {
	for i := range a {
		a[i] = 255
	}
}

// lineReader returns a function that converts row y of src (counted from its
// top) into RGB and, unless it is nil, alpha; or nil for unknown types.
func lineReader(src image.Image) func(rgb, alpha []uint8, y int) {
	switch s := src.(type) {
	case *image.Gray:
		return opaque(s.Pix, s.Stride, 1, func(d, p []uint8) { d[0], d[1], d[2] = p[0], p[0], p[0] })
	case *image.Gray16:
		return opaque(s.Pix, s.Stride, 2, func(d, p []uint8) { d[0], d[1], d[2] = p[0], p[0], p[0] })
	case *image.CMYK:
		return opaque(s.Pix, s.Stride, 4, cmykToRGB)
	case *image.NRGBA:
		return withAlpha(s.Pix, s.Stride, 4, func(d, p []uint8) uint8 {
			d[0], d[1], d[2] = p[0], p[1], p[2]
			return p[3]
		})
	case *image.NRGBA64:
		return withAlpha(s.Pix, s.Stride, 8, func(d, p []uint8) uint8 {
			d[0], d[1], d[2] = p[0], p[2], p[4]
			return p[6]
		})
	case *image.RGBA:
		return withAlpha(s.Pix, s.Stride, 4, func(d, p []uint8) uint8 {
			d[0], d[1], d[2] = unmultiply(p[0], p[3]), unmultiply(p[1], p[3]), unmultiply(p[2], p[3])
			return p[3]
		})
	case *image.RGBA64:
		return withAlpha(s.Pix, s.Stride, 8, func(d, p []uint8) uint8 {
			d[0], d[1], d[2] = unmultiply(p[0], p[6]), unmultiply(p[2], p[6]), unmultiply(p[4], p[6])
			return p[6]
		})
	}
	return nil
}

func opaque(pix []uint8, stride, size int, convert func(d, p []uint8)) func(rgb, alpha []uint8, y int) {
	return func(rgb, alpha []uint8, y int) {
		fillAlpha(alpha)
		row := pix[y*stride:]
		for i, j := 0, 0; i < len(rgb); i, j = i+3, j+size {
			convert(rgb[i:i+3:i+3], row[j:j+size:j+size])
		}
	}
}

func withAlpha(pix []uint8, stride, size int, convert func(d, p []uint8) uint8) func(rgb, alpha []uint8, y int) {
	return func(rgb, alpha []uint8, y int) {
		row := pix[y*stride:]
		for i, j, x := 0, 0, 0; i < len(rgb); i, j, x = i+3, j+size, x+1 {
			a := convert(rgb[i:i+3:i+3], row[j:j+size:j+size])
			if alpha != nil {
				alpha[x] = a
			}
		}
	}
}

// unmultiply undoes premultiplication as Pillow's RGBa unpacker does.
func unmultiply(c, a uint8) uint8 {
	switch a {
	case 255:
		return c
	case 0:
		return 0
	}
	return uint8(min(255, 255*uint32(c)/uint32(a)))
}

// cmykToRGB is Pillow's conversion: what black leaves, less its share of ink.
func cmykToRGB(d, p []uint8) {
	white := int32(255 - p[3])
	for i := range 3 {
		t := int32(p[i])*white + 128
		d[i] = uint8(max(0, white-(t>>8+t)>>8))
	}
}

func fromPaletted(m *Image, s *image.Paletted) {
	var table [256]color.NRGBA // indices beyond the palette are opaque black
	for i := range table {
		table[i].A = 255
	}
	for i, c := range s.Palette[:min(256, len(s.Palette))] {
		table[i] = color.NRGBAModel.Convert(c).(color.NRGBA)
		if t, ok := c.(color.NRGBA); ok {
			table[i] = t // also where it is wholly transparent
		}
	}
	for y := range m.H {
		a := alphaRow(m, y)
		for x, index := range s.Pix[y*s.Stride : y*s.Stride+m.W] {
			c := &table[index]
			d := m.Pix[3*(y*m.W+x):][:3]
			d[0], d[1], d[2] = c.R, c.G, c.B
			if a != nil {
				a[x] = c.A
			}
		}
	}
}
