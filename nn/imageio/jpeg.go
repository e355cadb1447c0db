package imageio

import (
	"errors"
	"fmt"
	"image"
	"iter"

	"github.com/impasto-go/impasto/nn/imageio/internal/jpeg"
)

// JPEG markers.
const (
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP1 = 0xe1
)

// jpegSegments yields the marker segments before the first scan.
func jpegSegments(data []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for i := 2; i+4 <= len(data) && data[i] == 0xff; {
			marker := data[i+1]
			if marker == 0xff { // fill byte
				i++
				continue
			}
			if marker == markerSOS || marker == markerEOI {
				return
			}
			n := int(data[i+2])<<8 | int(data[i+3])
			if n < 2 || i+2+n > len(data) || !yield(marker, data[i+4:i+2+n]) {
				return
			}
			i += 2 + n
		}
	}
}

func headJPEG(data []byte, keepAlpha bool) (header, error) {
	p, err := jpeg.ReadHeader(data)
	if err != nil {
		return header{}, err
	}
	return header{p.W, p.H, perPixel(p.W, p.H, 0, false) + p.Memory()}, nil
}

func decodeJPEG(data []byte, d decoding) (*Image, error) {
	p, err := jpeg.Decode(data, d.check)
	if w := (*jpeg.WorkError)(nil); errors.As(err, &w) {
		return nil, fmt.Errorf("%w: %v", ErrTooSlow, err)
	}
	if err != nil {
		return nil, err
	}
	planes := make([]plane, len(p.Components))
	for i := range planes {
		c := &p.Components[i]
		if c.Across == 0 || c.Down == 0 {
			return nil, fmt.Errorf("sampling factors %dx%d that do not divide the largest are not supported", c.H, c.V)
		}
		planes[i] = plane{h: c.Across, v: c.Down, w: c.W, rows: c.Rows, stride: c.Stride, pix: c.Pix}
	}
	m := New(p.W, p.H)
	fromPlanes(m, planes, jpegColors(p))
	return m, nil
}

// jpegColors returns what converts rows of p, as libjpeg and Pillow guess it from the
// segments (jdapimin.c, default_decompress_parms).
func jpegColors(p *jpeg.Picture) func(rgb []uint8, rows [][]uint8) {
	switch id := func(i int) byte { return p.Components[i].ID }; {
	case len(p.Components) == 1:
		return grayRow
	case len(p.Components) == 4 && p.Transform == 2:
		return ycckRow
	case len(p.Components) == 4:
		return inkRow
	case p.JFIF, p.Transform == 1, p.Transform > 1:
		return jpegRow
	case p.Transform == 0, id(0) == 'R' && id(1) == 'G' && id(2) == 'B':
		return rgbRow
	}
	return jpegRow
}

// fromJPEG converts a decoded JPEG whose top left corner is at 0,0.
func fromJPEG(m *Image, s *image.YCbCr) {
	h, v := 1, 1 // how many luma samples a chroma sample covers
	switch s.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		h = 2
	case image.YCbCrSubsampleRatio420:
		h, v = 2, 2
	case image.YCbCrSubsampleRatio440:
		v = 2
	case image.YCbCrSubsampleRatio411:
		h = 4
	case image.YCbCrSubsampleRatio410:
		h, v = 4, 2
	}
	chroma := plane{h: h, v: v, w: (m.W + h - 1) / h, rows: (m.H + v - 1) / v, stride: s.CStride, pix: s.Cb}
	planes := []plane{{h: 1, v: 1, w: m.W, rows: m.H, stride: s.YStride, pix: s.Y}, chroma, chroma}
	planes[2].pix = s.Cr
	fromPlanes(m, planes, jpegRow)
}

// fromPlanes upsamples planes as libjpeg does, by its "fancy" triangle filter where
// it has one (jdsample.c of libjpeg-turbo), and converts them row by row.
func fromPlanes(m *Image, planes []plane, convert func(rgb []uint8, rows [][]uint8)) {
	rows := make([][]uint8, len(planes))
	for i := range planes {
		p := &planes[i]
		p.sum = make([]int32, p.w)
		rows[i] = make([]uint8, p.h*p.w)
	}
	for y := range m.H {
		for i := range planes {
			planes[i].row(rows[i], y)
		}
		convert(m.Pix[3*m.W*y:3*m.W*(y+1)], rows)
	}
}

func grayRow(rgb []uint8, rows [][]uint8) {
	for x := range len(rgb) / 3 {
		v := rows[0][x]
		rgb[3*x], rgb[3*x+1], rgb[3*x+2] = v, v, v
	}
}

func rgbRow(rgb []uint8, rows [][]uint8) {
	for x := range len(rgb) / 3 {
		rgb[3*x], rgb[3*x+1], rgb[3*x+2] = rows[0][x], rows[1][x], rows[2][x]
	}
}

// inkRow converts inks that are stored inverted, as Adobe does and Pillow supposes.
func inkRow(rgb []uint8, rows [][]uint8) {
	for x := range len(rgb) / 3 {
		cmykToRGB(rgb[3*x:], []uint8{255 - rows[0][x], 255 - rows[1][x], 255 - rows[2][x], 255 - rows[3][x]})
	}
}

// ycckRow converts such inks of which the first three were made YCbCr.
func ycckRow(rgb []uint8, rows [][]uint8) {
	jpegRow(rgb, rows)
	for x := range len(rgb) / 3 {
		c := rgb[3*x : 3*x+3 : 3*x+3]
		cmykToRGB(c, []uint8{c[0], c[1], c[2], 255 - rows[3][x]})
	}
}

// jpegRow converts one row of full-resolution YCbCr to RGB, by libjpeg's 16-bit
// fixed-point matrix (jdcolor.c).
func jpegRow(rgb []uint8, rows [][]uint8) {
	const half = 1 << 15
	n := len(rgb) / 3
	luma, cb, cr := rows[0][:n], rows[1][:n], rows[2][:n]
	for x, l := range luma {
		y, u, v := int32(l), int32(cb[x])-128, int32(cr[x])-128
		d := rgb[3*x : 3*x+3 : 3*x+3]
		d[0] = clamp8(y + (91881*v+half)>>16)
		d[1] = clamp8(y + (-22554*u-46802*v+half)>>16)
		d[2] = clamp8(y + (116130*u+half)>>16)
	}
}

func clamp8(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^v >> 31) // 0 below, 255 above
	}
	return uint8(v)
}

// plane is one component: rows x w samples, of which each covers h x v pixels.
type plane struct {
	h, v, w, rows, stride int
	pix                   []uint8
	sum                   []int32
}

// row fills out with the samples of the full-resolution row y.
func (p *plane) row(out []uint8, y int) {
	at := func(r int) []uint8 {
		r = min(max(r, 0), p.rows-1)
		return p.pix[r*p.stride : r*p.stride+p.w]
	}
	near := at(y / p.v)
	far := at(y/p.v - 1 + 2*(y&1)) // where rows are halved: the other neighbor
	switch {
	case p.h == 1 && p.v != 2:
		copy(out, near)
	case p.h == 1:
		bias := int32(1 + y&1)
		for x := range near {
			out[x] = uint8((3*int32(near[x]) + int32(far[x]) + bias) >> 2)
		}
	case p.h == 2 && p.w > 2 && p.v == 1:
		for x, c := range near {
			p.sum[x] = int32(c)
		}
		p.widen(out, 1, 2, 2)
	case p.h == 2 && p.w > 2 && p.v == 2:
		for x := range near {
			p.sum[x] = 3*int32(near[x]) + int32(far[x])
		}
		p.widen(out, 8, 7, 4)
	default: // libjpeg repeats samples here, and in planes too narrow to filter
		for x, c := range near {
			for i := range p.h {
				out[p.h*x+i] = c
			}
		}
	}
}

// widen doubles p.sum: each output is 3/4 of the nearer sample and 1/4 of the
// other, with the rounding terms of left and right outputs.
func (p *plane) widen(out []uint8, left, right int32, shift uint) {
	s, last := p.sum, len(p.sum)-1
	if shift == 2 { // rows not halved: libjpeg copies the outermost samples
		out[0], out[2*last+1] = uint8(s[0]), uint8(s[last])
	} else {
		out[0], out[2*last+1] = uint8((4*s[0]+left)>>shift), uint8((4*s[last]+right)>>shift)
	}
	for x := range last {
		out[2*x+1] = uint8((3*s[x] + s[x+1] + right) >> shift)
		out[2*x+2] = uint8((3*s[x+1] + s[x] + left) >> shift)
	}
}
