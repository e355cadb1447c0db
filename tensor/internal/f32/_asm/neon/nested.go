package main

// Both transforms of a square go by columns of 4 floats, the values between them in
// registers.

func nested() {
	fn("nestedInput", "v *float32, vs int, x *float32, xs, n int", 0, "is plain.NestedInput.")
	v, vs, x, xs, n := arg("v"), bytesOf("vs"), arg("x"), bytesOf("xs"), arg("n")
	double := constant(2)
	columns(n, []gp{x, v}, func(g block) {
		var mid [5][5]vecs
		p := copyOf(x)
		var shared []vecs // the last two rows, the first of the next five
		for a := range mid {
			d := shared
			for len(d) < 5 {
				d = append(d, g.load(p, 0))
				op("ADD", xs, p, p)
			}
			shared = nil
			if a < 4 {
				for _, row := range d[3:] {
					c := newVecs(1)
					move(c, row)
					shared = append(shared, c)
				}
			}
			mid[a] = nestedInputStep(d, double)
		}
		o, q := newGP(), copyOf(v)
		for b := range mid {
			op("MOVD", q, o)
			if b < 4 {
				op("ADD", vs, q, q)
			}
			for a, r := range nestedInputStep([]vecs{mid[0][b], mid[1][b], mid[2][b], mid[3][b], mid[4][b]}, double) {
				g.store(r, o, 0, false)
				free(r...)
				if a < 4 {
					op("ADD", shifted(vs), o, o)
					op("ADD", vs, o, o)
				}
			}
		}
	})

	fn("nestedOutput", "y *float32, ys int, m *float32, ms, n int", 0, "is plain.NestedOutput.")
	y, ys, m, ms, n := arg("y"), bytesOf("ys"), arg("m"), bytesOf("ms"), arg("n")
	double = constant(2)
	quadruple := constant(4)
	columns(n, []gp{m, y}, func(g block) {
		var mid [5][3]vecs
		p, q := newGP(), copyOf(m)
		for b := range mid {
			op("MOVD", q, p)
			if b < 4 {
				op("ADD", ms, q, q)
			}
			var d []vecs
			for a := range 5 {
				d = append(d, g.load(p, 0))
				if a < 4 {
					op("ADD", shifted(ms), p, p)
					op("ADD", ms, p, p)
				}
			}
			mid[b] = nestedOutputStep(d, double, quadruple)
		}
		o := copyOf(y)
		for a := range 3 {
			for _, r := range nestedOutputStep([]vecs{mid[0][a], mid[1][a], mid[2][a], mid[3][a], mid[4][a]}, double, quadruple) {
				g.store(r, o, 0, false)
				free(r...)
				op("ADD", ys, o, o)
			}
		}
	})
}

// columns emits loops like those of elements, without a turn of 4 vectors.
func columns(n gp, ptrs []gp, body func(g block)) {
	all := blocks
	blocks = all[1:]
	elements("", n, ptrs, body)
	blocks = all
}

// nestedInputStep applies Bᵀ of F(3, 3) to 5 values, whose registers it takes over.
func nestedInputStep(d []vecs, double vecs) [5]vecs {
	e := newVecs(1)
	fsub(e, d[3], d[1])
	fsub(d[4], d[4], d[2])
	mls(d[4], e, double)
	fsub(d[0], d[0], d[2])
	v0 := newVecs(1)
	move(v0, e)
	mla(v0, d[0], double)
	fsub(d[0], d[1], d[2])
	fsub(d[3], d[3], d[2])
	move(d[2], d[3])
	mla(d[2], d[0], double)
	mls(d[3], d[1], double)
	free(d[0]...)
	free(d[1]...)
	return [5]vecs{v0, d[3], d[2], e, d[4]}
}

// nestedOutputStep applies Aᵀ of F(3, 3) to 5 values, whose registers it takes over.
func nestedOutputStep(m []vecs, double, quadruple vecs) [3]vecs {
	p := newVecs(1)
	fadd(p, m[1], m[2])
	fsub(m[1], m[1], m[2])
	mla(m[1], m[3], double)
	fadd(m[0], m[0], p)
	fadd(m[0], m[0], m[3])
	fadd(p, p, m[4])
	mla(p, m[3], quadruple)
	free(m[2]...)
	free(m[3]...)
	free(m[4]...)
	return [3]vecs{m[0], m[1], p}
}
