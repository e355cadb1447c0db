package imageio

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
)

func headGIF(data []byte, keepAlpha bool) (header, error) {
	cfg, err := gif.DecodeConfig(bytes.NewReader(data))
	// A frame, its rows in order if they are interlaced, and the screen.
	return header{cfg.Width, cfg.Height, perPixel(cfg.Width, cfg.Height, 3, keepAlpha)}, err
}

// decodeGIF reads the first frame and lays it on the logical screen. What the
// frame leaves free has the transparent color, else the first, as in Pillow.
func decodeGIF(data []byte, d decoding) (*Image, error) {
	cfg, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	// Package gif blackens the transparent color, so it must not hear of it.
	flags, transparent := gifTransparency(data)
	if transparent >= 0 {
		data = bytes.Clone(data)
		data[flags] &^= 1
	}
	img, err := gif.Decode(d.reader(data))
	if err != nil {
		return nil, err
	}
	frame, ok := img.(*image.Paletted)
	if !ok {
		return FromImage(img), nil
	}
	free := uint8(0)
	if transparent >= 0 {
		free = uint8(transparent)
		c := color.NRGBAModel.Convert(frame.Palette[free]).(color.NRGBA)
		c.A = 0
		frame.Palette[free] = c
	}
	screen := image.NewPaletted(image.Rect(0, 0, cfg.Width, cfg.Height), frame.Palette)
	for i := range screen.Pix {
		screen.Pix[i] = free
	}
	r := frame.Rect.Intersect(screen.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		copy(screen.Pix[screen.PixOffset(r.Min.X, y):][:r.Dx()], frame.Pix[frame.PixOffset(r.Min.X, y):])
	}
	m := &Image{}
	fromImage(m, screen, d.keepAlpha)
	return m, nil
}

// gifTransparency returns the index of the first frame's transparent color
// and the offset of the byte whose lowest bit announces it; or -1 where there
// is none or it lies outside the color table.
func gifTransparency(data []byte) (flags, index int) {
	const (
		headerSize     = 13
		extension      = 0x21
		graphicControl = 0xf9
		descriptor     = 0x2c
	)
	if len(data) < headerSize {
		return 0, -1
	}
	table := gifTableSize(data[10])
	index = -1
	i := headerSize + 3*table
	for i+10 < len(data) && data[i] == extension {
		if data[i+1] == graphicControl && data[i+2] == 4 {
			if flags, index = i+3, -1; data[flags]&1 != 0 {
				index = int(data[i+6])
			}
		}
		for i += 2; i < len(data) && data[i] != 0; { // blocks up to an empty one
			i += 1 + int(data[i])
		}
		i++
	}
	if i+10 > len(data) || data[i] != descriptor {
		return 0, -1
	}
	if local := gifTableSize(data[i+9]); local > 0 {
		table = local
	}
	if index >= table {
		return 0, -1
	}
	return flags, index
}

// gifTableSize returns how many colors a packed field announces.
func gifTableSize(packed byte) int {
	if packed&0x80 == 0 {
		return 0
	}
	return 2 << (packed & 7)
}
