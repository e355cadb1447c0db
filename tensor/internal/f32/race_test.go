//go:build race

package f32

// The race detector makes the float64 loops some twenty times slower.
func init() { lengthStep = 11 }
