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

// gemmGeneric computes rows (even) rows in blocks of 2 rows by 4 columns, the
// most that Go keeps in registers.
func gemmGeneric(rows int, out []float32, ts, os int, a []float32, at int, offs []int32, u []float32, cols int) {
	for t := 0; t < rows; t += 2 {
		for k := 0; k < cols; k += 4 {
			var c00, c01, c02, c03, c10, c11, c12, c13 float32
			for s, off := range offs {
				a0 := a[int(off)+t*at:][:Lanes]
				a1 := a[int(off)+(t+1)*at:][:Lanes]
				for i, x := range a0 {
					y := a1[i]
					b := u[(s*Lanes+i)*cols+k:][:4]
					c00 += x * b[0]
					c01 += x * b[1]
					c02 += x * b[2]
					c03 += x * b[3]
					c10 += y * b[0]
					c11 += y * b[1]
					c12 += y * b[2]
					c13 += y * b[3]
				}
			}
			o := out[t*ts+k/16*os+k%16:]
			o[0], o[1], o[2], o[3] = c00, c01, c02, c03
			o = o[ts:]
			o[0], o[1], o[2], o[3] = c10, c11, c12, c13
		}
	}
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

func gemmTNGeneric(out []float32, os int, a []float32, lda int, b []float32, ldb, bs int, n int, cols int) {
	for c := 0; c < 8; c += 2 {
		for k := 0; k < cols; k += 4 {
			var c00, c01, c02, c03, c10, c11, c12, c13 float32
			bk := b[k/16*bs+k%16:]
			for p := range n {
				x, y := a[p*lda+c], a[p*lda+c+1]
				v := bk[p*ldb:][:4]
				c00 += x * v[0]
				c01 += x * v[1]
				c02 += x * v[2]
				c03 += x * v[3]
				c10 += y * v[0]
				c11 += y * v[1]
				c12 += y * v[2]
				c13 += y * v[3]
			}
			o := out[c*os+k:]
			o[0] += c00
			o[1] += c01
			o[2] += c02
			o[3] += c03
			o = o[os:]
			o[0] += c10
			o[1] += c11
			o[2] += c12
			o[3] += c13
		}
	}
}
