package imageio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
)

// pnmHeader is the header of a PGM (P2, P5) or PPM (P3, P6) file, as the
// netpbm manual defines it.
type pnmHeader struct {
	kind         byte // '2', '3', '5' or '6'
	w, h, maxVal int
}

func (p pnmHeader) channels() int {
	if p.kind == '3' || p.kind == '6' {
		return 3
	}
	return 1
}

func readPNMHeader(r *bufio.Reader) (pnmHeader, error) {
	var magic [2]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return pnmHeader{}, err
	}
	p := pnmHeader{kind: magic[1]}
	for _, field := range []*int{&p.w, &p.h, &p.maxVal} {
		v, err := pnmNumber(r)
		if err != nil {
			return pnmHeader{}, err
		}
		*field = v
	}
	if p.maxVal < 1 || p.maxVal > 65535 {
		return pnmHeader{}, fmt.Errorf("maximum value %d is not in 1..65535", p.maxVal)
	}
	return p, nil
}

// pnmNumber reads a decimal number and the one byte of white space after it,
// skipping white space and comments before it.
func pnmNumber(r *bufio.Reader) (int, error) {
	v, digits := 0, 0
	for {
		c, err := r.ReadByte()
		switch {
		case err == io.EOF && digits > 0:
			return v, nil
		case err != nil:
			return 0, err
		case c == '#':
			for c != '\n' && c != '\r' {
				if c, err = r.ReadByte(); err != nil {
					return 0, err
				}
			}
			if digits > 0 {
				return v, nil
			}
		case c >= '0' && c <= '9':
			v = v*10 + int(c-'0')
			if digits++; digits > 9 {
				return 0, errors.New("number too long")
			}
		case c == ' ' || c >= '\t' && c <= '\r':
			if digits > 0 {
				return v, nil
			}
		default:
			return 0, fmt.Errorf("unexpected byte %q", c)
		}
	}
}

func headPNM(data []byte, keepAlpha bool) (header, error) {
	p, err := readPNMHeader(bufio.NewReader(bytes.NewReader(data)))
	return header{p.w, p.h, perPixel(p.w, p.h, 0, keepAlpha)}, err
}

func decodePNM(data []byte, d decoding) (*Image, error) {
	r := bufio.NewReader(bytes.NewReader(data))
	p, err := readPNMHeader(r)
	if err != nil {
		return nil, err
	}
	next := pnmSamples(r, p)
	m := New(p.w, p.h)
	for y := range p.h {
		if err := d.check(); err != nil {
			return nil, err
		}
		row := m.Pix[3*p.w*y : 3*p.w*(y+1)]
		for i := 0; i < len(row); i += 3 {
			c := row[i : i+3 : i+3]
			for j := range p.channels() {
				if c[j], err = next(); err != nil {
					return nil, err
				}
			}
			if p.channels() == 1 {
				c[1], c[2] = c[0], c[0]
			}
		}
	}
	return m, nil
}

// pnmSamples returns a function that reads the next sample, scaled to 0..255
// as Pillow does: colors by rounding; gray of more than 8 bits to 16 bits
// first, of which the high byte is taken.
func pnmSamples(r *bufio.Reader, p pnmHeader) func() (uint8, error) {
	read := func() (int, error) {
		c, err := r.ReadByte()
		return int(c), err
	}
	if p.maxVal > 255 {
		read = func() (int, error) {
			hi, err := r.ReadByte()
			if err != nil {
				return 0, err
			}
			lo, err := r.ReadByte()
			return int(hi)<<8 | int(lo), err
		}
	}
	if p.kind < '4' {
		read = func() (int, error) {
			v, err := pnmNumber(r)
			if err == nil && v > p.maxVal {
				err = fmt.Errorf("sample %d above the maximum %d", v, p.maxVal)
			}
			return v, err
		}
	}
	full, shift := 255.0, 0
	if p.maxVal > 255 && p.channels() == 1 {
		full, shift = 65535, 8
	}
	return func() (uint8, error) {
		v, err := read()
		if v > p.maxVal {
			v = p.maxVal
		}
		return uint8(int(math.RoundToEven(float64(v)/float64(p.maxVal)*full)) >> shift), err
	}
}
