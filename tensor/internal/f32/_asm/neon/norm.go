package main

func norm() {
	scaleShift(false)
	scaleShift(true)
	normGradSums(false)
	normGradSums(true)
	normGradApply(false)
	normGradApply(true)
}

// floorOf returns the least value of a result: 0 if the bool parameter name is
// set, -Inf otherwise.
func floorOf(name string) vecs {
	v, flag := newVec(), arg(name)
	const least = 0xff800000 // -Inf
	op("MOVD", imm(least), flag)
	op("VDUP", flag, v.s4())
	reload(name, flag)
	op("CBZ", flag, "floored")
	zero(v)
	label("floored")
	return vecs{v}
}

// affine sets y = x*scale + shift.
func affine(y, x, scale, shift vecs) {
	move(y, shift)
	mla(y, x, scale)
}

func scaleShift(residual bool) {
	name, list := "scaleShift", "dst, x *float32, scale, shift *[16]float32, n int, relu bool"
	if residual {
		name, list = "scaleShiftAdd", "dst, x, r *float32, scale, shift *[16]float32, n int, alpha float32, relu bool"
	}
	fn(name, list, 0, "is "+portable(name)+" of n floats.")
	dst, x, n := arg("dst"), arg("x"), arg("n")
	scale, shift := channelsOf("scale"), channelsOf("shift")
	floor := floorOf("relu")
	ptrs := []gp{dst, x}
	var r gp
	var alpha vecs
	if residual {
		r, alpha = arg("r"), splat("alpha")
		ptrs = append(ptrs, r)
	}
	elements("", n, ptrs, func(g block) {
		v, y := g.load(x, 0), newVecs(g.vectors)
		affine(y, v, scale.of(g), shift.of(g))
		fmax(y, y, floor)
		if residual {
			g.loadTo(v, r, 0)
			mla(y, v, alpha)
		}
		g.store(y, dst, 0, false)
	})
}

func normGradSums(relu bool) {
	name, list := "normGradSums", "sdy, sdyx *[16]float64, dy, x *float32, mean *[16]float32, n int"
	if relu {
		name, list = "normGradSumsReLU", "sdy, sdyx *[16]float64, dy, x *float32, scale, shift, mean *[16]float32, n int"
	}
	fn(name, list, 0, "is "+portable(name)+" of n floats, n above 0.")
	dy, x := arg("dy"), arg("x")
	mean := channelsOf("mean")
	var scale, shift channels
	if relu {
		scale, shift = channelsOf("scale"), channelsOf("shift")
	}
	reduction([]string{"sdy", "sdyx"}, []gp{dy, x}, func(g block, acc []vecs) {
		d, v := g.load(dy, 0), g.load(x, 0)
		if relu {
			mask := newVecs(g.vectors)
			affine(mask, v, scale.of(g), shift.of(g))
			two("fcmgt0", mask, mask)
			and(d, d, mask)
		}
		fsub(v, v, mean.of(g))
		fadd(acc[0], acc[0], d)
		mla(acc[1], d, v)
	})
}

func normGradApply(relu bool) {
	name, list := "normGradApply", "dx, dy, x *float32, a, b, c *[16]float32, n int, add bool"
	if relu {
		name, list = "normGradApplyReLU", "dx, dy, x *float32, scale, shift, a, b, c *[16]float32, n int, add bool"
	}
	fn(name, list, 0, "is "+portable(name)+" of n floats.")
	dx, dy, x, n := arg("dx"), arg("dy"), arg("x"), arg("n")
	a, b, c := channelsOf("a"), channelsOf("b"), channelsOf("c")
	var scale, shift channels
	if relu {
		scale, shift = channelsOf("scale"), channelsOf("shift")
	}
	variants(func(label string, add bool) {
		elements(label, n, []gp{dx, dy, x}, func(g block) {
			d, v, y := g.load(dy, 0), g.load(x, 0), newVecs(g.vectors)
			if relu {
				affine(y, v, scale.of(g), shift.of(g))
				two("fcmgt0", y, y)
				and(d, d, y)
			}
			affine(y, v, b.of(g), c.of(g))
			mla(y, d, a.of(g))
			free(v...)
			g.store(y, dx, 0, add)
		})
	})
}
