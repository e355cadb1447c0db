package main

func upsample() {
	fn("upsample16", "dst, x *float32, n int", 0, "is plain.Upsample16 for n above 0.")
	dst, x, n := arg("dst"), arg("x"), arg("n")
	v := newVecs(4)
	label("pixels")
	load(v, x, 0)
	store(v, dst, 0)
	store(v, dst, 64)
	op("ADD", "$64", x, x)
	op("ADD", "$128", dst, dst)
	down(n, 1, "pixels")
	ret()

	fn("upsampleGrad16", "dx, dy0, dy1 *float32, n int, add bool", 0, "is plain.UpsampleGrad16 for n above 0.")
	variants(func(name string, add bool) {
		dx, dy0, dy1, n := arg("dx"), arg("dy0"), arg("dy1"), arg("n")
		whole := blocks[0]
		label(name)
		inScope(func() {
			v, w := whole.load(dy0, 0), whole.load(dy1, 0)
			fadd(v, v, w)
			whole.loadTo(w, dy0, 64)
			u := whole.load(dy1, 64)
			fadd(w, w, u)
			fadd(v, v, w)
			whole.store(v, dx, 0, add)
		})
		op("ADD", "$64", dx, dx)
		op("ADD", "$128", dy0, dy0)
		op("ADD", "$128", dy1, dy1)
		down(n, 1, name)
		ret()
	})
}
