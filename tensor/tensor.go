package tensor

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Shape holds the four NCHW dimensions of a tensor.
type Shape = backend.Shape

// Vec returns the shape {1, c, 1, 1} of a vector of c per-channel values.
func Vec(c int) Shape { return backend.Vec(c) }

// Tensor is a float32 tensor in a backend's memory, with the gradient of a loss
// if one was asked for.
type Tensor struct {
	be    backend.Backend
	shape Shape
	buf   backend.Buffer

	needsGrad bool
	grad      backend.Buffer // allocated with the first gradient
	hasGrad   bool           // grad holds a value, not leftovers

	onTape bool // owned by a tape; refs counts the caller and recorded operations
	refs   int  // of a parameter, in Backward, the operations that are left

	item [1]float32 // what Item reads into, without allocating
}

// New returns a tensor owned by the caller, with undefined contents.
func New(be backend.Backend, s Shape) *Tensor {
	for _, d := range s {
		if d < 1 {
			fail("new", "every dimension must be at least 1", Operand{"tensor", s})
		}
	}
	return &Tensor{be: be, shape: s, buf: be.Alloc(s)}
}

// FromSlice returns a tensor owned by the caller holding a copy of values, which
// are in NCHW order and exactly as many as s has elements.
func FromSlice(be backend.Backend, s Shape, values []float32) *Tensor {
	t := New(be, s)
	t.Write(values)
	return t
}

// Shape returns the dimensions.
func (t *Tensor) Shape() Shape { return t.shape }

// Len returns the number of elements.
func (t *Tensor) Len() int { return t.shape.Len() }

// Write copies values, in NCHW order, into the tensor.
func (t *Tensor) Write(values []float32) {
	t.checkLen("write", len(values))
	t.be.Write(t.buf, values)
}

// Read copies the tensor, in NCHW order, into dst.
func (t *Tensor) Read(dst []float32) {
	t.checkLen("read", len(dst))
	t.be.Read(dst, t.buf)
}

// Values returns a copy of the elements in NCHW order.
func (t *Tensor) Values() []float32 {
	v := make([]float32, t.Len())
	t.Read(v)
	return v
}

// Item returns the value of a scalar.
func (t *Tensor) Item() float32 {
	t.Read(t.item[:])
	return t.item[0]
}

func (t *Tensor) checkLen(op string, n int) {
	if n != t.Len() {
		fail(op, fmt.Sprintf("%d host values for %d elements", n, t.Len()), operand("tensor", t))
	}
}

// RequireGrad marks a tensor made with New as one whose gradient is wanted, and
// returns it.
func (t *Tensor) RequireGrad() *Tensor {
	t.needsGrad = true
	return t
}

// RequiresGrad reports whether gradients flow to the tensor.
func (t *Tensor) RequiresGrad() bool { return t.needsGrad }

// Freeze promises that the values stay as they are until the next Write, which
// lets the backend keep derived forms of them. It returns the tensor.
func (t *Tensor) Freeze() *Tensor {
	t.needsGrad = false
	if f, ok := t.be.(backend.Freezer); ok {
		f.Freeze(t.buf)
	}
	return t
}

// ReadGrad copies the gradient into dst; without one it fills dst with zeros
// and reports false.
func (t *Tensor) ReadGrad(dst []float32) bool {
	t.checkLen("read gradient", len(dst))
	if !t.hasGrad {
		clear(dst)
		return false
	}
	t.be.Read(dst, t.grad)
	return true
}

// Grad returns a copy of the gradient in NCHW order, or nil if there is none.
func (t *Tensor) Grad() []float32 {
	if !t.hasGrad {
		return nil
	}
	v := make([]float32, t.Len())
	t.be.Read(v, t.grad)
	return v
}

// WriteGrad makes values, in NCHW order, the gradient.
func (t *Tensor) WriteGrad(values []float32) {
	t.checkLen("write gradient", len(values))
	if t.grad == nil {
		t.grad = t.be.Alloc(t.shape)
	}
	t.be.Write(t.grad, values)
	t.hasGrad = true
}

// isParam reports whether the tensor is the caller's and gradients flow to it.
func (t *Tensor) isParam() bool { return t != nil && !t.onTape && t.needsGrad }

// ZeroGrad forgets the gradient; its memory is kept for the next one.
func (t *Tensor) ZeroGrad() { t.hasGrad = false }

// Buffer returns the backend's storage of the values, for code that calls the
// backend itself, such as optimizers.
func (t *Tensor) Buffer() backend.Buffer { return t.buf }

// GradBuffer returns the backend's storage of the gradient, or nil if there is
// none.
func (t *Tensor) GradBuffer() backend.Buffer {
	if !t.hasGrad {
		return nil
	}
	return t.grad
}

// Free gives the memory of a tensor made with New back to its backend.
func (t *Tensor) Free() {
	if t.onTape || t.buf == nil {
		return
	}
	t.be.Free(t.buf)
	if t.grad != nil {
		t.be.Free(t.grad)
	}
	*t = Tensor{}
}
