package imageio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// bitmap is the header of a Windows or OS/2 bitmap.
type bitmap struct {
	w, h    int
	topDown bool
	bits    int
	packing uint32
	offset  int // of the pixels
	palette []byte
	entry   int // bytes of a color in it
	masks   [4]uint32
}

// How the pixels of a bitmap are packed.
const (
	bmpRaw    = 0
	bmpRLE8   = 1
	bmpRLE4   = 2
	bmpFields = 3
)

// bmpLayouts are the places of red, green, blue and alpha that Pillow knows, by the
// bits of a pixel. All masks 0 stand for the second of 32 bits.
var bmpLayouts = map[int][][4]uint32{
	16: {{0xf800, 0x7e0, 0x1f}, {0x7c00, 0x3e0, 0x1f}},
	24: {{0xff0000, 0xff00, 0xff}},
	32: {
		{0xff0000, 0xff00, 0xff, 0}, {0xff0000, 0xff00, 0xff, 0xff000000}, {0xff000000, 0xff0000, 0xff00, 0},
		{0xff000000, 0xff0000, 0xff00, 0xff}, {0xff, 0xff00, 0xff0000, 0xff000000},
	},
}

// readBMP reads a header as Pillow does: OS/2 1 and 2, Windows 3 to 5.
func readBMP(data []byte) (b bitmap, err error) {
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(data[at:])) }
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }
	if len(data) < 18 {
		return b, io.ErrUnexpectedEOF
	}
	size := int(u32(14))
	switch size {
	case 12, 40, 64, 108, 124:
	default:
		return b, fmt.Errorf("a header of %d bytes is not supported: save the picture anew, as PNG", size)
	}
	if len(data) < 14+size {
		return b, io.ErrUnexpectedEOF
	}
	b.offset = int(min(u32(10), 1<<31-1))
	colors := 0
	if size == 12 {
		b.w, b.h, b.bits, b.entry = u16(18), u16(20), u16(24), 3
	} else {
		b.w, b.h, b.bits, b.entry = int(int32(u32(18))), int(int32(u32(22))), u16(28), 4
		b.packing = u32(30)
		colors = int(min(u32(46), 1<<17))
		if b.h < 0 {
			b.h, b.topDown = -b.h, true
		}
	}
	at := 14 + size
	if b.packing == bmpFields {
		if size > 40 {
			b.masks = [4]uint32{u32(54), u32(58), u32(62), u32(66)}
		} else {
			if len(data) < at+12 {
				return b, io.ErrUnexpectedEOF
			}
			b.masks, at = [4]uint32{u32(at), u32(at + 4), u32(at + 8)}, at+12
		}
	}
	if b.w > 1<<30 || b.h > 1<<30 || b.w < 1 || b.h < 1 {
		return b, fmt.Errorf("bad size %dx%d", b.w, b.h)
	}
	if b.bits <= 8 {
		if colors == 0 {
			colors = 1 << max(b.bits, 0)
		}
		if b.offset == 14+size { // the palette is forgotten there
			b.offset += 4 * colors
		}
		if colors > 1<<16 {
			return b, fmt.Errorf("a palette of %d colors", colors)
		}
		if len(data) < at+colors*b.entry {
			return b, io.ErrUnexpectedEOF
		}
		b.palette = data[at : at+colors*b.entry]
		at += colors * b.entry
	}
	if b.offset == 0 {
		b.offset = at
	}
	return b, b.supported()
}

// supported checks depth and packing.
func (b *bitmap) supported() error {
	switch b.bits {
	case 1, 4, 8, 16, 24, 32:
	default:
		return fmt.Errorf("%d bits a pixel", b.bits)
	}
	switch {
	case b.packing == bmpRaw:
		if b.bits == 16 {
			b.masks = bmpLayouts[16][1]
		} else if b.bits > 16 {
			b.masks = bmpLayouts[b.bits][0]
		}
		return nil
	case b.packing == bmpRLE8 && b.bits == 8, b.packing == bmpRLE4 && b.bits == 4:
		return nil
	case b.packing != bmpFields:
		return fmt.Errorf("packing %d of %d bits is not supported: save the picture anew, as PNG", b.packing, b.bits)
	}
	if b.bits == 32 && b.masks == [4]uint32{} {
		b.masks = bmpLayouts[32][1]
		return nil
	}
	for _, l := range bmpLayouts[b.bits] {
		if b.bits < 32 {
			b.masks[3] = 0
		}
		if l == b.masks {
			return nil
		}
	}
	return fmt.Errorf("masks %x of %d bits are not supported: save the picture anew, as PNG", b.masks, b.bits)
}

func headBMP(data []byte, keepAlpha bool) (header, error) {
	b, err := readBMP(data)
	if err != nil {
		return header{}, err
	}
	extra := 0.0
	if b.packing == bmpRLE8 || b.packing == bmpRLE4 {
		extra = 1
	} else if b.stride() > (len(data)-b.offset)/b.h { // no compression
		return header{}, io.ErrUnexpectedEOF
	}
	return header{b.w, b.h, perPixel(b.w, b.h, extra, keepAlpha)}, nil
}

// stride is the bytes of a row, which end at multiples of 4.
func (b *bitmap) stride() int { return (b.w*b.bits + 31) / 32 * 4 }

func decodeBMP(data []byte, d decoding) (*Image, error) {
	b, err := readBMP(data)
	if err != nil {
		return nil, err
	}
	if b.offset > len(data) {
		return nil, io.ErrUnexpectedEOF
	}
	pixels, stride, bits := data[b.offset:], b.stride(), b.bits
	if b.packing == bmpRLE8 || b.packing == bmpRLE4 {
		if pixels, err = b.unpack(pixels, d.check); err != nil {
			return nil, err
		}
		stride, bits = b.w, 8
	}
	m := &Image{}
	m.reset(b.w, b.h, d.keepAlpha && b.masks[3] != 0)
	for y := range b.h {
		if err := d.check(); err != nil {
			return nil, err
		}
		row := y
		if !b.topDown {
			row = b.h - 1 - y
		}
		if len(pixels) < (y+1)*stride {
			return nil, io.ErrUnexpectedEOF
		}
		b.row(m, row, pixels[y*stride:], bits)
	}
	return m, nil
}

// row converts the row y of a picture.
func (b *bitmap) row(m *Image, y int, p []byte, bits int) {
	out := m.Pix[3*m.W*y:][:3*m.W]
	alpha := alphaRow(m, y)
	for x := range m.W {
		o := out[3*x : 3*x+3 : 3*x+3]
		if bits <= 8 {
			at := x * bits
			index := int(p[at/8]>>(8-bits-at%8)) & (1<<bits - 1)
			o[0], o[1], o[2] = b.color(index)
			continue
		}
		var v uint32
		for i := range bits / 8 {
			v |= uint32(p[x*bits/8+i]) << (8 * i)
		}
		for i := range 3 {
			o[i] = field(v, b.masks[i])
		}
		if alpha != nil {
			alpha[x] = field(v, b.masks[3])
		}
	}
}

// color looks up a color; those beyond the palette are black.
func (b *bitmap) color(i int) (red, green, blue uint8) {
	if (i+1)*b.entry > len(b.palette) {
		return 0, 0, 0
	}
	c := b.palette[i*b.entry:]
	return c[2], c[1], c[0]
}

// field extracts the bits of a mask and spreads them over 0 to 255, downwards.
func field(v, mask uint32) uint8 {
	if mask == 0 {
		return 0
	}
	v &= mask
	for mask&1 == 0 {
		v, mask = v>>1, mask>>1
	}
	return uint8(v * 255 / mask)
}

var errRLE = errors.New("bad run-length data")

// unpack undoes run-length encoding: a byte a pixel. What is not told is color 0.
func (b *bitmap) unpack(in []byte, check func() error) ([]byte, error) {
	out := make([]byte, b.w*b.h)
	x, y := 0, 0
	put := func(v byte) {
		if x < b.w && y < b.h {
			out[y*b.w+x] = v
		}
		x++
	}
	nibble := func(v byte, i int) byte {
		if b.packing == bmpRLE8 {
			return v
		}
		return v >> (4 - 4*(i&1)) & 15
	}
	for steps := 0; y < b.h; steps++ {
		if len(in) < 2 {
			return nil, io.ErrUnexpectedEOF
		}
		if steps%1024 == 0 {
			if err := check(); err != nil {
				return nil, err
			}
		}
		n, v := int(in[0]), in[1]
		in = in[2:]
		switch {
		case n > 0:
			for i := range n {
				put(nibble(v, i))
			}
		case v == 0: // end of a row
			x, y = 0, y+1
		case v == 1: // end of the picture
			return out, nil
		case v == 2: // a step
			if len(in) < 2 {
				return nil, io.ErrUnexpectedEOF
			}
			x, y, in = x+int(in[0]), y+int(in[1]), in[2:]
		default: // pixels as they are
			size := int(v)
			if b.packing == bmpRLE4 {
				size = (size + 1) / 2
			}
			if len(in) < size {
				return nil, io.ErrUnexpectedEOF
			}
			for i := range int(v) {
				j := i
				if b.packing == bmpRLE4 {
					j = i / 2
				}
				put(nibble(in[j], i))
			}
			in = in[min(len(in), size+size&1):]
		}
		if x > 1<<20+b.w {
			return nil, errRLE
		}
	}
	return out, nil
}
