package jpeg

import (
	"errors"
	"io"
)

// bits reads entropy-coded data.
type bits struct {
	data []byte
	at   int
	acc  uint64 // the last n bits are unread
	n    int
	fake int // how many of them lie beyond the end of the data
}

// fill makes at least 32 bits readable, zeros beyond the end.
func (b *bits) fill() {
	for b.n <= 48 {
		c := byte(0)
		switch {
		case b.fake > 0 || b.at >= len(b.data):
			b.fake += 8
		case b.data[b.at] != 0xff:
			c = b.data[b.at]
			b.at++
		case b.at+1 < len(b.data) && b.data[b.at+1] == 0:
			c = 0xff
			b.at += 2
		default: // a marker
			b.fake += 8
		}
		b.acc = b.acc<<8 | uint64(c)
		b.n += 8
	}
}

// overrun reports whether more was read than there is.
func (b *bits) overrun() bool { return b.n < b.fake }

func (b *bits) read(n int) int32 {
	if n == 0 {
		return 0
	}
	if b.n < n {
		b.fill()
	}
	b.n -= n
	return int32(b.acc>>b.n) & (1<<n - 1)
}

// extended reads a number of n bits in JPEG's signed form (T.81, F.2.2.1).
func (b *bits) extended(n int) int32 {
	v := b.read(n)
	if n > 0 && v < 1<<(n-1) {
		v += -1<<n + 1
	}
	return v
}

// lookBits is the length of codes that one look into a table decodes.
const lookBits = 9

// huffman is a table of codes (T.81, annex C and F.2.2.3).
type huffman struct {
	look   [1 << lookBits]uint16 // length<<8 | value; 0 for longer codes
	limit  [17]int32             // the first code that is longer than this, left-aligned to 16 bits
	offset [17]int32             // from the code to its value's place
	values []byte
}

func newHuffman(counts, values []byte) (*huffman, error) {
	h := &huffman{values: values}
	code, k := int32(0), 0
	for n := 1; n <= 16; n++ {
		h.offset[n] = int32(k) - code
		for range counts[n-1] {
			if code >= 1<<n {
				return nil, errors.New("bad Huffman table")
			}
			if n <= lookBits {
				from := int(code) << (lookBits - n)
				for i := range 1 << (lookBits - n) {
					h.look[from+i] = uint16(n)<<8 | uint16(values[k])
				}
			}
			code++
			k++
		}
		h.limit[n] = code << (16 - n)
		code <<= 1
	}
	return h, nil
}

var errCode = errors.New("bad Huffman code")

func (b *bits) decode(h *huffman) (byte, error) {
	if b.n < 16 {
		b.fill()
	}
	next := int32(b.acc>>(b.n-16)) & 0xffff
	if e := h.look[next>>(16-lookBits)]; e != 0 {
		b.n -= int(e >> 8)
		return byte(e), nil
	}
	for n := lookBits + 1; n <= 16; n++ {
		if next < h.limit[n] {
			b.n -= n
			return h.values[next>>(16-n)+h.offset[n]], nil
		}
	}
	if b.overrun() {
		return 0, io.ErrUnexpectedEOF
	}
	return 0, errCode
}

// huffmanTables reads Huffman tables.
func (d *decoder) huffmanTables(s []byte) error {
	for len(s) > 0 {
		if len(s) < 17 {
			return errors.New("bad Huffman table")
		}
		n := 0
		for _, c := range s[1:17] {
			n += int(c)
		}
		class, id := s[0]>>4, s[0]&15
		if class > 1 || id > 3 || n > 256 || len(s) < 17+n {
			return errors.New("bad Huffman table")
		}
		h, err := newHuffman(s[1:17], s[17:17+n])
		if err != nil {
			return err
		}
		if class == 0 {
			d.dc[id] = h
		} else {
			d.ac[id] = h
		}
		s = s[17+n:]
	}
	return nil
}

// standard sets the tables 0 and 1 that are missing to those of T.81, annex K.3,
// which frames of Motion JPEG do not carry.
func (d *decoder) standard() {
	for i := range 2 {
		if d.dc[i] == nil {
			d.dc[i], _ = newHuffman(standardDC[i].counts, standardDC[i].values)
		}
		if d.ac[i] == nil {
			d.ac[i], _ = newHuffman(standardAC[i].counts, standardAC[i].values)
		}
	}
}

type table struct{ counts, values []byte }

var (
	standardDC = [2]table{
		{[]byte{0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}, []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b")},
		{[]byte{0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0}, []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b")},
	}
	standardAC = [2]table{
		{[]byte{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d}, []byte("" +
			"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07" +
			"\x22\x71\x14\x32\x81\x91\xa1\x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0" +
			"\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28" +
			"\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49" +
			"\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69" +
			"\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89" +
			"\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7" +
			"\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5" +
			"\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2" +
			"\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa")},
		{[]byte{0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77}, []byte("" +
			"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71" +
			"\x13\x22\x32\x81\x08\x14\x42\x91\xa1\xb1\xc1\x09\x23\x33\x52\xf0" +
			"\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\x18\x19\x1a\x26" +
			"\x27\x28\x29\x2a\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48" +
			"\x49\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68" +
			"\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x82\x83\x84\x85\x86\x87" +
			"\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5" +
			"\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3" +
			"\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda" +
			"\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa")},
	}
)
