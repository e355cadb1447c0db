package main

func upsampled() {
	fn("upsampledInput", "v *float32, vs int, x *float32, xs, n int", 0, "is plain.UpsampledInput for n above 0.")
	v0, vs, a, xs, n := arg("v"), bytesOf("vs"), arg("x"), bytesOf("xs"), arg("n")
	v1, v2, b := newGP(), newGP(), newGP()
	op("ADD", vs, v0, v1)
	op("ADD", vs, v1, v2)
	op("ADD", xs, a, b)
	elements("", n, []gp{a, b, v0, v1, v2}, func(g block) {
		a0, a1, b0, b1 := g.load(a, 0), g.beside(a), g.load(b, 0), g.beside(b)
		fsub(b1, b1, b0)
		g.store(b1, v0, 0, false)
		fsub(b0, b0, a0)
		g.store(b0, v1, 0, false)
		fsub(a1, a1, a0)
		fsub(b1, b1, a1)
		g.store(b1, v2, 0, false)
	})

	fn("upsampledOutput", "y *float32, ys int, m *float32, ms, n int", 0, "is plain.UpsampledOutput for n above 0.")
	y, ys, m, ms, n := arg("y"), bytesOf("ys"), arg("m"), bytesOf("ms"), arg("n")
	rows := []gp{m}
	for i := 1; i < 9; i++ {
		r := newGP()
		op("ADD", ms, rows[i-1], r)
		rows = append(rows, r)
	}
	below, quarters := newGP(), newGP()
	op("ADD", ys, y, below)
	op("LSL", "$2", n, quarters)
	pair := newVecs(2) // neighbors
	label("quarters")
	var s, e, o vecs
	for i := range 3 {
		v := newVecs(3)
		for k := range v {
			op("FMOVQ.P", at(rows[3*k+i], 16), v[k].f())
		}
		fsub(v[1:2], v[:1], v[1:2])
		fadd(v[2:], v[:1], v[2:])
		s, e, o = append(s, v[0]), append(e, v[1]), append(o, v[2])
	}
	free(s...)
	for _, r := range []vecs{e, o} {
		p := below
		if r[0] == e[0] {
			p = y
		}
		fsub(pair[:1], r[:1], r[1:2])
		fadd(pair[1:], r[:1], r[2:])
		op("VST2.P", pair.list(), at(p, 32))
	}
	down(quarters, 1, "quarters")
	ret()
}

// beside reads a block from one float after p on.
func (b block) beside(p gp) vecs {
	q := newGP()
	op("ADD", "$4", p, q)
	return b.load(q, 0)
}
