package tensor

import (
	"fmt"
	"strings"
)

// Operand is a named shape in a ShapeError.
type Operand struct {
	Name  string
	Shape Shape
}

// ShapeError is the panic value of operations whose operands do not fit.
type ShapeError struct {
	Op       string    // operation, such as "conv2d"
	Operands []Operand // all operands, in order
	Reason   string    // the rule that is broken
}

// Error names the operation, every operand's shape and the broken rule.
func (e *ShapeError) Error() string {
	parts := make([]string, len(e.Operands))
	for i, o := range e.Operands {
		parts[i] = o.Name + " " + o.Shape.String()
	}
	return fmt.Sprintf("tensor: %s: %s: %s", e.Op, strings.Join(parts, ", "), e.Reason)
}

// Try calls fn and returns the *ShapeError it panicked with, if any. Other
// panics continue.
func Try(fn func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *ShapeError:
			err = r
		default:
			panic(r)
		}
	}()
	fn()
	return nil
}

func fail(op, reason string, operands ...Operand) {
	panic(&ShapeError{Op: op, Operands: operands, Reason: reason})
}

func operand(name string, t *Tensor) Operand { return Operand{name, t.shape} }

// checkEqual wants a and b of the same shape.
func checkEqual(op string, a, b *Tensor) {
	if a.shape != b.shape {
		fail(op, "shapes differ", operand("a", a), operand("b", b))
	}
}
