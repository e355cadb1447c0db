package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// peakRegisters is the number of independent sums of the peak probe.
const peakRegisters = 12

func peak() {
	fn("peak", "n int", "runs n rounds of 12 independent vector multiply-adds, to measure the peak rate.")
	n := arg("n")
	acc := vecs(peakRegisters)
	zero(acc...)
	x := vec()
	zero(x)
	Label("loop")
	for _, a := range acc {
		VFMADD231PS(x, x, a)
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()
}
