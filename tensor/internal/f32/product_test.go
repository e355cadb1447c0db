package f32

import "github.com/impasto-go/impasto/tensor/internal/f32/plain"

import "fmt"

// offsets sets offs to a scrambled table with values in [0, 40].
func offsets(offs []float32) {
	for s := range offs {
		ints(offs)[s] = int32(offset(s))
	}
}

func offset(s int) int { return s * 7 % 41 }

// productKernels are the matrix products.
func productKernels() []kernel {
	var ks []kernel
	for _, cols := range []int{16, 32} {
		for _, at := range []int{16, 32, 7} {
			ts, os := 37, 16
			if cols == 32 {
				ts, os = 35, 14*35+3
			}
			ks = append(ks, kernel{name: fmt.Sprintf("Gemm-at%d-cols%d", at, cols), max: 20,
				terms: func(n int) float64 { return float64(n*16) + 1 },
				sizes: func(n int) []int {
					return []int{(Rows()-1)*ts + (cols/16-1)*os + 16, when2(n > 0, 40+(Rows()-1)*at+16), n * 16 * cols, n}
				},
				init: func(n int, b [][]float32) {
					offsets(b[3])
					if n > 0 { // the last float is in use
						ints(b[3])[n-1] = 40
					}
				},
				call: func(n int, b [][]float32) { Gemm(b[0], ts, os, b[1], at, ints(b[3]), b[2], cols) },
				ref: func(rows, n int, b [][]float32) {
					plain.Gemm(rows, b[0], ts, os, b[1], at, ints(b[3]), b[2], cols)
				},
				want: func(n int, b [][]float64) {
					for t := range Rows() {
						for k := range cols {
							var sum float64
							for s := range n {
								off := offset(s)
								if s == n-1 {
									off = 40
								}
								for i := range 16 {
									sum += b[1][off+t*at+i] * b[2][(s*16+i)*cols+k]
								}
							}
							b[0][t*ts+k/16*os+k%16] = sum
						}
					}
				}})
		}
		const os, lda, ldb = 35, 9, 40
		bs := 20
		ks = append(ks, kernel{name: fmt.Sprintf("GemmTN-cols%d", cols), max: 70,
			terms: func(n int) float64 { return float64(n) + 1 },
			sizes: func(n int) []int {
				return []int{7*os + cols, when2(n > 0, (n-1)*lda+8), when2(n > 0, (n-1)*ldb+(cols/16-1)*bs+16)}
			},
			call: func(n int, b [][]float32) { GemmTN(b[0], os, b[1], lda, b[2], ldb, bs, n, cols) },
			want: func(n int, b [][]float64) {
				for c := range 8 {
					for k := range cols {
						for p := range n {
							b[0][c*os+k] += b[1][p*lda+c] * b[2][p*ldb+k/16*bs+k%16]
						}
					}
				}
			}})
	}
	return ks
}

func when2(c bool, v int) int {
	if c {
		return v
	}
	return 0
}

// tapKernels are the convolutions of planar rows.
func tapKernels() []kernel {
	var ks []kernel
	for _, oc := range []int{8, 4, 3, 1} {
		for _, nt := range []int{0, 1, 9} {
			ds := func(n int) int { return n + 5 }
			ks = append(ks, kernel{name: fmt.Sprintf("Taps%d-%d", oc, nt),
				terms: constTerms(float64(nt) + 1),
				sizes: func(n int) []int { // x is exactly as long as Taps demands
					return []int{when2(n > 0, (oc-1)*ds(n)+n), when2(n > 0 && nt > 0, offset(8)+(n+127)&^127), nt * oc, oc, nt}
				},
				init: func(n int, b [][]float32) { tapOffsets(b[4]) },
				call: func(n int, b [][]float32) { Taps(b[0], ds(n), b[1], ints(b[4]), b[2], oc, b[3], n) },
				want: func(n int, b [][]float64) {
					for e := range oc * n {
						o, p := e/n, e%n
						sum := b[3][o]
						for t := range nt {
							sum += b[2][t*oc+o] * b[1][tapOffset(t, nt)+p]
						}
						b[0][o*ds(n)+p] = sum
					}
				}})
		}
		for _, nt := range []int{1, 29} {
			const rows = 3
			dyRow := func(n int) int { return n + 2 }
			xRow := func(n int) int { return n + 9 }
			ds := func(n int) int { return rows*dyRow(n) + 1 }
			ks = append(ks, kernel{name: fmt.Sprintf("TapsGrad%d-%d", oc, nt), max: 70,
				terms: func(n int) float64 { return float64(rows*n) + 1 },
				sizes: func(n int) []int {
					return []int{nt * oc, (oc-1)*ds(n) + (rows-1)*dyRow(n) + n, offset(8) + (rows-1)*xRow(n) + n, nt}
				},
				init: func(n int, b [][]float32) { tapOffsets(b[3]) },
				call: func(n int, b [][]float32) {
					TapsGrad(b[0], oc, b[1], ds(n), dyRow(n), b[2], ints(b[3]), xRow(n), rows, n)
				},
				want: func(n int, b [][]float64) {
					for e := range nt * oc * rows * n {
						t, o, r, p := e/(oc*rows*n), e/(rows*n)%oc, e/n%rows, e%n
						b[0][t*oc+o] += b[1][o*ds(n)+r*dyRow(n)+p] * b[2][tapOffset(t, nt)+r*xRow(n)+p]
					}
				}})
		}
	}
	return ks
}

// tapOffset is the place of tap t of nt: the last is offset(8), the others are
// not above it.
func tapOffset(t, nt int) int {
	if t == nt-1 {
		return offset(8)
	}
	return offset(t) % (offset(8) + 1)
}

func tapOffsets(offs []float32) {
	for t := range offs {
		ints(offs)[t] = int32(tapOffset(t, len(offs)))
	}
}
