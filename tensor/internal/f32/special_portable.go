//go:build noasm || (!amd64 && !arm64)

package f32

import "github.com/impasto-go/impasto/tensor/internal/f32/plain"

// The functions of this file stand for kernels that are not called like their
// portable forms, where there are no others.

func gemm(out []float32, ts, os int, a []float32, at int, offs []int32, u []float32, cols int) {
	plain.Gemm(Rows(), out, ts, os, a, at, offs, u, cols)
}

func streamed() {}

func peak(rounds int) int { return plain.Peak(rounds) }
