package plain

// Upsample16 does what the function of that name in f32 says.
func Upsample16(dst, x []float32, n int) {
	for i := range n * Lanes {
		j := i + i/Lanes*Lanes
		dst[j], dst[j+Lanes] = x[i], x[i]
	}
}

// UpsampleGrad16 does what the function of that name in f32 says.
func UpsampleGrad16(dx, dy0, dy1 []float32, n int, add bool) {
	for i := range n * Lanes {
		j := i + i/Lanes*Lanes
		dx[i] = (dy0[j] + dy1[j]) + (dy0[j+Lanes] + dy1[j+Lanes]) + keep(dx[i], add)
	}
}
