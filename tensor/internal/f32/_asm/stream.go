package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func streams() {
	fn("stream", "dst, src *float32, n int",
		"is plain.Stream of n floats, a positive multiple of 16, to a dst aligned to 64 bytes.")
	dst, src, n := arg("dst"), arg("src"), arg("n")
	Label("lines")
	v := vecs(16 / width)
	for i := range v {
		VMOVUPS(at(src, 4*width*i), v[i])
	}
	for i := range v {
		VMOVNTPS(v[i], at(dst, 4*width*i))
	}
	ADDQ(Imm(64), src)
	ADDQ(Imm(64), dst)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("lines"))
	end()

	fn("streamed", "", "waits until other processors see what was streamed.")
	SFENCE()
	RET()
}
