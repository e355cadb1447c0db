package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Constants of pixels, four a register, of 16-bit numbers.
var (
	rounding = func() Mem { return words("rounding", func(int) int { return 64 }) }
	colors   = func() Mem { return words("colors", func(i int) int { return map[bool]int{true: 0xffff}[i%4 < 3] }) }
	alphas   = func() Mem { return words("alphas", func(i int) int { return i % 2 * 0xff00 }) }
)

func carry() {
	fn("carry", "dst *uint8, at *int32, base *uint64, n, width int", "carry")
	dst, at, n := arg("dst"), arg("at"), arg("n")
	s := newSampler(arg("base"), arg("width"))
	Label("pixels")
	s.places(at)
	ahead(mem(dst, 0), 1024)
	pack(dst, dst, s.four(0), s.four(1))
	ADDQ(Imm(64), at)
	ADDQ(Imm(32), dst)
	end("pixels", n)
}

// sampler reads colors between pixels.
type sampler struct {
	base, below reg.GPVirtual // the picture, and a row down
	factors     Mem           // of columns and rows
	index       Mem           // of eight pixels
	left, right reg.VecVirtual
}

func newSampler(base, width reg.GPVirtual) *sampler {
	s := &sampler{base: base, below: GP64(), factors: AllocLocal(32), index: AllocLocal(64)}
	LEAQ(Mem{Base: base, Index: width, Scale: 8}, s.below)
	// The words 1, 0, width, 0.
	g, x, y := GP64(), XMM(), YMM()
	MOVQ(width, g)
	SHLQ(Imm(32), g)
	ORQ(Imm(1), g)
	VMOVQ(g, x)
	VPBROADCASTQ(x, y)
	VMOVDQU(y, s.factors)
	return s
}

// places finds which pixels eight places begin at, and the weights of the four pixels
// around each. Each double word of left has those of the upper and the lower left pixel,
// of the places 0, 1, 4, 5, and 2, 3, 6, 7, and right those of the others.
func (s *sampler) places(at reg.GPVirtual) {
	var fractions [2]reg.VecVirtual
	for k := range fractions {
		p, y := YMM(), YMM()
		fractions[k] = YMM()
		VMOVDQU(mem(at, 32*k), p)
		VPAND(words("lowWord", func(i int) int { return 0xffff * (1 - i%2) }), p, fractions[k])
		VPSRLD(Imm(16), p, p)
		VPMADDWD(s.factors, p, p)
		VPSRLQ(Imm(32), p, y)
		VPADDD(y, p, p)
		VMOVDQU(p, s.index.Offset(32*k))
	}
	// Of columns and rows in turn, in 16384ths.
	f, swapped, both, twice := YMM(), YMM(), YMM(), YMM()
	VPACKUSDW(fractions[1], fractions[0], f)
	VPSRLW(Imm(2), f, f)
	VPSHUFB(constant("swap", func(b int) int { return b%16 ^ 2 }), f, swapped)
	VPADDW(f, f, twice)
	VPADDW(swapped, swapped, both)
	VPMULHUW(twice, both, both)
	neither := YMM()
	VMOVDQU(words("whole", func(int) int { return 1 << 14 }), neither)
	VPADDW(both, neither, neither)
	VPSUBW(f, neither, neither)
	VPSUBW(swapped, neither, neither)
	VPSUBW(both, f, f)
	s.left, s.right = YMM(), YMM()
	VPBLENDW(Imm(0x55), neither, f, s.left)
	VPBLENDW(Imm(0xaa), both, f, s.right)
}

// four returns the colors at the first four places, or at the last. They begin as two
// pairs, each with its four pixels: the first and third, the second and fourth.
func (s *sampler) four(k int) reg.VecVirtual {
	var pair [2]reg.VecVirtual
	for i := range pair {
		above, below := YMM(), YMM()
		var index reg.GPVirtual
		for lane := range 2 {
			index = GP64()
			MOVL(s.index.Offset(32*k+8*i+16*lane), index.As32())
			for _, r := range []struct {
				base reg.GPVirtual
				to   reg.VecVirtual
			}{{s.base, above}, {s.below, below}} {
				m := Mem{Base: r.base, Index: index, Scale: 8}
				if lane == 0 {
					VMOVDQU(m, r.to.AsX())
				} else {
					VINSERTI128(Imm(1), m, r.to, r.to)
				}
			}
		}
		if k+i == 0 {
			ahead(Mem{Base: s.below, Index: index, Scale: 8}, 1024)
		}
		left, right, weights := YMM(), above, YMM()
		VPUNPCKLWD(below, above, left)
		VPUNPCKHWD(below, above, right)
		spot := Imm(uint64(0x55 * (2*k + i))) // four times the place in its half
		VPSHUFD(spot, s.left, weights)
		VPMADDWD(weights, left, left)
		VPSHUFD(spot, s.right, weights)
		VPMADDWD(weights, right, right)
		VPADDD(right, left, left)
		VPADDD(words("halfWeight", func(i int) int { return 1 << 13 * (1 - i%2) }), left, left)
		VPSRLD(Imm(14), left, left)
		pair[i] = left
	}
	VPACKUSDW(pair[1], pair[0], pair[0])
	return pair[0]
}

// lerp returns a + t*(b-a), in b.
func lerp(a, b reg.VecVirtual, t Op) reg.VecVirtual {
	VPSUBW(a, b, b)
	VPMULHRSW(t, b, b)
	VPADDW(a, b, b)
	return b
}

// pack writes eight pixels as bytes with the alpha of others.
func pack(dst, alpha reg.GPVirtual, a, b reg.VecVirtual) {
	for _, v := range []reg.VecVirtual{a, b} {
		VPADDW(rounding(), v, v)
		VPSRLW(Imm(7), v, v)
	}
	VPACKUSWB(b, a, a)
	VPERMQ(Imm(0xd8), a, a)
	old := YMM()
	VMOVDQU(mem(alpha, 0), old)
	VPAND(alphas(), old, old)
	VPOR(old, a, a)
	VMOVDQU(a, mem(dst, 0))
}

// expand makes pixels of four of eight in bytes, with alpha.
func expand(bytes reg.VecVirtual, k int) reg.VecVirtual {
	x, v := XMM(), YMM()
	VEXTRACTI128(Imm(uint64(k)), bytes, x)
	VPMOVZXBW(x, v)
	VPSLLW(Imm(7), v, v)
	return v
}

func mix() {
	fn("mix", "next *uint64, above, row, below *uint8, at *int32, base *uint64, n, width, share int", "mix")
	next, at, n := arg("next"), arg("at"), arg("n")
	rows := []reg.GPVirtual{arg("above"), arg("row"), arg("below")}
	s := newSampler(arg("base"), arg("width"))
	share := AllocLocal(32)
	{
		x, y := XMM(), YMM()
		VMOVD(arg("share").As32(), x)
		VPBROADCASTW(x, y)
		VMOVDQU(y, share)
	}
	Label("pixels")
	low, high, fresh := YMM(), YMM(), YMM()
	VMOVDQU(mem(rows[1], 0), fresh)
	VMOVDQA(fresh, low)
	VMOVDQA(fresh, high)
	for _, r := range rows {
		for disp := -4; disp <= 4; disp += 4 {
			v := YMM()
			VMOVDQU(mem(r, disp), v)
			VPMINUB(v, low, low)
			VPMAXUB(v, high, high)
		}
	}
	s.places(at)
	for k := range 2 {
		v := expand(fresh, k)
		old := s.four(k)
		VPMAXSW(expand(low, k), old, old)
		VPMINSW(expand(high, k), old, old)
		lerp(v, old, share)
		// The lowest bit of a place tells whether it is known.
		known := YMM()
		VMOVDQU(mem(at, 32*k), known)
		VPSLLQ(Imm(63), known, known)
		VBLENDVPD(known, old, v, v)
		VPAND(colors(), v, v)
		VMOVDQU(v, mem(next, 32*k))
	}
	for _, r := range rows {
		ADDQ(Imm(32), r)
	}
	ADDQ(Imm(64), at)
	ADDQ(Imm(64), next)
	end("pixels", n)
}

func take() {
	fn("take", "next *uint64, row *uint8, n int", "take")
	next, row, n := arg("next"), arg("row"), arg("n")
	Label("pixels")
	bytes := YMM()
	VMOVDQU(mem(row, 0), bytes)
	for k := range 2 {
		v := expand(bytes, k)
		VPAND(colors(), v, v)
		VMOVDQU(v, mem(next, 32*k))
	}
	ADDQ(Imm(32), row)
	ADDQ(Imm(64), next)
	end("pixels", n)
}

func show() {
	fn("show", "dst, alpha *uint8, row *uint64, n int", "show")
	dst, alpha, row, n := arg("dst"), arg("alpha"), arg("row"), arg("n")
	Label("pixels")
	a, b := YMM(), YMM()
	VMOVDQU(mem(row, 0), a)
	VMOVDQU(mem(row, 32), b)
	pack(dst, alpha, a, b)
	ADDQ(Imm(64), row)
	ADDQ(Imm(32), alpha)
	ADDQ(Imm(32), dst)
	end("pixels", n)
}
