// Package imageio brings pictures into networks and out of them.
//
// It reads PNG, JPEG, GIF, BMP, TIFF, WebP and PPM/PGM files by content (never
// by extension) into 8-bit RGB by the rules of Pillow's convert("RGB"), resizes
// them bit for bit as Pillow and torchvision do, converts between interleaved
// bytes and planar float32 in 0..255, and saves atomically.
//
// Color profiles are ignored: bytes are taken as sRGB, as torchvision takes
// them, and saved files carry no profile.
package imageio

import (
	"errors"
	"fmt"
	"image"
)

// Image is an 8-bit RGB picture. The zero Image is empty.
type Image struct {
	W, H int
	// Pix holds W*H*3 bytes: rows from top to bottom, pixels from left to
	// right, R, G, B interleaved without padding.
	Pix []uint8
	// Alpha holds W*H bytes of straight (not premultiplied) opacity, or is nil
	// where the picture is opaque or its alpha was not asked for.
	Alpha []uint8
}

// New returns a black, opaque picture of w x h pixels.
func New(w, h int) *Image {
	m := &Image{}
	m.reset(w, h, false)
	return m
}

// reset gives m the size w x h, reusing its memory where it is large enough.
// The contents are undefined.
func (m *Image) reset(w, h int, alpha bool) {
	if w < 1 || h < 1 {
		panic(&SizeError{Op: "image", W: w, H: h})
	}
	m.W, m.H = w, h
	m.Pix = grow(m.Pix, w*h*3)
	if !alpha {
		m.Alpha = nil
		return
	}
	m.Alpha = grow(m.Alpha, w*h)
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// dropOpaqueAlpha removes an alpha plane that says nothing.
func (m *Image) dropOpaqueAlpha() {
	for _, a := range m.Alpha {
		if a != 255 {
			return
		}
	}
	m.Alpha = nil
}

// NRGBA returns a copy of m as a standard library image.
func (m *Image) NRGBA() *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		s, d := m.Pix[3*i:3*i+3:3*i+3], out.Pix[4*i:4*i+4:4*i+4]
		d[0], d[1], d[2], d[3] = s[0], s[1], s[2], 255
	}
	for i, a := range m.Alpha {
		out.Pix[4*i+3] = a
	}
	return out
}

// SizeError is the panic value of functions called with a size that no picture
// can have; it is an error of the program, not of its input.
type SizeError struct {
	Op   string
	W, H int
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("imageio: %s: bad size %dx%d", e.Op, e.W, e.H)
}

// ErrTooLarge is wrapped by the errors for pictures and files above the limits
// of Options.
var ErrTooLarge = errors.New("too large")

// ErrFormat is wrapped by the error for content that is no picture of a known
// format.
var ErrFormat = errors.New("not a PNG, JPEG, GIF, BMP, TIFF, WebP or PPM/PGM picture")

// Error says which picture could not be read or written and why.
type Error struct {
	Path   string // empty where the picture did not come from a file
	Format string // "png", "jpeg", ...; empty where it is unknown
	Err    error
}

func (e *Error) Error() string {
	s := "imageio: "
	if e.Path != "" {
		s += e.Path + ": "
	}
	if e.Format != "" {
		s += e.Format + ": "
	}
	return s + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }
