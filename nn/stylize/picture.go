package stylize

import (
	"errors"
	"fmt"

	"github.com/impasto-go/impasto/nn/imageio"
)

// picture is a view of 8-bit pixels in somebody's memory.
type picture struct {
	w, h         int
	rgb          []uint8 // the colors of pixel x, y begin at y*stride + x*step
	stride, step int
	alpha        []uint8 // that of pixel x, y is at y*alphaStride + x*alphaStep; nil if opaque
	alphaStride  int
	alphaStep    int
}

// rect is a rectangle of pixels.
type rect struct{ x, y, w, h int }

// pictureOf returns a view of m.
func pictureOf(m *imageio.Image) (picture, error) {
	p := picture{w: m.W, h: m.H, rgb: m.Pix, stride: 3 * m.W, step: 3}
	if m.W < 1 || m.H < 1 || len(m.Pix) != 3*m.W*m.H {
		return p, fmt.Errorf("stylize: %d bytes of color are no picture of %dx%d pixels", len(m.Pix), m.W, m.H)
	}
	if m.Alpha != nil {
		if len(m.Alpha) != m.W*m.H {
			return p, fmt.Errorf("stylize: %d bytes of alpha do not fit a picture of %dx%d pixels", len(m.Alpha), m.W, m.H)
		}
		p.alpha, p.alphaStride, p.alphaStep = m.Alpha, m.W, 1
	}
	return p, nil
}

// pictureOfRGBA returns a view of rows of RGBA pixels that are stride bytes apart.
func pictureOfRGBA(pix []uint8, width, height, stride int) (picture, error) {
	switch {
	case width < 1 || height < 1:
		return picture{}, errors.New("stylize: width and height must be at least 1")
	case width > (1<<31-1)/4 || stride < 4*width:
		return picture{}, errors.New("stylize: the stride must be at least 4 bytes per pixel of width")
	case len(pix) < 4*width || (len(pix)-4*width)/stride < height-1:
		return picture{}, errors.New("stylize: the slice is shorter than height rows of stride bytes")
	}
	return picture{
		w: width, h: height, rgb: pix, stride: stride, step: 4,
		alpha: pix[3:], alphaStride: stride, alphaStep: 4,
	}, nil
}

// mirror returns the pixel that stands at i on an axis of n pixels continued by
// reflection, without repeating the edge, as often as it takes.
func mirror(i, n int) int {
	if uint(i) < uint(n) {
		return i
	}
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	i = ((i % period) + period) % period
	return min(i, period-i)
}

// load writes the pixels of r, which may reach beyond the picture's edges, to dst
// as planar values 0..255.
func (p *picture) load(dst []float32, r rect) {
	n := r.w * r.h
	for y := range r.h {
		row := p.rgb[mirror(r.y+y, p.h)*p.stride:]
		at := y * r.w
		red, green, blue := dst[at:at+r.w], dst[n+at:][:r.w], dst[2*n+at:][:r.w]
		for i := range red {
			c := row[mirror(r.x+i, p.w)*p.step:]
			red[i], green[i], blue[i] = float32(c[0]), float32(c[1]), float32(c[2])
		}
	}
}

// copyFrom copies all of src, which has the same size.
func (p *picture) copyFrom(src *picture) {
	for y := range p.h {
		d, s := p.rgb[y*p.stride:], src.rgb[y*src.stride:]
		for x := range p.w {
			copy(d[x*p.step:x*p.step+3], s[x*src.step:])
		}
	}
	p.copyAlphaFrom(src)
}

// copyAlphaFrom copies the alpha of src where p has some too.
func (p *picture) copyAlphaFrom(src *picture) {
	if p.alpha == nil || src.alpha == nil {
		return
	}
	for y := range p.h {
		d, s := p.alpha[y*p.alphaStride:], src.alpha[y*src.alphaStride:]
		for x := range p.w {
			d[x*p.alphaStep] = s[x*src.alphaStep]
		}
	}
}

// sameMemory reports whether both views begin at the same byte.
func (p *picture) sameMemory(q *picture) bool { return &p.rgb[0] == &q.rgb[0] }
