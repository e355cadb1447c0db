package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEncodings compares instructions with what llvm-mc -triple=aarch64
// -show-encoding makes of their meaning.
func TestEncodings(t *testing.T) {
	type instruction struct {
		word uint32
		text string
	}
	of := func(word uint32, text string) instruction { return instruction{word, text} }
	for _, c := range []struct{ got, want instruction }{
		{of(encodeThree("fadd.4s", 3, 17, 30)), of(0x4e3ed623, "fadd v3.4s, v17.4s, v30.4s")},
		{of(encodeThree("fadd.2d", 3, 17, 30)), of(0x4e7ed623, "fadd v3.2d, v17.2d, v30.2d")},
		{of(encodeThree("faddp.4s", 3, 17, 30)), of(0x6e3ed623, "faddp v3.4s, v17.4s, v30.4s")},
		{of(encodeThree("fsub.4s", 3, 17, 30)), of(0x4ebed623, "fsub v3.4s, v17.4s, v30.4s")},
		{of(encodeThree("fmul.4s", 3, 17, 30)), of(0x6e3ede23, "fmul v3.4s, v17.4s, v30.4s")},
		{of(encodeThree("fdiv.4s", 3, 17, 30)), of(0x6e3efe23, "fdiv v3.4s, v17.4s, v30.4s")},
		{of(encodeThree("fmax.4s", 3, 17, 30)), of(0x4e3ef623, "fmax v3.4s, v17.4s, v30.4s")},
		{of(encodeThree("fcmeq.4s", 3, 17, 30)), of(0x4e3ee623, "fcmeq v3.4s, v17.4s, v30.4s")},
		{of(encodeThree("fcmgt.4s", 3, 17, 30)), of(0x6ebee623, "fcmgt v3.4s, v17.4s, v30.4s")},
		{of(encodeThree("bic.16b", 3, 17, 30)), of(0x4e7e1e23, "bic v3.16b, v17.16b, v30.16b")},
		{of(encodeThree("orn.16b", 3, 17, 30)), of(0x4efe1e23, "orn v3.16b, v17.16b, v30.16b")},
		{of(encodeTwo("fsqrt", 9, 22)), of(0x6ea1fac9, "fsqrt v9.4s, v22.4s")},
		{of(encodeTwo("fcmgt0", 9, 22)), of(0x4ea0cac9, "fcmgt v9.4s, v22.4s, #0.0")},
		{of(encodeTwo("fcvtl", 9, 22)), of(0x0e617ac9, "fcvtl v9.2d, v22.2s")},
		{of(encodeTwo("fcvtl2", 9, 22)), of(0x4e617ac9, "fcvtl2 v9.2d, v22.4s")},
		{of(encodeMLA(1, 2, 31, 0)), of(0x4f9f1041, "fmla v1.4s, v2.4s, v31.s[0]")},
		{of(encodeMLA(1, 2, 31, 1)), of(0x4fbf1041, "fmla v1.4s, v2.4s, v31.s[1]")},
		{of(encodeMLA(1, 2, 31, 2)), of(0x4f9f1841, "fmla v1.4s, v2.4s, v31.s[2]")},
		{of(encodeMLA(31, 30, 15, 3)), of(0x4faf1bdf, "fmla v31.4s, v30.4s, v15.s[3]")},
	} {
		if c.got != c.want {
			t.Errorf("got %#08x %s, want %#08x %s", c.got.word, c.got.text, c.want.word, c.want.text)
		}
	}
}

// TestGenerated checks that the package holds what the generator writes.
func TestGenerated(t *testing.T) {
	s, stubs, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"../../neon_arm64.s": s, "../../neon_arm64.go": stubs} {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run go generate", name)
		}
	}
}

// TestLoadsPerMultiplyAdd counts what the comments of the product and tap kernels
// claim, in the loops that take their time.
func TestLoadsPerMultiplyAdd(t *testing.T) {
	s, _, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		function, loop string
		loads, mlas    int // loads in vectors
	}{
		{"gemm", "four", 6 + 16, 96},
		{"gemmTN", "terms", 4, 16},
		{"taps8", "by3taps", 3 + 2, 24},
		{"taps4", "by6taps", 6 + 1, 24},
		{"taps3", "by8taps", 8 + 2, 24},
		{"taps1", "by8taps", 8 + 1, 8},
		{"tapsGrad8", "by3four", 8 + 3, 24},
		{"tapsGrad4", "by6four", 4 + 6, 24},
		{"tapsGrad3", "by9four", 3 + 9, 27},
		{"tapsGrad1", "by9four", 1 + 9, 9},
	} {
		_, body, _ := strings.Cut(string(s), "TEXT ·"+c.function+"NEON(")
		_, body, _ = strings.Cut(body, "\n"+c.loop+":\n")
		body = regexp.MustCompile(`(?s)^.*?\tB(NE|GE) +` + c.loop + "\n").FindString(body)
		count := func(pattern string) int { return len(regexp.MustCompile(pattern).FindAllString(body, -1)) }
		loads := count(`\tFMOV[QDS]\S* +\d+\(`) + 2*count(`\t(FLDPQ|VLD1)`)
		mlas := count(`// fmla |\tVFMLA`)
		if loads != c.loads || mlas != c.mlas {
			t.Errorf("%s: got %d loads for %d multiply-adds, want %d for %d", c.function, loads, mlas, c.loads, c.mlas)
		}
	}
}
