package plain

// ScaleShift does what the function of that name in f32 says.
func ScaleShift(dst, x []float32, scale, shift *[Lanes]float32, relu bool) {
	x = x[:len(dst)]
	for i, v := range x {
		v = v*scale[i%Lanes] + shift[i%Lanes]
		if relu && v < 0 {
			v = 0
		}
		dst[i] = v
	}
}

// ScaleShiftAdd does what the function of that name in f32 says.
func ScaleShiftAdd(dst, x, r []float32, scale, shift *[Lanes]float32, alpha float32, relu bool) {
	x, r = x[:len(dst)], r[:len(dst)]
	for i, v := range x {
		v = v*scale[i%Lanes] + shift[i%Lanes]
		if relu && v < 0 {
			v = 0
		}
		dst[i] = v + alpha*r[i]
	}
}

// NormGradSums does what the function of that name in f32 says.
func NormGradSums(sdy, sdyx *[Lanes]float64, dy, x []float32, mean *[Lanes]float32) {
	for i, d := range dy {
		sdy[i%Lanes] += float64(d)
		sdyx[i%Lanes] += float64(d * (x[i] - mean[i%Lanes]))
	}
}

// NormGradSumsReLU does what the function of that name in f32 says.
func NormGradSumsReLU(sdy, sdyx *[Lanes]float64, dy, x []float32, scale, shift, mean *[Lanes]float32) {
	for i, d := range dy {
		l := i % Lanes
		if !(x[i]*scale[l]+shift[l] > 0) {
			d = 0
		}
		sdy[l] += float64(d)
		sdyx[l] += float64(d * (x[i] - mean[l]))
	}
}

// NormGradApply does what the function of that name in f32 says.
func NormGradApply(dx, dy, x []float32, a, b, c *[Lanes]float32, add bool) {
	dy, x = dy[:len(dx)], x[:len(dx)]
	for i := range dx {
		l := i % Lanes
		dx[i] = a[l]*dy[i] + (b[l]*x[i] + c[l]) + keep(dx[i], add)
	}
}

// NormGradApplyReLU does what the function of that name in f32 says.
func NormGradApplyReLU(dx, dy, x []float32, scale, shift, a, b, c *[Lanes]float32, add bool) {
	dy, x = dy[:len(dx)], x[:len(dx)]
	for i := range dx {
		l := i % Lanes
		var d float32
		if x[i]*scale[l]+shift[l] > 0 {
			d = dy[i]
		}
		dx[i] = a[l]*d + (b[l]*x[i] + c[l]) + keep(dx[i], add)
	}
}
