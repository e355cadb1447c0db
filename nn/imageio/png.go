package imageio

import (
	"bytes"
	"encoding/binary"
	"image/color"
	"image/png"
	"iter"
)

func headPNG(data []byte, keepAlpha bool) (header, error) {
	cfg, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return header{}, err
	}
	size := 4.0 // also of gray, which a tRNS chunk makes RGBA
	switch cfg.ColorModel {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		size = 8
	default:
		if _, ok := cfg.ColorModel.(color.Palette); ok {
			size = 1
		}
	}
	const interlace = 28 // where the header says so
	if len(data) > interlace && data[interlace] != 0 {
		size *= 2 // its passes are pictures that together have as many pixels
	}
	return header{cfg.Width, cfg.Height, perPixel(cfg.Width, cfg.Height, size, keepAlpha)}, nil
}

// decodePNG decodes the picture that is no frame of an animation (or the first).
func decodePNG(data []byte, d decoding) (*Image, error) {
	src, err := png.Decode(d.reader(data))
	if err != nil {
		return nil, err
	}
	m := &Image{}
	fromImage(m, src, d.keepAlpha)
	return m, nil
}

// pngChunks yields the types and contents of a PNG's chunks.
func pngChunks(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for p := data[8:]; len(p) >= 12; { // length, type, data, CRC
			n := uint64(binary.BigEndian.Uint32(p))
			if n > uint64(len(p)-12) || !yield(string(p[4:8]), p[8:8+n]) {
				return
			}
			p = p[12+n:]
		}
	}
}
