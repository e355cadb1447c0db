package imageio

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// Default limits of Options.
const (
	// DefaultMaxPixels is the size above which Pillow warns of a
	// decompression bomb.
	DefaultMaxPixels = 89_478_485
	// DefaultMaxBytes is the largest file that is read, 256 MiB.
	DefaultMaxBytes = 256 << 20
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

// codec is one readable format.
type codec struct {
	name   string
	magic  string // '?' stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(data []byte) (image.Image, error)
	// pixelsPerByte is the most pixels that one encoded byte can stand for,
	// so that a short file cannot claim a large picture; 0 where the format
	// sets no bound. PNG: deflate's 1032 times 8 one-bit pixels. JPEG: one bit
	// for a block of 64 pixels subsampled 4x4. GIF: strings of up to 4096
	// pixels. BMP: no compression.
	pixelsPerByte int
}

var codecs = []codec{
	{"png", "\x89PNG\r\n\x1a\n", png.DecodeConfig, decodeWith(png.Decode), 8 * 1032},
	{"jpeg", "\xff\xd8\xff", jpeg.DecodeConfig, decodeJPEG, 8 * 64 * 16},
	{"gif", "GIF87a", gif.DecodeConfig, decodeGIF, 4096},
	{"gif", "GIF89a", gif.DecodeConfig, decodeGIF, 4096},
	{"bmp", "BM", bmp.DecodeConfig, decodeWith(bmp.Decode), 1},
	{"tiff", "II*\x00", tiff.DecodeConfig, decodeWith(tiff.Decode), 0},
	{"tiff", "MM\x00*", tiff.DecodeConfig, decodeWith(tiff.Decode), 0},
	{"webp", "RIFF????WEBP", webp.DecodeConfig, decodeWebP, 0},
	{"pgm", "P2", pnmConfig, decodePNM, 1},
	{"ppm", "P3", pnmConfig, decodePNM, 1},
	{"pgm", "P5", pnmConfig, decodePNM, 1},
	{"ppm", "P6", pnmConfig, decodePNM, 1},
}

func decodeWith(f func(io.Reader) (image.Image, error)) func([]byte) (image.Image, error) {
	return func(data []byte) (image.Image, error) { return f(bytes.NewReader(data)) }
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

// Decode reads one picture from r, up to the end of r. Of an animated GIF it
// takes the first frame, of a TIFF the first page. Its errors are of type
// *Error.
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

// read decodes and converts. The decoders of other modules are not ours to
// mend: a panic of theirs on a broken file becomes an error of that file.
func (c *codec) read(data []byte, opts Options) (m *Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("the decoder failed: %v", p)
		}
	}()
	cfg, err := c.config(bytes.NewReader(data))
	if err != nil {
		return nil, describe(err)
	}
	if cfg.Width < 1 || cfg.Height < 1 {
		return nil, fmt.Errorf("bad size %dx%d", cfg.Width, cfg.Height)
	}
	if cfg.Width > opts.maxPixels()/cfg.Height {
		return nil, fmt.Errorf("%w: %dx%d pixels, the limit is %d", ErrTooLarge, cfg.Width, cfg.Height, opts.maxPixels())
	}
	if c.pixelsPerByte > 0 && cfg.Width*cfg.Height/c.pixelsPerByte > len(data) {
		return nil, fmt.Errorf("truncated: %d bytes cannot hold %dx%d pixels", len(data), cfg.Width, cfg.Height)
	}
	src, err := c.decode(data)
	if err != nil {
		return nil, describe(err)
	}
	b := src.Bounds()
	if b.Dx() != cfg.Width || b.Dy() != cfg.Height {
		return nil, fmt.Errorf("header says %dx%d, the picture has %dx%d", cfg.Width, cfg.Height, b.Dx(), b.Dy())
	}
	m = c.convert(src, opts.KeepAlpha)
	if opts.ApplyOrientation || c.name == "tiff" {
		m = m.orient(orientation(data, c.name))
	}
	return m, nil
}

func (c *codec) convert(src image.Image, keepAlpha bool) *Image {
	m := &Image{}
	if c.name == "webp" {
		fromWebP(m, src, keepAlpha)
	} else {
		fromImage(m, src, keepAlpha)
	}
	m.dropOpaqueAlpha()
	return m
}

func describe(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("truncated: %w", io.ErrUnexpectedEOF)
	}
	return err
}
