package main

import (
	"strings"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The instruction set being written.
var (
	wide   bool   // AVX-512, else AVX2
	width  int    // floats in a vector register
	suffix string // of function names
)

// mask selects the lanes of a load or store: a K register with AVX-512, the
// memory of a vector of sign bits with AVX2. nil selects all.
type mask = Op

// maskTable holds 16 set and then 16 clear lanes, for tailMask with AVX2.
var maskTable Mem

// tables writes the constants.
func tables() {
	if wide {
		return
	}
	maskTable = GLOBL("mask"+suffix, attr.RODATA|attr.NOPTR)
	for i := range 32 {
		v := U32(0)
		if i < 16 {
			v = ^v
		}
		DATA(4*i, v)
	}
}

// table writes 16 lane indices as a constant.
func table(name string, index func(lane int) int) Mem {
	m := GLOBL(name+suffix, attr.RODATA|attr.NOPTR)
	for i := range 16 {
		DATA(4*i, U32(index(i)))
	}
	return m
}

// fn begins function name with the given parameters.
func fn(name, params string, doc ...string) {
	fnFrame(name, params, NOSPLIT, doc...)
}

// portable returns the name of a kernel's portable form.
func portable(name string) string { return "plain." + strings.ToUpper(name[:1]) + name[1:] }

// fnFrame begins a function with other attributes: one with a large frame cannot
// be NOSPLIT.
func fnFrame(name, params string, a attr.Attribute, doc ...string) {
	TEXT(name+suffix, a, "func("+params+")")
	doc[0] = name + suffix + " " + doc[0]
	Doc(doc...)
	Pragma("noescape")
}

// end returns.
func end() {
	VZEROUPPER()
	RET()
}

// arg loads an integer or pointer parameter.
func arg(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

// bytes loads a parameter that counts floats and turns it into bytes.
func bytes(name string) reg.GPVirtual {
	r := arg(name)
	SHLQ(Imm(2), r)
	return r
}

// addr returns the address of a parameter.
func addr(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// at returns the memory disp bytes after p.
func at(p reg.Register, disp int) Mem { return Mem{Base: p, Disp: disp} }

// ati returns the memory at p + index*scale + disp; scale 0 means no index.
func ati(p, index reg.Register, scale, disp int) Mem {
	if scale == 0 {
		return at(p, disp)
	}
	return Mem{Base: p, Index: index, Scale: uint8(scale), Disp: disp}
}

// vec returns a new vector register.
func vec() reg.VecVirtual {
	if wide {
		return ZMM()
	}
	return YMM()
}

// vecs returns n new vector registers.
func vecs(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = vec()
	}
	return v
}

func zero(vs ...reg.VecVirtual) {
	for _, v := range vs {
		VXORPS(v, v, v)
	}
}

// splat returns a register with the float parameter name in every lane.
func splat(name string) reg.VecVirtual {
	v := vec()
	VBROADCASTSS(addr(name), v)
	return v
}

// constant returns a register with the same float32 bits in every lane.
func constant(bits uint32) reg.VecVirtual {
	g, x, v := GP32(), XMM(), vec()
	MOVL(U32(bits), g)
	VMOVD(g, x)
	VBROADCASTSS(x, v)
	return v
}

// Float32 bits of the constants in use.
const (
	two   = 0x40000000
	four  = 0x40800000
	five  = 0x40a00000
	eight = 0x41000000
	one   = 0x3f800000
	least = 0xff800000 // -Inf

	quarter      = 0x3e800000
	minusSixth   = 0xbe2aaaab
	twentyFourth = 0x3d2aaaab
)

// load reads the lanes in m from mem and clears the others.
func load(m mask, mem Mem, v reg.VecVirtual) {
	switch {
	case m == nil:
		VMOVUPS(mem, v)
	case wide:
		VMOVUPS_Z(mem, m, v)
	default:
		VMOVUPS(m, v)
		VMASKMOVPS(mem, v, v)
	}
}

// store writes the lanes in m.
func store(m mask, v reg.VecVirtual, mem Mem) {
	switch {
	case m == nil:
		VMOVUPS(v, mem)
	case wide:
		VMOVUPS(v, m, mem)
	default:
		lanes := YMM()
		VMOVUPS(m, lanes)
		VMASKMOVPS(v, lanes, mem)
	}
}

// tailMask selects the lanes i < n - skip, for n < 16 (n <= width if skip is 0).
func tailMask(n reg.GPVirtual, skip int) mask {
	if wide {
		bits, k := GP32(), K()
		MOVL(U32(0xffffffff), bits)
		BZHIL(n.As32(), bits, bits)
		KMOVW(bits, k)
		return k
	}
	p, i := GP64(), GP64()
	LEAQ(maskTable, p)
	MOVQ(n, i)
	NEGQ(i)
	LEAQ(ati(p, i, 4, 4*(16+skip)), p)
	return at(p, 0)
}

// ahead asks for the line 8 KB after the one that begins disp bytes after p: further
// than the processor does by itself, for kernels between whose calls it forgets.
func ahead(p reg.GPVirtual, disp int) {
	if disp%64 == 0 {
		PREFETCHT1(at(p, disp+8192))
	}
}

// where loads x where y, memory or a register, is above 0 and 0 elsewhere; zero is
// a register of zeros.
func where(m mask, x Mem, y Op, zero, v reg.VecVirtual) {
	const less = 0x11 // ordered, quiet
	if wide {
		k := K()
		if m == nil {
			VCMPPS(Imm(less), y, zero, k)
		} else {
			VCMPPS(Imm(less), y, zero, m, k)
		}
		VMOVUPS_Z(x, k, v)
		return
	}
	c := YMM()
	if mem, ok := y.(Mem); ok && m != nil {
		load(m, mem, c)
		y = c
	}
	VCMPPS(Imm(less), y, zero, c)
	load(m, x, v)
	VANDPS(c, v, v)
}

// clear zeroes the lanes of v that are not in m.
func clear(m mask, v reg.VecVirtual) {
	switch {
	case m == nil:
	case wide:
		VMOVAPS_Z(v, m, v)
	default:
		VANDPS(m, v, v)
	}
}

// lanes returns the 16 values behind the pointer parameter name, one operand for
// each vector: registers with AVX-512, memory with AVX2.
func lanes(name string) []Op {
	p := arg(name)
	if !wide {
		return []Op{at(p, 0), at(p, 32)}
	}
	v := vec()
	VMOVUPS(at(p, 0), v)
	return []Op{v}
}

// elements runs body over n floats behind the pointers, which it advances: first
// in groups of unroll blocks of 16 floats, then in single blocks, then for the
// lanes that are left. body handles the vector disp bytes after the pointers,
// the i-th of its group.
func elements(label string, n reg.GPVirtual, unroll int, ptrs []reg.GPVirtual, body func(i, disp int, m mask)) {
	per := 16 / width
	advance := func(blocks int) {
		for _, p := range ptrs {
			ADDQ(U32(64*blocks), p)
		}
		SUBQ(U32(16*blocks), n)
	}
	for _, u := range []int{unroll, 1} {
		loop := label + "blocks" + string(rune('0'+u))
		done := loop + "done"
		CMPQ(n, U32(16*u))
		JLT(LabelRef(done))
		Label(loop)
		for i := range u * per {
			body(i, i*width*4, nil)
		}
		advance(u)
		CMPQ(n, U32(16*u))
		JGE(LabelRef(loop))
		Label(done)
		if unroll == 1 {
			break
		}
	}
	TESTQ(n, n)
	JZ(LabelRef(label + "end"))
	for i := range per {
		body(i, i*width*4, tailMask(n, i*width))
	}
	Label(label + "end")
}
