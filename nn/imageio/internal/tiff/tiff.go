// Package tiff decodes the first page of a TIFF file, row by row, without holding
// more of it than a row.
//
// It reads classic and Big TIFF, strips and tiles, samples of 1, 2, 4, 8 and 16 bits,
// interleaved or in planes; gray, RGB, palettes and CMYK; uncompressed, LZW, deflate,
// PackBits and CCITT groups 3 (one-dimensional) and 4. Everything else is refused by
// its name. What it reads it reads as Pillow does; tags that it does not heed would
// change the picture in no way.
package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Tags (TIFF 6.0, appendix A).
const (
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagFillOrder    = 266
	tagStripOffsets = 273
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagStripSizes   = 279
	tagPlanar       = 284
	tagT4Options    = 292
	tagPredictor    = 317
	tagColorMap     = 320
	tagTileWidth    = 322
	tagTileHeight   = 323
	tagTileOffsets  = 324
	tagTileSizes    = 325
	tagExtra        = 338
	tagFormat       = 339
)

// How colors are stored.
const (
	whiteIsZero = 0
	blackIsZero = 1
	rgb         = 2
	palette     = 3
	cmyk        = 5
)

// Kinds of compression.
const (
	none       = 1
	group3     = 3
	group4     = 4
	lzwPacked  = 5
	deflate    = 8
	oldDeflate = 32946
	packBits   = 32773
)

// Page is the header of a page.
type Page struct {
	W, H  int
	Alpha bool // pixels have an opacity

	data        []byte
	order       binary.ByteOrder
	big         bool
	tags        map[uint16]field
	bits        int
	samples     int
	photometric uint64
	compression uint64
	planar      bool
	reversed    bool // bits are stored from the lowest
	predictor   bool
	associated  bool // colors are multiplied by their opacity
	colors      [][3]uint8
	tiled       bool
	chunkW      int // of a strip or tile
	chunkH      int
	across      int // chunks in a row of the picture
	down        int
}

// field is a tag's value.
type field struct {
	kind  uint16
	count uint64
	value []byte // of count items
}

// sizes of the kinds of fields.
var sizes = map[uint16]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// Read reads the header of the first page.
func Read(data []byte) (*Page, error) {
	p := &Page{data: data, tags: map[uint16]field{}}
	if err := p.readTags(); err != nil {
		return nil, err
	}
	return p, p.interpret()
}

func (p *Page) readTags() error {
	if len(p.data) < 16 {
		return io.ErrUnexpectedEOF
	}
	switch string(p.data[:2]) {
	case "II":
		p.order = binary.LittleEndian
	case "MM":
		p.order = binary.BigEndian
	default:
		return errors.New("no TIFF file")
	}
	p.big = p.order.Uint16(p.data[2:]) == 43
	at, n, entry, inline := uint64(p.order.Uint32(p.data[4:])), uint64(0), uint64(12), uint64(4)
	if p.big {
		at, entry, inline = p.order.Uint64(p.data[8:]), 20, 8
	}
	size := uint64(len(p.data))
	count := uint64(2)
	if p.big {
		count = 8
	}
	if at > size || size-at < count {
		return io.ErrUnexpectedEOF
	}
	if p.big {
		n = p.order.Uint64(p.data[at:])
	} else {
		n = uint64(p.order.Uint16(p.data[at:]))
	}
	if at += count; n > 1<<16 || n*entry > size-at {
		return io.ErrUnexpectedEOF
	}
	for i := range n {
		e := p.data[at+i*entry:][:entry]
		f := field{kind: p.order.Uint16(e[2:])}
		f.count = uint64(p.order.Uint32(e[4:]))
		if p.big {
			f.count = p.order.Uint64(e[4:])
		}
		item := sizes[f.kind]
		if item == 0 || f.count > size {
			continue
		}
		value, total := e[entry-inline:], item*f.count
		if total > inline {
			from := uint64(p.order.Uint32(value))
			if p.big {
				from = p.order.Uint64(value)
			}
			if from > size || total > size-from {
				continue // of a tag that matters this is noticed
			}
			value = p.data[from:]
		}
		f.value = value[:total]
		if tag := p.order.Uint16(e); p.tags[tag].value == nil {
			p.tags[tag] = f
		}
	}
	return nil
}

// item returns number i of a field of whole numbers.
func (p *Page) item(f field, i int) (v uint64, ok bool) {
	if i < 0 || uint64(i) >= f.count {
		return 0, false
	}
	switch f.kind {
	case 1, 6, 7:
		return uint64(f.value[i]), true
	case 3, 8:
		return uint64(p.order.Uint16(f.value[2*i:])), true
	case 4, 9, 13:
		return uint64(p.order.Uint32(f.value[4*i:])), true
	case 16, 17, 18:
		return p.order.Uint64(f.value[8*i:]), true
	}
	return 0, false
}

// get returns the first number of a tag, or standard.
func (p *Page) get(tag uint16, standard uint64) uint64 {
	if v, ok := p.item(p.tags[tag], 0); ok {
		return v
	}
	return standard
}

// compressions names what is refused.
var compressions = map[uint64]string{
	2: "CCITT modified Huffman", 6: "old-style JPEG", 7: "JPEG", 9: "JBIG", 10: "JBIG", 32766: "NeXT", 32809: "ThunderScan",
	33003: "JPEG 2000", 33005: "JPEG 2000", 34661: "JBIG", 34676: "SGI Log", 34677: "SGI Log", 34712: "JPEG 2000",
	34887: "LERC", 34892: "lossy JPEG", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}

var photometrics = map[uint64]string{
	4: "a transparency mask", 6: "YCbCr", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*",
	32803: "a color filter array (raw)", 32844: "LogL", 32845: "LogLuv", 34892: "linear raw",
}

// refuse makes the error for what is not supported.
func refuse(what string) error {
	return fmt.Errorf("%s is not supported: save the picture anew as RGB, with LZW or deflate compression", what)
}

// name looks up what a number means.
func name(names map[uint64]string, kind string, v uint64) string {
	if n, ok := names[v]; ok {
		return n + " (" + kind + ")"
	}
	return fmt.Sprintf("%s %d", kind, v)
}

// interpret checks what the tags say and refuses what would come out wrong.
func (p *Page) interpret() error {
	const maxSide = 1 << 30
	w, h := p.get(tagWidth, 0), p.get(tagHeight, 0)
	if w < 1 || h < 1 || w > maxSide || h > maxSide {
		return fmt.Errorf("bad size %dx%d", w, h)
	}
	p.W, p.H = int(w), int(h)
	p.compression = p.get(tagCompression, none)
	switch p.compression {
	case none, group3, group4, lzwPacked, deflate, oldDeflate, packBits:
	default:
		return refuse(name(compressions, "compression", p.compression))
	}
	p.photometric = p.get(tagPhotometric, whiteIsZero)
	if p.photometric > palette && p.photometric != cmyk {
		return refuse(name(photometrics, "photometric interpretation", p.photometric))
	}
	if err := p.layout(); err != nil {
		return err
	}
	if err := p.packing(); err != nil {
		return err
	}
	return p.chunks()
}

// layout finds what a pixel consists of.
func (p *Page) layout() error {
	samples := p.get(tagSamples, 1)
	if samples < 1 || samples > 16 {
		return refuse(fmt.Sprintf("%d samples a pixel", samples))
	}
	p.samples = int(samples)
	p.bits = int(min(p.get(tagBits, 1), 1<<20))
	for i := range p.samples {
		if b, ok := p.item(p.tags[tagBits], i); ok && b != uint64(p.bits) {
			return refuse("samples of different depths")
		}
		if f, ok := p.item(p.tags[tagFormat], i); ok && f != 1 {
			return refuse("samples that are signed or not integers")
		}
	}
	switch p.bits {
	case 1, 2, 4, 8, 16:
	default:
		return refuse(fmt.Sprintf("%d bits a sample", p.bits))
	}
	colors := map[uint64]int{rgb: 3, cmyk: 4}[p.photometric]
	if colors == 0 {
		colors = 1
	}
	if p.samples < colors {
		return fmt.Errorf("%d samples a pixel where %d are needed", p.samples, colors)
	}
	if colors > 1 && p.bits < 8 {
		return refuse(fmt.Sprintf("color of %d bits a sample", p.bits))
	}
	if p.photometric != cmyk && p.samples > colors {
		extra, known := p.item(p.tags[tagExtra], 0)
		// Some programs write four samples without telling what the last is.
		p.Alpha = !known && p.photometric == rgb && p.samples == 4 || known && (extra == 1 || extra == 2 || extra == 999)
		p.associated = known && extra == 1
	}
	if p.photometric != palette {
		return nil
	}
	if p.bits > 8 {
		return refuse(fmt.Sprintf("a palette of %d bits", p.bits))
	}
	n, m := 1<<p.bits, p.tags[tagColorMap]
	p.colors = make([][3]uint8, n)
	for i := range p.colors {
		for c := range 3 {
			v, ok := p.item(m, c*n+i)
			if !ok {
				return errors.New("the palette is missing or too short")
			}
			p.colors[i][c] = uint8(v >> 8)
		}
	}
	return nil
}

// packing finds how samples are packed.
func (p *Page) packing() error {
	switch v := p.get(tagPlanar, 1); v {
	case 1, 2:
		p.planar = v == 2 && p.samples > 1
	default:
		return refuse(fmt.Sprintf("planar configuration %d", v))
	}
	switch v := p.get(tagFillOrder, 1); v {
	case 1, 2:
		p.reversed = v == 2
	default:
		return refuse(fmt.Sprintf("fill order %d", v))
	}
	switch v := p.get(tagPredictor, 1); {
	case p.compression != lzwPacked && p.compression != deflate && p.compression != oldDeflate: // has none
	case v == 1:
	case v == 2 && p.bits >= 8:
		p.predictor = true
	default:
		return refuse(fmt.Sprintf("predictor %d of %d bits a sample", v, p.bits))
	}
	if p.compression != group3 && p.compression != group4 {
		return nil
	}
	if p.bits != 1 || p.samples != 1 || p.photometric > blackIsZero {
		return refuse("CCITT compression of anything but black and white")
	}
	if p.compression == group3 && p.get(tagT4Options, 0)&3 != 0 {
		return refuse("two-dimensional or uncompressed CCITT group 3")
	}
	return nil
}

// chunks finds the strips or tiles.
func (p *Page) chunks() error {
	p.chunkW = p.W
	rows := p.get(tagRowsPerStrip, uint64(p.H))
	offsets := p.tags[tagStripOffsets]
	if _, p.tiled = p.tags[tagTileOffsets]; p.tiled {
		offsets = p.tags[tagTileOffsets]
		w := p.get(tagTileWidth, 0)
		rows = p.get(tagTileHeight, 0)
		if w < 1 || w%16 != 0 || rows%16 != 0 || w > uint64(p.W)+1<<12 {
			return fmt.Errorf("bad tiles of %dx%d", w, rows)
		}
		p.chunkW = int(w)
	}
	if rows < 1 {
		return errors.New("strips without rows")
	}
	p.chunkH = int(min(rows, uint64(p.H)))
	if p.tiled {
		p.chunkH = int(min(rows, 1<<30))
	}
	p.across, p.down = (p.W+p.chunkW-1)/p.chunkW, (p.H+p.chunkH-1)/p.chunkH
	n := uint64(p.across) * uint64(p.down)
	if p.planar {
		n *= uint64(p.samples)
	}
	if offsets.count < n {
		return fmt.Errorf("%d strips or tiles where %d are needed", offsets.count, n)
	}
	return nil
}

// chunk returns the encoded bytes of strip or tile i.
func (p *Page) chunk(i int) ([]byte, error) {
	offsets, lengths := p.tags[tagStripOffsets], p.tags[tagStripSizes]
	if p.tiled {
		offsets, lengths = p.tags[tagTileOffsets], p.tags[tagTileSizes]
	}
	from, ok := p.item(offsets, i)
	if !ok || from > uint64(len(p.data)) {
		return nil, io.ErrUnexpectedEOF
	}
	data := p.data[from:]
	if n, ok := p.item(lengths, i); ok && n > 0 { // some files do not tell
		data = data[:min(n, uint64(len(data)))]
	}
	return data, nil
}
