package f32

// Gemm multiplies a tile of [Rows] rows with a packed panel of 16 or 32 columns:
//
//	out[t*ts + k/16*os + k%16] = Σ_s Σ_{i<16} a[offs[s] + t*at + i] * u[(s*16+i)*cols + k]
//
// for t < Rows() and k < cols. offs turns the product into a convolution: each
// segment of 16 channels comes from wherever its tap lies. A call with 32
// columns and 4608 terms takes about 50 microseconds; longer sums must be split
// by the caller.
func Gemm(out []float32, ts, os int, a []float32, at int, offs []int32, u []float32, cols int) {
	need(gemmFits(len(out), ts, os, len(a), at, offs, len(u), cols), "Gemm")
	gemm(out, ts, os, a, at, offs, u, cols)
}

// gemmFits reports whether a product stays inside slices of the given lengths.
func gemmFits(out, ts, os, a, at int, offs []int32, u, cols int) bool {
	last := Rows() - 1
	lo, hi := extent(offs)
	return (cols == 16 || cols == 32) &&
		ts >= 0 && os >= 0 && at >= 0 && lo >= 0 &&
		out >= last*ts+(cols/16-1)*os+16 &&
		(len(offs) == 0 || a >= hi+last*at+Lanes) &&
		u >= len(offs)*Lanes*cols
}

// GemmTN adds the product of 8 columns of a, transposed, with 16 or 32 columns
// of b:
//
//	out[c*os + k] += Σ_{p<n} a[p*lda + c] * b[p*ldb + k/16*bs + k%16]
//
// for c < 8 and k < cols. It serves weight gradients and Gram matrices, sums
// over pixels of blocked data.
func GemmTN(out []float32, os int, a []float32, lda int, b []float32, ldb, bs int, n int, cols int) {
	need(cols == 16 || cols == 32, "GemmTN")
	need(n >= 0 && os >= 0 && lda >= 0 && ldb >= 0 && bs >= 0, "GemmTN")
	if n == 0 {
		return
	}
	need(len(out) >= 7*os+cols, "GemmTN")
	need(len(a) >= (n-1)*lda+8 && len(b) >= (n-1)*ldb+(cols/16-1)*bs+16, "GemmTN")
	const step = 4096
	for ; n > step; n -= step {
		gemmTN(out, os, a, lda, b, ldb, bs, step, cols)
		a, b = a[step*lda:], b[step*ldb:]
	}
	gemmTN(out, os, a, lda, b, ldb, bs, n, cols)
}
