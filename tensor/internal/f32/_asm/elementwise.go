package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// blocks is the number of 16-float blocks in one turn of an elementwise loop.
const blocks = 2

// variants emits body without and with the bool parameter add set; a body ends
// with end.
func variants(body func(label string, add bool)) {
	CMPB(addr("add"), Imm(0))
	JNE(LabelRef("add"))
	body("set", false)
	end()
	Label("add")
	body("add", true)
	end()
}

// put stores v to mem, after adding what is there if add is set.
func put(m mask, v reg.VecVirtual, mem Mem, add bool) {
	if add {
		old := vec()
		load(m, mem, old)
		VADDPS(old, v, v)
	}
	store(m, v, mem)
}

func elementwise() {
	fn("add", "dst, a, b *float32, n int", "is plain.Add of n floats.")
	dst, a, b, n := arg("dst"), arg("a"), arg("b"), arg("n")
	elements("", n, blocks, []reg.GPVirtual{dst, a, b}, func(_, disp int, m mask) {
		v, w := vec(), vec()
		load(m, at(a, disp), v)
		load(m, at(b, disp), w)
		VADDPS(w, v, v)
		store(m, v, at(dst, disp))
	})
	end()

	fn("mul", "dst, a, b *float32, n int, add bool", "is plain.Mul of n floats.")
	dst, a, b, n = arg("dst"), arg("a"), arg("b"), arg("n")
	variants(func(label string, add bool) {
		elements(label, n, blocks, []reg.GPVirtual{dst, a, b}, func(_, disp int, m mask) {
			v, w := vec(), vec()
			load(m, at(a, disp), v)
			load(m, at(b, disp), w)
			VMULPS(w, v, v)
			put(m, v, at(dst, disp), add)
		})
	})

	fn("axpy", "dst, x *float32, n int, alpha float32, add bool", "is plain.Axpy of n floats.")
	dst, x, n := arg("dst"), arg("x"), arg("n")
	alpha := splat("alpha")
	variants(func(label string, add bool) {
		elements(label, n, blocks, []reg.GPVirtual{dst, x}, func(_, disp int, m mask) {
			v := vec()
			load(m, at(x, disp), v)
			if add {
				old := vec()
				load(m, at(dst, disp), old)
				VFMADD213PS(old, alpha, v)
			} else {
				VMULPS(alpha, v, v)
			}
			store(m, v, at(dst, disp))
		})
	})

	fn("relu", "dst, x *float32, n int", "is plain.Relu of n floats.")
	dst, x, n = arg("dst"), arg("x"), arg("n")
	floor := vec()
	zero(floor)
	elements("", n, blocks, []reg.GPVirtual{dst, x}, func(_, disp int, m mask) {
		v := vec()
		load(m, at(x, disp), v)
		VMAXPS(v, floor, v)
		store(m, v, at(dst, disp))
	})
	end()

	fn("reluGrad", "dx, dy, y *float32, n int, add bool", "is plain.ReluGrad of n floats.")
	dx, dy, y, n := arg("dx"), arg("dy"), arg("y"), arg("n")
	none := vec()
	zero(none)
	variants(func(label string, add bool) {
		elements(label, n, blocks, []reg.GPVirtual{dx, dy, y}, func(_, disp int, m mask) {
			v := vec()
			where(m, at(dy, disp), at(y, disp), none, v)
			put(m, v, at(dx, disp), add)
		})
	})

	fn("fill", "dst *float32, n int, v float32", "is plain.Fill of n floats.")
	dst, n = arg("dst"), arg("n")
	v := splat("v")
	elements("", n, blocks, []reg.GPVirtual{dst}, func(_, disp int, m mask) {
		store(m, v, at(dst, disp))
	})
	end()

	fn("subScale", "dst, a, b *float32, n int, c float32, add bool", "is plain.SubScale of n floats.")
	dst, a, b, n = arg("dst"), arg("a"), arg("b"), arg("n")
	c := splat("c")
	variants(func(label string, add bool) {
		elements(label, n, blocks, []reg.GPVirtual{dst, a, b}, func(_, disp int, m mask) {
			v, w := vec(), vec()
			load(m, at(a, disp), v)
			load(m, at(b, disp), w)
			VSUBPS(w, v, v)
			VMULPS(c, v, v)
			put(m, v, at(dst, disp), add)
		})
	})
}
