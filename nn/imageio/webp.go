package imageio

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"

	"golang.org/x/image/webp"
)

// decodeWebP refuses what claims to be longer than it is, as libwebp does: package
// webp would make room for it.
func decodeWebP(data []byte) (image.Image, error) {
	if claimed := 8 + uint64(binary.LittleEndian.Uint32(data[4:])); claimed > uint64(len(data)) {
		return nil, io.ErrUnexpectedEOF
	}
	return webp.Decode(bytes.NewReader(data))
}

// fromWebP converts a decoded WebP. Lossy WebP stores video-range YCbCr, which
// package image would take for JPEG's full range, so its colours are computed
// here, with libwebp's arithmetic (src/dsp/yuv.h, src/dsp/upsampling.c).
func fromWebP(m *Image, src image.Image, keepAlpha bool) {
	switch s := src.(type) {
	case *image.YCbCr:
		m.reset(s.Rect.Dx(), s.Rect.Dy(), false)
		fromVP8(m, s)
	case *image.NYCbCrA:
		m.reset(s.Rect.Dx(), s.Rect.Dy(), keepAlpha)
		fromVP8(m, &s.YCbCr)
		if keepAlpha {
			for y := range m.H {
				copy(alphaRow(m, y), s.A[y*s.AStride:])
			}
		}
	default:
		fromImage(m, src, keepAlpha)
	}
}

func fromVP8(m *Image, s *image.YCbCr) {
	w, rows := (m.W+1)/2, (m.H+1)/2
	us, vs := make([]uint8, 2*w), make([]uint8, 2*w)
	at := func(plane []uint8, r int) []uint8 {
		r = min(max(r, 0), rows-1)
		return plane[r*s.CStride : r*s.CStride+w]
	}
	for y := range m.H {
		near, far := y/2, y/2-1+2*(y&1)
		vp8Widen(us, at(s.Cb, near), at(s.Cb, far))
		vp8Widen(vs, at(s.Cr, near), at(s.Cr, far))
		for x, l := range s.Y[y*s.YStride:][:m.W] {
			luma, u, v := int32(l)*19077>>8, int32(us[x]), int32(vs[x])
			d := m.Pix[3*(y*m.W+x):][:3]
			d[0] = clamp8((luma + v*26149>>8 - 14234) >> 6)
			d[1] = clamp8((luma - u*6419>>8 - v*13320>>8 + 8708) >> 6)
			d[2] = clamp8((luma + u*33050>>8 - 17685) >> 6)
		}
	}
}

// vp8Widen interpolates a row of full-resolution chroma from the nearer and
// the farther row of samples.
func vp8Widen(out, near, far []uint8) {
	last := len(near) - 1
	edge := func(x int) uint8 { return uint8((3*uint32(near[x]) + uint32(far[x]) + 2) >> 2) }
	out[0], out[2*last+1] = edge(0), edge(last)
	for x := range last {
		a, b, c, d := uint32(near[x]), uint32(near[x+1]), uint32(far[x]), uint32(far[x+1])
		sum := a + b + c + d + 8
		out[2*x+1] = uint8(((sum+2*(b+c))>>3 + a) >> 1)
		out[2*x+2] = uint8(((sum+2*(a+d))>>3 + b) >> 1)
	}
}
