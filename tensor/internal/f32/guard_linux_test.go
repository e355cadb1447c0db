package f32

import (
	"syscall"
	"unsafe"
)

// guardedPages returns n floats, a whole number of pages, between two pages that
// may not be touched.
func guardedPages(n int) []float32 {
	page := syscall.Getpagesize()
	b, err := syscall.Mmap(-1, 0, 4*n+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		panic(err)
	}
	for _, guard := range [][]byte{b[:page], b[page+4*n:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			panic(err)
		}
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[page])), n)
}
