//go:build !noasm

package f32

import "github.com/klauspost/cpuid/v2"

// available reports whether the processor and the operating system run t.
func available(t isa) bool {
	switch t {
	case portable:
		return true
	case avx2:
		return cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.BMI2)
	case avx512:
		return cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.BMI2)
	}
	return false
}
