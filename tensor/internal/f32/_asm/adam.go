package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func adam() {
	fn("adam", "w, m, v, grad *float32, n int, beta1, beta2, rest1, rest2, eps, stepSize, invSqrtCorr2 float32",
		"is plain.Adam of n parameters.")
	w, m, v, g, n := arg("w"), arg("m"), arg("v"), arg("grad"), arg("n")
	beta1, beta2, eps, step, corr := splat("beta1"), splat("beta2"), splat("eps"), splat("stepSize"), splat("invSqrtCorr2")
	rest1, rest2 := splat("rest1"), splat("rest2")
	elements("", n, 1, []reg.GPVirtual{w, m, v, g}, func(_, disp int, k mask) {
		d, t, mean, square := vec(), vec(), vec(), vec()
		load(k, at(g, disp), d)
		load(k, at(m, disp), mean)
		load(k, at(v, disp), square)
		VMULPS(beta1, mean, mean)
		VFMADD231PS(d, rest1, mean)
		store(k, mean, at(m, disp))
		VMULPS(d, rest2, t)
		VMULPS(beta2, square, square)
		VFMADD231PS(d, t, square)
		store(k, square, at(v, disp))
		VSQRTPS(square, square)
		VFMADD213PS(eps, corr, square)
		VMULPS(step, mean, mean)
		VDIVPS(square, mean, mean)
		load(k, at(w, disp), d)
		VSUBPS(mean, d, d)
		store(k, d, at(w, disp))
	})
	end()
}
