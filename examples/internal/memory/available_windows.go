package memory

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// status is MEMORYSTATUSEX (learn.microsoft.com/windows/win32/api/sysinfoapi).
type status struct {
	length, load                    uint32
	totalPhysical, freePhysical     uint64
	totalPaged, freePaged           uint64
	totalVirtual, freeVirtual, over uint64
}

var globalMemoryStatusEx = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// available returns what can still be committed, the paging file included.
func available() (int64, bool) {
	if globalMemoryStatusEx.Find() != nil {
		return 0, false
	}
	s := status{length: uint32(unsafe.Sizeof(status{}))}
	if ok, _, _ := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return 0, false
	}
	return int64(min(s.freePaged, s.freeVirtual)), true
}
