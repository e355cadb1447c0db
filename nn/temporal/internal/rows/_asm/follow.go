package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// follow writes followAVX2. What does not change from group to group lies in the frame,
// as there are more values than registers.
func follow() {
	fn("follow", "dst, from *int32, motion, depth, last *float32, n, y, w, h int, scaleX, scaleY, tolerance float32", "Frame.follow")
	one := func(v reg.VecVirtual) reg.VecVirtual { // v + 1
		r := YMM()
		VPADDD(words("ones", func(i int) int { return 1 - i%2 }), v, r)
		return r
	}
	// The columns of a group, and what is known of columns and of the row.
	columns := YMM()
	VMOVDQU(words("group", func(i int) int { return i / 2 * (1 - i%2) }), columns)
	width, row := spread("w"), spread("y")
	type axis struct{ scale, most, last Mem }
	bounds := func(side, scale string) axis {
		v, minus := spread(side), all(0xffffffff)
		most, last := YMM(), YMM()
		VPSLLD(Imm(15), v, most)
		VPADDD(minus, most, most)
		VPADDD(minus, v, last)
		VPSLLD(Imm(16), last, last)
		return axis{kept(spread(scale)), kept(most), kept(last)}
	}
	across, down := bounds("w", "scaleX"), bounds("h", "scaleY")
	// The places of four pixels at once: columns and rows take turns.
	edges := YMM()
	{
		x, y := YMM(), YMM()
		VMOVDQU(across.last, x)
		VMOVDQU(down.last, y)
		VPUNPCKLDQ(y, x, edges)
	}
	edge := kept(edges)
	rowHigh, rowLow, rowAt := YMM(), YMM(), YMM()
	{
		VCVTDQ2PS(one(row), rowHigh)
		low := YMM()
		VPSUBD(spread("h"), row, low)
		VCVTDQ2PS(low, rowLow)
		VPSLLD(Imm(15), row, rowAt)
	}
	high, low, at := kept(rowHigh), kept(rowLow), kept(rowAt)
	widths, tolerance := kept(width), kept(spread("tolerance"))
	to32768ths, quarter, positive := kept(all(math.Float32bits(1<<15))), kept(all(1<<14)), kept(all(0x7fffffff))
	flags := words("flags", func(i int) int { return map[int]int{0: 1}[i%4] })
	dst, from, motion, depth, last, n := arg("dst"), arg("from"), arg("motion"), arg("depth"), arg("last"), arg("n")

	Label("pixels")
	dx, dy := YMM(), YMM()
	{
		a, b := YMM(), YMM()
		VMOVUPS(mem(motion, 0), a)
		VMOVUPS(mem(motion, 32), b)
		VSHUFPS(Imm(0x88), b, a, dx)
		VSHUFPS(Imm(0xdd), b, a, dy)
		VPERMQ(Imm(0xd8), dx, dx)
		VPERMQ(Imm(0xd8), dy, dy)
	}
	// step is step: the pixel, the distance in 65536ths, and where the motion stays inside.
	step := func(v reg.VecVirtual, high, low, at Op, a axis) (to, off, in reg.VecVirtual) {
		to, in = YMM(), YMM()
		VMULPS(a.scale, v, v)
		VMINPS(high, v, v) // the second one where the first is not a number
		VMAXPS(low, v, v)
		VMULPS(to32768ths, v, v)
		VCVTTPS2DQ(v, v)
		u := YMM()
		VMOVDQU(at, u)
		VPSUBD(v, u, u)
		VPADDD(quarter, u, u)
		zero, c := YMM(), v
		VPXOR(zero, zero, zero)
		VPMAXSD(zero, u, c)
		VPMINSD(a.most, c, c)
		VPCMPEQD(c, u, in)
		VPSRLD(Imm(15), c, to)
		VPSLLD(Imm(15), to, u)
		VPSUBD(u, c, c)
		VPSUBD(quarter, c, c)
		VPAND(in, c, c)
		VPADDD(c, c, c)
		return to, c, in
	}
	seen := YMM()
	j := YMM()
	var du, dv, pixelX, pixelY reg.VecVirtual
	{
		columnHigh, columnLow, columnAt := YMM(), YMM(), YMM()
		VCVTDQ2PS(one(columns), columnHigh)
		VPSUBD(widths, columns, columnLow)
		VCVTDQ2PS(columnLow, columnLow)
		VPSLLD(Imm(15), columns, columnAt)
		nu, offX, inX := step(dx, columnHigh, columnLow, columnAt, across)
		nv, offY, inY := step(dy, high, low, at, down)
		VPMULLD(widths, nv, j)
		VPADDD(nu, j, j)
		VPAND(inX, inY, seen)
		du, dv = offX, offY
		// The pixel that is nearest, as a known place.
		VPSLLD(Imm(16), nu, nu)
		VPSLLD(Imm(16), nv, nv)
		VPADDD(words("ones", func(i int) int { return 1 - i%2 }), nu, nu)
		pixelX, pixelY = nu, nv
	}
	first := GP64()
	VMOVD(j.AsX(), first.As32())
	ahead(mem(motion, 0), 2048)
	ahead(mem(dst, 0), 2048)
	ahead(Mem{Base: from, Index: first, Scale: 8}, 1024)
	TESTQ(depth, depth)
	JZ(LabelRef("seen"))
	ahead(mem(depth, 0), 1024)
	ahead(Mem{Base: last, Index: first, Scale: 4}, 512)
	{
		d, was, lanes := YMM(), YMM(), YMM()
		VMOVUPS(mem(depth, 0), d)
		VPCMPEQD(lanes, lanes, lanes)
		VGATHERDPS(lanes, Mem{Base: last, Index: j, Scale: 4}, was)
		VSUBPS(d, was, was)
		VANDPS(positive, was, was)
		VANDPS(positive, d, d)
		VMULPS(tolerance, d, d)
		VCMPPS(Imm(18), d, was, was) // less or equal, not where either is not a number
		VANDPS(was, seen, seen)
		ADDQ(Imm(32), depth)
	}
	Label("seen")
	VPSRLD(Imm(31), seen, seen)
	lows, highs, pixelLows, pixelHighs := YMM(), YMM(), YMM(), YMM()
	VPUNPCKLDQ(dv, du, lows)
	VPUNPCKHDQ(dv, du, highs)
	VPUNPCKLDQ(pixelY, pixelX, pixelLows)
	VPUNPCKHDQ(pixelY, pixelX, pixelHighs)
	for k := range 2 { // four pixels
		index, known, off := XMM(), XMM(), YMM()
		VEXTRACTI128(Imm(uint64(k)), j, index)
		VEXTRACTI128(Imm(uint64(k)), seen, known)
		VPERM2I128(Imm(uint64(0x20+0x11*k)), highs, lows, off)
		p, lanes, flag := YMM(), YMM(), YMM()
		VPERM2I128(Imm(uint64(0x20+0x11*k)), pixelHighs, pixelLows, p)
		gathered := fmt.Sprint("gathered", k)
		TESTQ(from, from)
		JZ(LabelRef(gathered))
		VPCMPEQD(lanes, lanes, lanes)
		VPGATHERDQ(lanes, Mem{Base: from, Index: index, Scale: 8}, p)
		Label(gathered)
		VPMOVZXDQ(known, flag)
		VPAND(p, flag, flag)
		without := YMM()
		VMOVDQU(flags, without)
		VPANDN(p, without, p)
		VPADDD(off, p, p)
		zero := YMM()
		VPXOR(zero, zero, zero)
		VPMAXSD(zero, p, p)
		VPMINSD(edge, p, p)
		VPOR(flag, p, p)
		VMOVDQU(p, mem(dst, 32*k))
	}
	VPADDD(words("eight", func(i int) int { return 8 * (1 - i%2) }), columns, columns)
	ADDQ(Imm(64), motion)
	ADDQ(Imm(64), dst)
	end("pixels", n)
}

// kept stores a register in the frame.
func kept(v reg.VecVirtual) Mem {
	m := AllocLocal(32)
	VMOVDQU(v, m)
	return m
}
