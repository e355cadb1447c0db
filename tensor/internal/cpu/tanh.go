package cpu

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Tanh sets dst to the hyperbolic tangent of x.
func (b *Backend) Tanh(dst, x backend.Buffer) { b.pointwise(dst, of(x), nil, false, tanh) }

// TanhGrad computes dx = dy*(1-y²) from the output y.
func (b *Backend) TanhGrad(dx, dy, y backend.Buffer, add bool) {
	b.pointwise(dx, of(dy), of(y), add, tanhGrad)
}

func tanh(x, _ float32) float32 { return float32(math.Tanh(float64(x))) }

func tanhGrad(dy, y float32) float32 { return dy * (1 - y*y) }
