package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const gemmParams = "out *float32, ts, os int, a *float32, at int, offs *int32, segs int, u *float32, cols int"

// gemm writes the matrix product. The sums of a tile stay in registers: 14 rows
// by 32 columns with AVX-512 (28 of 32 registers), 6 rows by 16 columns with
// AVX2 (12 of 16), where 12 rows by 32 columns take four passes.
func gemm() {
	fn("gemm", gemmParams,
		"is plain.Gemm with 14 rows (AVX-512) or 12 (AVX2). segs, the length of offs, is above 0.")
	if wide {
		CMPQ(addr("cols"), Imm(16))
		JE(LabelRef("narrow"))
		wideTile("wide", 2)
		end()
		Label("narrow")
		wideTile("narrow", 1)
		end()
		return
	}
	out, a, u := arg("out"), arg("a"), arg("u")
	atBytes := bytes("at")
	ucols := bytes("cols")
	left := arg("cols")
	Label("columns")
	rows := GP64()
	MOVQ(U32(2), rows)
	Label("rows")
	acc := tile(6, 2)
	uk := GP64()
	MOVQ(u, uk)
	products("tile", acc, a, atBytes, uk, ucols)
	p, ts := GP64(), bytes("ts")
	MOVQ(out, p)
	for t := range acc {
		VMOVUPS(acc[t][0], at(p, 0))
		VMOVUPS(acc[t][1], at(p, 32))
		ADDQ(ts, p)
	}
	Comment("The next 6 rows.")
	MOVQ(p, out)
	LEAQ(ati(a, atBytes, 4, 0), a)
	LEAQ(ati(a, atBytes, 2, 0), a)
	DECQ(rows)
	JNZ(LabelRef("rows"))
	Comment("Back to the first row, and the next 16 columns.")
	back := GP64()
	IMUL3Q(Imm(12), atBytes, back)
	SUBQ(back, a)
	MOVQ(arg("ts"), back)
	IMUL3Q(Imm(48), back, back)
	SUBQ(back, out)
	LEAQ(ati(out, bytes("os"), 1, 0), out)
	ADDQ(Imm(64), u)
	SUBQ(Imm(16), left)
	JNZ(LabelRef("columns"))
	end()
}

// wideTile writes the whole product for 16*cols columns with AVX-512.
func wideTile(label string, cols int) {
	acc := tile(14, cols)
	products(label, acc, arg("a"), bytes("at"), arg("u"), nil)
	out, ts, os := arg("out"), bytes("ts"), bytes("os")
	for t := range acc {
		VMOVUPS(acc[t][0], at(out, 0))
		if cols == 2 {
			VMOVUPS(acc[t][1], ati(out, os, 1, 0))
		}
		ADDQ(ts, out)
	}
}

// tile returns rows x cols sums, cleared.
func tile(rows, cols int) [][]reg.VecVirtual {
	acc := make([][]reg.VecVirtual, rows)
	for t := range acc {
		acc[t] = vecs(cols)
		zero(acc[t]...)
	}
	return acc
}

// products adds a's rows times u to acc. Row t lies t*step bytes after the first;
// four rows share a pointer. A line of u is uline bytes, or what acc spans if nil.
func products(label string, acc [][]reg.VecVirtual, a, step, u, uline reg.GPVirtual) {
	rows, cols := len(acc), len(acc[0])
	group := 4
	if rows == 6 {
		group = 3
	}
	offs, segs := arg("offs"), arg("segs")
	var step3 reg.GPVirtual
	if group == 4 {
		step3 = GP64()
		LEAQ(ati(step, step, 2, 0), step3)
	}
	row := func(p []reg.GPVirtual, t int) Mem {
		if t%group == 3 {
			return ati(p[t/group], step3, 1, 0)
		}
		return ati(p[t/group], step, t%group, 0)
	}
	Label(label + "segments")
	p := make([]reg.GPVirtual, (rows+group-1)/group)
	for i := range p {
		p[i] = GP64()
	}
	MOVLQSX(at(offs, 0), p[0])
	LEAQ(ati(a, p[0], 4, 0), p[0])
	for i := 1; i < len(p); i++ {
		if group == 4 {
			LEAQ(ati(p[i-1], step, 4, 0), p[i])
		} else {
			LEAQ(ati(p[i-1], step, 2, 0), p[i])
			ADDQ(step, p[i])
		}
	}
	ADDQ(Imm(4), offs)
	terms := GP64()
	MOVQ(U32(16), terms)
	Label(label + "terms")
	line := vecs(cols)
	for c := range line {
		VMOVUPS(at(u, 4*width*c), line[c])
	}
	Comment("u streams from the second-level cache: fetch 2 KB ahead.")
	for c := 0; c < cols*width; c += 16 {
		PREFETCHT0(at(u, 2048+4*c))
	}
	x := vec()
	for t := range acc {
		VBROADCASTSS(row(p, t), x)
		for c := range line {
			VFMADD231PS(line[c], x, acc[t][c])
		}
	}
	for _, q := range p {
		ADDQ(Imm(4), q)
	}
	if uline == nil {
		ADDQ(U32(uint32(4*width*cols)), u)
	} else {
		ADDQ(uline, u)
	}
	DECQ(terms)
	JNZ(LabelRef(label + "terms"))
	DECQ(segs)
	JNZ(LabelRef(label + "segments"))
}

// gemmTN writes the product with a transposed: 8 rows by 32 columns of sums with
// AVX-512, four passes of 4 rows by 16 columns with AVX2.
func gemmTN() {
	fn("gemmTN", "out *float32, os int, a *float32, lda int, b *float32, ldb, bs, n, cols int",
		"is plain.GemmTN for n above 0.")
	if wide {
		CMPQ(addr("cols"), Imm(16))
		JE(LabelRef("narrow"))
		transposedTile("wide", arg("out"), arg("a"), arg("b"), tile(8, 2), bytes("bs"), 64)
		end()
		Label("narrow")
		transposedTile("narrow", arg("out"), arg("a"), arg("b"), tile(8, 1), nil, 0)
		end()
		return
	}
	out, b, left := arg("out"), arg("b"), arg("cols")
	Label("columns")
	a, rows := arg("a"), GP64()
	MOVQ(U32(2), rows)
	Label("rows")
	transposedTile("tile", out, a, b, tile(4, 2), nil, 32)
	os := arg("os")
	SHLQ(Imm(4), os)
	ADDQ(os, out)
	ADDQ(Imm(16), a)
	DECQ(rows)
	JNZ(LabelRef("rows"))
	Comment("Back to the first row, and the next 16 columns.")
	ADDQ(os, os)
	SUBQ(os, out)
	ADDQ(Imm(64), out)
	LEAQ(ati(b, bytes("bs"), 1, 0), b)
	SUBQ(Imm(16), left)
	JNZ(LabelRef("columns"))
	end()
}

// transposedTile adds one tile of the product to out. The second vector of b lies
// bs bytes after the first, or next to it if bs is nil; that of out lies second
// bytes after the first.
func transposedTile(label string, out, a, b reg.GPVirtual, acc [][]reg.VecVirtual, bs reg.GPVirtual, second int) {
	pa, pb, n, lda, ldb := GP64(), GP64(), arg("n"), bytes("lda"), bytes("ldb")
	MOVQ(a, pa)
	MOVQ(b, pb)
	Label(label + "terms")
	line := vecs(len(acc[0]))
	VMOVUPS(at(pb, 0), line[0])
	if len(line) == 2 && bs != nil {
		VMOVUPS(ati(pb, bs, 1, 0), line[1])
	} else if len(line) == 2 {
		VMOVUPS(at(pb, 4*width), line[1])
	}
	x := vec()
	for c := range acc {
		VBROADCASTSS(at(pa, 4*c), x)
		for k := range line {
			VFMADD231PS(line[k], x, acc[c][k])
		}
	}
	ADDQ(lda, pa)
	ADDQ(ldb, pb)
	DECQ(n)
	JNZ(LabelRef(label + "terms"))
	os := bytes("os")
	p := GP64()
	MOVQ(out, p)
	for c := range acc {
		for k := range acc[c] {
			VADDPS(at(p, k*second), acc[c][k], acc[c][k])
			VMOVUPS(acc[c][k], at(p, k*second))
		}
		ADDQ(os, p)
	}
}
