package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// span is the number of floats summed in float32 lanes before they are added to
// float64 ones.
const span = 4096

// sums writes the loops of a reduction over parameter n to the named [16]float64
// parameters. body adds the vector disp bytes after the pointers to acc, one
// register for each result; l is the operand of lanes to use.
func sums(results []string, ptrs []reg.GPVirtual, body func(acc []reg.VecVirtual, l, disp int, m mask)) {
	per := 16 / width
	const groups = 4 // vectors a turn: enough sums to hide the latency of additions
	n, m := arg("n"), GP64()
	var acc [groups][]reg.VecVirtual // [vector][result]
	for i := range acc {
		acc[i] = vecs(len(results))
	}
	Label("span")
	for i := range acc {
		zero(acc[i]...)
	}
	limit := GP64()
	MOVQ(U32(span), limit)
	MOVQ(n, m)
	CMPQ(m, limit)
	CMOVQGT(limit, m)
	SUBQ(m, n)
	elements("", m, groups/per, ptrs, func(i, disp int, m mask) { body(acc[i], i%per, disp, m) })
	Comment("Add the lanes to the float64 sums.")
	for r, name := range results {
		p := arg(name)
		for l := range per {
			total := acc[l][r]
			for i := l + per; i < groups; i += per {
				VADDPS(acc[i][r], total, total)
			}
			widen(total, p, 8*width*l)
		}
	}
	TESTQ(n, n)
	JNZ(LabelRef("span"))
	end()
}

// widen adds the lanes of v to the float64s disp bytes after p.
func widen(v reg.VecVirtual, p reg.GPVirtual, disp int) {
	low, high := vec(), vec()
	if wide {
		VEXTRACTF64X4(Imm(1), v, high.AsY())
		VCVTPS2PD(v.AsY(), low)
		VCVTPS2PD(high.AsY(), high)
	} else {
		VEXTRACTF128(Imm(1), v, high.AsX())
		VCVTPS2PD(v.AsX(), low)
		VCVTPS2PD(high.AsX(), high)
	}
	VADDPD(at(p, disp), low, low)
	VMOVUPD(low, at(p, disp))
	VADDPD(at(p, disp+4*width), high, high)
	VMOVUPD(high, at(p, disp+4*width))
}

func reduce() {
	const doc = " of n floats, n above 0."
	fn("sum16", "sum *[16]float64, x *float32, n int", "is plain.Sum16"+doc)
	x := arg("x")
	sums([]string{"sum"}, []reg.GPVirtual{x}, func(acc []reg.VecVirtual, _, disp int, m mask) {
		v := vec()
		load(m, at(x, disp), v)
		VADDPS(v, acc[0], acc[0])
	})

	fn("sqDev16", "sum *[16]float64, x *float32, mean *[16]float32, n int", "is plain.SqDev16"+doc)
	x = arg("x")
	mean := lanes("mean")
	sums([]string{"sum"}, []reg.GPVirtual{x}, func(acc []reg.VecVirtual, l, disp int, m mask) {
		v := vec()
		load(m, at(x, disp), v)
		VSUBPS(mean[l], v, v)
		clear(m, v)
		VFMADD231PS(v, v, acc[0])
	})

	fn("sumSqDiff", "sum *[16]float64, a, b *float32, n int", "is plain.SumSqDiff"+doc)
	a, b := arg("a"), arg("b")
	sums([]string{"sum"}, []reg.GPVirtual{a, b}, func(acc []reg.VecVirtual, _, disp int, m mask) {
		v, w := vec(), vec()
		load(m, at(a, disp), v)
		load(m, at(b, disp), w)
		VSUBPS(w, v, v)
		VFMADD231PS(v, v, acc[0])
	})

	fn("dot", "sum *[16]float64, a, b *float32, n int", "is plain.Dot"+doc)
	a, b = arg("a"), arg("b")
	sums([]string{"sum"}, []reg.GPVirtual{a, b}, func(acc []reg.VecVirtual, _, disp int, m mask) {
		v, w := vec(), vec()
		load(m, at(a, disp), v)
		load(m, at(b, disp), w)
		VFMADD231PS(w, v, acc[0])
	})
}
