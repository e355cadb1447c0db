package plain

// beats reports whether v replaces the maximum m, as in PyTorch.
func beats(v, m float32) bool { return v > m || v != v }

// MaxPool16 does what the function of that name in f32 says.
func MaxPool16(dst, x0, x1 []float32, n int) {
	for i := range n * Lanes {
		j := i + i/Lanes*Lanes
		m := x0[j]
		for _, v := range [3]float32{x0[j+Lanes], x1[j], x1[j+Lanes]} {
			if beats(v, m) {
				m = v
			}
		}
		dst[i] = m
	}
}

// MaxPoolGrad16 does what the function of that name in f32 says.
func MaxPoolGrad16(dx0, dx1, dy, x0, x1 []float32, n int, add bool) {
	for i := range n * Lanes {
		j := i + i/Lanes*Lanes
		x := [4]float32{x0[j], x0[j+Lanes], x1[j], x1[j+Lanes]}
		dx := [4]*float32{&dx0[j], &dx0[j+Lanes], &dx1[j], &dx1[j+Lanes]}
		best := 0
		for k := 1; k < 4; k++ {
			if beats(x[k], x[best]) {
				best = k
			}
		}
		for k, d := range dx {
			var g float32
			if k == best {
				g = dy[i]
			}
			*d = g + keep(*d, add)
		}
	}
}
