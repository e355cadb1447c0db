//go:build !noasm

package f32

// available reports whether the processor runs t; every arm64 has NEON.
func available(t isa) bool { return t == portable || t == neon }
