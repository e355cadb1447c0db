package f32

import "math"

// kernel describes one exported function to the conformance test.
type kernel struct {
	name  string
	sizes func(n int) []int                // of the float32 buffers, results first
	init  func(n int, b [][]float32)       // sets what must not be random; may be nil
	call  func(n int, b [][]float32)       // runs the function
	want  func(n int, b [][]float64)       // the same in float64, written independently
	terms func(n int) float64              // bound on the sum of |terms| of a result, in units of 1
	max   int                              // largest length; 0 means 257
	exact bool                             // results are copies
	ref   func(rows, n int, b [][]float32) // portable form for special values, if not call
}

func same(k int) func(n int) []int {
	return func(n int) []int {
		s := make([]int, k)
		for i := range s {
			s[i] = n
		}
		return s
	}
}

func constTerms(c float64) func(int) float64 { return func(int) float64 { return c } }

func relu64(x float64) float64 {
	if x < 0 {
		return 0
	}
	return x
}

// when returns x if c holds, else 0.
func when(c bool, x float64) float64 {
	if c {
		return x
	}
	return 0
}

func both(f func(flag bool, suffix string) kernel) []kernel {
	return []kernel{f(false, ""), f(true, "+")}
}

// lanesOf returns the first 16 values of b as an array.
func lanesOf(b []float32) *[16]float32 { return (*[16]float32)(b) }

// put16 and take16 move float64 lane sums in and out of a float32 buffer.
func take16(b []float32) (s [16]float64) {
	for i := range s {
		s[i] = float64(b[i])
	}
	return s
}

func put16(b []float32, s *[16]float64) {
	for i, v := range s {
		b[i] = float32(v)
	}
}

func elementwiseKernels() []kernel {
	ks := []kernel{
		{name: "Add", sizes: same(3), terms: constTerms(2),
			call: func(n int, b [][]float32) { Add(b[0], b[1], b[2]) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][i] = b[1][i] + b[2][i]
				}
			}},
		{name: "AddInPlace", sizes: same(2), terms: constTerms(2),
			call: func(n int, b [][]float32) { Add(b[0], b[0], b[1]) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][i] += b[1][i]
				}
			}},
		{name: "ReLU", sizes: same(2), exact: true,
			call: func(n int, b [][]float32) { ReLU(b[0], b[1]) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][i] = relu64(b[1][i])
				}
			}},
		{name: "Fill", sizes: same(1), exact: true,
			call: func(n int, b [][]float32) { Fill(b[0], 0.5) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][i] = 0.5
				}
			}},
		{name: "Adam", sizes: same(4), terms: constTerms(4),
			init: func(n int, b [][]float32) {
				for i, v := range b[2] {
					b[2][i] = v * v // second moments are not negative
				}
			},
			call: func(n int, b [][]float32) { Adam(b[0], b[1], b[2], b[3], 0.9, 0.75, 0.1, 0.5, 0.125, 0.25, 1.5) },
			want: func(n int, b [][]float64) {
				for i, g := range b[3] {
					b[1][i] = float64(float32(0.9))*b[1][i] + float64(float32(0.1))*g
					b[2][i] = 0.75*b[2][i] + 0.5*g*g
					b[0][i] -= 0.25 * b[1][i] / (math.Sqrt(b[2][i])*1.5 + 0.125)
				}
			}},
		{name: "Interleave2", sizes: func(n int) []int { return []int{2 * n, n, n} }, exact: true,
			call: func(n int, b [][]float32) { Interleave2(b[0], b[1], b[2]) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][2*i], b[0][2*i+1] = b[1][i], b[2][i]
				}
			}},
		{name: "Deinterleave2", sizes: func(n int) []int { return []int{n, n, 2 * n} }, exact: true,
			call: func(n int, b [][]float32) { Deinterleave2(b[0], b[1], b[2]) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][i], b[1][i] = b[2][2*i], b[2][2*i+1]
				}
			}},
	}
	ks = append(ks, both(func(add bool, s string) kernel {
		return kernel{name: "Mul" + s, sizes: same(3), terms: constTerms(2),
			call: func(n int, b [][]float32) { Mul(b[0], b[1], b[2], add) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][i] = when(add, b[0][i]) + b[1][i]*b[2][i]
				}
			}}
	})...)
	ks = append(ks, both(func(add bool, s string) kernel {
		return kernel{name: "Axpy" + s, sizes: same(2), terms: constTerms(2),
			call: func(n int, b [][]float32) { Axpy(b[0], b[1], 0.75, add) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][i] = when(add, b[0][i]) + 0.75*b[1][i]
				}
			}}
	})...)
	ks = append(ks, both(func(add bool, s string) kernel {
		return kernel{name: "ReLUGrad" + s, sizes: same(3), terms: constTerms(2),
			call: func(n int, b [][]float32) { ReLUGrad(b[0], b[1], b[2], add) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][i] = when(add, b[0][i]) + when(b[2][i] > 0, b[1][i])
				}
			}}
	})...)
	ks = append(ks, both(func(add bool, s string) kernel {
		return kernel{name: "SubScale" + s, sizes: same(3), terms: constTerms(3),
			call: func(n int, b [][]float32) { SubScale(b[0], b[1], b[2], 0.75, add) },
			want: func(n int, b [][]float64) {
				for i := range n {
					b[0][i] = when(add, b[0][i]) + 0.75*(b[1][i]-b[2][i])
				}
			}}
	})...)
	return ks
}

func normKernels() []kernel {
	// Values of scale, shift, mean, a, b and c of lane l; powers of two and small
	// sums keep x*scale + shift away from 0, where rounding would decide.
	withLanes := func(buffers, constants int) func(n int) []int {
		return func(n int) []int {
			s := same(buffers)(n)
			for range constants {
				s = append(s, 16)
			}
			return s
		}
	}
	var ks []kernel
	for _, relu := range []bool{false, true} {
		name := map[bool]string{true: "ReLU"}[relu]
		ks = append(ks,
			kernel{name: "ScaleShift" + name, sizes: same(2), terms: constTerms(3),
				call: func(n int, b [][]float32) { ScaleShift(b[0], b[1], nil, 1.5, 0.25, 9, relu) },
				want: func(n int, b [][]float64) {
					for i, x := range b[1] {
						b[0][i] = x*1.5 + 0.25
						if relu {
							b[0][i] = relu64(b[0][i])
						}
					}
				}},
			kernel{name: "ScaleShift16" + name, sizes: withLanes(3, 2), terms: constTerms(4),
				call: func(n int, b [][]float32) { ScaleShift16(b[0], b[1], b[2], b[3], b[4], 0.75, relu) },
				want: func(n int, b [][]float64) {
					for i, x := range b[1] {
						y := x*b[3][i%16] + b[4][i%16]
						if relu {
							y = relu64(y)
						}
						b[0][i] = y + 0.75*b[2][i]
					}
				}},
			kernel{name: "NormGradSums" + name, sizes: func(n int) []int { return []int{2, n, n} },
				terms: func(n int) float64 { return 2*float64(n) + 1 },
				call: func(n int, b [][]float32) {
					s, sx := NormGradSums(b[1], b[2], 1.5, 0.1, 0.3, relu)
					b[0][0], b[0][1] = float32(s), float32(sx)
				},
				want: func(n int, b [][]float64) {
					b[0][0], b[0][1] = 0, 0
					for i, x := range b[2] {
						d := when(!relu || x*1.5+0.1 > 0, b[1][i])
						b[0][0] += d
						b[0][1] += d * (x - 0.3)
					}
				}},
			kernel{name: "NormGradSums16" + name, sizes: func(n int) []int { return []int{32, n, n, 16, 16, 16} },
				terms: func(n int) float64 { return 2*float64(n) + 1 },
				call: func(n int, b [][]float32) {
					s, sx := take16(b[0]), take16(b[0][16:])
					NormGradSums16(&s, &sx, b[1], b[2], lanesOf(b[3]), lanesOf(b[4]), lanesOf(b[5]), relu)
					put16(b[0], &s)
					put16(b[0][16:], &sx)
				},
				want: func(n int, b [][]float64) {
					for i, x := range b[2] {
						l := i % 16
						d := when(!relu || x*b[3][l]+b[4][l] > 0, b[1][i])
						b[0][l] += d
						b[0][16+l] += d * (x - b[5][l])
					}
				}})
		ks = append(ks, both(func(add bool, s string) kernel {
			return kernel{name: "NormGradApply" + name + s, sizes: same(3), terms: constTerms(4),
				call: func(n int, b [][]float32) {
					NormGradApply(b[0], b[1], b[2], 1.5, 0.1, 0.5, 0.25, 0.125, relu, add)
				},
				want: func(n int, b [][]float64) {
					for i, x := range b[2] {
						d := when(!relu || x*1.5+0.1 > 0, b[1][i])
						b[0][i] = when(add, b[0][i]) + 0.5*d + 0.25*x + 0.125
					}
				}}
		})...)
		ks = append(ks, both(func(add bool, s string) kernel {
			return kernel{name: "NormGradApply16" + name + s, sizes: withLanes(3, 5), terms: constTerms(4),
				call: func(n int, b [][]float32) {
					NormGradApply16(b[0], b[1], b[2], lanesOf(b[3]), lanesOf(b[4]), lanesOf(b[5]), lanesOf(b[6]), lanesOf(b[7]), relu, add)
				},
				want: func(n int, b [][]float64) {
					for i, x := range b[2] {
						l := i % 16
						d := when(!relu || x*b[3][l]+b[4][l] > 0, b[1][i])
						b[0][i] = when(add, b[0][i]) + b[5][l]*d + b[6][l]*x + b[7][l]
					}
				}}
		})...)
	}
	return ks
}

func reduceKernels() []kernel {
	total := func(name string, buffers int, call func(b [][]float32) float64, term func(b [][]float64, i int) float64) kernel {
		return kernel{name: name,
			sizes: func(n int) []int { return append([]int{1}, same(buffers)(n)...) },
			terms: func(n int) float64 { return 4*float64(n) + 1 },
			call:  func(n int, b [][]float32) { b[0][0] = float32(call(b)) },
			want: func(n int, b [][]float64) {
				b[0][0] = 0
				for i := range n {
					b[0][0] += term(b, i)
				}
			}}
	}
	return []kernel{
		total("Sum", 1, func(b [][]float32) float64 { return Sum(b[1]) },
			func(b [][]float64, i int) float64 { return b[1][i] }),
		total("SumSq", 1, func(b [][]float32) float64 { return SumSq(b[1]) },
			func(b [][]float64, i int) float64 { return b[1][i] * b[1][i] }),
		total("SqDev", 1, func(b [][]float32) float64 { return SqDev(b[1], 0.75) },
			func(b [][]float64, i int) float64 { return (b[1][i] - 0.75) * (b[1][i] - 0.75) }),
		total("SumSqDiff", 2, func(b [][]float32) float64 { return SumSqDiff(b[1], b[2]) },
			func(b [][]float64, i int) float64 { return (b[1][i] - b[2][i]) * (b[1][i] - b[2][i]) }),
		total("Dot", 2, func(b [][]float32) float64 { return Dot(b[1], b[2]) },
			func(b [][]float64, i int) float64 { return b[1][i] * b[2][i] }),
		{name: "Sum16", sizes: func(n int) []int { return []int{16, n} },
			terms: func(n int) float64 { return float64(n) + 1 },
			call: func(n int, b [][]float32) {
				s := take16(b[0])
				Sum16(&s, b[1])
				put16(b[0], &s)
			},
			want: func(n int, b [][]float64) {
				for i, v := range b[1] {
					b[0][i%16] += v
				}
			}},
		{name: "SqDev16", sizes: func(n int) []int { return []int{16, n, 16} },
			terms: func(n int) float64 { return 4*float64(n) + 1 },
			call: func(n int, b [][]float32) {
				s := take16(b[0])
				SqDev16(&s, b[1], lanesOf(b[2]))
				put16(b[0], &s)
			},
			want: func(n int, b [][]float64) {
				for i, v := range b[1] {
					d := v - b[2][i%16]
					b[0][i%16] += d * d
				}
			}},
	}
}
