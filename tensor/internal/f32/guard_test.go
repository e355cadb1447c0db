package f32

import (
	"math"
	"unsafe"
)

// arena hands out slices for one kernel call. Each lies in a mapping of its own,
// against the start (front) or end of its accessible pages; where guardedPages
// provides them, the pages next to it fault on any access, and in any case the
// floats on the other side hold canaries.
type arena struct {
	pages [][]float32
	used  []slot
	front bool
	shift int // floats between the edge and the slice
}

type slot struct{ page, data []float32 }

// arenaFloats is the size of a mapping: whole pages.
const arenaFloats = 1 << 16

// canary is a NaN that no kernel produces.
var canary = math.Float32frombits(0x7fc0dead)

func (a *arena) reset(front bool, shift int) { a.used, a.front, a.shift = a.used[:0], front, shift }

// floats returns n floats with capacity n.
func (a *arena) floats(n int) []float32 {
	i := len(a.used)
	if i == len(a.pages) {
		p := guardedPages(arenaFloats)
		for j := range p {
			p[j] = canary
		}
		a.pages = append(a.pages, p)
	}
	p := a.pages[i]
	at := a.shift
	if !a.front {
		at = len(p) - n - a.shift
	}
	s := p[at : at+n : at+n]
	a.used = append(a.used, slot{p, s})
	return s
}

// intact restores the slices' memory to canaries and reports whether the floats
// around them still were.
func (a *arena) intact() bool {
	ok := true
	for _, s := range a.used {
		at := 0
		if len(s.data) > 0 {
			at = int(uintptr(unsafe.Pointer(&s.data[0]))-uintptr(unsafe.Pointer(&s.page[0]))) / 4
		}
		for i := max(0, at-256); i < min(len(s.page), at+len(s.data)+256); i++ {
			if (i < at || i >= at+len(s.data)) && math.Float32bits(s.page[i]) != math.Float32bits(canary) {
				ok = false
			}
			s.page[i] = canary
		}
	}
	return ok
}

// ints views floats as the offsets of a tap table.
func ints(f []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(f))), len(f))
}
