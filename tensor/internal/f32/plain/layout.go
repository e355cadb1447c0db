package plain

// ToBlocked does what the function of that name in f32 says.
func ToBlocked(dst, x []float32, plane, n, c int) {
	for i := range Lanes {
		if i >= c {
			for p := range n {
				dst[p*Lanes+i] = 0
			}
			continue
		}
		for p, v := range x[i*plane:][:n] {
			dst[p*Lanes+i] = v
		}
	}
}

// FromBlocked does what the function of that name in f32 says.
func FromBlocked(dst []float32, plane int, x []float32, n, c int) {
	for i := range c {
		d := dst[i*plane:][:n]
		for p := range d {
			d[p] = x[p*Lanes+i]
		}
	}
}

// Interleave2 does what the function of that name in f32 says.
func Interleave2(dst, a, b []float32) {
	dst, b = dst[:2*len(a)], b[:len(a)]
	for i, v := range a {
		dst[2*i], dst[2*i+1] = v, b[i]
	}
}

// Deinterleave2 does what the function of that name in f32 says.
func Deinterleave2(a, b, x []float32) {
	b, x = b[:len(a)], x[:2*len(a)]
	for i := range a {
		a[i], b[i] = x[2*i], x[2*i+1]
	}
}

// SplitPairs does what the function of that name in f32 says.
func SplitPairs(dst, x []float32, n int) {
	for i := range n * Lanes {
		j := i + i/Lanes*Lanes
		dst[j], dst[j+Lanes] = x[2*i], x[2*i+1]
	}
}

// JoinPairs does what the function of that name in f32 says.
func JoinPairs(dst, x []float32, n int) {
	for i := range n * Lanes {
		j := i + i/Lanes*Lanes
		dst[2*i], dst[2*i+1] = x[j], x[j+Lanes]
	}
}
