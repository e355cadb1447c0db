package main

func adam() {
	fn("adam", "w, m, v, grad *float32, n int, beta1, beta2, rest1, rest2, eps, stepSize, invSqrtCorr2 float32", 0,
		"is plain.Adam of n parameters.")
	w, m, v, grad, n := arg("w"), arg("m"), arg("v"), arg("grad"), arg("n")
	beta1, beta2, eps := splat("beta1"), splat("beta2"), splat("eps")
	step, corr := splat("stepSize"), splat("invSqrtCorr2")
	rest1, rest2 := splat("rest1"), splat("rest2")
	elements("", n, []gp{w, m, v, grad}, func(g block) {
		d, m1, m2, t := g.load(grad, 0), g.load(m, 0), g.load(v, 0), newVecs(g.vectors)
		comment("m = beta1*m + rest1*g")
		fmul(m1, m1, beta1)
		mla(m1, d, rest1)
		g.store(m1, m, 0, false)
		comment("v = beta2*v + rest2*g*g")
		fmul(m2, m2, beta2)
		fmul(t, d, rest2)
		mla(m2, t, d)
		g.store(m2, v, 0, false)
		comment("w -= stepSize*m / (sqrt(v)*invSqrtCorr2 + eps)")
		two("fsqrt", m2, m2)
		move(t, eps)
		mla(t, m2, corr)
		fmul(m1, m1, step)
		fdiv(m1, m1, t)
		g.loadTo(t, w, 0)
		fsub(t, t, m1)
		g.store(t, w, 0, false)
	})
}
