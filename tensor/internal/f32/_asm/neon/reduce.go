package main

func reduce() {
	fn("sum16", "sum *[16]float64, x *float32, n int", 0, "is plain.Sum16 of n floats, n above 0.")
	x := arg("x")
	reduction([]string{"sum"}, []gp{x}, func(g block, acc []vecs) {
		fadd(acc[0], acc[0], g.load(x, 0))
	})

	fn("sqDev16", "sum *[16]float64, x *float32, mean *[16]float32, n int", 0, "is plain.SqDev16 of n floats, n above 0.")
	x = arg("x")
	mean := channelsOf("mean")
	reduction([]string{"sum"}, []gp{x}, func(g block, acc []vecs) {
		v := g.load(x, 0)
		fsub(v, v, mean.of(g))
		mla(acc[0], v, v)
	})

	fn("sumSqDiff", "sum *[16]float64, a, b *float32, n int", 0, "is plain.SumSqDiff of n floats, n above 0.")
	a, b := arg("a"), arg("b")
	reduction([]string{"sum"}, []gp{a, b}, func(g block, acc []vecs) {
		v, w := g.load(a, 0), g.load(b, 0)
		fsub(v, v, w)
		mla(acc[0], v, v)
	})

	fn("dot", "sum *[16]float64, a, b *float32, n int", 0, "is plain.Dot of n floats, n above 0.")
	a, b = arg("a"), arg("b")
	reduction([]string{"sum"}, []gp{a, b}, func(g block, acc []vecs) {
		mla(acc[0], g.load(a, 0), g.load(b, 0))
	})
}

// turns is the number of blocks of 16 floats whose lanes are summed in float32:
// few enough to add little rounding to that of the terms.
const turns = 64

// reduction emits loops over the n floats behind the pointers, in which body
// adds to float32 sums, one block for each of the parameters sums, to whose 16
// float64 lanes they are added after turns blocks. The last n%16 floats go there
// one by one.
func reduction(sums []string, ptrs []gp, body func(g block, acc []vecs)) {
	n, left, taken, count := arg("n"), newGP(), newGP(), newGP()
	out := make([]gp, len(sums))
	acc := make([]vecs, len(sums))
	for i, name := range sums {
		out[i], acc[i] = arg(name), newVecs(4)
	}
	whole, single := blocks[0], blocks[2]
	advance := func(bytes int) {
		for _, p := range ptrs {
			op("ADD", imm(bytes), p, p)
		}
	}
	op("LSR", "$4", n, left)
	op("CBZ", left, "tail")
	label("pieces")
	op("MOVD", imm(turns), taken)
	op("CMP", taken, left)
	op("CSEL", "LT", left, taken, taken)
	op("MOVD", taken, count)
	for _, a := range acc {
		zero(a...)
	}
	label("blocks")
	inScope(func() { body(whole, acc) })
	advance(64)
	down(count, 1, "blocks")
	inScope(func() {
		pair := newVecs(2)
		for i := range acc {
			for k, v := range acc[i] {
				load(pair, out[i], 32*k)
				wide := newVec()
				for half, convert := range []string{"fcvtl", "fcvtl2"} {
					two(convert, vecs{wide}, vecs{v})
					three("fadd.2d", pair[half:][:1], pair[half:], vecs{wide})
				}
				free(wide)
				store(pair, out[i], 32*k)
			}
		}
	})
	op("SUB", taken, left, left)
	op("CBNZ", left, "pieces")
	label("tail")
	op("ANDS", "$15", n, n)
	op("BEQ", "end")
	label("singles")
	first := make([]vecs, len(acc))
	for i := range acc {
		first[i] = acc[i][:1]
		zero(first[i]...)
	}
	inScope(func() { body(single, first) })
	advance(4)
	total := newVec()
	for i, v := range first {
		op("FCVTSD", v[0].f(), v[0].f())
		op("FMOVD", at(out[i], 0), total.f())
		op("FADDD", v[0].f(), total.f(), total.f())
		op("FMOVD.P", total.f(), at(out[i], 8))
	}
	down(n, 1, "singles")
	label("end")
	ret()
}
