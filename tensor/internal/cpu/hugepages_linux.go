package cpu

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a huge page where pages have 4 KiB.
const hugePage = 2 << 20

// adviseHugePages asks for huge pages inside mem, if one fits, so that one page
// fault replaces 512. Where the kernel refuses, all works the same.
func adviseHugePages(mem []float32) {
	size := 4 * uintptr(len(mem))
	start := uintptr(unsafe.Pointer(&mem[0]))
	first := (start + hugePage - 1) &^ (hugePage - 1)
	end := (start + size) &^ (hugePage - 1)
	if first < end {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, first, end-first, syscall.MADV_HUGEPAGE)
	}
}
