// Package reference is a backend written for reading: plain loops over planar
// NCHW in float64, one goroutine, nothing but the standard library. It is the
// oracle that package backendtest measures other backends against, and the
// executable form of the contract in package backend.
//
// Elements are kept in float64 and rounded to float32 only by Read, so that a
// sequence of operations carries no float32 rounding at all. None of the optional
// interfaces is implemented: package tensor composes fused blocks on it.
//
// It is as strict as it is slow. Shapes, aliasing and the use of freed buffers
// are checked on every call, a violation panics with an [*Error], and fresh
// buffers are filled with NaN.
package reference

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Backend implements [backend.Backend].
type Backend struct {
	live map[*buffer]bool
}

// New returns a Backend without buffers.
func New() *Backend { return &Backend{live: make(map[*buffer]bool)} }

// buffer is a tensor; element (n, c, y, x) is at ((n*C+c)*H+y)*W+x.
type buffer struct {
	shape backend.Shape
	data  []float64
}

// Shape returns the shape given to Alloc.
func (b *buffer) Shape() backend.Shape { return b.shape }

// Error is the value of a panic about a broken contract: a bug of the caller.
type Error struct {
	Op      string // such as "Conv2d"
	Problem string
}

// Error says which operation was misused, and how.
func (e *Error) Error() string { return fmt.Sprintf("BUG: reference: %s: %s", e.Op, e.Problem) }

func bug(op, format string, args ...any) {
	panic(&Error{op, fmt.Sprintf(format, args...)})
}

// Name returns "reference (float64)".
func (r *Backend) Name() string { return "reference (float64)" }

// Live returns the number of buffers that were allocated and not freed, so that
// a test can find leaks.
func (r *Backend) Live() int { return len(r.live) }

// Alloc returns a buffer full of NaN.
func (r *Backend) Alloc(s backend.Shape) backend.Buffer {
	for _, n := range s {
		if n < 1 {
			bug("Alloc", "shape %v is empty", s)
		}
	}
	b := &buffer{s, make([]float64, s.Len())}
	for i := range b.data {
		b.data[i] = math.NaN()
	}
	r.live[b] = true
	return b
}

// Free marks the buffer as gone; later uses panic.
func (r *Backend) Free(b backend.Buffer) {
	delete(r.live, r.buffer("Free", b))
}

// Write copies src into dst.
func (r *Backend) Write(dst backend.Buffer, src []float32) {
	d := r.buffer("Write", dst).data
	if len(src) != len(d) {
		bug("Write", "%d values for %v", len(src), dst.Shape())
	}
	for i, v := range src {
		d[i] = float64(v)
	}
}

// Read copies src into dst, rounding to float32.
func (r *Backend) Read(dst []float32, src backend.Buffer) {
	s := r.buffer("Read", src).data
	if len(dst) != len(s) {
		bug("Read", "%v into %d values", src.Shape(), len(dst))
	}
	for i, v := range s {
		dst[i] = float32(v)
	}
}

// Sync returns nil: nothing is ever pending and nothing can fail.
func (r *Backend) Sync() error { return nil }

// Close frees all buffers.
func (r *Backend) Close() error {
	clear(r.live)
	return nil
}

func (r *Backend) buffer(op string, b backend.Buffer) *buffer {
	p, ok := b.(*buffer)
	if !ok {
		bug(op, "%T is not a buffer of this backend", b)
	}
	if !r.live[p] {
		bug(op, "buffer %v is freed or foreign", p.shape)
	}
	return p
}

// source returns the elements of an operand that must have the given shape.
func (r *Backend) source(op string, b backend.Buffer, want backend.Shape) []float64 {
	p := r.buffer(op, b)
	if p.shape != want {
		bug(op, "operand is %v, want %v", p.shape, want)
	}
	return p.data
}

// dest returns the elements of a destination that must have the given shape and
// must not be one of the sources, set to zero unless add.
func (r *Backend) dest(op string, b backend.Buffer, want backend.Shape, add bool, sources ...backend.Buffer) []float64 {
	d := r.source(op, b, want)
	for _, s := range sources {
		if s == b {
			bug(op, "destination %v is also a source", want)
		}
	}
	if !add {
		clear(d)
	}
	return d
}
