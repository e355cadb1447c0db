package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowsApart returns the memory of up to 5 rows, step bytes apart, behind a pointer, and
// the distance of 3 rows.
func rowsApart(step reg.GPVirtual) (row func(p reg.GPVirtual, row, disp int) operand.Mem, three reg.GPVirtual) {
	three = GP64()
	LEAQ(ati(step, step, 2, 0), three)
	return func(p reg.GPVirtual, row, disp int) operand.Mem {
		if row == 3 {
			return ati(p, three, 1, disp)
		}
		return ati(p, step, row, disp)
	}, three
}

// square is where the values between the two transforms of a square wait: in
// registers with AVX-512, on the stack with AVX2.
type square struct {
	v       [5][]reg.VecVirtual
	scratch reg.GPVirtual
}

func newSquare() *square {
	s := &square{}
	if !wide {
		s.scratch = GP64()
		LEAQ(AllocLocal(25*32), s.scratch)
	}
	return s
}

// put keeps what comes of row or column i.
func (s *square) put(i int, v []reg.VecVirtual) {
	if wide {
		s.v[i] = v
		return
	}
	for j := range v {
		VMOVUPS(v[j], at(s.scratch, 32*(5*i+j)))
	}
}

// across returns value j of all that was put.
func (s *square) across(j int) []reg.VecVirtual {
	v := vecs(5)
	for i := range v {
		if wide {
			v[i] = s.v[i][j]
		} else {
			VMOVUPS(at(s.scratch, 32*(5*i+j)), v[i])
		}
	}
	return v
}

func nested() {
	fnFrame("nestedInput", "v *float32, vs int, x *float32, xs, n int", 0, "is plain.NestedInput.")
	v, vs, x, xs, n := arg("v"), bytes("vs"), arg("x"), bytes("xs"), arg("n")
	in, next := rowsApart(xs)
	apart := GP64()
	LEAQ(ati(vs, vs, 4, 0), apart)
	out, _ := rowsApart(apart)
	double := constant(two)
	mid := newSquare()
	elements("", n, 1, []reg.GPVirtual{v, x}, func(_, disp int, m mask) {
		p := GP64()
		MOVQ(x, p)
		for a := range 5 {
			d := vecs(5)
			for i := range d {
				load(m, in(p, i, disp), d[i])
				if m == nil && disp == 0 && (a == 0 || i > 1) {
					PREFETCHT0(in(p, i, 512)) // 17 rows are too many for the processor to foresee
				}
			}
			mid.put(a, nestedInputStep(d, double))
			if a < 4 {
				ADDQ(next, p)
			}
		}
		o := GP64()
		MOVQ(v, o)
		for b := range 5 {
			for a, r := range nestedInputStep(mid.across(b), double) {
				store(m, r, out(o, a, disp))
			}
			if b < 4 {
				ADDQ(vs, o)
			}
		}
	})
	end()

	fnFrame("nestedOutput", "y *float32, ys int, m *float32, ms, n int", 0, "is plain.NestedOutput.")
	y, ys, m, ms, n := arg("y"), bytes("ys"), arg("m"), bytes("ms"), arg("n")
	out, next = rowsApart(ys)
	apart = GP64()
	LEAQ(ati(ms, ms, 4, 0), apart)
	in, _ = rowsApart(apart)
	double, quadruple := constant(two), constant(four)
	mid = newSquare()
	elements("", n, 1, []reg.GPVirtual{y, m}, func(_, disp int, k mask) {
		p := GP64()
		MOVQ(m, p)
		for b := range 5 {
			d := vecs(5)
			for a := range d {
				load(k, in(p, a, disp), d[a])
			}
			mid.put(b, nestedOutputStep(d, double, quadruple))
			if b < 4 {
				ADDQ(ms, p)
			}
		}
		o := GP64()
		MOVQ(y, o)
		for a := range 3 {
			for b, r := range nestedOutputStep(mid.across(a), double, quadruple) {
				store(k, r, out(o, b, disp))
			}
			if a < 2 {
				ADDQ(next, o)
			}
		}
	})
	end()
}

// nestedInputStep applies Bᵀ of F(3, 3) to 5 values, in place but for one register.
func nestedInputStep(d []reg.VecVirtual, double reg.VecVirtual) []reg.VecVirtual {
	e, s := vec(), vec()
	VSUBPS(d[1], d[3], e)
	VSUBPS(d[2], d[3], s)
	VSUBPS(d[2], d[4], d[4])
	VFNMADD231PS(e, double, d[4])
	VSUBPS(d[2], d[0], d[0])
	VFMADD213PS(e, double, d[0])
	VSUBPS(d[2], d[1], d[2])
	VFMADD213PS(s, double, d[2])
	VFNMADD231PS(d[1], double, s)
	return []reg.VecVirtual{d[0], s, d[2], e, d[4]}
}

// nestedOutputStep applies Aᵀ of F(3, 3) to 5 values, in place.
func nestedOutputStep(m []reg.VecVirtual, double, quadruple reg.VecVirtual) []reg.VecVirtual {
	p := vec()
	VADDPS(m[1], m[2], p)
	VSUBPS(m[2], m[1], m[1])
	VFMADD231PS(m[3], double, m[1])
	VADDPS(p, m[0], m[0])
	VADDPS(m[3], m[0], m[0])
	VADDPS(m[4], p, p)
	VFMADD231PS(m[3], quadruple, p)
	return []reg.VecVirtual{m[0], m[1], p}
}
