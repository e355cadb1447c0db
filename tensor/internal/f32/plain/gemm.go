package plain

// Gemm computes rows (even) rows in blocks of 2 rows by 4 columns, the
// most that Go keeps in registers.
func Gemm(rows int, out []float32, ts, os int, a []float32, at int, offs []int32, u []float32, cols int) {
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

// GemmTN does what the function of that name in f32 says.
func GemmTN(out []float32, os int, a []float32, lda int, b []float32, ldb, bs int, n int, cols int) {
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
