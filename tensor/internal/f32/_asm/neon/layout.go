package main

import "fmt"

func layout() {
	toBlocked()
	fromBlocked()

	fn("interleave2", "dst, a, b *float32, n int", 0, "is plain.Interleave2 of n pairs, a positive multiple of 4.")
	dst, a, b, n := arg("dst"), arg("a"), arg("b"), arg("n")
	v := newVecs(2)
	label("pairs")
	op("FMOVQ.P", at(a, 16), v[0].f())
	op("FMOVQ.P", at(b, 16), v[1].f())
	op("VST2.P", v.list(), at(dst, 32))
	down(n, 4, "pairs")
	ret()

	fn("deinterleave2", "a, b, x *float32, n int", 0, "is plain.Deinterleave2 of n pairs, a positive multiple of 4.")
	a, b, x, n := arg("a"), arg("b"), arg("x"), arg("n")
	v = newVecs(2)
	label("pairs")
	op("VLD2.P", at(x, 32), v.list())
	op("FMOVQ.P", v[0].f(), at(a, 16))
	op("FMOVQ.P", v[1].f(), at(b, 16))
	down(n, 4, "pairs")
	ret()

	fn("splitPairs", "dst, x *float32, n int", 0, "is plain.SplitPairs for n above 0.")
	dst, x, n = arg("dst"), arg("x"), arg("n")
	v = newVecs(2)
	label("groups")
	for i := 0; i < 64; i += 16 {
		op("VLD2.P", at(x, 32), v.list())
		op("FMOVQ", v[0].f(), at(dst, i))
		op("FMOVQ", v[1].f(), at(dst, i+64))
	}
	op("ADD", "$128", dst, dst)
	down(n, 1, "groups")
	ret()

	fn("joinPairs", "dst, x *float32, n int", 0, "is plain.JoinPairs for n above 0.")
	dst, x, n = arg("dst"), arg("x"), arg("n")
	v = newVecs(2)
	label("groups")
	for i := 0; i < 64; i += 16 {
		op("FMOVQ", at(x, i), v[0].f())
		op("FMOVQ", at(x, i+64), v[1].f())
		op("VST2.P", v.list(), at(dst, 32))
	}
	op("ADD", "$128", x, x)
	down(n, 1, "groups")
	ret()
}

// transpose transposes 4 vectors of 4 floats; t is scratch.
func transpose(v, t vecs) {
	for i := 0; i < 4; i += 2 {
		op("VTRN1", v[i+1].s4(), v[i].s4(), t[i].s4())
		op("VTRN2", v[i+1].s4(), v[i].s4(), t[i+1].s4())
	}
	for i := range 2 {
		op("VTRN1", t[i+2].d2(), t[i].d2(), v[i].d2())
		op("VTRN2", t[i+2].d2(), t[i].d2(), v[i+2].d2())
	}
}

func (v vec) d2() string { return fmt.Sprintf("V%d.D2", int(v)) }

// perCount emits body for each number of channels from 4 to least; the parameter
// c chooses.
func perCount(least int, body func(name string, c int)) {
	count := arg("c")
	for c := 4; c >= least; c-- {
		name := fmt.Sprintf("c%d", c)
		if c > least {
			op("CMP", imm(c), count)
			op("BNE", name+"not")
		}
		inScope(func() { body(name, c) })
		ret()
		label(name + "not")
	}
}

// planes returns c pointers, plane bytes apart, from p.
func planes(p, plane gp, c int) []gp {
	ps := []gp{p}
	for i := 1; i < c; i++ {
		ps = append(ps, newGP())
		op("ADD", plane, ps[i-1], ps[i])
	}
	return ps[:c]
}

// pixels emits body in loops over n pixels, 4 at a time and then one.
func pixels(name string, n gp, four, one func()) {
	op("SUBS", "$4", n, n)
	op("BLT", name+"fours")
	label(name + "four")
	four()
	op("SUBS", "$4", n, n)
	op("BGE", name+"four")
	label(name + "fours")
	op("ADDS", "$4", n, n)
	op("BEQ", name+"end")
	label(name + "one")
	one()
	down(n, 1, name+"one")
	label(name + "end")
}

func toBlocked() {
	fn("toBlocked4", "dst, x *float32, plane, n, c int", 0,
		"is plain.ToBlocked for 4 of the 16 channels, c of them in x; n is above 0.")
	dst, x, plane, n, pixel := arg("dst"), arg("x"), bytesOf("plane"), arg("n"), newGP()
	op("MOVD", "$64", pixel)
	perCount(0, func(name string, c int) {
		ps := planes(x, plane, c)
		v, t := newVecs(4), newVecs(4)
		pixels(name, n, func() {
			zero(v[c:]...)
			for i, p := range ps {
				op("FMOVQ.P", at(p, 16), v[i].f())
			}
			transpose(v, t)
			for i := range v {
				op("VST1.P", v[i:][:1].list(), fmt.Sprintf("(%v)(%v)", dst, pixel))
			}
		}, func() {
			zero(v[0])
			for i, p := range ps {
				op("VLD1.P", at(p, 4), v[0].lane(i))
			}
			op("VST1.P", v[:1].list(), fmt.Sprintf("(%v)(%v)", dst, pixel))
		})
	})
}

func fromBlocked() {
	fn("fromBlocked4", "dst *float32, plane int, x *float32, n, c int", 0,
		"is plain.FromBlocked for c channels, 1 <= c <= 4; n is above 0.")
	dst, plane, x, n, pixel := arg("dst"), bytesOf("plane"), arg("x"), arg("n"), newGP()
	op("MOVD", "$64", pixel)
	perCount(1, func(name string, c int) {
		ps := planes(dst, plane, c)
		v, t := newVecs(4), newVecs(4)
		pixels(name, n, func() {
			for i := range v {
				op("VLD1.P", fmt.Sprintf("(%v)(%v)", x, pixel), v[i:][:1].list())
			}
			transpose(v, t)
			for i, p := range ps {
				op("FMOVQ.P", v[i].f(), at(p, 16))
			}
		}, func() {
			op("VLD1.P", fmt.Sprintf("(%v)(%v)", x, pixel), v[:1].list())
			for i, p := range ps {
				op("VST1.P", v[0].lane(i), at(p, 4))
			}
		})
	})
}
