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
	sizes [slotStage + 1]int // that slots have grown to
	ints  []int32
	sums  []float64
	grown bool // since the last level
}

// floats returns slot with room for n values, undefined, and slack behind them.
func (s *scratch) floats(slot, n int) []float32 {
	if cap(s.slots[slot]) < n+slack {
		s.slots[slot], s.sizes[slot], s.grown = alignedFloats(n), n, true
	}
	return s.slots[slot][:n]
}

// offsets returns room for n offsets, undefined.
func (s *scratch) offsets(n int) []int32 {
	if cap(s.ints) < n {
		s.ints, s.grown = make([]int32, n), true
	}
	return s.ints[:n]
}

// doubles returns room for n sums, undefined.
func (s *scratch) doubles(n int) []float64 {
	if cap(s.sums) < n {
		s.sums, s.grown = make([]float64, n), true
	}
	return s.sums[:n]
}

// level lets all workers' memory grow to what one of them needed: whoever does which
// part of the next frame, it allocates nothing.
func (b *Backend) level() {
	var most scratch
	for i := range b.scratch {
		s := &b.scratch[i]
		most.grown = most.grown || s.grown
		s.grown = false
	}
	if !most.grown {
		return
	}
	ints, sums := 0, 0
	for i := range b.scratch {
		s := &b.scratch[i]
		ints, sums = max(ints, cap(s.ints)), max(sums, cap(s.sums))
		for slot, n := range s.sizes {
			most.sizes[slot] = max(most.sizes[slot], n)
		}
	}
	for i := range b.scratch {
		s := &b.scratch[i]
		s.offsets(ints)
		s.doubles(sums)
		for slot, n := range most.sizes {
			if n > 0 {
				s.floats(slot, n)
			}
		}
		s.grown = false
	}
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
