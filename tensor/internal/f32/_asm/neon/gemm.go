package main

import "fmt"

// gemm writes the matrix product: a call's 12 rows are two passes of 6 rows for
// every 16 columns. A pass keeps 24 sums in registers. For every 4 terms it loads
// 6 vectors of a, whose lanes multiply whole vectors, and 16 of u: 22 loads (14
// instructions, as u comes in pairs) for 96 multiply-adds, 0.23 loads each. All
// 32 registers are in use: 24 + 6 + 2.
func gemm() {
	fn("gemm", "out *float32, ts, os int, a *float32, at int, offs *int32, segs int, u *float32, cols int", 0,
		"is plain.Gemm with 12 rows. segs, the length of offs, is above 0.")
	out, a, u, left := arg("out"), arg("a"), arg("u"), arg("cols")
	ts, os, step, line := bytesOf("ts"), bytesOf("os"), bytesOf("at"), bytesOf("cols")
	label("columns")
	pa, o, passes := copyOf(a), copyOf(out), newGP()
	op("MOVD", "$2", passes)
	label("rows")
	acc := tile(6, 4)
	pu, offs, segs, terms := copyOf(u), arg("offs"), arg("segs"), newGP()
	var p [6]gp
	for t := range p {
		p[t] = newGP()
	}
	label("segments")
	offset(offs, pa, p[0])
	for t := 1; t < len(p); t++ {
		op("ADD", step, p[t-1], p[t])
	}
	x, b := newVecs(6), newVecs(2)
	op("MOVD", "$16", terms)
	label("four")
	for t := range p {
		op("FMOVQ.P", at(p[t], 16), x[t].f())
	}
	for i := range 4 {
		for k := 0; k < 4; k += 2 {
			load(b, pu, 16*k)
			for j := range b {
				for t := range acc {
					mlaLane(acc[t][k+j], b[j], x[t], i)
				}
			}
		}
		op("ADD", line, pu, pu)
	}
	down(terms, 4, "four")
	down(segs, 1, "segments")
	for t := range acc {
		store(acc[t], o, 0)
		op("ADD", ts, o, o)
	}
	for range acc {
		op("ADD", step, pa, pa)
	}
	down(passes, 1, "rows")
	op("ADD", os, out, out)
	op("ADD", "$64", u, u)
	down(left, 16, "columns")
	ret()
}

// tile returns rows x cols sums, cleared.
func tile(rows, cols int) []vecs {
	acc := make([]vecs, rows)
	for t := range acc {
		acc[t] = newVecs(cols)
		zero(acc[t]...)
	}
	return acc
}

// gemmTN writes the product with a transposed, 8 rows by 8 columns at a time: 2
// loads of 2 vectors for 16 multiply-adds, 0.25 loads each.
func gemmTN() {
	fn("gemmTN", "out *float32, os int, a *float32, lda int, b *float32, ldb, bs, n, cols int", 0,
		"is plain.GemmTN for n above 0.")
	out, b, left := arg("out"), arg("b"), arg("cols")
	os, lda, ldb, bs := bytesOf("os"), bytesOf("lda"), bytesOf("ldb"), bytesOf("bs")
	op("SUB", "$64", bs, bs)
	label("columns")
	acc := tile(8, 2)
	pa, pb, n := arg("a"), copyOf(b), arg("n")
	x, y := newVecs(2), newVecs(2)
	label("terms")
	op("VLD1.P", fmt.Sprintf("(%v)(%v)", pa, lda), x.list())
	op("VLD1.P", fmt.Sprintf("(%v)(%v)", pb, ldb), y.list())
	for c := range acc {
		for k := range y {
			mlaLane(acc[c][k], y[k], x[c/4], c%4)
		}
	}
	down(n, 1, "terms")
	o := copyOf(out)
	for c := range acc {
		load(x, o, 0)
		fadd(x, x, acc[c])
		store(x, o, 0)
		op("ADD", os, o, o)
	}
	op("ADD", "$32", out, out)
	op("ADD", "$32", b, b)
	op("SUB", "$8", left, left)
	comment("The second 16 columns of b lie bs further.")
	op("TBNZ", "$3", left, "columns")
	op("ADD", bs, b, b)
	op("CBNZ", left, "columns")
	ret()
}
