package f32

// isa is an instruction set a kernel is written in, in order of preference.
type isa int

const (
	portable isa = iota
	neon
	avx2
	avx512
)

var isaNames = [...]string{portable: "portable", neon: "neon", avx2: "avx2", avx512: "avx512"}
