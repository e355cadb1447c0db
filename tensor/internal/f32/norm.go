package f32

// Instance normalization folds to y = x*scale + shift per channel. Functions
// ending in 16 work on blocked data, where the lane of an element is its
// channel; the others give all lanes the values of one planar channel.

// ScaleShift sets dst = act(x*scale + shift) + alpha*r, where act is ReLU with
// relu, and r may be nil for nothing. dst may be x or r.
func ScaleShift(dst, x, r []float32, scale, shift, alpha float32, relu bool) {
	a, b := splat(scale), splat(shift)
	scaleShiftChunks("ScaleShift", dst, x, r, &a, &b, alpha, relu)
}

// ScaleShift16 is [ScaleShift] of blocked data: scale and shift have 16 values.
func ScaleShift16(dst, x, r, scale, shift []float32, alpha float32, relu bool) {
	need(len(scale) >= Lanes && len(shift) >= Lanes, "ScaleShift16")
	scaleShiftChunks("ScaleShift16", dst, x, r, (*[Lanes]float32)(scale), (*[Lanes]float32)(shift), alpha, relu)
}

func scaleShiftChunks(fn string, dst, x, r []float32, scale, shift *[Lanes]float32, alpha float32, relu bool) {
	need(len(x) >= len(dst) && (r == nil || len(r) >= len(dst)), fn)
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		if r == nil {
			scaleShift(dst[:n], x, scale, shift, relu)
		} else {
			scaleShiftAdd(dst[:n], x, r, scale, shift, alpha, relu)
			r = r[n:]
		}
		dst, x = dst[n:], x[n:]
	}
}

// NormGradSums returns Σ d and Σ d*(x-mean) over len(dy) elements, where d is dy,
// but with relu 0 where x*scale + shift is not above 0.
func NormGradSums(dy, x []float32, scale, shift, mean float32, relu bool) (sdy, sdyx float64) {
	a, b, m := splat(scale), splat(shift), splat(mean)
	var s, sx [Lanes]float64
	normGradSumsChunks("NormGradSums", &s, &sx, dy, x, &a, &b, &m, relu)
	return fold(&s), fold(&sx)
}

// NormGradSums16 adds the sums of [NormGradSums] per lane to sdy and sdyx.
func NormGradSums16(sdy, sdyx *[16]float64, dy, x []float32, scale, shift, mean *[16]float32, relu bool) {
	normGradSumsChunks("NormGradSums16", sdy, sdyx, dy, x, scale, shift, mean, relu)
}

func normGradSumsChunks(fn string, sdy, sdyx *[Lanes]float64, dy, x []float32, scale, shift, mean *[Lanes]float32, relu bool) {
	need(len(x) >= len(dy), fn)
	for len(dy) > 0 {
		n := min(len(dy), chunk)
		if relu {
			normGradSumsReLU(sdy, sdyx, dy[:n], x, scale, shift, mean)
		} else {
			normGradSums(sdy, sdyx, dy[:n], x, mean)
		}
		dy, x = dy[n:], x[n:]
	}
}

// NormGradApply sets dx = a*d + b*x + c, or adds it with add, where d is as in
// [NormGradSums]. dx may be dy or x.
func NormGradApply(dx, dy, x []float32, scale, shift, a, b, c float32, relu, add bool) {
	s, t, k0, k1, k2 := splat(scale), splat(shift), splat(a), splat(b), splat(c)
	normGradApplyChunks("NormGradApply", dx, dy, x, &s, &t, &k0, &k1, &k2, relu, add)
}

// NormGradApply16 is [NormGradApply] of blocked data.
func NormGradApply16(dx, dy, x []float32, scale, shift, a, b, c *[16]float32, relu, add bool) {
	normGradApplyChunks("NormGradApply16", dx, dy, x, scale, shift, a, b, c, relu, add)
}

func normGradApplyChunks(fn string, dx, dy, x []float32, scale, shift, a, b, c *[Lanes]float32, relu, add bool) {
	need(len(dy) >= len(dx) && len(x) >= len(dx), fn)
	for len(dx) > 0 {
		n := min(len(dx), chunk)
		if relu {
			normGradApplyReLU(dx[:n], dy, x, scale, shift, a, b, c, add)
		} else {
			normGradApply(dx[:n], dy, x, a, b, c, add)
		}
		dx, dy, x = dx[n:], dy[n:], x[n:]
	}
}
