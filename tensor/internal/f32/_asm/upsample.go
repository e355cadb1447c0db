package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func upsample() {
	fn("upsample16", "dst, x *float32, n int", "is plain.Upsample16 for n above 0.")
	dst, x, n := arg("dst"), arg("x"), arg("n")
	Label("pixels")
	for disp := 0; disp < 64; disp += 4 * width {
		v := vec()
		ahead(x, disp)
		VMOVUPS(at(x, disp), v)
		VMOVUPS(v, at(dst, disp))
		VMOVUPS(v, at(dst, disp+64))
	}
	ADDQ(Imm(64), x)
	ADDQ(U32(128), dst)
	DECQ(n)
	JNZ(LabelRef("pixels"))
	end()

	fn("upsampleGrad16", "dx, dy0, dy1 *float32, n int, add bool", "is plain.UpsampleGrad16 for n above 0.")
	dx, dy0, dy1, n := arg("dx"), arg("dy0"), arg("dy1"), arg("n")
	variants(func(label string, add bool) {
		Label(label + "pixels")
		for disp := 0; disp < 64; disp += 4 * width {
			v, w := vec(), vec()
			for _, p := range []reg.GPVirtual{dy0, dy1} {
				ahead(p, disp)
				ahead(p, disp+64)
			}
			VMOVUPS(at(dy0, disp), v)
			VADDPS(at(dy1, disp), v, v)
			VMOVUPS(at(dy0, disp+64), w)
			VADDPS(at(dy1, disp+64), w, w)
			VADDPS(w, v, v)
			put(nil, v, at(dx, disp), add)
		}
		ADDQ(Imm(64), dx)
		ADDQ(U32(128), dy0)
		ADDQ(U32(128), dy1)
		DECQ(n)
		JNZ(LabelRef(label + "pixels"))
	})
}
