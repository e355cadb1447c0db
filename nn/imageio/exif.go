package imageio

import (
	"bytes"
	"encoding/binary"
)

// orientation returns the EXIF orientation (1..8) stored in an encoded
// picture, or 1 where there is none or it cannot be read.
func orientation(data []byte, format string) int {
	switch format {
	case "jpeg":
		for marker, p := range jpegSegments(data) {
			if rest, ok := bytes.CutPrefix(p, []byte("Exif\x00\x00")); ok && marker == markerAPP1 {
				return tiffOrientation(rest)
			}
		}
	case "png": // length, type, data, CRC
		for p := data[8:]; len(p) >= 12; {
			n := uint64(binary.BigEndian.Uint32(p))
			if n > uint64(len(p)-12) {
				break
			}
			if string(p[4:8]) == "eXIf" {
				return tiffOrientation(p[8 : 8+n])
			}
			p = p[12+n:]
		}
	case "webp": // type, length, data, padding to an even length
		for p := data[12:]; len(p) >= 8; {
			n := uint64(binary.LittleEndian.Uint32(p[4:]))
			if n > uint64(len(p)-8) {
				break
			}
			if string(p[:4]) == "EXIF" {
				return tiffOrientation(bytes.TrimPrefix(p[8:8+n], []byte("Exif\x00\x00")))
			}
			p = p[min(8+n+n&1, uint64(len(p))):]
		}
	case "tiff":
		return tiffOrientation(data)
	}
	return 1
}

// tiffOrientation reads tag 0x0112 of the first directory of a TIFF structure.
func tiffOrientation(p []byte) int {
	const tag, entrySize = 0x0112, 12
	if len(p) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(p[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(p[4:]))
	if at+2 > uint64(len(p)) {
		return 1
	}
	entries := p[at+2:]
	for range order.Uint16(p[at:]) {
		if len(entries) < entrySize {
			break
		}
		kind, count := order.Uint16(entries[2:]), order.Uint32(entries[4:])
		if order.Uint16(entries) == tag && kind == 3 && count == 1 { // one SHORT
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
		entries = entries[entrySize:]
	}
	return 1
}

// orient returns m turned upright. Orientations 5..8 exchange width and
// height; EXIF 2.32, tag Orientation.
func (m *Image) orient(o int) *Image {
	if o <= 1 || o > 8 {
		return m
	}
	out := &Image{}
	if o >= 5 {
		out.reset(m.H, m.W, m.Alpha != nil)
	} else {
		out.reset(m.W, m.H, m.Alpha != nil)
	}
	for y := range out.H {
		for x := range out.W {
			sx, sy := x, y
			if o >= 5 {
				sx, sy = y, x
			}
			if o == 2 || o == 3 || o == 7 || o == 8 {
				sx = m.W - 1 - sx
			}
			if o == 3 || o == 4 || o == 6 || o == 7 {
				sy = m.H - 1 - sy
			}
			i, j := y*out.W+x, sy*m.W+sx
			copy(out.Pix[3*i:3*i+3], m.Pix[3*j:3*j+3])
			if m.Alpha != nil {
				out.Alpha[i] = m.Alpha[j]
			}
		}
	}
	return out
}
