//go:build gl && cgo

package gpu

import (
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

var (
	kernel32      = syscall.NewLazyDLL("kernel32.dll")
	process       = ^uintptr(0) // the pseudo handle of this one
	handleCount   = kernel32.NewProc("GetProcessHandleCount")
	processMemory = kernel32.NewProc("K32GetProcessMemoryInfo")
)

// spareHandles is how many more may be open after a while: the runtime's threads have
// some, and end when they like.
const spareHandles = 40

func countHandles(t *testing.T) int {
	var n uint32
	ok, _, err := handleCount.Call(process, uintptr(unsafe.Pointer(&n)))
	require.NotZero(t, ok, err)
	return int(n)
}

// countThreads leaves threads to countHandles: each has one.
func countThreads(*testing.T) int { return 0 }

// resident is the memory of the process in main memory, in MiB.
func resident(t *testing.T) int {
	var m struct {
		size, faults uint32
		counters     [8]uintptr // the peak, and what it is now
	}
	m.size = uint32(unsafe.Sizeof(m))
	ok, _, err := processMemory.Call(process, uintptr(unsafe.Pointer(&m)), unsafe.Sizeof(m))
	require.NotZero(t, ok, err)
	return int(m.counters[1] >> 20)
}
