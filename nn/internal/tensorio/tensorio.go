// Package tensorio holds what the readers and writers of weights files share:
// options and their memory budget, element types and their conversion to
// float32, and checks of a state dict.
package tensorio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/impasto-go/impasto/nn/statedict"
)

// Errors that packages pth, safetensors and weights export under the same names.
var (
	ErrCorrupt  = errors.New("corrupt or unsupported weights file")
	ErrTooLarge = errors.New("weights file needs too much memory")
)

// ReadOptions is what a reader can be asked for.
type ReadOptions struct {
	Filter          func(name string) bool // nil: every tensor
	MaxBytes        int64                  // 0: by the file's size, see NewBudget
	RequireChecksum bool                   // safetensors only
	Unwrap          bool                   // take wrappers out of names, before Filter sees them
	Note            func(line string)      // told what is not as one would expect; nil: nobody
	Context         context.Context        // ends the reading; nil: nothing does
}

// Tell gives a line to Note.
func (o *ReadOptions) Tell(format string, args ...any) {
	if o.Note != nil {
		o.Note(fmt.Sprintf(format, args...))
	}
}

// ReadOption changes one of the ReadOptions.
type ReadOption func(*ReadOptions)

// NewReadOptions applies opts to the defaults.
func NewReadOptions(opts []ReadOption) ReadOptions {
	var o ReadOptions
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Wants reports whether the tensor called name is to be read.
func (o *ReadOptions) Wants(name string) bool { return o.Filter == nil || o.Filter(name) }

// Budget bounds the memory that a reader allocates on behalf of a file, whatever
// the file claims about itself.
type Budget struct{ limit, left int64 }

// NewBudget allows maxBytes or, if that is 0, twice the file's size (the size of
// half-precision weights as float32) and 8 MiB.
func NewBudget(maxBytes, fileSize int64) *Budget {
	if maxBytes <= 0 {
		maxBytes = 8 << 20
		if fileSize < math.MaxInt64/4 {
			maxBytes += 2 * fileSize
		}
	}
	return &Budget{maxBytes, maxBytes}
}

// Take accounts for n more bytes, and must be asked before they are allocated.
func (b *Budget) Take(n int64, what string) error {
	if n < 0 || n > b.left {
		return fmt.Errorf("%w: %s would exceed the limit of %d bytes (WithMaxBytes raises it)", ErrTooLarge, what, b.limit)
	}
	b.left -= n
	return nil
}

// Work returns a budget of the same size for bytes that are decoded, of which a
// small file may ask for many without keeping any.
func (b *Budget) Work() *Budget { return &Budget{b.limit, b.limit} }

// Floats allocates n float32 values within the budget.
func (b *Budget) Floats(n int64, what string) ([]float32, error) {
	if n < 0 || n > math.MaxInt64/4 {
		n = math.MaxInt64 / 4
	}
	if err := b.Take(4*n, what); err != nil {
		return nil, err
	}
	return make([]float32, n), nil
}

// NumElements returns the product of shape, or false if a dimension is negative
// or the product of the dimensions other than 0 overflows.
func NumElements(shape []int) (int64, bool) {
	n, empty := int64(1), false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, false
		case d == 0:
			empty = true
		case n > math.MaxInt64/8/int64(d):
			return 0, false
		default:
			n *= int64(d)
		}
	}
	if empty {
		return 0, true
	}
	return n, true
}

// CheckDict returns an error if d cannot be written: a name that is not valid
// UTF-8 or occurs twice, or data that does not fit its shape.
func CheckDict(d statedict.Dict) error {
	seen := make(map[string]bool, len(d))
	for _, e := range d {
		if !utf8.ValidString(e.Name) {
			return fmt.Errorf("tensor name %q is not valid UTF-8", e.Name)
		}
		if seen[e.Name] {
			return fmt.Errorf("two tensors are called %q", e.Name)
		}
		seen[e.Name] = true
		if n, ok := NumElements(e.Shape); !ok || n != int64(len(e.Data)) {
			return fmt.Errorf("tensor %q has shape %v but %d elements", e.Name, e.Shape, len(e.Data))
		}
	}
	return nil
}

// FaultReader passes reads through and remembers the first error of the device
// itself, so that a reader can tell a failing disk from a corrupt file.
type FaultReader struct {
	R       io.ReaderAt
	Context context.Context // whose end is an error too; may be nil
	Err     error
}

// ReadAt implements io.ReaderAt. A negative offset is the file's fault.
func (f *FaultReader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	if f.Context != nil && f.Err == nil {
		f.Err = f.Context.Err()
	}
	if f.Err != nil {
		return 0, f.Err
	}
	n, err := f.R.ReadAt(p, off)
	if err != nil && err != io.EOF {
		f.Err = err
	}
	return n, err
}
