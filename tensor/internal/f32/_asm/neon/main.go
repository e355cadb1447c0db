// Command neon writes the NEON kernels of package f32 for arm64. Run it with go
// generate in the package's directory.
//
// Go's assembler lacks most floating-point vector instructions, which appear as
// WORD with their meaning in GNU syntax beside; instruction.go encodes them.
// The descriptions read like those for amd64, but registers are taken from
// pools by hand, and most operations work on a block of vectors at a time, so
// that neighboring instructions do not wait for each other.
package main

import (
	"flag"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", "", "assembly file to write")
	stubs := flag.String("stubs", "", "Go file with the declarations to write")
	flag.Parse()
	s, decls, err := files()
	if err != nil {
		log.Fatal(err)
	}
	for name, data := range map[string][]byte{*out: s, *stubs: decls} {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// kernels describes all kernels.
func kernels() {
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
	adam()
}
