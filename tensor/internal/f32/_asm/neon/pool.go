package main

func pool() {
	fn("maxPool16", "dst, x0, x1 *float32, n int", 0, "is plain.MaxPool16 for n above 0.")
	dst, x0, x1, n := arg("dst"), arg("x0"), arg("x1"), arg("n")
	label("pixels")
	a, b, c, d := newVecs(4), newVecs(4), newVecs(4), newVecs(4)
	load(a, x0, 0)
	load(b, x0, 64)
	load(c, x1, 0)
	load(d, x1, 64)
	fmax(a, a, b) // NaN if one is
	fmax(c, c, d)
	fmax(a, a, c)
	store(a, dst, 0)
	op("ADD", "$128", x0, x0)
	op("ADD", "$128", x1, x1)
	op("ADD", "$64", dst, dst)
	down(n, 1, "pixels")
	ret()

	fn("maxPoolGrad16", "dx0, dx1, dy, x0, x1 *float32, n int, add bool", 0, "is plain.MaxPoolGrad16 for n above 0.")
	variants(func(name string, add bool) {
		dx0, dx1, dy, x0, x1, n := arg("dx0"), arg("dx1"), arg("dy"), arg("x0"), arg("x1"), arg("n")
		label(name)
		inScope(func() { routeMax(dx0, dx1, dy, x0, x1, add) })
		for _, p := range []gp{dx0, dx1, x0, x1} {
			op("ADD", "$128", p, p)
		}
		op("ADD", "$64", dy, dy)
		down(n, 1, name)
		ret()
	})
}

// routeMax emits the gradient of one output pixel: masks say where a value
// replaced the maximum so far, and the last of them gets the gradient.
func routeMax(dx0, dx1, dy, x0, x1 gp, add bool) {
	whole := blocks[0]
	most, v, numbers := whole.load(x0, 0), newVecs(4), newVecs(4)
	var beats [3]vecs
	for k, p := range []gp{x0, x1, x1} {
		load(v, p, 64*((k+1)%2))
		beats[k] = newVecs(4)
		three("fcmgt.4s", beats[k], v, most)
		three("fcmeq.4s", numbers, v, v)
		three("orn.16b", beats[k], beats[k], numbers)
		bit(most, v, beats[k])
	}
	free(v...)
	free(most...)
	left, g := whole.load(dy, 0), numbers
	for k := 2; k >= 0; k-- {
		and(g, left, beats[k])
		three("bic.16b", left, left, beats[k])
		whole.store(g, []gp{dx0, dx1, dx1}[k], 64*((k+1)%2), add)
	}
	whole.store(left, dx0, 0, add)
}
