package f32

// tapsWork is the largest number of multiply-adds in one call of a tap kernel.
const tapsWork = 3 << 20

// Taps convolves one row of planar data for oc output channels (8, 4, 3 or 1):
//
//	dst[o*ds + p] = bias[o] + Σ_t w[t*oc + o] * x[offs[t] + p]
//
// for o < oc and p < n. A tap is an (input channel, kernel row, kernel column)
// and offs[t] its place relative to x. A nil bias is zero. Vector forms may read
// x up to offs[t] plus n rounded up to a multiple of 128: x must be that long.
func Taps(dst []float32, ds int, x []float32, offs []int32, w []float32, oc int, bias []float32, n int) {
	lo, hi := extent(offs)
	need(tapChannels(oc) && n >= 0 && ds >= 0 && lo >= 0, "Taps")
	need(bias == nil || len(bias) >= oc, "Taps")
	need(len(w) >= len(offs)*oc, "Taps")
	if n == 0 {
		return
	}
	need(len(dst) >= (oc-1)*ds+n, "Taps")
	need(len(offs) == 0 || len(x) >= hi+(n+127)&^127, "Taps")
	var b [8]float32
	copy(b[:oc], bias)
	step := tapsWork / max(1, len(offs)*oc)
	step = max(step-step%384, 384)
	for ; n > step; n -= step {
		taps(dst, ds, x, offs, w, oc, &b, step)
		dst, x = dst[step:], x[step:]
	}
	taps(dst, ds, x, offs, w, oc, &b, n)
}

// tapChannels reports whether tap kernels exist for oc output channels.
func tapChannels(oc int) bool { return oc == 8 || oc == 4 || oc == 3 || oc == 1 }

// TapsGrad adds the gradient of the weights of [Taps] over rows output rows:
//
//	dw[t*oc + o] += Σ_{r<rows} Σ_{p<n} dy[o*ds + r*dyRow + p] * x[offs[t] + r*xRow + p]
func TapsGrad(dw []float32, oc int, dy []float32, ds, dyRow int, x []float32, offs []int32, xRow int, rows, n int) {
	lo, hi := extent(offs)
	need(tapChannels(oc) && rows >= 0 && n >= 0 && lo >= 0, "TapsGrad")
	need(ds >= 0 && dyRow >= 0 && xRow >= 0 && len(dw) >= len(offs)*oc, "TapsGrad")
	if rows == 0 || n == 0 || len(offs) == 0 {
		return
	}
	need(len(dy) >= (oc-1)*ds+(rows-1)*dyRow+n && len(x) >= hi+(rows-1)*xRow+n, "TapsGrad")
	for n > chunk {
		TapsGrad(dw, oc, dy, ds, dyRow, x, offs, xRow, rows, chunk)
		dy, x, n = dy[chunk:], x[chunk:], n-chunk
	}
	// Few rows per call would spend the time on folding sums, so the taps are cut
	// first: 27 is a multiple of every kernel's group of taps.
	const group = 27
	step := max(1, tapsWork/(n*oc*group))
	for r := 0; r < rows; r += step {
		m := min(step, rows-r)
		for t := 0; t < len(offs); t += group {
			o := offs[t:min(t+group, len(offs))]
			tapsGrad(dw[t*oc:], oc, dy[r*dyRow:], ds, dyRow, x[r*xRow:], o, xRow, m, n)
		}
	}
}
