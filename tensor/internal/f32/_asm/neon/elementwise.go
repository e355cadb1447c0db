package main

func elementwise() {
	fn("add", "dst, a, b *float32, n int", 0, "is plain.Add of n floats.")
	dst, a, b, n := arg("dst"), arg("a"), arg("b"), arg("n")
	elements("", n, []gp{dst, a, b}, func(g block) {
		v, w := g.load(a, 0), g.load(b, 0)
		fadd(v, v, w)
		g.store(v, dst, 0, false)
	})

	fn("mul", "dst, a, b *float32, n int, add bool", 0, "is plain.Mul of n floats.")
	dst, a, b, n = arg("dst"), arg("a"), arg("b"), arg("n")
	variants(func(name string, add bool) {
		elements(name, n, []gp{dst, a, b}, func(g block) {
			v, w := g.load(a, 0), g.load(b, 0)
			fmul(v, v, w)
			g.store(v, dst, 0, add)
		})
	})

	fn("axpy", "dst, x *float32, n int, alpha float32, add bool", 0, "is plain.Axpy of n floats.")
	dst, x, n := arg("dst"), arg("x"), arg("n")
	alpha := splat("alpha")
	variants(func(name string, add bool) {
		elements(name, n, []gp{dst, x}, func(g block) {
			v := g.load(x, 0)
			if add {
				sum := g.load(dst, 0)
				mla(sum, v, alpha)
				v = sum
			} else {
				fmul(v, v, alpha)
			}
			g.store(v, dst, 0, false)
		})
	})

	fn("relu", "dst, x *float32, n int", 0, "is plain.Relu of n floats.")
	dst, x, n = arg("dst"), arg("x"), arg("n")
	floor := newVecs(1)
	zero(floor...)
	elements("", n, []gp{dst, x}, func(g block) {
		v := g.load(x, 0)
		fmax(v, v, floor) // NaN if one is
		g.store(v, dst, 0, false)
	})

	fn("reluGrad", "dx, dy, y *float32, n int, add bool", 0, "is plain.ReluGrad of n floats.")
	dx, dy, y, n := arg("dx"), arg("dy"), arg("y"), arg("n")
	variants(func(name string, add bool) {
		elements(name, n, []gp{dx, dy, y}, func(g block) {
			v, mask := g.load(dy, 0), g.load(y, 0)
			two("fcmgt0", mask, mask)
			and(v, v, mask)
			g.store(v, dx, 0, add)
		})
	})

	fn("fill", "dst *float32, n int, v float32", 0, "is plain.Fill of n floats.")
	dst, n = arg("dst"), arg("n")
	v := splat("v")
	elements("", n, []gp{dst}, func(g block) {
		all := make(vecs, g.vectors)
		for i := range all {
			all[i] = v[0]
		}
		g.store(all, dst, 0, false)
	})

	fn("subScale", "dst, a, b *float32, n int, c float32, add bool", 0, "is plain.SubScale of n floats.")
	dst, a, b, n = arg("dst"), arg("a"), arg("b"), arg("n")
	c := splat("c")
	variants(func(name string, add bool) {
		elements(name, n, []gp{dst, a, b}, func(g block) {
			v, w := g.load(a, 0), g.load(b, 0)
			fsub(v, v, w)
			fmul(v, v, c)
			g.store(v, dst, 0, add)
		})
	})
}
