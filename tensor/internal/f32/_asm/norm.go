package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func norm() {
	scaleShift(false)
	scaleShift(true)
	normGradSums(false)
	normGradSums(true)
	normGradApply(false)
	normGradApply(true)
}

// affine returns x*scale + shift.
func affine(x reg.VecVirtual, scale, shift Op) reg.VecVirtual {
	y := vec()
	VMOVUPS(scale, y)
	VFMADD213PS(shift, x, y)
	return y
}

func scaleShift(residual bool) {
	name, params := "scaleShift", "dst, x *float32, scale, shift *[16]float32, n int, relu bool"
	if residual {
		name, params = "scaleShiftAdd", "dst, x, r *float32, scale, shift *[16]float32, n int, alpha float32, relu bool"
	}
	fn(name, params, "is "+portable(name)+" of n floats.")
	dst, x, n := arg("dst"), arg("x"), arg("n")
	scale, shift := lanes("scale"), lanes("shift")
	ptrs := []reg.GPVirtual{dst, x}
	var r reg.GPVirtual
	var alpha reg.VecVirtual
	if residual {
		r, alpha = arg("r"), splat("alpha")
		ptrs = append(ptrs, r)
	}
	Comment("The results are clamped at 0 with relu, at -Inf without.")
	floor := constant(least)
	CMPB(addr("relu"), Imm(0))
	JE(LabelRef("floored"))
	zero(floor)
	Label("floored")
	elements("", n, blocks, ptrs, func(i, disp int, m mask) {
		l := i % len(scale)
		v := vec()
		if m == nil {
			ahead(x, disp)
		}
		load(m, at(x, disp), v)
		y := affine(v, scale[l], shift[l])
		VMAXPS(y, floor, y)
		if residual {
			load(m, at(r, disp), v)
			VFMADD231PS(v, alpha, y)
		}
		store(m, y, at(dst, disp))
	})
	end()
}

// reluName returns the name of the form of a kernel with or without ReLU, and the
// parameters that only the former has.
func reluName(name string, relu bool) (string, string) {
	if relu {
		return name + "ReLU", "scale, shift, "
	}
	return name, ""
}

// gradient loads dy, or with relu dy where x*scale + shift > 0 and 0 elsewhere.
func gradient(m mask, relu bool, dy Mem, x, none reg.VecVirtual, scale, shift []Op, l int) reg.VecVirtual {
	d := vec()
	if relu {
		where(m, dy, affine(x, scale[l], shift[l]), none, d)
	} else {
		load(m, dy, d)
	}
	return d
}

func normGradSums(relu bool) {
	name, extra := reluName("normGradSums", relu)
	fn(name, "sdy, sdyx *[16]float64, dy, x *float32, "+extra+"mean *[16]float32, n int",
		"is "+portable(name)+" of n floats, n above 0.")
	dy, x := arg("dy"), arg("x")
	mean := lanes("mean")
	var scale, shift []Op
	var none reg.VecVirtual
	if relu {
		scale, shift, none = lanes("scale"), lanes("shift"), vec()
		zero(none)
	}
	sums([]string{"sdy", "sdyx"}, []reg.GPVirtual{dy, x}, func(acc []reg.VecVirtual, l, disp int, m mask) {
		v := vec()
		load(m, at(x, disp), v)
		d := gradient(m, relu, at(dy, disp), v, none, scale, shift, l)
		VADDPS(d, acc[0], acc[0])
		VSUBPS(mean[l], v, v)
		clear(m, v)
		VFMADD231PS(d, v, acc[1])
	})
}

func normGradApply(relu bool) {
	name, extra := reluName("normGradApply", relu)
	fn(name, "dx, dy, x *float32, "+extra+"a, b, c *[16]float32, n int, add bool", "is "+portable(name)+" of n floats.")
	dx, dy, x, n := arg("dx"), arg("dy"), arg("x"), arg("n")
	a, b, c := lanes("a"), lanes("b"), lanes("c")
	var scale, shift []Op
	var none reg.VecVirtual
	if relu {
		scale, shift, none = lanes("scale"), lanes("shift"), vec()
		zero(none)
	}
	variants(func(label string, add bool) {
		elements(label, n, blocks, []reg.GPVirtual{dx, dy, x}, func(i, disp int, m mask) {
			l := i % len(a)
			v := vec()
			load(m, at(x, disp), v)
			d := gradient(m, relu, at(dy, disp), v, none, scale, shift, l)
			r := affine(v, b[l], c[l])
			VFMADD231PS(a[l], d, r)
			put(m, r, at(dx, disp), add)
		})
	})
}
