package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func pool() {
	fn("maxPool16", "dst, x0, x1 *float32, n int", "is plain.MaxPool16 for n above 0.")
	dst, x0, x1, n := arg("dst"), arg("x0"), arg("x1"), arg("n")
	Label("pixels")
	for disp := 0; disp < 64; disp += 4 * width {
		v := vecs(4)
		loadWindow(v, x0, x1, disp)
		maximum(v[1], v[0])
		maximum(v[3], v[2])
		maximum(v[2], v[0])
		VMOVUPS(v[0], at(dst, disp))
	}
	ADDQ(Imm(64), dst)
	nextWindow(x0, x1, n)
	end()

	fn("maxPoolGrad16", "dx0, dx1, dy, x0, x1 *float32, n int, add bool", "is plain.MaxPoolGrad16 for n above 0.")
	dx0, dx1, dy, x0, x1, n := arg("dx0"), arg("dx1"), arg("dy"), arg("x0"), arg("x1"), arg("n")
	variants(func(label string, add bool) {
		Label(label + "pixels")
		for disp := 0; disp < 64; disp += 4 * width {
			v := vecs(4)
			loadWindow(v, x0, x1, disp)
			var wins [4]reg.Register
			for k := 1; k < 4; k++ {
				wins[k] = beats(v[k], v[0])
			}
			left := vec()
			VMOVUPS(at(dy, disp), left)
			for k := 3; k > 0; k-- {
				g := split(wins[k], left)
				put(nil, g, at([]reg.GPVirtual{dx0, dx0, dx1, dx1}[k], disp+64*(k%2)), add)
			}
			put(nil, left, at(dx0, disp), add)
		}
		ADDQ(Imm(64), dy)
		ADDQ(U32(128), dx0)
		ADDQ(U32(128), dx1)
		ADDQ(U32(128), x0)
		ADDQ(U32(128), x1)
		DECQ(n)
		JNZ(LabelRef(label + "pixels"))
	})
}

// loadWindow loads the 4 pixels of a window.
func loadWindow(v []reg.VecVirtual, x0, x1 reg.GPVirtual, disp int) {
	for _, p := range []reg.GPVirtual{x0, x1} {
		ahead(p, disp)
		ahead(p, disp+64)
	}
	VMOVUPS(at(x0, disp), v[0])
	VMOVUPS(at(x0, disp+64), v[1])
	VMOVUPS(at(x1, disp), v[2])
	VMOVUPS(at(x1, disp+64), v[3])
}

// nextWindow moves on, and loops while n windows are left.
func nextWindow(x0, x1, n reg.GPVirtual) {
	ADDQ(U32(128), x0)
	ADDQ(U32(128), x1)
	DECQ(n)
	JNZ(LabelRef("pixels"))
}

// maximum sets m to the larger of v and m. VMAXPS gives its last source if one is
// NaN; the bits of both orders together are NaN if either is.
func maximum(v, m reg.VecVirtual) {
	w := vec()
	VMAXPS(m, v, w)
	VMAXPS(v, m, m)
	VORPS(w, m, m)
}

// beats sets the lanes of m where v > m or v is NaN to v, and returns them.
func beats(v, m reg.VecVirtual) reg.Register {
	const greater, unordered = 0x1e, 3
	if wide {
		k, nan := K(), K()
		VCMPPS(Imm(greater), m, v, k)
		VCMPPS(Imm(unordered), v, v, nan)
		KORW(nan, k, k)
		VMOVAPS(v, k, m)
		return k
	}
	c, nan := YMM(), YMM()
	VCMPPS(Imm(greater), m, v, c)
	VCMPPS(Imm(unordered), v, v, nan)
	VORPS(nan, c, c)
	VBLENDVPS(c, v, m, m)
	return c
}

// split returns the lanes of v in m, and clears them in v.
func split(m reg.Register, v reg.VecVirtual) reg.VecVirtual {
	g := vec()
	if wide {
		VMOVAPS_Z(v, m, g)
		KNOTW(m, m)
		VMOVAPS_Z(v, m, v)
		return g
	}
	VANDPS(v, m, g)
	VANDNPS(v, m, v)
	return g
}
