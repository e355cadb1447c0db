package jpeg

import (
	"errors"
	"fmt"
	"io"
)

// zigzag is the place in a block of each coefficient in the order of the file.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// part is a component's share in a scan.
type part struct {
	c      *Component
	dc, ac *huffman
	h, v   int // blocks in a unit
}

// spectrum is the part of a block's numbers that a scan of a progressive file holds.
type spectrum struct{ first, last, high, low int }

// scan reads a start of scan and decodes the data that follows it.
func (d *decoder) scan(s []byte) error {
	if d.Components == nil {
		return errors.New("a scan before the frame")
	}
	if d.scans++; d.scans > MaxScans {
		return &WorkError{d.scans, "scans", MaxScans}
	}
	if len(s) < 1 || len(s) != 4+2*int(s[0]) || s[0] < 1 || s[0] > 4 {
		return errors.New("bad scan")
	}
	n := int(s[0])
	band := spectrum{int(s[1+2*n]), int(s[2+2*n]), int(s[3+2*n] >> 4), int(s[3+2*n] & 15)}
	if !d.progressive {
		band = spectrum{last: 63}
		d.standard()
	}
	if band.first > band.last || band.last > 63 || band.low > 13 || band.high != 0 && band.high != band.low+1 ||
		d.progressive && (band.first == 0) != (band.last == 0) || band.first > 0 && n > 1 {
		return errors.New("bad scan")
	}
	parts := make([]part, n)
	units := 0
	for i := range parts {
		p := &parts[i]
		for j := range d.Components {
			if d.Components[j].ID == s[1+2*i] {
				p.c = &d.Components[j]
			}
		}
		if p.c == nil {
			return fmt.Errorf("a scan of component %d, which the frame does not know", s[1+2*i])
		}
		for _, other := range parts[:i] {
			if other.c == p.c {
				return errors.New("a component twice in a scan")
			}
		}
		dc, ac := s[2+2*i]>>4, s[2+2*i]&15
		if dc > 3 || ac > 3 {
			return errors.New("bad scan")
		}
		p.dc, p.ac = d.dc[dc], d.ac[ac]
		if p.dc == nil && band.first == 0 && band.high == 0 || p.ac == nil && band.last > 0 {
			return errors.New("a Huffman table is missing")
		}
		p.h, p.v = p.c.H, p.c.V
		units += p.h * p.v
		if err := d.reserve(p.c); err != nil {
			return err
		}
	}
	across, down := ceil(d.W, 8*d.hMax), ceil(d.H, 8*d.vMax)
	if n == 1 { // not interleaved: only the blocks that hold samples of the picture
		c := parts[0].c
		parts[0].h, parts[0].v = 1, 1
		across, down, units = c.needed, ceil(c.Rows, 8), 1
	}
	if units > 10 {
		return errors.New("too many blocks in a unit of a scan")
	}
	if d.visits += across * down * units; d.visits > MaxVisits {
		return &WorkError{d.visits, "blocks in all scans", MaxVisits}
	}
	return d.entropy(parts, across, down, band)
}

// entropy decodes the data of a scan.
func (d *decoder) entropy(parts []part, across, down int, band spectrum) error {
	d.bits = bits{data: d.data, at: d.at}
	d.restart(parts)
	left := d.interval
	for y := range down {
		if err := d.check(); err != nil {
			return err
		}
		for x := range across {
			if d.interval > 0 {
				if left == 0 {
					if err := d.expectRestart(); err != nil {
						return err
					}
					d.restart(parts)
					left = d.interval
				}
				left--
			}
			for i := range parts {
				p := &parts[i]
				for v := range p.v {
					for h := range p.h {
						if err := d.block(p, x*p.h+h, y*p.v+v, band); err != nil {
							return err
						}
					}
				}
			}
			if d.bits.overrun() {
				return io.ErrUnexpectedEOF
			}
		}
	}
	d.at = d.bits.at
	return nil
}

func (d *decoder) restart(parts []part) {
	for i := range parts {
		parts[i].c.previous = 0
	}
	d.endOfBand = 0
}

// expectRestart goes on behind a restart marker.
func (d *decoder) expectRestart() error {
	d.at = d.bits.at
	m, err := d.marker()
	if err != nil {
		return err
	}
	if m < rst0 || m > rst7 {
		return errors.New("a restart marker is missing")
	}
	d.bits = bits{data: d.data, at: d.at}
	return nil
}

// block decodes one block's share in a scan.
func (d *decoder) block(p *part, bx, by int, band spectrum) error {
	c := p.c
	n := by*c.across + bx
	if !d.progressive {
		var b [64]int16
		if err := d.sequential(p, &b); err != nil {
			return err
		}
		inverse(c.Pix[8*(by*c.Stride+bx):], c.Stride, &b, c.table)
		return nil
	}
	b := (*[64]int16)(c.coef[64*n:])
	switch {
	case band.first == 0 && band.high == 0:
		diff, err := d.difference(p)
		b[0] = int16(diff << band.low)
		return err
	case band.first == 0:
		if d.bits.read(1) != 0 {
			b[0] |= 1 << band.low
		}
		return nil
	case band.high == 0:
		return d.firstBand(p, b, band)
	}
	return d.refineBand(p, b, band)
}

// difference decodes a DC coefficient.
func (d *decoder) difference(p *part) (int32, error) {
	n, err := d.bits.decode(p.dc)
	if err != nil {
		return 0, err
	}
	if n > 15 {
		return 0, errCode
	}
	p.c.previous += d.bits.extended(int(n))
	return p.c.previous, nil
}

func (d *decoder) sequential(p *part, b *[64]int16) error {
	dc, err := d.difference(p)
	if err != nil {
		return err
	}
	b[0] = int16(dc)
	for k := 1; k < 64; k++ {
		rs, err := d.bits.decode(p.ac)
		if err != nil {
			return err
		}
		run, size := int(rs>>4), int(rs&15)
		if size == 0 {
			if run != 15 {
				break
			}
			k += 15
			continue
		}
		if k += run; k > 63 {
			return errCode
		}
		b[zigzag[k]] = int16(d.bits.extended(size))
	}
	return nil
}

// firstBand decodes the AC coefficients of a first scan (T.81, G.1.2.2).
func (d *decoder) firstBand(p *part, b *[64]int16, band spectrum) error {
	if d.endOfBand > 0 {
		d.endOfBand--
		return nil
	}
	for k := band.first; k <= band.last; k++ {
		rs, err := d.bits.decode(p.ac)
		if err != nil {
			return err
		}
		run, size := int(rs>>4), int(rs&15)
		if size == 0 {
			if run != 15 {
				d.endOfBand = 1<<run + int(d.bits.read(run)) - 1
				break
			}
			k += 15
			continue
		}
		if k += run; k > band.last {
			return errCode
		}
		b[zigzag[k]] = int16(d.bits.extended(size) << band.low)
	}
	return nil
}

// refineBand adds a bit to the AC coefficients (T.81, G.1.2.3).
func (d *decoder) refineBand(p *part, b *[64]int16, band spectrum) error {
	one := int16(1) << band.low
	k := band.first
	if d.endOfBand == 0 {
		for ; k <= band.last; k++ {
			rs, err := d.bits.decode(p.ac)
			if err != nil {
				return err
			}
			run, size := int(rs>>4), int(rs&15)
			value := int16(0)
			switch size {
			case 0:
				if run != 15 {
					d.endOfBand = 1<<run + int(d.bits.read(run))
				}
			case 1:
				if value = -one; d.bits.read(1) != 0 {
					value = one
				}
			default:
				return errCode
			}
			if d.endOfBand > 0 {
				break
			}
			k = d.refine(b, k, band.last, run, one)
			if value != 0 {
				if k > band.last {
					return errCode
				}
				b[zigzag[k]] = value
			}
		}
	}
	if d.endOfBand > 0 {
		d.endOfBand--
		d.refine(b, k, band.last, -1, one)
	}
	return nil
}

// refine adds a bit to the coefficients from k on that are not zero, up to the zero
// after run zeros, whose place it returns.
func (d *decoder) refine(b *[64]int16, k, last, run int, one int16) int {
	for ; k <= last; k++ {
		c := &b[zigzag[k]]
		if *c == 0 {
			if run == 0 {
				break
			}
			run--
			continue
		}
		if d.bits.read(1) != 0 && *c&one == 0 {
			if *c >= 0 {
				*c += one
			} else {
				*c -= one
			}
		}
	}
	return k
}
