package plain

import "runtime"

// Peak runs rounds of 4 independent multiply-adds and returns the number
// of floating-point operations in a round.
func Peak(rounds int) int {
	var a, b, c, d float32
	x := float32(rounds)
	for range rounds {
		a += x * x
		b += x * x
		c += x * x
		d += x * x
	}
	runtime.KeepAlive(a + b + c + d)
	return 8
}
