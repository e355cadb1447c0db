package plain

// Sum16 does what the function of that name in f32 says.
func Sum16(sum *[Lanes]float64, x []float32) {
	for i, v := range x {
		sum[i%Lanes] += float64(v)
	}
}

// SqDev16 does what the function of that name in f32 says.
func SqDev16(sum *[Lanes]float64, x []float32, mean *[Lanes]float32) {
	for i, v := range x {
		d := float64(v - mean[i%Lanes])
		sum[i%Lanes] += d * d
	}
}

// SumSqDiff does what the function of that name in f32 says.
func SumSqDiff(sum *[Lanes]float64, a, b []float32) {
	for i, v := range a {
		d := float64(v - b[i])
		sum[i%Lanes] += d * d
	}
}

// Dot does what the function of that name in f32 says.
func Dot(sum *[Lanes]float64, a, b []float32) {
	for i, v := range a {
		sum[i%Lanes] += float64(v) * float64(b[i])
	}
}
