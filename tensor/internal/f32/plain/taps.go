package plain

// Taps does what the function of that name in f32 says.
func Taps(dst []float32, ds int, x []float32, offs []int32, w []float32, oc int, bias *[8]float32, n int) {
	for o := range oc {
		d := dst[o*ds:][:n]
		for p := range d {
			d[p] = bias[o]
		}
		for t, off := range offs {
			c := w[t*oc+o]
			for p, v := range x[off:][:n] {
				d[p] += c * v
			}
		}
	}
}

// TapsGrad does what the function of that name in f32 says.
func TapsGrad(dw []float32, oc int, dy []float32, ds, dyRow int, x []float32, offs []int32, xRow int, rows, n int) {
	for t, off := range offs {
		for o := range oc {
			var sum float32
			for r := range rows {
				d := dy[o*ds+r*dyRow:][:n]
				var s0, s1 float32
				v := x[int(off)+r*xRow:][:n]
				for len(d) >= 2 && len(v) >= 2 {
					s0 += d[0] * v[0]
					s1 += d[1] * v[1]
					d, v = d[2:], v[2:]
				}
				if len(d) > 0 {
					s0 += d[0] * v[0]
				}
				sum += s0 + s1
			}
			dw[t*oc+o] += sum
		}
	}
}
