//go:build !linux

package f32

// guardedPages returns n floats; only canaries guard them here.
func guardedPages(n int) []float32 { return make([]float32, n) }
