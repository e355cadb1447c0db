package imageio

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"iter"
)

// JPEG markers.
const (
	markerRST0  = 0xd0
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerAPP1  = 0xe1
	markerAPP14 = 0xee
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

// maxScans is some ten times what encoders make. A scan of a hundred bytes can pass
// over all the blocks of a large picture, so their number bounds the time.
const maxScans = 100

// jpegScans counts the scans up to the end of the picture.
func jpegScans(data []byte) (n int) {
	for i := 2; i+4 <= len(data); {
		marker := data[i+1]
		switch {
		case data[i] != 0xff: // entropy-coded data
			next := bytes.IndexByte(data[i:], 0xff)
			if next < 0 {
				return n
			}
			i += next
		case marker == 0xff: // fill byte
			i++
		case marker <= 1 || marker >= markerRST0 && marker <= markerSOI: // without a length
			i += 2
		case marker == markerEOI:
			return n
		default:
			if marker == markerSOS {
				n++
			}
			i += 2 + (int(data[i+2])<<8 | int(data[i+3]))
		}
	}
	return n
}

// decodeJPEG lets through what libjpeg accepts and package jpeg does not: CMYK
// without an Adobe segment.
func decodeJPEG(data []byte) (image.Image, error) {
	if n := jpegScans(data); n > maxScans {
		return nil, fmt.Errorf("%w: %d scans, the limit is %d", ErrTooLarge, n, maxScans)
	}
	adobe, components := false, 0
	for marker, p := range jpegSegments(data) {
		switch {
		case marker == markerAPP14 && bytes.HasPrefix(p, []byte("Adobe")):
			adobe = true
		case marker >= 0xc0 && marker <= 0xc2 && len(p) >= 6:
			components = int(p[5])
		}
	}
	if components == 4 && !adobe {
		segment := []byte("\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00")
		data = append(segment, data[2:]...)
	}
	return jpeg.Decode(bytes.NewReader(data))
}

// fromJPEG converts a decoded JPEG whose top left corner is at 0,0: chroma by
// libjpeg's "fancy" triangle filter (jdsample.c of libjpeg-turbo), colours by
// its 16-bit fixed-point matrix (jdcolor.c).
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
	up := chromaUpsampler{h: h, v: v, w: (m.W + h - 1) / h, rows: (m.H + v - 1) / v, stride: s.CStride}
	up.sum = make([]int32, up.w)
	cb, cr := make([]uint8, h*up.w), make([]uint8, h*up.w)
	for y := range m.H {
		up.row(cb, s.Cb, y)
		up.row(cr, s.Cr, y)
		jpegRow(m.Pix[3*m.W*y:3*m.W*(y+1)], s.Y[y*s.YStride:][:m.W], cb, cr)
	}
}

// jpegRow converts one row of full-resolution YCbCr to RGB.
func jpegRow(rgb, luma, cb, cr []uint8) {
	const half = 1 << 15
	cb, cr = cb[:len(luma)], cr[:len(luma)]
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

// chromaUpsampler widens rows of a chroma plane of w x rows samples.
type chromaUpsampler struct {
	h, v, w, rows, stride int
	sum                   []int32
}

// row fills out with the chroma of the full-resolution row y.
func (u *chromaUpsampler) row(out, plane []uint8, y int) {
	at := func(r int) []uint8 {
		r = min(max(r, 0), u.rows-1)
		return plane[r*u.stride : r*u.stride+u.w]
	}
	near := at(y / u.v)
	far := at(y/u.v - 1 + 2*(y&1)) // where rows are halved: the other neighbour
	switch {
	case u.h == 1 && u.v == 1:
		copy(out, near)
	case u.h == 1 && u.v == 2:
		bias := int32(1 + y&1)
		for x := range near {
			out[x] = uint8((3*int32(near[x]) + int32(far[x]) + bias) >> 2)
		}
	case u.h == 2 && u.w > 2 && u.v == 1:
		for x, c := range near {
			u.sum[x] = int32(c)
		}
		u.widen(out, 1, 2, 2)
	case u.h == 2 && u.w > 2:
		for x := range near {
			u.sum[x] = 3*int32(near[x]) + int32(far[x])
		}
		u.widen(out, 8, 7, 4)
	default: // libjpeg repeats samples here, and in planes too narrow to filter
		for x, c := range near {
			for i := range u.h {
				out[u.h*x+i] = c
			}
		}
	}
}

// widen doubles u.sum: each output is 3/4 of the nearer sample and 1/4 of the
// other, with the rounding terms of left and right outputs.
func (u *chromaUpsampler) widen(out []uint8, left, right int32, shift uint) {
	s, last := u.sum, len(u.sum)-1
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
