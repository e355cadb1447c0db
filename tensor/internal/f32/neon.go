package f32

// Command neon is separate from the generator for amd64, whose assembler library
// does not know arm64.
//go:generate go run -C _asm ./neon -out ../neon_arm64.s -stubs ../neon_arm64.go
