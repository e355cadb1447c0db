// Package jpeg decodes baseline and progressive JPEG into the planes of its
// components, by libjpeg's arithmetic: what Pillow shows, bit for bit, once the
// planes are upsampled and converted as libjpeg does it.
//
// Beside package image/jpeg it takes restart intervals in progressive files, all
// sampling factors, and files without Huffman tables (frames of Motion JPEG). It is
// stricter than libjpeg, which shows gray where data is damaged or ends early: both
// are errors here. Arithmetic coding, lossless files and 12 bits are refused.
package jpeg

import (
	"errors"
	"fmt"
	"io"
)

// Markers (ITU-T T.81, table B.1).
const (
	sof0  = 0xc0 // baseline
	sof1  = 0xc1 // extended sequential
	sof2  = 0xc2 // progressive
	dht   = 0xc4
	jpg   = 0xc8
	dac   = 0xcc
	sofF  = 0xcf
	rst0  = 0xd0
	rst7  = 0xd7
	soi   = 0xd8
	eoi   = 0xd9
	sos   = 0xda
	dqt   = 0xdb
	dri   = 0xdd
	app0  = 0xe0
	app14 = 0xee
)

// Limits of work, which a small file could otherwise ask for without end.
const (
	// MaxScans is some ten times what encoders make.
	MaxScans = 100
	// MaxVisits bounds how many blocks of 8x8 samples all scans together pass over:
	// fifteen times those of 89 megapixels, in a second or a few.
	MaxVisits = 1 << 26
)

// WorkError is the error for files above those limits.
type WorkError struct {
	N     int
	What  string
	Limit int
}

func (e *WorkError) Error() string {
	return fmt.Sprintf("%d %s, the limit is %d", e.N, e.What, e.Limit)
}

// Picture is a decoded file, or its header.
type Picture struct {
	W, H       int
	Components []Component
	// Transform is that of an Adobe segment, -1 where there is none; JFIF says
	// whether there is a JFIF segment. They tell the color space.
	Transform int
	JFIF      bool

	progressive bool
	hMax, vMax  int
}

// Component is one plane of samples.
type Component struct {
	ID byte
	// H and V are the sampling factors, Across and Down how many pixels of the
	// picture a sample covers (0 where that is no whole number).
	H, V, Across, Down int
	// W and Rows are the samples that belong to the picture.
	W, Rows int
	// Pix holds rows of Stride samples.
	Pix    []uint8
	Stride int

	quant    int
	across   int // blocks in a row, with those that complete a unit
	down     int
	needed   int // blocks in a row that hold samples of the picture
	coef     []int16
	table    *[64]uint16 // that held when its first scan began
	previous int32
	seen     bool
}

// Memory returns the bytes that Decode takes for p at its peak.
func (p *Picture) Memory() int64 {
	var planes int64
	for i := range p.Components {
		c := &p.Components[i]
		planes += int64(c.across) * int64(c.down) * 64
	}
	if p.progressive {
		return 3 * planes // coefficients of 2 bytes, and samples
	}
	return planes
}

// decoder goes through the segments of a file.
type decoder struct {
	Picture
	data      []byte
	at        int
	check     func() error
	quant     [4]*[64]uint16 // in zigzag order
	dc, ac    [4]*huffman
	interval  int
	scans     int
	visits    int
	endOfBand int
	bits      bits
}

// ReadHeader reads up to the size and components of the picture.
func ReadHeader(data []byte) (*Picture, error) {
	d := &decoder{data: data, check: func() error { return nil }}
	if err := d.run(true); err != nil {
		return nil, err
	}
	return &d.Picture, nil
}

// Decode decodes the picture. From time to time it calls check, whose error it
// returns.
func Decode(data []byte, check func() error) (*Picture, error) {
	d := &decoder{data: data, check: check}
	if err := d.run(false); err != nil {
		return nil, err
	}
	return &d.Picture, d.finish()
}

// marker returns the next marker, past fill bytes and what does not belong there.
func (d *decoder) marker() (byte, error) {
	for d.at+1 < len(d.data) {
		if d.data[d.at] != 0xff {
			d.at++
			continue
		}
		if m := d.data[d.at+1]; m != 0 && m != 0xff {
			d.at += 2
			return m, nil
		}
		d.at++
	}
	return 0, io.ErrUnexpectedEOF
}

// segment returns the contents of the segment that follows its marker.
func (d *decoder) segment() ([]byte, error) {
	if d.at+2 > len(d.data) {
		return nil, io.ErrUnexpectedEOF
	}
	n := int(d.data[d.at])<<8 | int(d.data[d.at+1])
	if n < 2 {
		return nil, fmt.Errorf("a segment of %d bytes", n)
	}
	if d.at+n > len(d.data) {
		return nil, io.ErrUnexpectedEOF
	}
	s := d.data[d.at+2 : d.at+n]
	d.at += n
	return s, nil
}

// run reads segments to the end of the picture or, for the header only, to the frame.
func (d *decoder) run(headerOnly bool) error {
	d.Transform = -1
	if len(d.data) < 2 || d.data[0] != 0xff || d.data[1] != soi {
		return errors.New("no JPEG file")
	}
	d.at = 2
	for {
		m, err := d.marker()
		if err != nil {
			return err
		}
		if m == eoi {
			break
		}
		if m == soi || m == 1 || m >= rst0 && m <= rst7 { // without contents
			continue
		}
		s, err := d.segment()
		if err != nil {
			return err
		}
		if err := d.take(m, s); err != nil {
			return err
		}
		if m >= sof0 && m <= sof2 && headerOnly {
			return nil
		}
	}
	if !d.complete() {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// complete reports whether all components have been decoded.
func (d *decoder) complete() bool {
	for i := range d.Components {
		if !d.Components[i].seen {
			return false
		}
	}
	return d.Components != nil
}

func (d *decoder) take(marker byte, s []byte) error {
	switch {
	case marker >= sof0 && marker <= sof2:
		return d.frame(marker, s)
	case marker == dht:
		return d.huffmanTables(s)
	case marker == dqt:
		return d.quantTables(s)
	case marker == dri:
		if len(s) != 2 {
			return errors.New("bad restart interval")
		}
		d.interval = int(s[0])<<8 | int(s[1])
	case marker == sos:
		return d.scan(s)
	case marker == app0 && len(s) >= 5 && string(s[:5]) == "JFIF\x00":
		d.JFIF = true
	case marker == app14 && len(s) >= 12 && string(s[:5]) == "Adobe":
		d.Transform = int(s[11])
	case marker == jpg || marker == dac: // nothing that is needed
	case marker >= 0xc9 && marker <= sofF:
		return errors.New("arithmetic coding is not supported: save the picture anew, with Huffman coding")
	case marker > sof2 && marker <= sofF:
		return errors.New("lossless and hierarchical JPEG are not supported: save the picture anew, baseline or progressive")
	}
	return nil
}

// frame reads a start of frame.
func (d *decoder) frame(marker byte, s []byte) error {
	if d.Components != nil {
		return errors.New("two frames")
	}
	if len(s) < 6 || len(s) != 6+3*int(s[5]) {
		return errors.New("bad frame")
	}
	if s[0] != 8 {
		return fmt.Errorf("%d bits a sample are not supported, only 8", s[0])
	}
	d.progressive = marker == sof2
	d.H, d.W = int(s[1])<<8|int(s[2]), int(s[3])<<8|int(s[4])
	n := int(s[5])
	if d.W == 0 || d.H == 0 || n == 0 || n == 2 || n > 4 {
		return fmt.Errorf("%dx%d pixels of %d components", d.W, d.H, n)
	}
	components := make([]Component, n)
	d.hMax, d.vMax = 1, 1
	for i := range components {
		c, p := &components[i], s[6+3*i:]
		c.ID, c.H, c.V, c.quant = p[0], int(p[1]>>4), int(p[1]&15), int(p[2])
		if c.H < 1 || c.H > 4 || c.V < 1 || c.V > 4 || c.quant > 3 {
			return fmt.Errorf("bad component: sampling factors %dx%d, table %d", c.H, c.V, c.quant)
		}
		for j := range components[:i] {
			if components[j].ID == c.ID {
				return fmt.Errorf("two components %d", c.ID)
			}
		}
		d.hMax, d.vMax = max(d.hMax, c.H), max(d.vMax, c.V)
	}
	for i := range components {
		c := &components[i]
		if d.hMax%c.H == 0 {
			c.Across = d.hMax / c.H
		}
		if d.vMax%c.V == 0 {
			c.Down = d.vMax / c.V
		}
		c.W, c.Rows = ceil(d.W*c.H, d.hMax), ceil(d.H*c.V, d.vMax)
		c.needed = ceil(c.W, 8)
		c.across, c.down = ceil(d.W, 8*d.hMax)*c.H, ceil(d.H, 8*d.vMax)*c.V
		c.Stride = 8 * c.across
	}
	d.Components = components
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }

// quantTables reads quantization tables.
func (d *decoder) quantTables(s []byte) error {
	for len(s) > 0 {
		deep, id := int(s[0]>>4), int(s[0]&15)
		n := 64 * (1 + deep)
		if deep > 1 || id > 3 || len(s) < 1+n {
			return errors.New("bad quantization table")
		}
		q := new([64]uint16)
		for i := range q {
			if deep == 0 {
				q[i] = uint16(s[1+i])
			} else {
				q[i] = uint16(s[1+2*i])<<8 | uint16(s[2+2*i])
			}
		}
		d.quant[id], s = q, s[1+n:]
	}
	return nil
}

// reserve takes the memory of a component.
func (d *decoder) reserve(c *Component) error {
	if c.seen {
		return nil
	}
	if d.quant[c.quant] == nil {
		return fmt.Errorf("quantization table %d is missing", c.quant)
	}
	c.seen, c.table = true, d.quant[c.quant]
	if d.progressive {
		c.coef = make([]int16, 64*c.across*c.down)
	} else {
		c.Pix = make([]uint8, 64*c.across*c.down)
	}
	return nil
}

// finish turns the coefficients of a progressive file into samples.
func (d *decoder) finish() error {
	for i := range d.Components {
		c := &d.Components[i]
		if c.coef == nil {
			continue
		}
		c.Pix = make([]uint8, len(c.coef))
		for by := range c.down {
			if err := d.check(); err != nil {
				return err
			}
			for bx := range c.across {
				n := 64 * (by*c.across + bx)
				inverse(c.Pix[8*(by*c.Stride+bx):], c.Stride, (*[64]int16)(c.coef[n:]), c.table)
			}
		}
		c.coef = nil
	}
	return nil
}
