//go:build noasm || (!amd64 && !arm64)

package f32

// available reports whether the kernels of t run here.
func available(t isa) bool { return t == portable }
