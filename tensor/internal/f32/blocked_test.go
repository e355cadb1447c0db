package f32

import "math"

// winogradB and winogradA are Bᵀ and Aᵀ of F(4x4, 3x3).
var (
	winogradB = [6][6]float64{
		{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
		{0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1},
	}
	winogradA = [4][6]float64{
		{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1},
	}
)

func b6(i, j int) float64  { return winogradB[i][j] }
func a46(i, j int) float64 { return winogradA[i][j] }
func a64(i, j int) float64 { return winogradA[j][i] }

// sandwich returns element (i, j) of M d Mᵀ for a size x size matrix d.
func sandwich(m func(i, j int) float64, size, i, j int, d func(k, l int) float64) (s float64) {
	for k := range size {
		for l := range size {
			if c := m(i, k) * m(j, l); c != 0 {
				s += c * d(k, l)
			}
		}
	}
	return s
}

func winogradKernels() []kernel {
	const rs, gap = 7*16 + 3, 5
	// Strides leave gaps, which must stay as they are.
	fs := func(n int) int { return n*16 + gap }
	row := func(n int) int { return n*64 + rs }
	sizes := func(size, sources int) func(n int) []int {
		return func(n int) []int {
			if n == 0 {
				return make([]int, 1+sources)
			}
			s := []int{35*fs(n) + n*16}
			for range sources {
				s = append(s, (n-1)*64+(size-1)*row(n)+size*16)
			}
			return s
		}
	}
	want := func(m func(i, j int) float64, size int) func(n int, b [][]float64) {
		return func(n int, b [][]float64) {
			for e := range n * 36 * 16 {
				q, i, j, l := e/576, e/96%6, e/16%6, e%16
				b[0][q*16+(i*6+j)*fs(n)+l] = sandwich(m, size, i, j, func(k, c int) float64 {
					at := q*64 + k*row(n) + c*16 + l
					return when(len(b) == 2 || b[len(b)-1][at] > 0, b[1][at])
				})
			}
		}
	}
	ks := []kernel{
		{name: "WinogradInput", sizes: sizes(6, 1), max: 9, terms: constTerms(100), want: want(b6, 6),
			call: func(n int, b [][]float32) { WinogradInput(b[0], fs(n), b[1], row(n), n) }},
		{name: "WinogradInputMasked", sizes: sizes(6, 2), max: 9, terms: constTerms(100), want: want(b6, 6),
			call: func(n int, b [][]float32) { WinogradInputMasked(b[0], fs(n), b[1], b[2], row(n), n) }},
		{name: "WinogradGradOutput", sizes: sizes(4, 1), max: 9, terms: constTerms(225), want: want(a64, 4),
			call: func(n int, b [][]float32) { WinogradGradOutput(b[0], fs(n), b[1], row(n), n) }},
		{name: "WinogradGradOutputMasked", sizes: sizes(4, 2), max: 9, terms: constTerms(225), want: want(a64, 4),
			call: func(n int, b [][]float32) { WinogradGradOutputMasked(b[0], fs(n), b[1], b[2], row(n), n) }},
	}
	const us = 16 + gap
	ks = append(ks, kernel{
		name: "WinogradWeights", max: 9, terms: constTerms(9),
		sizes: func(n int) []int {
			if n == 0 {
				return []int{0, 0}
			}
			return []int{(n-1)*us + 35*fs(n) + 16, n * 144}
		},
		want: func(n int, b [][]float64) {
			for e := range n * 36 * 16 {
				q, f, l := e/576, e/16%36, e%16
				var sum float64
				for t := range 9 {
					sum += winogradG[f/6][t/3] * winogradG[f%6][t%3] * b[1][q*144+t*16+l]
				}
				b[0][q*us+f*fs(n)+l] = sum
			}
		},
		call: func(n int, b [][]float32) { WinogradWeights(b[0], fs(n), us, b[1], n) },
	})
	const ms = 36*16 + gap
	for _, mode := range []Mode{Store, StoreReLU, Accumulate} {
		for _, biased := range []bool{false, true} {
			ks = append(ks, kernel{
				name:  "WinogradOutput" + string(rune('0'+mode)) + map[bool]string{true: "Bias"}[biased],
				terms: constTerms(400), max: 9,
				sizes: func(n int) []int {
					if n == 0 {
						return []int{0, 0, 16}
					}
					return []int{(n-1)*64 + 3*row(n) + 64, (n-1)*ms + 576, 16}
				},
				call: func(n int, b [][]float32) {
					bias := b[2]
					if !biased {
						bias = nil
					}
					WinogradOutput(b[0], row(n), b[1], ms, n, bias, mode)
				},
				want: func(n int, b [][]float64) {
					for e := range n * 16 * 16 {
						q, i, j, l := e/256, e/64%4, e/16%4, e%16
						o := sandwich(a46, 6, i, j, func(k, c int) float64 { return b[1][q*ms+(k*6+c)*16+l] })
						o += when(biased, b[2][l])
						d := &b[0][q*64+i*row(n)+j*16+l]
						switch mode {
						case Store:
							*d = o
						case StoreReLU:
							*d = relu64(o)
						case Accumulate:
							*d += o
						}
					}
				}})
		}
	}
	return ks
}

func layoutKernels() []kernel {
	var ks []kernel
	for c := range 17 {
		plane := func(n int) int { return n + 3 }
		planes := func(n int) int { return max(0, (c-1)*plane(n)+n) }
		ks = append(ks,
			kernel{name: "ToBlocked" + string(rune('a'+c)), exact: true, max: 70,
				sizes: func(n int) []int { return []int{16 * n, planes(n)} },
				call:  func(n int, b [][]float32) { ToBlocked(b[0], b[1], plane(n), n, c) },
				want: func(n int, b [][]float64) {
					for i := range b[0] {
						b[0][i] = 0
						if i%16 < c {
							b[0][i] = b[1][i%16*plane(n)+i/16]
						}
					}
				}},
			kernel{name: "FromBlocked" + string(rune('a'+c)), exact: true, max: 70,
				sizes: func(n int) []int { return []int{planes(n), 16 * n} },
				call:  func(n int, b [][]float32) { FromBlocked(b[0], plane(n), b[1], n, c) },
				want: func(n int, b [][]float64) {
					for i, v := range b[1] {
						if i%16 < c {
							b[0][i%16*plane(n)+i/16] = v
						}
					}
				}})
	}
	pairs := func(n int) []int { return []int{32 * n, 32 * n} }
	return append(ks,
		kernel{name: "SplitPairs", exact: true, max: 40, sizes: pairs,
			call: func(n int, b [][]float32) { SplitPairs(b[0], b[1], n) },
			want: func(n int, b [][]float64) {
				for i, v := range b[1] {
					b[0][i/32*32+i%2*16+i%32/2] = v
				}
			}},
		kernel{name: "JoinPairs", exact: true, max: 40, sizes: pairs,
			call: func(n int, b [][]float32) { JoinPairs(b[0], b[1], n) },
			want: func(n int, b [][]float64) {
				for i := range b[0] {
					b[0][i] = b[1][i/32*32+i%2*16+i%32/2]
				}
			}},
		kernel{name: "Stream", exact: true, sizes: same(2),
			call: func(n int, b [][]float32) { Stream(b[0], b[1]) },
			want: func(n int, b [][]float64) { copy(b[0], b[1]) }})
}

// window returns the places of the 4 elements of output i's pooling window: row
// and index.
func window(i int) [4][2]int {
	j := i/16*32 + i%16
	return [4][2]int{{0, j}, {0, j + 16}, {1, j}, {1, j + 16}}
}

func poolKernels() []kernel {
	ks := []kernel{{name: "MaxPool16", exact: true, max: 40,
		sizes: func(n int) []int { return []int{16 * n, 32 * n, 32 * n} },
		call:  func(n int, b [][]float32) { MaxPool16(b[0], b[1], b[2], n) },
		want: func(n int, b [][]float64) {
			for i := range b[0] {
				b[0][i] = math.Inf(-1)
				for _, w := range window(i) {
					b[0][i] = math.Max(b[0][i], b[1+w[0]][w[1]])
				}
			}
		}}}
	return append(ks, both(func(add bool, s string) kernel {
		return kernel{name: "MaxPoolGrad16" + s, terms: constTerms(2), max: 40,
			sizes: func(n int) []int { return []int{32 * n, 32 * n, 16 * n, 32 * n, 32 * n} },
			init: func(n int, b [][]float32) { // make ties
				for _, x := range b[3:] {
					for i, v := range x {
						x[i] = float32(math.Round(float64(v * 2)))
					}
				}
			},
			call: func(n int, b [][]float32) { MaxPoolGrad16(b[0], b[1], b[2], b[3], b[4], n, add) },
			want: func(n int, b [][]float64) {
				for i, d := range b[2] {
					best, top := 0, math.Inf(-1)
					for k, w := range window(i) {
						if v := b[3+w[0]][w[1]]; v > top {
							best, top = k, v
						}
					}
					for k, w := range window(i) {
						p := &b[w[0]][w[1]]
						*p = when(add, *p) + when(k == best, d)
					}
				}
			}}
	})...)
}

func upsampleKernels() []kernel {
	ks := []kernel{{name: "Upsample16", exact: true, max: 40,
		sizes: func(n int) []int { return []int{32 * n, 16 * n} },
		call:  func(n int, b [][]float32) { Upsample16(b[0], b[1], n) },
		want: func(n int, b [][]float64) {
			for i := range b[0] {
				b[0][i] = b[1][i/32*16+i%16]
			}
		}}}
	ks = append(ks, kernel{name: "UpsampledInput", terms: constTerms(4),
		sizes: func(n int) []int { return []int{2*(n+3) + n, n + 2 + n + 1} },
		call:  func(n int, b [][]float32) { UpsampledInput(b[0], n+3, b[1], n+2, n) },
		want: func(n int, b [][]float64) {
			for i := range n {
				x := func(row, col int) float64 { return b[1][row*(n+2)+i+col] }
				b[0][i], b[0][n+3+i] = x(1, 1)-x(1, 0), x(1, 0)-x(0, 0)
				b[0][2*(n+3)+i] = x(1, 1) - x(1, 0) - x(0, 1) + x(0, 0)
			}
		}}, kernel{name: "UpsampledOutput", terms: constTerms(4),
		sizes: func(n int) []int { return []int{4*n + 5, 8*(n+1) + n} },
		call:  func(n int, b [][]float32) { UpsampledOutput(b[0], 2*n+5, b[1], n+1, n) },
		want: func(n int, b [][]float64) {
			// The weights of the products of a row of kernels in both results.
			weights := [2][3]float64{{1, -1, 0}, {1, 0, 1}}
			for i := range 4 * n {
				row, col, x := i/(2*n), i%2, i%(2*n)/2
				at := row*(2*n+5) + i%(2*n)
				b[0][at] = 0
				for p := range 9 {
					b[0][at] += weights[row][p/3] * weights[col][p%3] * b[1][p*(n+1)+x]
				}
			}
		}})
	return append(ks, both(func(add bool, s string) kernel {
		return kernel{name: "UpsampleGrad16" + s, terms: constTerms(5), max: 40,
			sizes: func(n int) []int { return []int{16 * n, 32 * n, 32 * n} },
			call:  func(n int, b [][]float32) { UpsampleGrad16(b[0], b[1], b[2], n, add) },
			want: func(n int, b [][]float64) {
				for i, old := range b[0] {
					b[0][i] = when(add, old)
					for _, w := range window(i) {
						b[0][i] += b[1+w[0]][w[1]]
					}
				}
			}}
	})...)
}
