package cpu

import "unsafe"

// Slots of a worker's scratch memory.
const (
	slotLocal = iota // gathered rows, or Winograd-transformed tiles
	slotRaw          // a row on its way into slotLocal
	slotLine
	slotRows // output rows, or the products of tiles
	slotTile
	slotWeights
	slotSums
	slotStage // results to be streamed
)

// scratch is memory that grows to what its worker needs and stays.
type scratch struct {
	slots [slotStage + 1][]float32
	ints  []int32
	sums  []float64
}

// floats returns slot with room for n values, undefined, and slack behind them.
func (s *scratch) floats(slot, n int) []float32 {
	if cap(s.slots[slot]) < n+slack {
		s.slots[slot] = alignedFloats(n)
	}
	return s.slots[slot][:n]
}

// offsets returns room for n offsets, undefined.
func (s *scratch) offsets(n int) []int32 {
	if cap(s.ints) < n {
		s.ints = make([]int32, n)
	}
	return s.ints[:n]
}

// doubles returns room for n sums, undefined.
func (s *scratch) doubles(n int) []float64 {
	if cap(s.sums) < n {
		s.sums = make([]float64, n)
	}
	return s.sums[:n]
}

// slack is how many floats kernels may read past the end of a buffer.
const slack = 1024

// alignedFloats allocates n floats at a 64-byte boundary with slack behind them.
func alignedFloats(n int) []float32 {
	raw := make([]float32, n+slack+16)
	adviseHugePages(raw)
	skip := 0
	for uintptr(unsafe.Pointer(&raw[skip]))%64 != 0 {
		skip++
	}
	return raw[skip : skip+n : len(raw)]
}
