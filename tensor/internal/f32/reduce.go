package f32

// Reductions add element i to lane i%16. Vector forms sum up to 4096 floats in
// float32 lanes before they add them to float64 ones, which bounds the error
// whatever the length; the portable form uses float64 throughout.

// Sum returns Σ x.
func Sum(x []float32) float64 {
	var s [Lanes]float64
	Sum16(&s, x)
	return fold(&s)
}

// Sum16 adds the sum of each lane of x to sum.
func Sum16(sum *[16]float64, x []float32) {
	for len(x) > 0 {
		n := min(len(x), chunk)
		sum16(sum, x[:n])
		x = x[n:]
	}
}

// SumSq returns Σ x².
func SumSq(x []float32) float64 { return SqDev(x, 0) }

// SqDev returns Σ (x-mean)².
func SqDev(x []float32, mean float32) float64 {
	var s [Lanes]float64
	m := splat(mean)
	SqDev16(&s, x, &m)
	return fold(&s)
}

// SqDev16 adds Σ (x-mean)² of each lane of x to sum.
func SqDev16(sum *[16]float64, x []float32, mean *[16]float32) {
	for len(x) > 0 {
		n := min(len(x), chunk)
		sqDev16(sum, x[:n], mean)
		x = x[n:]
	}
}

// SumSqDiff returns Σ (a-b)² over len(a) elements.
func SumSqDiff(a, b []float32) float64 {
	need(len(b) >= len(a), "SumSqDiff")
	var s [Lanes]float64
	for len(a) > 0 {
		n := min(len(a), chunk)
		sumSqDiff(&s, a[:n], b)
		a, b = a[n:], b[n:]
	}
	return fold(&s)
}

// Dot returns Σ a*b over len(a) elements.
func Dot(a, b []float32) float64 {
	need(len(b) >= len(a), "Dot")
	var s [Lanes]float64
	for len(a) > 0 {
		n := min(len(a), chunk)
		dot(&s, a[:n], b)
		a, b = a[n:], b[n:]
	}
	return fold(&s)
}
