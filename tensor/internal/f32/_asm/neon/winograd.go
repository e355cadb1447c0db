package main

import "fmt"

// Winograd transforms work on one tile and 4 channels at a time: first all
// columns, then all rows. 36 intermediate values and their scratch do not fit 32
// registers: of 6 columns of 6 values, the last two wait on the stack.

// kept is the largest number of columns of 6 values kept in registers.
const kept = 4

// frame is the size of the scratch area: two columns and alignment.
const frame = 2*6*16 + 16

// quarters emits loops over the n tiles and the 4 vectors of a pixel; body
// handles one vector. Each pointer moves by its step, a register or immediate,
// from tile to tile.
func quarters(ptrs []gp, steps []any, body func()) {
	n, quarter := arg("n"), newGP()
	label("tiles")
	op("MOVD", "$4", quarter)
	label("quarter")
	inScope(body)
	for _, p := range ptrs {
		op("ADD", "$16", p, p)
	}
	down(quarter, 1, "quarter")
	for i, p := range ptrs {
		op("SUB", "$64", p, p)
		op("ADD", steps[i], p, p)
	}
	down(n, 1, "tiles")
	ret()
}

func winograd() {
	for _, masked := range []bool{false, true} {
		c4, c5 := vecs(nil), vecs(nil)
		toFrequencies("winogradInput", "x", masked, 6, func() { c4, c5 = constant(4), constant(5) },
			func(d vecs) vecs { return inputStep(d, c4, c5) })
	}
	winogradWeights()
	winogradOutput()
	for _, masked := range []bool{false, true} {
		c4 := vecs(nil)
		toFrequencies("winogradGradOutput", "dy", masked, 4, func() { c4 = constant(4) },
			func(d vecs) vecs { return gradOutputStep(d, c4) })
	}
}

// toFrequencies writes a transform of tiles of size pixels square to 36
// frequencies; step applies its matrix to one column or row.
func toFrequencies(name, src string, masked bool, size int, constants func(), step func(vecs) vecs) {
	list := "v *float32, fs int, " + src + " *float32, rs, n int"
	if masked {
		name += "Masked"
		list = "v *float32, fs int, " + src + ", y *float32, rs, n int"
	}
	area := 0
	if size > kept {
		area = frame
	}
	fn(name, list, area, "is "+portable(name)+" for n above 0.")
	v, fs, x, rs := arg("v"), bytesOf("fs"), arg(src), bytesOf("rs")
	ptrs, steps := []gp{x, v}, []any{"$256", "$64"}
	var y gp
	if masked {
		y = arg("y")
		ptrs, steps = append(ptrs, y), append(steps, "$256")
	}
	var scratch gp
	if area > 0 {
		scratch = newGP()
		op("MOVD", fmt.Sprintf("$scratch-%d(SP)", frame), scratch)
		op("ADD", "$15", scratch, scratch)
		op("AND", "$~15", scratch, scratch)
	}
	constants()
	quarters(ptrs, steps, func() {
		mid := make([]vecs, size)
		px, py := newGP(), newGP()
		for j := size - 1; j >= 0; j-- {
			op("ADD", imm(64*j), x, px)
			if masked {
				op("ADD", imm(64*j), y, py)
			}
			d := newVecs(size)
			for i := range d {
				op("VLD1.P", fmt.Sprintf("(%v)(%v)", px, rs), d[i:][:1].list())
				if masked {
					m := newVecs(1)
					op("VLD1.P", fmt.Sprintf("(%v)(%v)", py, rs), m.list())
					two("fcmgt0", m, m)
					and(d[i:][:1], d[i:], m)
					free(m...)
				}
			}
			mid[j] = step(d)
			if j >= kept {
				store(mid[j], scratch, (j-kept)*6*16)
				free(mid[j]...)
			}
		}
		storeFrequencies(v, fs, mid, scratch, step)
	})
}

// storeFrequencies applies step to the rows of the columns mid, of which those
// from kept on wait in scratch, and stores the values fs apart from v on.
func storeFrequencies(v, fs gp, mid []vecs, scratch gp, step func(vecs) vecs) {
	p := copyOf(v)
	for i := range 6 {
		row := make(vecs, len(mid))
		for j := range row {
			if j < kept {
				row[j] = mid[j][i]
				continue
			}
			row[j] = newVec()
			load(row[j:][:1], scratch, ((j-kept)*6+i)*16)
		}
		row = step(row)
		for j := range row {
			op("VST1.P", row[j:][:1].list(), fmt.Sprintf("(%v)(%v)", p, fs))
		}
		free(row...)
	}
}

func winogradWeights() {
	fn("winogradWeights", "u *float32, fs, us int, w *float32, n int", 0, "is plain.WinogradWeights for n above 0.")
	u, fs, us, w := arg("u"), bytesOf("fs"), bytesOf("us"), arg("w")
	c4, c14, c16, c124 := constant(4), constant(.25), constant(-1./6), constant(1./24)
	step := func(g vecs) vecs { return weightsStep(g, c4, c14, c16, c124) }
	quarters([]gp{w, u}, []any{"$576", us}, func() {
		mid := make([]vecs, 3)
		for j := range mid {
			g := newVecs(3)
			for i := range g {
				load(g[i:][:1], w, 64*(3*i+j))
			}
			mid[j] = step(g)
		}
		storeFrequencies(u, fs, mid, 0, step)
	})
}

// weightsStep applies G to 3 values, whose registers it takes over.
func weightsStep(v, c4, quarter, minusSixth, twentyFourth vecs) vecs {
	g0, g1, g2 := v[:1], v[1:2], v[2:3]
	v0, v1, v3 := newVecs(1), newVecs(1), newVecs(1)
	fmul(v0, g0, quarter)
	move(v3, g0)
	mla(v3, g2, c4)  // b = g0 + 4 g2
	fadd(g0, g0, g2) // a = g0 + g2
	fadd(v1, g0, g1)
	fmul(v1, v1, minusSixth) // -(a + g1)/6
	fsub(g0, g0, g1)
	fmul(g0, g0, minusSixth) // -(a - g1)/6
	fadd(g1, g1, g1)
	v4 := newVecs(1)
	fsub(v4, v3, g1)
	fmul(v4, v4, twentyFourth) // (b - 2 g1)/24
	fadd(v3, v3, g1)
	fmul(v3, v3, twentyFourth) // (b + 2 g1)/24
	free(g1...)
	return vecs{v0[0], v1[0], g0[0], v3[0], v4[0], g2[0]}
}

// inputStep applies Bᵀ to 6 values, whose registers it takes over.
func inputStep(v, c4, c5 vecs) vecs {
	d0, d1, d2, d3, d4, d5 := v[:1], v[1:2], v[2:3], v[3:4], v[4:5], v[5:6]
	t := newVecs(1)
	move(t, d4)
	mla(t, d0, c4)
	mls(t, d2, c5) // 4 d0 - 5 d2 + d4
	mla(d5, d1, c4)
	mls(d5, d3, c5)  // 4 d1 - 5 d3 + d5
	fsub(d0, d4, d2) // g = d4 - d2
	mls(d4, d2, c4)  // e = d4 - 4 d2
	fsub(d2, d3, d1)
	fadd(d2, d2, d2) // h = 2 (d3 - d1)
	mls(d3, d1, c4)  // f = d3 - 4 d1
	fadd(d1, d4, d3) // e + f
	fsub(d4, d4, d3) // e - f
	fadd(d3, d0, d2) // g + h
	fsub(d0, d0, d2) // g - h
	free(d2...)
	return vecs{t[0], d1[0], d4[0], d3[0], d0[0], d5[0]}
}

// gradOutputStep applies A to 4 values, whose registers it takes over.
func gradOutputStep(v, c4 vecs) vecs {
	d0, d1, d2, d3 := v[:1], v[1:2], v[2:3], v[3:4]
	e, f, g := newVecs(1), newVecs(1), newVecs(1)
	fadd(e, d0, d2)
	fadd(f, d1, d3)
	move(g, d0)
	mla(g, d2, c4) // g = d0 + 4 d2
	mla(d1, d3, c4)
	fadd(d1, d1, d1) // h = 2 (d1 + 4 d3)
	fadd(d2, e, f)   // e + f
	fsub(e, e, f)    // e - f
	fadd(f, g, d1)   // g + h
	fsub(g, g, d1)   // g - h
	free(d1...)
	return vecs{d0[0], d2[0], e[0], f[0], g[0], d3[0]}
}

// outputStep applies Aᵀ to 6 values, whose registers it takes over.
func outputStep(v, c2, c4, c8 vecs) vecs {
	m0, b, c, d, m4, m5 := v[:1], v[1:2], v[2:3], v[3:4], v[4:5], v[5:6]
	a := newVecs(1)
	fadd(a, b, c) // a = m1 + m2
	fsub(b, b, c) // b = m1 - m2
	fadd(c, d, m4)
	fsub(d, d, m4) // c, d = m3 + m4, m3 - m4
	fadd(m0, m0, a)
	fadd(m0, m0, c) // m0 + a + c
	fadd(m5, m5, b)
	mla(m5, d, c8) // b + 8 d + m5
	mla(b, d, c2)  // b + 2 d
	mla(a, c, c4)  // a + 4 c
	free(c[0], d[0], m4[0])
	return vecs{m0[0], b[0], a[0], m5[0]}
}

func winogradOutput() {
	fn("winogradOutput", "dst *float32, rs int, m *float32, ms, n int, bias *[16]float32, mode int", 0,
		"is plain.WinogradOutput for n above 0.")
	dst, rs, m, ms, bias, mode := arg("dst"), bytesOf("rs"), arg("m"), bytesOf("ms"), arg("bias"), arg("mode")
	c2, c4, c8 := constant(2), constant(4), constant(8)
	quarters([]gp{dst, m, bias}, []any{"$256", ms, "$0"}, func() {
		var mid [6]vecs
		for j := range mid {
			d := newVecs(6)
			for i := range d {
				load(d[i:][:1], m, 64*(6*i+j))
			}
			mid[j] = outputStep(d, c2, c4, c8)
		}
		o := copyOf(dst)
		for i := range 4 {
			row := make(vecs, 6)
			for j := range row {
				row[j] = mid[j][i]
			}
			row = outputStep(row, c2, c4, c8)
			b := newVecs(1)
			load(b, bias, 0)
			fadd(row, row, b)
			free(b...)
			finish(fmt.Sprintf("row%d", i), row, o, mode)
			free(row...)
			op("ADD", rs, o, o)
		}
	})
}

// finish stores 4 neighboring pixels as mode says.
func finish(name string, row vecs, o, mode gp) {
	op("CBZ", mode, name)
	op("CMP", "$1", mode)
	op("BEQ", name+"relu")
	old := newVecs(4)
	for j := range old {
		load(old[j:][:1], o, 64*j)
	}
	fadd(row, row, old)
	op("B", name)
	label(name + "relu")
	zero(old[0])
	fmax(row, row, old[:1])
	label(name)
	for j := range row {
		store(row[j:][:1], o, 64*j)
	}
	free(old...)
}
