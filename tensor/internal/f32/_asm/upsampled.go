package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func upsampled() {
	fn("upsampledInput", "v *float32, vs int, x *float32, xs, n int", "is plain.UpsampledInput for n above 0.")
	v, vs, x, xs, n := arg("v"), bytes("vs"), arg("x"), bytes("xs"), arg("n")
	elements("", n, blocks, []reg.GPVirtual{v, x}, func(_, disp int, m mask) {
		a0, a1, b0, b1 := vec(), vec(), vec(), vec()
		load(m, at(x, disp), a0)
		load(m, at(x, disp+4), a1)
		load(m, ati(x, xs, 1, disp), b0)
		load(m, ati(x, xs, 1, disp+4), b1)
		VSUBPS(b0, b1, b1)
		store(m, b1, at(v, disp))
		VSUBPS(a0, b0, b0)
		store(m, b0, ati(v, vs, 1, disp))
		VSUBPS(a0, a1, a1)
		VSUBPS(a1, b1, b1)
		store(m, b1, ati(v, vs, 2, disp))
	})
	end()

	fn("upsampledOutput", "y *float32, ys int, m *float32, ms, n int", "is plain.UpsampledOutput for n above 0.")
	y, ys, m, ms, n := arg("y"), bytes("ys"), arg("m"), bytes("ms"), arg("n")
	p3, p6 := GP64(), GP64()
	LEAQ(ati(m, ms, 2, 0), p3)
	ADDQ(ms, p3)
	LEAQ(ati(p3, ms, 2, 0), p6)
	ADDQ(ms, p6)
	s := newShuffles(low, high)
	Label("groups")
	for disp := 0; disp < 64; disp += 4 * width {
		sums, r := vecs(3), vecs(3)
		for i := range sums {
			VMOVUPS(ati(m, ms, i, disp), sums[i])
			VSUBPS(ati(p3, ms, i, disp), sums[i], r[i])
			VADDPS(ati(p6, ms, i, disp), sums[i], sums[i])
		}
		for row, r := range [][]reg.VecVirtual{r, sums} {
			VSUBPS(r[1], r[0], r[1])
			VADDPS(r[2], r[0], r[2])
			even, odd := s.zip(r[1], r[2])
			VMOVUPS(even, ati(y, ys, row, 2*disp))
			VMOVUPS(odd, ati(y, ys, row, 2*disp+4*width))
		}
	}
	for _, p := range []reg.GPVirtual{m, p3, p6} {
		ADDQ(U32(64), p)
	}
	ADDQ(U32(128), y)
	DECQ(n)
	JNZ(LabelRef("groups"))
	end()
}
