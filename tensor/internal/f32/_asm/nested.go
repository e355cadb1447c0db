package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowsApart returns the memory of up to 5 rows behind p, as many floats apart as
// parameter step says.
func rowsApart(p reg.GPVirtual, step string) func(row, disp int) operand.Mem {
	s, s3 := bytes(step), GP64()
	LEAQ(ati(s, s, 2, 0), s3)
	return func(row, disp int) operand.Mem {
		if row == 3 {
			return ati(p, s3, 1, disp)
		}
		return ati(p, s, row, disp)
	}
}

func nested() {
	fn("nestedInput", "v *float32, vs int, x *float32, xs, n int", "is plain.NestedInput.")
	v, x, n := arg("v"), arg("x"), arg("n")
	out, in := rowsApart(v, "vs"), rowsApart(x, "xs")
	double := constant(two)
	elements("", n, blocks, []reg.GPVirtual{v, x}, func(_, disp int, m mask) {
		d := vecs(5)
		for i := range d {
			load(m, in(i, disp), d[i])
		}
		e, s := vec(), vec()
		VSUBPS(d[1], d[3], e)
		VSUBPS(d[2], d[3], s)
		store(m, e, out(3, disp))
		VSUBPS(d[2], d[4], d[4])
		VFNMADD231PS(e, double, d[4])
		store(m, d[4], out(4, disp))
		VSUBPS(d[2], d[0], d[0])
		VFMADD231PS(d[0], double, e)
		store(m, e, out(0, disp))
		VSUBPS(d[2], d[1], d[2])
		VFMADD213PS(s, double, d[2])
		store(m, d[2], out(2, disp))
		VFNMADD231PS(d[1], double, s)
		store(m, s, out(1, disp))
	})
	end()

	fn("nestedOutput", "y *float32, ys int, m *float32, ms, n int", "is plain.NestedOutput.")
	y, m, n := arg("y"), arg("m"), arg("n")
	out, in = rowsApart(y, "ys"), rowsApart(m, "ms")
	double = constant(two)
	quadruple := constant(four)
	elements("", n, blocks, []reg.GPVirtual{y, m}, func(_, disp int, m mask) {
		v := vecs(5)
		for i := range v {
			load(m, in(i, disp), v[i])
		}
		p := vec()
		VADDPS(v[1], v[2], p)
		VSUBPS(v[2], v[1], v[1])
		VFMADD231PS(v[3], double, v[1])
		store(m, v[1], out(1, disp))
		VADDPS(p, v[0], v[0])
		VADDPS(v[3], v[0], v[0])
		store(m, v[0], out(0, disp))
		VADDPS(v[4], p, p)
		VFMADD231PS(v[3], quadruple, p)
		store(m, p, out(2, disp))
	})
	end()
}
