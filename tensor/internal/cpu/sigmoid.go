package cpu

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Sigmoid sets dst = 1/(1+exp(-x)).
func (b *Backend) Sigmoid(dst, x backend.Buffer) { b.pointwise(dst, of(x), nil, false, sigmoid) }

// SigmoidGrad computes dx = dy*y*(1-y) from the output y.
func (b *Backend) SigmoidGrad(dx, dy, y backend.Buffer, add bool) {
	b.pointwise(dx, of(dy), of(y), add, sigmoidGrad)
}

func sigmoid(x, _ float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

func sigmoidGrad(dy, y float32) float32 { return dy * y * (1 - y) }
