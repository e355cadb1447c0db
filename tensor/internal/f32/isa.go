package f32

import (
	"fmt"
	"os"
)

// active is the instruction set in use.
var active = pick(os.Getenv("IMPASTO_ISA"))

// parse returns the instruction set called name.
func parse(name string) (isa, bool) {
	for i, n := range isaNames {
		if n == name {
			return isa(i), true
		}
	}
	return portable, false
}

// pick returns the best available instruction set not above the named one; an
// unknown or empty name sets no limit.
func pick(name string) isa {
	t, ok := parse(name)
	if !ok {
		t = avx512
	}
	for !available(t) {
		t--
	}
	return t
}

// ISA names the instruction set in use: "avx512", "avx2", "neon" or "portable".
func ISA() string { return isaNames[active] }

// Use selects the instruction set by name and reports an error if it is unknown
// or this machine lacks it. It is for tests: it must not run while kernels do,
// and what was packed for one value of [Rows] does not fit another.
func Use(name string) error {
	t, ok := parse(name)
	if !ok {
		return fmt.Errorf("f32: unknown instruction set %q; want portable, neon, avx2 or avx512", name)
	}
	if !available(t) {
		return fmt.Errorf("f32: instruction set %s is not available here", name)
	}
	active = t
	return nil
}

// Rows returns the number of rows t that one call of [Gemm] computes.
func Rows() int {
	switch active {
	case avx512:
		return 14
	case avx2, neon:
		return 12
	}
	return 8
}
