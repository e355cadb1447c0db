package cpu

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a huge page where pages have 4 KiB.
const hugePage = 2 << 20

// adviseHugePages asks for huge pages where mem lies, if it could fill one, so that
// one page fault replaces 512. Its ends may share a page with their neighbours on
// the heap, to which that is no harm. Where the kernel refuses, all works the same.
func adviseHugePages(mem []float32) {
	size := 4 * uintptr(len(mem))
	if size < hugePage {
		return
	}
	first := uintptr(unsafe.Pointer(&mem[0]))
	end := (first + size + hugePage - 1) &^ (hugePage - 1)
	first &^= hugePage - 1
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, first, end-first, syscall.MADV_HUGEPAGE)
}
