package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"

	"golang.org/x/image/webp"
)

// webpFile is what a WebP file shows first: its picture or the first frame of its
// animation.
type webpFile struct {
	w, h     int // of the canvas, 0 unless the file tells
	animated bool
	x, y     int    // where the frame lies on the canvas
	alpha    []byte // ALPH
	lossy    []byte // VP8
	lossless []byte // VP8L
}

// webpChunks yields the chunks of a RIFF list.
func webpChunks(p []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(p) >= 8 { // type, length, data, padding to an even length
			n := uint64(binary.LittleEndian.Uint32(p[4:]))
			if n > uint64(len(p)-8) || !yield(string(p[:4]), p[8:8+n]) {
				return
			}
			p = p[min(8+n+n&1, uint64(len(p))):]
		}
	}
}

func uint24(p []byte) int { return int(p[0]) | int(p[1])<<8 | int(p[2])<<16 }

// readWebP looks for the parts of the first picture. Like libwebp it refuses what
// claims to be longer than it is.
func readWebP(data []byte) (f webpFile, err error) {
	if claimed := 8 + uint64(binary.LittleEndian.Uint32(data[4:])); claimed > uint64(len(data)) {
		return f, io.ErrUnexpectedEOF
	}
	for kind, p := range webpChunks(data[12:]) {
		switch {
		case kind == "VP8X" && len(p) >= 10 && f.w == 0:
			f.w, f.h, f.animated = uint24(p[4:])+1, uint24(p[7:])+1, p[0]&2 != 0
		case kind == "ANMF" && len(p) >= 16 && f.animated:
			f.x, f.y = 2*uint24(p), 2*uint24(p[3:])
			for kind, p := range webpChunks(p[16:]) {
				f.part(kind, p)
			}
		case !f.animated:
			f.part(kind, p)
		}
		if f.lossy != nil || f.lossless != nil {
			return f, nil
		}
	}
	return f, io.ErrUnexpectedEOF
}

func (f *webpFile) part(kind string, p []byte) {
	switch {
	case f.lossy != nil || f.lossless != nil:
	case kind == "ALPH":
		f.alpha = p
	case kind == "VP8 ":
		f.lossy = p
	case kind == "VP8L":
		f.lossless, f.alpha = p, nil
	}
}

// single makes a file of the frame alone, w x h pixels if they are known: package
// webp knows no animations, and takes few orders of chunks.
func (f *webpFile) single(w, h int) []byte {
	out := []byte("RIFF\x00\x00\x00\x00WEBP")
	chunk := func(kind string, p []byte) {
		out = binary.LittleEndian.AppendUint32(append(out, kind...), uint32(len(p)))
		out = append(out, p...)
		if len(p)%2 == 1 {
			out = append(out, 0)
		}
	}
	switch {
	case f.lossless != nil:
		chunk("VP8L", f.lossless)
	case f.alpha != nil && w > 0:
		x := []byte{0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		for i := range 3 {
			x[4+i], x[7+i] = byte((w-1)>>(8*i)), byte((h-1)>>(8*i))
		}
		chunk("VP8X", x)
		chunk("ALPH", f.alpha)
		fallthrough
	default:
		chunk("VP8 ", f.lossy)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// size returns that of the frame.
func (f *webpFile) size() (w, h int, err error) {
	cfg, err := webp.DecodeConfig(bytes.NewReader(f.single(0, 0)))
	if err != nil {
		return 0, 0, err
	}
	switch {
	case f.w == 0:
		f.w, f.h = cfg.Width, cfg.Height
	case !f.animated && (f.w != cfg.Width || f.h != cfg.Height) || f.x+cfg.Width > f.w || f.y+cfg.Height > f.h:
		return 0, 0, fmt.Errorf("a frame of %dx%d at %d,%d of %dx%d", cfg.Width, cfg.Height, f.x, f.y, f.w, f.h)
	}
	return cfg.Width, cfg.Height, nil
}

func headWebP(data []byte, keepAlpha bool) (header, error) {
	f, err := readWebP(data)
	if err != nil {
		return header{}, err
	}
	w, h, err := f.size()
	if err != nil {
		return header{}, err
	}
	// Of a frame: luma and chroma of whole blocks; opacity, coded like a lossless
	// picture; and lossless, what was read, what indices become, and where from.
	size := 1.6
	switch {
	case f.lossless != nil:
		size = 12
	case f.alpha != nil:
		size += 9
	}
	memory := perPixel(w, h, size, keepAlpha) + int64(len(f.alpha)+len(f.lossy)+len(f.lossless))
	if f.animated {
		memory += perPixel(f.w, f.h, 0, keepAlpha)
	}
	return header{f.w, f.h, memory}, nil
}

func decodeWebP(data []byte, d decoding) (*Image, error) {
	f, err := readWebP(data)
	if err != nil {
		return nil, err
	}
	w, h, err := f.size()
	if err != nil {
		return nil, err
	}
	src, err := webp.Decode(d.reader(f.single(w, h)))
	if err != nil {
		return nil, err
	}
	m := &Image{}
	fromWebP(m, src, d.keepAlpha)
	if m.W != w || m.H != h {
		return nil, errors.New("the frame has another size than it says")
	}
	if !f.animated {
		return m, nil
	}
	canvas := &Image{}
	canvas.reset(f.w, f.h, d.keepAlpha)
	for y := range h {
		at := (f.y+y)*f.w + f.x
		copy(canvas.Pix[3*at:3*(at+w)], m.Pix[3*y*w:])
		switch {
		case m.Alpha != nil:
			copy(canvas.Alpha[at:at+w], m.Alpha[y*w:])
		case d.keepAlpha:
			fillAlpha(canvas.Alpha[at : at+w])
		}
	}
	return canvas, nil
}

// fromWebP converts a decoded WebP. Lossy WebP stores video-range YCbCr, which
// package image would take for JPEG's full range, so its colors are computed
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
