// Command _asm writes the assembly of package rows, for AVX2. Run it with go generate in
// the package's directory.
package main

import (
	"go/types"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	follow()
	carry()
	mix()
	take()
	show()
	Generate()
}

// fn begins a function that does a row's first n pixels, a multiple of 8 above 0.
func fn(name, params, portable string) {
	TEXT(name+"AVX2", NOSPLIT, "func("+params+")")
	Doc(name + "AVX2 is " + portable + " for n pixels, a multiple of 8 above 0.")
	Pragma("noescape")
}

// end closes the loop over n pixels, begun by the label, and the function.
func end(label string, n reg.GPVirtual) {
	SUBQ(Imm(8), n)
	JNZ(LabelRef(label))
	VZEROUPPER()
	RET()
}

// ahead asks for what lies so many bytes behind what a group of pixels reads or writes:
// the processor does not see by itself where gathered values will come from, and stops
// fetching between rows. There may be nothing.
func ahead(m Mem, bytes int) {
	m.Disp += bytes
	PREFETCHT0(m)
}

func arg(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

func mem(p reg.Register, disp int) Mem { return Mem{Base: p, Disp: disp} }

// constants are those that were written, by name.
var constants = map[string]Mem{}

// words returns a constant of 16 words, of which lane gives each.
func words(name string, lane func(i int) int) Mem {
	return constant(name, func(b int) int { return lane(b/2) >> (8 * (b % 2)) & 0xff })
}

// constant returns a constant of 32 bytes, of which lane gives each.
func constant(name string, lane func(i int) int) Mem {
	if m, ok := constants[name]; ok {
		return m
	}
	m := GLOBL(name+"AVX2", attr.RODATA|attr.NOPTR)
	for i := range 32 {
		DATA(i, U8(lane(i)))
	}
	constants[name] = m
	return m
}

// all fills a register with a double word.
func all(v uint32) reg.VecVirtual {
	g, x, y := GP32(), XMM(), YMM()
	MOVL(U32(v), g)
	VMOVD(g, x)
	VPBROADCASTD(x, y)
	return y
}

// spread fills a register with a parameter of 32 bits, or with the low half of one of 64.
func spread(name string) reg.VecVirtual {
	y := YMM()
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	if b.Type == types.Typ[types.Float32] { // go vet knows their size
		VBROADCASTSS(b.Addr, y)
	} else {
		VPBROADCASTD(b.Addr, y)
	}
	return y
}
