package f32

import "unsafe"

// lineFloats is the length of a cache line.
const lineFloats = 16

// Stream copies src to dst past the caches, if the processor can: without reading
// the memory that it overwrites, and without displacing what other work needs. It
// is for results that are larger than the caches anyway. Other threads may look at
// dst after [Streamed].
func Stream(dst, src []float32) {
	need(len(src) >= len(dst), "Stream")
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		streamLines(dst[:n], src)
		dst, src = dst[n:], src[n:]
	}
}

// streamLines streams the whole cache lines of dst and copies what is before and
// behind them.
func streamLines(dst, src []float32) {
	before := int(-uintptr(unsafe.Pointer(unsafe.SliceData(dst)))/4) % lineFloats
	before = min(before, len(dst))
	whole := (len(dst) - before) &^ (lineFloats - 1)
	copy(dst[:before], src)
	if whole > 0 {
		stream(dst[before:][:whole], src[before:])
	}
	copy(dst[before+whole:], src[before+whole:])
}

// Streamed makes what this thread streamed visible to others.
func Streamed() { streamed() }
