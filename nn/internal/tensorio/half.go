package tensorio

import "math"

// FromHalf returns the value of an IEEE 754 binary16 number.
func FromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, int(h>>10&31), uint32(h&0x3ff)
	switch exponent {
	case 0: // zero and subnormal numbers, in units of 2^-24
		return math.Float32frombits(math.Float32bits(float32(fraction)*0x1p-24) | sign)
	case 31: // infinities and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | uint32(exponent-15+127)<<23 | fraction<<13)
}

// ToHalf returns the binary16 number nearest to v, the even one of two: infinity
// from 65520 on.
func ToHalf(v float32) uint16 {
	b := math.Float32bits(v)
	sign, magnitude := uint16(b>>16&0x8000), b&0x7fffffff
	switch {
	case magnitude > 0xff<<23:
		return sign | 0x7e00
	case magnitude >= 143<<23: // 2^16
		return sign | 0x7c00
	case magnitude < 113<<23: // 2^-14: subnormal, in units of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(magnitude))*0x1p24))
	}
	// Adding half a unit less one and the last bit that is kept rounds to even; a
	// carry into the exponent is right, up to infinity.
	magnitude += 0xfff + magnitude>>13&1
	return sign | uint16(magnitude>>13-(127-15)<<10)
}
