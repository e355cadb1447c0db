package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tapShapes lists, for each number of output channels, the numbers of vectors
// of pixels computed at once, in the order they are tried. AVX2 computes 8
// channels as twice 4.
func tapShapes() (oc []int, vectors map[int][]int) {
	if wide {
		return []int{8, 4, 3, 1}, map[int][]int{8: {3, 2, 1}, 4: {6, 3, 1}, 3: {8, 4, 2, 1}, 1: {8, 2, 1}}
	}
	return []int{4, 3, 1}, map[int][]int{4: {3, 2, 1}, 3: {4, 2, 1}, 1: {8, 2, 1}}
}

func taps() {
	channels, vectors := tapShapes()
	for _, oc := range channels {
		name := fmt.Sprintf("taps%d", oc)
		fn(name, "dst *float32, ds int, x *float32, offs *int32, w *float32, wstep int, bias *float32, nt, n int",
			fmt.Sprintf("is plain.Taps for %d channels and nt taps, whose weights lie wstep floats apart.", oc),
			"nt and n are above 0.")
		dst, x, n := arg("dst"), arg("x"), arg("n")
		wstep := bytes("wstep")
		for _, v := range vectors[oc] {
			label := fmt.Sprintf("v%d", v)
			Label(label)
			CMPQ(n, U32(uint32(v*width)))
			JLT(LabelRef(label + "done"))
			tapBlock(label, dst, x, wstep, oc, v, nil)
			ADDQ(U32(uint32(4*width*v)), dst)
			ADDQ(U32(uint32(4*width*v)), x)
			SUBQ(U32(uint32(width*v)), n)
			JMP(LabelRef(label))
			Label(label + "done")
		}
		TESTQ(n, n)
		JZ(LabelRef("end"))
		tapBlock("tail", dst, x, wstep, oc, 1, n)
		Label("end")
		end()
	}
}

// tapBlock computes oc channels by v vectors; of the last, tail lanes if not nil.
func tapBlock(label string, dst, x, wstep reg.GPVirtual, oc, v int, tail reg.GPVirtual) {
	bias := arg("bias")
	acc := make([][]reg.VecVirtual, oc)
	for o := range acc {
		acc[o] = vecs(v)
		VBROADCASTSS(at(bias, 4*o), acc[o][0])
		for i := 1; i < v; i++ {
			VMOVAPS(acc[o][0], acc[o][i])
		}
	}
	offs, w, nt := arg("offs"), arg("w"), arg("nt")
	Label(label + "taps")
	p := GP64()
	MOVLQSX(at(offs, 0), p)
	pixels := func(i int) Mem { return Mem{Base: x, Index: p, Scale: 4, Disp: 4 * width * i} }
	if v <= oc {
		Comment("The pixels stay, the weights take turns.")
		in, c := vecs(v), vec()
		for i := range in {
			VMOVUPS(pixels(i), in[i])
		}
		for o := range acc {
			VBROADCASTSS(at(w, 4*o), c)
			for i := range in {
				VFMADD231PS(in[i], c, acc[o][i])
			}
		}
	} else {
		Comment("The weights stay, the pixels take turns.")
		in, c := vec(), vecs(oc)
		for o := range c {
			VBROADCASTSS(at(w, 4*o), c[o])
		}
		for i := range v {
			VMOVUPS(pixels(i), in)
			for o := range acc {
				VFMADD231PS(in, c[o], acc[o][i])
			}
		}
	}
	ADDQ(Imm(4), offs)
	ADDQ(wstep, w)
	DECQ(nt)
	JNZ(LabelRef(label + "taps"))
	ds, out := bytes("ds"), GP64()
	MOVQ(dst, out)
	var m mask
	if tail != nil {
		m = tailMask(tail, 0)
	}
	for o := range acc {
		for i := range v {
			store(m, acc[o][i], at(out, 4*width*i))
		}
		ADDQ(ds, out)
	}
}

// gradShapes lists, for each number of output channels, the numbers of taps
// whose sums are kept in registers at once.
func gradShapes() (oc []int, taps map[int][]int) {
	if wide {
		return []int{8, 4, 3, 1}, map[int][]int{8: {3, 1}, 4: {6, 3, 1}, 3: {9, 3, 1}, 1: {9, 3, 1}}
	}
	return []int{4, 3, 1}, map[int][]int{4: {3, 1}, 3: {3, 1}, 1: {9, 3, 1}}
}

func tapsGrad() {
	channels, taps := gradShapes()
	for _, oc := range channels {
		name := fmt.Sprintf("tapsGrad%d", oc)
		fn(name, "dw *float32, wstep int, dy *float32, ds, dyRow int, x *float32, offs *int32, xRow, nt, rows, n int, sums *[27][16]float32",
			fmt.Sprintf("is plain.TapsGrad for %d channels and nt taps, whose weights lie wstep floats", oc),
			"apart. sums is scratch. nt, rows and n are above 0.")
		dw, offs, nt := arg("dw"), arg("offs"), arg("nt")
		for _, g := range taps[oc] {
			label := fmt.Sprintf("t%d", g)
			Label(label)
			CMPQ(nt, Imm(uint64(g)))
			JLT(LabelRef(label + "done"))
			gradBlock(label, offs, oc, g)
			gradFold(label, dw, oc, g)
			ADDQ(Imm(uint64(4*g)), offs)
			SUBQ(Imm(uint64(g)), nt)
			JMP(LabelRef(label))
			Label(label + "done")
		}
		end()
	}
}

// gradBlock sums oc channels by g taps over all rows and stores the lanes of
// (tap, channel) to scratch.
func gradBlock(label string, offs reg.GPVirtual, oc, g int) {
	acc := make([][]reg.VecVirtual, g)
	for t := range acc {
		acc[t] = vecs(oc)
		zero(acc[t]...)
	}
	x, dy, rows := arg("x"), arg("dy"), arg("rows")
	ds := bytes("ds")
	term := func(pos reg.GPVirtual, m mask) {
		p := GP64()
		pixels := func(t int) Mem {
			MOVLQSX(at(offs, 4*t), p)
			ADDQ(pos, p)
			return ati(x, p, 4, 0)
		}
		if g < oc {
			in, d := vecs(g), vec()
			for t := range in {
				load(m, pixels(t), in[t])
			}
			LEAQ(ati(dy, pos, 4, 0), p)
			for o := range oc {
				load(m, at(p, 0), d)
				for t := range in {
					VFMADD231PS(in[t], d, acc[t][o])
				}
				if o+1 < oc {
					ADDQ(ds, p)
				}
			}
			return
		}
		in, d := vec(), vecs(oc)
		LEAQ(ati(dy, pos, 4, 0), p)
		for o := range d {
			load(m, at(p, 0), d[o])
			if o+1 < oc {
				ADDQ(ds, p)
			}
		}
		for t := range acc {
			load(m, pixels(t), in)
			for o := range d {
				VFMADD231PS(in, d[o], acc[t][o])
			}
		}
	}
	Label(label + "rows")
	n, pos := arg("n"), GP64()
	XORQ(pos, pos)
	Label(label + "pixels")
	CMPQ(n, Imm(uint64(width)))
	JLT(LabelRef(label + "tail"))
	term(pos, nil)
	ADDQ(Imm(uint64(width)), pos)
	SUBQ(Imm(uint64(width)), n)
	JMP(LabelRef(label + "pixels"))
	Label(label + "tail")
	TESTQ(n, n)
	JZ(LabelRef(label + "next"))
	term(pos, tailMask(n, 0))
	Label(label + "next")
	LEAQ(ati(x, bytes("xRow"), 1, 0), x)
	LEAQ(ati(dy, bytes("dyRow"), 1, 0), dy)
	DECQ(rows)
	JNZ(LabelRef(label + "rows"))
	sums := arg("sums")
	for t := range acc {
		for o := range acc[t] {
			VMOVUPS(acc[t][o], at(sums, 4*width*(t*oc+o)))
		}
	}
}

// gradFold adds the lanes in scratch to dw and advances it by g taps.
func gradFold(label string, dw reg.GPVirtual, oc, g int) {
	sums, wstep := arg("sums"), bytes("wstep")
	taps, channels, p := GP64(), GP64(), GP64()
	MOVQ(U32(uint32(g)), taps)
	Label(label + "fold")
	MOVQ(dw, p)
	MOVQ(U32(uint32(oc)), channels)
	Label(label + "channels")
	y, h, x := YMM(), XMM(), XMM()
	VMOVUPS(at(sums, 0), y)
	if wide {
		VADDPS(at(sums, 32), y, y)
	}
	VEXTRACTF128(Imm(1), y, x)
	VADDPS(x, y.AsX(), x)
	VMOVHLPS(x, x, h)
	VADDPS(h, x, x)
	VMOVSHDUP(x, h)
	VADDSS(h, x, x)
	VADDSS(at(p, 0), x, x)
	VMOVSS(x, at(p, 0))
	ADDQ(Imm(uint64(4*width)), sums)
	ADDQ(Imm(4), p)
	DECQ(channels)
	JNZ(LabelRef(label + "channels"))
	ADDQ(wstep, dw)
	DECQ(taps)
	JNZ(LabelRef(label + "fold"))
}
