package imageio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"io"
	"regexp"
)

// orientation returns the EXIF orientation (1..8) stored in an encoded
// picture, or 1 where there is none or it cannot be read. Where there is no EXIF
// orientation that of XMP counts, in PNG as in Pillow, here also in JPEG and WebP.
func orientation(data []byte, format string) int {
	exif, xmp := 0, 0
	first := func(v *int, found int) {
		if *v == 0 {
			*v = found
		}
	}
	switch format {
	case "jpeg":
		for marker, p := range jpegSegments(data) {
			if rest, ok := bytes.CutPrefix(p, []byte("Exif\x00\x00")); ok && marker == markerAPP1 {
				first(&exif, tiffOrientation(rest))
			} else if rest, ok := bytes.CutPrefix(p, []byte("http://ns.adobe.com/xap/1.0/\x00")); ok && marker == markerAPP1 {
				first(&xmp, xmpOrientation(rest))
			}
		}
	case "png":
		for kind, p := range pngChunks(data) {
			switch kind {
			case "eXIf":
				first(&exif, tiffOrientation(p))
			case "tEXt", "zTXt", "iTXt":
				keyword, text := pngText(kind, p)
				switch keyword {
				case "Raw profile type exif": // ImageMagick's, older than eXIf
					first(&exif, tiffOrientation(rawProfile(text)))
				case "XML:com.adobe.xmp":
					first(&xmp, xmpOrientation(text))
				}
			}
		}
	case "webp":
		for kind, p := range webpChunks(data[12:]) {
			switch kind {
			case "EXIF":
				first(&exif, tiffOrientation(bytes.TrimPrefix(p, []byte("Exif\x00\x00"))))
			case "XMP ":
				first(&xmp, xmpOrientation(p))
			}
		}
	case "tiff":
		exif = tiffOrientation(data)
	}
	for _, v := range []int{exif, xmp} {
		if v != 0 {
			return v
		}
	}
	return 1
}

// maxText bounds the text of a PNG that is looked at.
const maxText = 1 << 20

// pngText returns keyword and text of a textual chunk (PNG, 11.3.4).
func pngText(kind string, p []byte) (keyword string, text []byte) {
	name, rest, ok := bytes.Cut(p, []byte{0})
	if !ok {
		return "", nil
	}
	packed := kind == "zTXt"
	switch {
	case kind == "iTXt" && len(rest) >= 2: // packed, how, language, translated keyword
		packed = rest[0] != 0
		_, after, _ := bytes.Cut(rest[2:], []byte{0})
		_, rest, _ = bytes.Cut(after, []byte{0})
	case packed && len(rest) >= 1: // how
		rest = rest[1:]
	}
	if packed {
		r, err := zlib.NewReader(bytes.NewReader(rest))
		if err != nil {
			return "", nil
		}
		if rest, err = io.ReadAll(io.LimitReader(r, maxText)); err != nil {
			return "", nil
		}
	}
	return string(name), rest
}

// rawProfile decodes ImageMagick's form of EXIF: its name, its length, and its bytes
// in hexadecimal, over many lines.
func rawProfile(text []byte) []byte {
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return nil
	}
	digits := bytes.Join(fields[2:], nil)
	out := make([]byte, len(digits)/2)
	if _, err := hex.Decode(out, digits[:2*len(out)]); err != nil {
		return nil
	}
	return bytes.TrimPrefix(out, []byte("Exif\x00\x00"))
}

// xmpTag finds the orientation in XMP, as an attribute or an element; Pillow's
// expression.
var xmpTag = regexp.MustCompile(`tiff:Orientation(?:="|>)([0-9])`)

// xmpOrientation returns the orientation (1..8) in XMP, or 0.
func xmpOrientation(text []byte) int {
	if m := xmpTag.FindSubmatch(text[:min(len(text), maxText)]); m != nil {
		if v := int(m[1][0] - '0'); v >= 1 && v <= 8 {
			return v
		}
	}
	return 0
}

// tiffOrientation reads tag 0x0112 of the first directory of a TIFF structure. It
// returns 1..8, or 0 where there is none.
func tiffOrientation(p []byte) int {
	const tag = 0x0112
	if len(p) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(p[:2]) {
	case "II":
		order = binary.LittleEndian
	case "MM":
		order = binary.BigEndian
	default:
		return 0
	}
	at, entries, entrySize, value := uint64(order.Uint32(p[4:])), uint64(0), uint64(12), 8
	size := uint64(len(p))
	switch order.Uint16(p[2:]) {
	case 42:
		if at > size || size-at < 2 {
			return 0
		}
		entries, at = uint64(order.Uint16(p[at:])), at+2
	case 43: // Big TIFF
		if size < 16 {
			return 0
		}
		at, entrySize, value = order.Uint64(p[8:]), 20, 12
		if at > size || size-at < 8 {
			return 0
		}
		entries, at = order.Uint64(p[at:]), at+8
	default:
		return 0
	}
	for ; entries > 0 && size-at >= entrySize; entries, at = entries-1, at+entrySize {
		if e := p[at:]; order.Uint16(e) == tag {
			return integer(order, order.Uint16(e[2:]), e[value:])
		}
	}
	return 0
}

// integer reads an orientation of any of TIFF's kinds of whole numbers.
func integer(order binary.ByteOrder, kind uint16, p []byte) int {
	v := uint64(0)
	switch kind {
	case 1, 6: // bytes
		v = uint64(p[0])
	case 3, 8:
		v = uint64(order.Uint16(p))
	case 4, 9, 13:
		v = uint64(order.Uint32(p))
	case 16, 17:
		if len(p) >= 8 {
			v = order.Uint64(p)
		}
	}
	if v < 1 || v > 8 {
		return 0
	}
	return int(v)
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
