package tiff

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

// Memory returns the bytes that Decode takes for p, without the picture.
func (p *Page) Memory() int64 { return int64(p.chunkW)*int64(p.samples)*4 + int64(p.samples)<<17 }

// Pixel is a decoded pixel's samples: red, green, blue or gray or cyan, magenta,
// yellow, black; and opacity.
type Pixel struct {
	C [4]uint8
	A uint8
}

// Sink takes what is decoded: a row of pixels that begins at x, y.
type Sink func(x, y int, row []Pixel)

// Model says what Pixel.C holds.
type Model int

const (
	Gray Model = iota
	RGB
	CMYK
)

// Model returns what the pixels of p hold.
func (p *Page) Model() Model {
	switch p.photometric {
	case rgb, palette:
		return RGB
	case cmyk:
		return CMYK
	}
	return Gray
}

// Associated reports whether colors are multiplied by their opacity.
func (p *Page) Associated() bool { return p.associated }

// Decode decodes the page. From time to time it calls check, whose error it returns.
func (p *Page) Decode(check func() error, sink Sink) error {
	planes := 1
	if p.planar {
		planes = p.samples
	}
	perPlane := p.samples / planes
	d := &chunkDecoder{page: p, raw: make([]byte, (p.chunkW*perPlane*p.bits+7)/8), row: make([]uint16, p.chunkW*p.samples), pixels: make([]Pixel, p.chunkW)}
	d.streams = make([]stream, planes)
	for cy := range p.down {
		for cx := range p.across {
			x, y := cx*p.chunkW, cy*p.chunkH
			w, h := min(p.chunkW, p.W-x), min(p.chunkH, p.H-y)
			rows := h
			if p.tiled {
				rows = p.chunkH
			}
			for i := range d.streams {
				data, err := p.chunk(i*p.across*p.down + cy*p.across + cx)
				if err != nil {
					return err
				}
				if err := d.streams[i].open(p, data, rows); err != nil {
					return err
				}
			}
			for i := range h {
				if i%16 == 0 {
					if err := check(); err != nil {
						return err
					}
				}
				for j := range d.streams {
					if err := d.read(&d.streams[j], j, perPlane); err != nil {
						return err
					}
				}
				d.convert(w)
				sink(x, y+i, d.pixels[:w])
			}
		}
	}
	return nil
}

// chunkDecoder decodes rows of strips and tiles.
type chunkDecoder struct {
	page    *Page
	streams []stream
	raw     []byte
	row     []uint16 // all samples, interleaved, as deep as they are stored
	pixels  []Pixel
}

// read decodes the next row of a plane into row.
func (d *chunkDecoder) read(s *stream, plane, n int) error {
	p := d.page
	if _, err := io.ReadFull(s.r, d.raw); err != nil {
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	if p.reversed && p.compression == none {
		for i, b := range d.raw {
			d.raw[i] = bits.Reverse8(b)
		}
	}
	step := p.samples / n // between the samples of a plane
	put := func(i int, v uint16) { d.row[i*step+plane] = v }
	switch p.bits {
	case 8:
		if p.predictor {
			for i := n; i < len(d.raw); i++ {
				d.raw[i] += d.raw[i-n]
			}
		}
		for i, b := range d.raw {
			put(i, uint16(b))
		}
	case 16:
		for i := range len(d.raw) / 2 {
			v := p.order.Uint16(d.raw[2*i:])
			if p.predictor && i >= n {
				v += d.row[(i-n)*step+plane]
			}
			put(i, v)
		}
	default:
		mask := byte(1<<p.bits - 1)
		for i := range p.chunkW * n {
			at := i * p.bits
			put(i, uint16(d.raw[at/8]>>(8-p.bits-at%8)&mask))
		}
	}
	return nil
}

// convert makes the first w pixels of 8 bits a sample.
func (d *chunkDecoder) convert(w int) {
	p := d.page
	n := map[Model]int{Gray: 1, RGB: 3, CMYK: 4}[p.Model()]
	if p.colors != nil {
		n = 1
	}
	// Of 16 bits the high byte counts; few bits are spread over 0 to 255.
	shift, scale := 0, uint16(1)
	if p.bits == 16 {
		shift = 8
	} else if p.colors == nil {
		scale = 255 / (1<<p.bits - 1)
	}
	for x := range w {
		s, o := d.row[x*p.samples:], &d.pixels[x]
		o.A = 255
		if p.Alpha {
			o.A = uint8(s[n] >> shift * scale)
		}
		if p.colors != nil {
			c := p.colors[s[0]]
			o.C = [4]uint8{c[0], c[1], c[2]}
			continue
		}
		for i := range n {
			o.C[i] = uint8(s[i] >> shift * scale)
		}
		if p.photometric == whiteIsZero {
			o.C[0] = 255 - o.C[0]
		}
	}
}

// stream decompresses a strip or tile.
type stream struct {
	r    io.Reader
	in   bytes.Reader
	zlib io.ReadCloser
}

// open begins a strip or tile of that many rows.
func (s *stream) open(p *Page, data []byte, rows int) (err error) {
	if p.reversed && p.compression != none && p.compression != group3 && p.compression != group4 {
		turned := make([]byte, len(data))
		for i, b := range data {
			turned[i] = bits.Reverse8(b)
		}
		data = turned
	}
	s.in.Reset(data)
	switch p.compression {
	case none:
		s.r = &s.in
	case lzwPacked:
		s.r = bufio.NewReader(lzw.NewReader(&s.in, lzw.MSB, 8))
	case packBits:
		s.r = &unpacker{in: &s.in}
	case deflate, oldDeflate:
		if s.zlib == nil {
			s.zlib, err = zlib.NewReader(&s.in)
		} else {
			err = s.zlib.(zlib.Resetter).Reset(&s.in, nil)
		}
		s.r = s.zlib
	default:
		order, kind := ccitt.MSB, ccitt.Group4
		if p.reversed {
			order = ccitt.LSB
		}
		if p.compression == group3 {
			kind = ccitt.Group3
		}
		// As written by scanners, 1 is black: what whiteIsZero says.
		s.r = ccitt.NewReader(&s.in, order, kind, p.chunkW, rows, &ccitt.Options{Invert: true})
	}
	return err
}

// unpacker undoes PackBits (TIFF 6.0, section 9).
type unpacker struct {
	in      *bytes.Reader
	literal int
	repeat  int
	value   byte
}

var errPackBits = errors.New("bad PackBits data")

func (u *unpacker) Read(p []byte) (n int, err error) {
	for n < len(p) {
		switch {
		case u.literal > 0:
			m, err := u.in.Read(p[n:min(len(p), n+u.literal)])
			if err != nil {
				return n, err
			}
			n, u.literal = n+m, u.literal-m
		case u.repeat > 0:
			p[n] = u.value
			n, u.repeat = n+1, u.repeat-1
		default:
			c, err := u.in.ReadByte()
			if err != nil {
				return n, err
			}
			switch {
			case c < 128:
				u.literal = int(c) + 1
			case c > 128:
				u.repeat = 257 - int(c)
				if u.value, err = u.in.ReadByte(); err != nil {
					return n, errPackBits
				}
			}
		}
	}
	return n, nil
}
