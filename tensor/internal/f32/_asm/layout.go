package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Blocked data has 64 bytes a pixel. The kernels transpose square tiles, as wide
// as a vector, of pixels and channels; with AVX2 that is half the channels of a
// block, and the caller makes two passes.

func layout() {
	fn("toBlocked", "dst, x *float32, plane, n, c int",
		fmt.Sprintf("is plain.ToBlocked for %d of the 16 channels, c of them in x; n is above 0.", width))
	dst, x, plane, n, c := arg("dst"), arg("x"), bytes("plane"), arg("n"), arg("c")
	pixel := GP64()
	MOVQ(U32(64), pixel)
	tiles(n, func(label string, pixels reg.GPVirtual, m mask) {
		transpose(label, dst, pixel, pixels, nil, x, plane, c, m)
		ADDQ(U32(uint32(64*width)), dst)
		ADDQ(Imm(uint64(4*width)), x)
	})

	fn("fromBlocked", "dst *float32, plane int, x *float32, n, c int",
		fmt.Sprintf("is plain.FromBlocked for c <= %d channels; n is above 0.", width))
	dst, plane, x, n, c = arg("dst"), bytes("plane"), arg("x"), arg("n"), arg("c")
	pixel = GP64()
	MOVQ(U32(64), pixel)
	tiles(n, func(label string, pixels reg.GPVirtual, m mask) {
		transpose(label, dst, plane, c, m, x, pixel, pixels, nil)
		ADDQ(Imm(uint64(4*width)), dst)
		ADDQ(U32(uint32(64*width)), x)
	})
	interleave()
}

// tiles emits body for tiles of pixels, given how many are left and the mask of
// those. Masked stores are slow with AVX2, so full tiles get a body without.
func tiles(n reg.GPVirtual, body func(label string, pixels reg.GPVirtual, m mask)) {
	Label("tiles")
	if wide {
		pixels, most := GP64(), GP64()
		MOVQ(U32(uint32(width)), most)
		MOVQ(n, pixels)
		CMPQ(n, most)
		CMOVQGT(most, pixels)
		body("", pixels, tailMask(pixels, 0))
		SUBQ(Imm(uint64(width)), n)
		JG(LabelRef("tiles"))
		end()
		return
	}
	CMPQ(n, Imm(uint64(width)))
	JLT(LabelRef("rest"))
	body("full", nil, nil)
	SUBQ(Imm(uint64(width)), n)
	JMP(LabelRef("tiles"))
	Label("rest")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	body("part", n, tailMask(n, 0))
	Label("end")
	end()
}

// transpose reads rows lines of x, xstep bytes apart, as columns and writes lines
// lines of dst. nil counts mean width; the masks select lanes of a line.
func transpose(label string, dst, dstep, lines reg.GPVirtual, dm mask, x, xstep, rows reg.GPVirtual, xm mask) {
	v := vecs(width)
	if rows != nil {
		zero(v...)
	}
	p := GP64()
	MOVQ(x, p)
	for i := range v {
		if rows != nil {
			CMPQ(rows, Imm(uint64(i)))
			JLE(LabelRef(label + "loaded"))
		}
		load(xm, at(p, 0), v[i])
		if i+1 < width {
			ADDQ(xstep, p)
		}
	}
	Label(label + "loaded")
	v = transposed(v)
	q := GP64()
	MOVQ(dst, q)
	for i := range v {
		if lines != nil {
			CMPQ(lines, Imm(uint64(i)))
			JLE(LabelRef(label + "stored"))
		}
		store(dm, v[i], at(q, 0))
		if i+1 < width {
			ADDQ(dstep, q)
		}
	}
	Label(label + "stored")
}

// transposed transposes a square matrix, one row a register.
func transposed(v []reg.VecVirtual) []reg.VecVirtual {
	// First 4x4 blocks: within each 128-bit lane L, result 4g+k holds column
	// 4L+k of rows 4g..4g+3.
	for g := 0; g < width; g += 4 {
		r := v[g : g+4]
		lo, hi := pair(r[0], r[1], VUNPCKLPS, VUNPCKHPS)
		lo2, hi2 := pair(r[2], r[3], VUNPCKLPS, VUNPCKHPS)
		r[0], r[1] = pair(lo, lo2, VUNPCKLPD, VUNPCKHPD)
		r[2], r[3] = pair(hi, hi2, VUNPCKLPD, VUNPCKHPD)
	}
	// Then the lanes: result 4L+k collects lane L of every 4g+k.
	t := make([]reg.VecVirtual, width)
	for k := range 4 {
		if !wide {
			t[k], t[4+k] = pair(v[k], v[4+k], lanePair(0x20), lanePair(0x31))
			continue
		}
		even, odd := pair(v[k], v[4+k], laneShuffle(0x88), laneShuffle(0xdd))
		even2, odd2 := pair(v[8+k], v[12+k], laneShuffle(0x88), laneShuffle(0xdd))
		t[k], t[8+k] = pair(even, even2, laneShuffle(0x88), laneShuffle(0xdd))
		t[4+k], t[12+k] = pair(odd, odd2, laneShuffle(0x88), laneShuffle(0xdd))
	}
	return t
}

// pair replaces a and b by what two shuffles make of them.
func pair(a, b reg.VecVirtual, first, second func(ops ...Op)) (reg.VecVirtual, reg.VecVirtual) {
	t := vec()
	first(b, a, t)
	second(b, a, b)
	return t, b
}

func laneShuffle(imm uint64) func(ops ...Op) {
	return func(ops ...Op) { VSHUFF32X4(append([]Op{Imm(imm)}, ops...)...) }
}

func lanePair(imm uint64) func(ops ...Op) {
	return func(ops ...Op) { VPERM2F128(Imm(imm), ops[0], ops[1], ops[2]) }
}

// shuffles hold the lane indices, with AVX-512, that mix two registers.
type shuffles struct{ first, second reg.VecVirtual }

// newShuffles loads the indices of first and second, where lanes from 16 on belong
// to the second register.
func newShuffles(first, second Mem) (s shuffles) {
	if wide {
		s = shuffles{vec(), vec()}
		VMOVUPS(first, s.first)
		VMOVUPS(second, s.second)
	}
	return s
}

// mixed returns what the two shuffles make of v and w.
func (s shuffles) mixed(v, w reg.VecVirtual) (reg.VecVirtual, reg.VecVirtual) {
	t := vec()
	VMOVAPS(v, t)
	VPERMT2PS(w, s.first, t)
	VPERMT2PS(w, s.second, v)
	return t, v
}

// zip alternates the lanes of v and w: the first result has those of the lower
// halves.
func (s shuffles) zip(v, w reg.VecVirtual) (reg.VecVirtual, reg.VecVirtual) {
	if wide {
		return s.mixed(v, w)
	}
	v, w = pair(v, w, VUNPCKLPS, VUNPCKHPS)
	return pair(v, w, lanePair(0x20), lanePair(0x31))
}

// unzip undoes zip: the first result has the even lanes of v and then of w.
func (s shuffles) unzip(v, w reg.VecVirtual) (reg.VecVirtual, reg.VecVirtual) {
	if wide {
		return s.mixed(v, w)
	}
	v, w = pair(v, w, lanePair(0x20), lanePair(0x31))
	shuffle := func(imm uint64) func(ops ...Op) {
		return func(ops ...Op) { VSHUFPS(Imm(imm), ops[0], ops[1], ops[2]) }
	}
	return pair(v, w, shuffle(0x88), shuffle(0xdd))
}

// low and high are the lane indices of zip, which interleave writes with AVX-512.
var low, high Mem

func interleave() {
	const doc = " of n pairs, a positive multiple of 16."
	var even, odd Mem
	if wide {
		low = table("low", func(i int) int { return i/2 + i%2*16 })
		high = table("high", func(i int) int { return 8 + i/2 + i%2*16 })
		even = table("even", func(i int) int { return 2 * i })
		odd = table("odd", func(i int) int { return 2*i + 1 })
	}

	fn("interleave2", "dst, a, b *float32, n int", "is plain.Interleave2"+doc)
	dst, a, b, n := arg("dst"), arg("a"), arg("b"), arg("n")
	s := newShuffles(low, high)
	Label("pairs")
	v, w := vec(), vec()
	VMOVUPS(at(a, 0), v)
	VMOVUPS(at(b, 0), w)
	v, w = s.zip(v, w)
	VMOVUPS(v, at(dst, 0))
	VMOVUPS(w, at(dst, 4*width))
	ADDQ(U32(uint32(8*width)), dst)
	ADDQ(Imm(uint64(4*width)), a)
	ADDQ(Imm(uint64(4*width)), b)
	SUBQ(Imm(uint64(width)), n)
	JNZ(LabelRef("pairs"))
	end()

	fn("deinterleave2", "a, b, x *float32, n int", "is plain.Deinterleave2"+doc)
	a, b, x, n := arg("a"), arg("b"), arg("x"), arg("n")
	s = newShuffles(even, odd)
	Label("pairs")
	v, w = vec(), vec()
	VMOVUPS(at(x, 0), v)
	VMOVUPS(at(x, 4*width), w)
	v, w = s.unzip(v, w)
	VMOVUPS(v, at(a, 0))
	VMOVUPS(w, at(b, 0))
	ADDQ(U32(uint32(8*width)), x)
	ADDQ(Imm(uint64(4*width)), a)
	ADDQ(Imm(uint64(4*width)), b)
	SUBQ(Imm(uint64(width)), n)
	JNZ(LabelRef("pairs"))
	end()

	fn("splitPairs", "dst, x *float32, n int", "is plain.SplitPairs for n above 0.")
	pairs(newShuffles(even, odd), true)
	fn("joinPairs", "dst, x *float32, n int", "is plain.JoinPairs for n above 0.")
	pairs(newShuffles(low, high), false)
}

// pairs emits splitPairs or joinPairs.
func pairs(s shuffles, split bool) {
	dst, x, n := arg("dst"), arg("x"), arg("n")
	Label("groups")
	for i := 0; i < 64; i += 4 * width {
		v, w := vec(), vec()
		if split {
			ahead(x, 2*i)
			ahead(x, 2*i+4*width)
			VMOVUPS(at(x, 2*i), v)
			VMOVUPS(at(x, 2*i+4*width), w)
			v, w = s.unzip(v, w)
			VMOVUPS(v, at(dst, i))
			VMOVUPS(w, at(dst, i+64))
		} else {
			VMOVUPS(at(x, i), v)
			VMOVUPS(at(x, i+64), w)
			v, w = s.zip(v, w)
			VMOVUPS(v, at(dst, 2*i))
			VMOVUPS(w, at(dst, 2*i+4*width))
		}
	}
	ADDQ(U32(128), x)
	ADDQ(U32(128), dst)
	DECQ(n)
	JNZ(LabelRef("groups"))
	end()
}
