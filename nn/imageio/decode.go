package imageio

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Default limits of Options.
const (
	// DefaultMaxPixels is the size above which Pillow warns of a
	// decompression bomb.
	DefaultMaxPixels = 89_478_485
	// DefaultMaxBytes is the largest file that is read, 256 MiB.
	DefaultMaxBytes = 256 << 20
	// DefaultMaxMemory is enough for a PNG, JPEG or TIFF of 8 bits a sample at the
	// limit of pixels: 768 MiB.
	DefaultMaxMemory = 768 << 20
	// DefaultMaxTime is many times what any picture within the other limits takes.
	DefaultMaxTime = time.Minute
)

// Options control decoding. The zero value is what torchvision's ImageFolder
// does, and fits training.
type Options struct {
	// KeepAlpha fills Image.Alpha where the picture is not opaque. Without it
	// alpha is dropped, not composited, as Pillow's convert("RGB") does.
	KeepAlpha bool
	// ApplyOrientation turns and mirrors the picture as its EXIF orientation
	// says. torchvision and Pillow do not do so by themselves, except for
	// TIFF, which is turned here too in any case.
	ApplyOrientation bool
	// MaxPixels bounds width*height; 0 means DefaultMaxPixels. It is checked
	// against the header, before memory for pixels is taken.
	MaxPixels int
	// MaxBytes bounds the size of the encoded picture; 0 means DefaultMaxBytes.
	MaxBytes int64
	// MaxMemory bounds the bytes that a picture takes while it is decoded: the
	// file, what its decoder needs, and the result; 0 means DefaultMaxMemory. It
	// is checked against the header.
	MaxMemory int64
	// MaxTime bounds the time of decoding; 0 means DefaultMaxTime. Files that are
	// made to be slow are refused by their header, whatever the machine; this is
	// for what slips through.
	MaxTime time.Duration
	// Budget, if set, is shared with pictures that are decoded at the same time.
	// Its limit takes the place of a MaxMemory above it. See Budget.Release.
	Budget *Budget
}

func (o Options) maxPixels() int {
	if o.MaxPixels > 0 {
		return o.MaxPixels
	}
	return DefaultMaxPixels
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes > 0 {
		return o.MaxBytes
	}
	return DefaultMaxBytes
}

func (o Options) maxMemory() int64 {
	n := o.MaxMemory
	if n <= 0 {
		n = DefaultMaxMemory
	}
	if o.Budget != nil {
		n = min(n, o.Budget.limit)
	}
	return n
}

func (o Options) maxTime() time.Duration {
	if o.MaxTime > 0 {
		return o.MaxTime
	}
	return DefaultMaxTime
}

// header is what a picture says of itself before it is decoded.
type header struct {
	w, h   int
	memory int64 // bytes that decoding takes besides the file, with the result
}

// perPixel is the memory of w x h pixels that take that many bytes each, besides 3
// for the result and 1 for its alpha.
func perPixel(w, h int, decoder float64, keepAlpha bool) int64 {
	if keepAlpha {
		decoder++
	}
	return int64((3 + decoder) * float64(w) * float64(h))
}

// codec is one readable format.
type codec struct {
	name   string
	magic  string // '?' stands for any byte
	head   func(data []byte, keepAlpha bool) (header, error)
	decode func(data []byte, d decoding) (*Image, error)
	// pixelsPerByte is the most pixels that one encoded byte can stand for,
	// so that a short file cannot claim a large picture; 0 where the format
	// sets no bound. PNG: deflate's 1032 times 8 one-bit pixels. JPEG: one bit
	// for a block of 64 pixels subsampled 4x4. GIF: strings of up to 4096
	// pixels. PBM: 8 pixels.
	pixelsPerByte int
}

// decoding is how a picture is to be decoded.
type decoding struct {
	keepAlpha bool
	check     func() error // whether to go on
}

var codecs = []codec{
	{"png", "\x89PNG\r\n\x1a\n", headPNG, decodePNG, 8 * 1032},
	{"jpeg", "\xff\xd8\xff", headJPEG, decodeJPEG, 8 * 64 * 16},
	{"gif", "GIF87a", headGIF, decodeGIF, 4096},
	{"gif", "GIF89a", headGIF, decodeGIF, 4096},
	{"bmp", "BM", headBMP, decodeBMP, 0},
	{"tiff", "II*\x00", headTIFF, decodeTIFF, 0},
	{"tiff", "MM\x00*", headTIFF, decodeTIFF, 0},
	{"tiff", "II+\x00", headTIFF, decodeTIFF, 0},
	{"tiff", "MM\x00+", headTIFF, decodeTIFF, 0},
	{"webp", "RIFF????WEBP", headWebP, decodeWebP, 0},
	{"pgm", "P2", headPNM, decodePNM, 1},
	{"ppm", "P3", headPNM, decodePNM, 1},
	{"pgm", "P5", headPNM, decodePNM, 1},
	{"ppm", "P6", headPNM, decodePNM, 1},
}

func sniff(data []byte) *codec {
	for i := range codecs {
		c := &codecs[i]
		if len(data) < len(c.magic) {
			continue
		}
		match := true
		for j := range len(c.magic) {
			match = match && (c.magic[j] == data[j] || c.magic[j] == '?')
		}
		if match {
			return c
		}
	}
	return nil
}

// Load reads the picture in the file path. Its errors are of type *Error.
func Load(path string, opts Options) (*Image, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() { // opening a pipe could wait for ever
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, &Error{Path: path, Err: reason(err)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Path: path, Err: reason(err)}
	}
	defer f.Close()
	m, err := Decode(f, opts)
	if e := (*Error)(nil); errors.As(err, &e) {
		e.Path = path
	}
	return m, err
}

// reason strips the path from an error of package os: Error names it already.
func reason(err error) error {
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Decode reads one picture from r, up to the end of r. Of an animation (GIF, APNG,
// WebP) it takes the first frame, of a TIFF the first page, of a multi-picture JPEG
// the first. Its errors are of type *Error.
func Decode(r io.Reader, opts Options) (*Image, error) {
	data, err := readAll(r, opts.maxBytes())
	if err != nil {
		return nil, &Error{Err: reason(err)}
	}
	return DecodeBytes(data, opts)
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	var buf bytes.Buffer
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			if info.Size() > limit {
				return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, info.Size(), limit)
			}
			buf.Grow(int(info.Size()) + bytes.MinRead)
		}
	}
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return buf.Bytes(), err
}

// DecodeBytes is Decode for a picture that is already in memory.
func DecodeBytes(data []byte, opts Options) (*Image, error) {
	if len(data) == 0 {
		return nil, &Error{Err: errors.New("empty file")}
	}
	c := sniff(data)
	if c == nil {
		return nil, &Error{Err: ErrFormat}
	}
	m, err := c.read(data, opts)
	if err != nil {
		return nil, &Error{Format: c.name, Err: err}
	}
	return m, nil
}

// read decodes within the limits. The decoders of other modules are not ours to
// mend: a panic of theirs on a broken file becomes an error of that file.
func (c *codec) read(data []byte, opts Options) (m *Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("the decoder failed: %v", p)
		}
	}()
	h, err := c.head(data, opts.KeepAlpha)
	if err != nil {
		return nil, describe(err)
	}
	turn := 1
	if opts.ApplyOrientation || c.name == "tiff" {
		turn = orientation(data, c.name)
	}
	need, err := c.fits(h, len(data), turn, opts)
	if err != nil {
		return nil, err
	}
	if b := opts.Budget; b != nil {
		b.acquire(need)
		defer func() { b.settle(need, m) }()
	}
	check := deadline(opts.maxTime())
	m, err = c.decode(data, decoding{opts.KeepAlpha, check})
	if err != nil {
		return nil, describe(cmp.Or(check(), err)) // package gif would hide that error
	}
	m.dropOpaqueAlpha()
	return m.orient(turn), nil
}

// fits checks a header against the limits. It returns the memory that decoding takes.
func (c *codec) fits(h header, size, turn int, opts Options) (need int64, err error) {
	if h.w < 1 || h.h < 1 {
		return 0, fmt.Errorf("bad size %dx%d", h.w, h.h)
	}
	if h.w > opts.maxPixels()/h.h {
		return 0, fmt.Errorf("%w: %dx%d pixels, the limit is %d", ErrTooLarge, h.w, h.h, opts.maxPixels())
	}
	if c.pixelsPerByte > 0 && h.w*h.h/c.pixelsPerByte > size {
		return 0, fmt.Errorf("truncated: %d bytes cannot hold %dx%d pixels", size, h.w, h.h)
	}
	need = h.memory
	if turn > 1 { // the turned picture lies beside the other
		need = max(need, 2*perPixel(h.w, h.h, 0, opts.KeepAlpha))
	}
	if need += int64(size); need > opts.maxMemory() {
		return 0, fmt.Errorf("%w: %dx%d pixels take %d MiB to decode, the limit is %d MiB (-max-picture-memory)",
			ErrTooLarge, h.w, h.h, (need+1<<20-1)>>20, opts.maxMemory()>>20)
	}
	return need, nil
}

// ErrTooSlow is wrapped by the errors for pictures above Options.MaxTime, or that ask
// for more work than any that is not made to.
var ErrTooSlow = errors.New("takes too long to decode")

// deadline returns a function that fails once the time is over.
func deadline(limit time.Duration) func() error {
	end := time.Now().Add(limit)
	return func() error {
		if time.Now().After(end) {
			return fmt.Errorf("%w: more than %v", ErrTooSlow, limit)
		}
		return nil
	}
}

// checked is the reader that a decoder of another module gets: it ends with the time.
type checked struct {
	bytes.Reader
	check func() error
}

func (d decoding) reader(data []byte) *checked {
	r := &checked{check: d.check}
	r.Reset(data)
	return r
}

func (r *checked) Read(p []byte) (int, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p[:min(len(p), 1<<14)])
}

func describe(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("truncated: %w", io.ErrUnexpectedEOF)
	}
	return err
}
