//go:build noasm || (!amd64 && !arm64)

package f32

// The functions of this file stand for kernels that are not called like their
// portable forms, where there are no others.

// available reports whether the kernels of t run here.
func available(t isa) bool { return t == portable }

func gemm(out []float32, ts, os int, a []float32, at int, offs []int32, u []float32, cols int) {
	gemmGeneric(Rows(), out, ts, os, a, at, offs, u, cols)
}

func streamed() {}

func peak(rounds int) int { return peakGeneric(rounds) }
