// Command _asm writes the assembly kernels of package f32, one instruction set
// per run: the same descriptions serve AVX-512 (16 floats a register, 32
// registers) and AVX2+FMA (8 floats, 16 registers). Run it with go generate in
// the package's directory.
package main

import (
	"flag"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	set := flag.String("isa", "", "instruction set to write: avx512 or avx2")
	flag.Parse() // avo registers -out and -stubs
	switch *set {
	case "avx512":
		wide, width, suffix = true, 16, "AVX512"
	case "avx2":
		wide, width, suffix = false, 8, "AVX2"
	default:
		fmt.Fprintln(os.Stderr, "-isa must be avx512 or avx2")
		os.Exit(2)
	}
	ConstraintExpr("!noasm")
	tables()
	peak()
	gemm()
	gemmTN()
	taps()
	tapsGrad()
	winograd()
	nested()
	layout()
	elementwise()
	norm()
	reduce()
	pool()
	upsample()
	upsampled()
	streams()
	adam()
	Generate()
}
