package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Names of operands in Go's syntax.
func (v vec) s4() string  { return fmt.Sprintf("V%d.S4", int(v)) }
func (v vec) b16() string { return fmt.Sprintf("V%d.B16", int(v)) }
func (v vec) f() string   { return fmt.Sprintf("F%d", int(v)) }

// lane returns lane i of v.
func (v vec) lane(i int) string { return fmt.Sprintf("V%d.S[%d]", int(v), i) }

// list returns a register list.
func (v vecs) list() string {
	s := make([]string, len(v))
	for i := range v {
		s[i] = v[i].s4()
	}
	return "[" + strings.Join(s, ", ") + "]"
}

// threeSame holds the encodings of vector instructions of three registers with
// all register fields 0, from the Arm Architecture Reference Manual (DDI 0487),
// C7.2. Element type and vector length are part of the name.
var threeSame = map[string]uint32{
	"fadd.4s":  0x4e20d400,
	"fadd.2d":  0x4e60d400,
	"faddp.4s": 0x6e20d400,
	"fsub.4s":  0x4ea0d400,
	"fmul.4s":  0x6e20dc00,
	"fdiv.4s":  0x6e20fc00,
	"fmax.4s":  0x4e20f400,
	"fcmeq.4s": 0x4e20e400,
	"fcmgt.4s": 0x6ea0e400,
	"bic.16b":  0x4e601c00,
	"orn.16b":  0x4ee01c00,
}

// encodeThree encodes d = a op b.
func encodeThree(name string, d, a, b vec) (word uint32, text string) {
	base, ok := threeSame[name]
	if !ok {
		panic("no instruction " + name)
	}
	m, t, _ := strings.Cut(name, ".")
	return base | uint32(b)<<16 | uint32(a)<<5 | uint32(d),
		fmt.Sprintf("%s v%d.%s, v%d.%s, v%d.%s", m, d, t, a, t, b, t)
}

// twoMisc holds the encodings of instructions of two registers, like threeSame,
// with the text that the registers d and a complete.
var twoMisc = map[string]struct {
	base uint32
	text string
}{
	"fsqrt":  {0x6ea1f800, "fsqrt v%d.4s, v%d.4s"},
	"fcmgt0": {0x4ea0c800, "fcmgt v%d.4s, v%d.4s, #0.0"},
	"fcvtl":  {0x0e617800, "fcvtl v%d.2d, v%d.2s"},
	"fcvtl2": {0x4e617800, "fcvtl2 v%d.2d, v%d.4s"},
}

// encodeTwo encodes d = op a.
func encodeTwo(name string, d, a vec) (word uint32, text string) {
	e, ok := twoMisc[name]
	if !ok {
		panic("no instruction " + name)
	}
	return e.base | uint32(a)<<5 | uint32(d), fmt.Sprintf(e.text, d, a)
}

// encodeMLA encodes d += a*b[lane]: the lane's number is bits H (11) and L (21).
func encodeMLA(d, a, b vec, lane int) (word uint32, text string) {
	return 0x4f801000 | uint32(lane&1)<<21 | uint32(b)<<16 | uint32(lane>>1)<<11 | uint32(a)<<5 | uint32(d),
		fmt.Sprintf("fmla v%d.4s, v%d.4s, v%d.s[%d]", d, a, b, lane)
}

// word writes an encoded instruction.
func word(w uint32, meaning string) {
	fmt.Fprintf(&text, "\tWORD    $0x%08x // %s\n", w, meaning)
}

// each returns vector i of v, which has one for all or one for each.
func (v vecs) each(i int) vec {
	if len(v) == 1 {
		return v[0]
	}
	return v[i]
}

// three writes d = a op b for blocks of vectors.
func three(name string, d, a, b vecs) {
	for i := range d {
		word(encodeThree(name, d[i], a.each(i), b.each(i)))
	}
}

func fadd(d, a, b vecs) { three("fadd.4s", d, a, b) }
func fsub(d, a, b vecs) { three("fsub.4s", d, a, b) }
func fmul(d, a, b vecs) { three("fmul.4s", d, a, b) }
func fdiv(d, a, b vecs) { three("fdiv.4s", d, a, b) }
func fmax(d, a, b vecs) { three("fmax.4s", d, a, b) }

// two writes d = op a for blocks of vectors.
func two(name string, d, a vecs) {
	for i := range d {
		word(encodeTwo(name, d[i], a.each(i)))
	}
}

// mla adds a*b to d, mls subtracts it; mlaLane adds a times one lane of b.
func mla(d, a, b vecs)              { native("VFMLA", vec.s4, d, a, b) }
func mls(d, a, b vecs)              { native("VFMLS", vec.s4, d, a, b) }
func mlaLane(d, a, b vec, lane int) { word(encodeMLA(d, a, b, lane)) }

// and, eor and bit are bitwise; bit copies the bits of a that are set in mask.
func and(d, a, b vecs)    { native("VAND", vec.b16, d, a, b) }
func eor(d, a, b vecs)    { native("VEOR", vec.b16, d, a, b) }
func bit(d, a, mask vecs) { native("VBIT", vec.b16, d, a, mask) }

// native writes an instruction that Go's assembler knows: d = a op b, or d op= a, b.
func native(mnemonic string, name func(vec) string, d, a, b vecs) {
	for i := range d {
		op(mnemonic, name(b.each(i)), name(a.each(i)), name(d[i]))
	}
}

// zero clears vectors.
func zero(v ...vec) { eor(v, v, v) }

// move copies a to d.
func move(d, a vecs) {
	for i := range d {
		op("VMOV", a.each(i).b16(), d[i].b16())
	}
}

// constant returns a vector with c, rounded to float32, in all lanes.
func constant(c float64) vecs {
	v := newVec()
	digits := strconv.FormatFloat(c, 'f', -1, 32)
	if c == math.Trunc(c) {
		digits += ".0"
	}
	op("FMOVS", "$"+digits, v.f())
	op("VDUP", v.lane(0), v.s4())
	return vecs{v}
}

// splat returns a vector with a float parameter in all lanes.
func splat(name string) vecs {
	v := newVec()
	op("FMOVS", operand(name), v.f())
	op("VDUP", v.lane(0), v.s4())
	return vecs{v}
}

// load reads consecutive vectors from disp bytes after p, in pairs.
func load(v vecs, p gp, disp int) {
	for pair := range slices.Chunk(v, 2) {
		if len(pair) == 2 {
			op("FLDPQ", at(p, disp), fmt.Sprintf("(%s, %s)", pair[0].f(), pair[1].f()))
		} else {
			op("FMOVQ", at(p, disp), pair[0].f())
		}
		disp += 32
	}
}

// store writes consecutive vectors.
func store(v vecs, p gp, disp int) {
	for pair := range slices.Chunk(v, 2) {
		if len(pair) == 2 {
			op("FSTPQ", fmt.Sprintf("(%s, %s)", pair[0].f(), pair[1].f()), at(p, disp))
		} else {
			op("FMOVQ", pair[0].f(), at(p, disp))
		}
		disp += 32
	}
}

// storeLanes writes the first n lanes of v, n < 4, behind p. It changes p and v.
func storeLanes(v vec, p, n gp, name string) {
	op("TBZ", "$1", n, name+"odd")
	op("FMOVD.P", v.f(), at(p, 8))
	op("VEXT", "$8", v.b16(), v.b16(), v.b16())
	label(name + "odd")
	op("TBZ", "$0", n, name+"stored")
	op("FMOVS", v.f(), at(p, 0))
	label(name + "stored")
}
