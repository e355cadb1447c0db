package main

// rowsApart returns pointers to n rows behind parameter p, as many floats apart as
// parameter step says.
func rowsApart(n int, p, step string) []gp {
	rows, s := []gp{arg(p)}, bytesOf(step)
	for i := 1; i < n; i++ {
		r := newGP()
		op("ADD", s, rows[i-1], r)
		rows = append(rows, r)
	}
	return rows
}

func nested() {
	fn("nestedInput", "v *float32, vs int, x *float32, xs, n int", 0, "is plain.NestedInput.")
	out, in, n := rowsApart(5, "v", "vs"), rowsApart(5, "x", "xs"), arg("n")
	double := constant(2)
	elements("", n, append(in, out...), func(g block) {
		var d [5]vecs
		for i := range d {
			d[i] = g.load(in[i], 0)
		}
		e := newVecs(g.vectors)
		fsub(e, d[3], d[1])
		g.store(e, out[3], 0, false)
		fsub(d[4], d[4], d[2])
		mls(d[4], e, double)
		g.store(d[4], out[4], 0, false)
		fsub(d[0], d[0], d[2])
		mla(e, d[0], double)
		g.store(e, out[0], 0, false)
		fsub(d[0], d[1], d[2])
		fsub(e, d[3], d[2])
		mla(e, d[0], double)
		g.store(e, out[2], 0, false)
		fsub(d[3], d[3], d[2])
		mls(d[3], d[1], double)
		g.store(d[3], out[1], 0, false)
	})

	fn("nestedOutput", "y *float32, ys int, m *float32, ms, n int", 0, "is plain.NestedOutput.")
	out, in, n = rowsApart(3, "y", "ys"), rowsApart(5, "m", "ms"), arg("n")
	double = constant(2)
	quadruple := constant(4)
	elements("", n, append(in, out...), func(g block) {
		var m [5]vecs
		for i := range m {
			m[i] = g.load(in[i], 0)
		}
		p := newVecs(g.vectors)
		fadd(p, m[1], m[2])
		fsub(m[1], m[1], m[2])
		mla(m[1], m[3], double)
		g.store(m[1], out[1], 0, false)
		fadd(m[0], m[0], p)
		fadd(m[0], m[0], m[3])
		g.store(m[0], out[0], 0, false)
		fadd(p, p, m[4])
		mla(p, m[3], quadruple)
		g.store(p, out[2], 0, false)
	})
}
