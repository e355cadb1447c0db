package cpu

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// TestHugePages looks up the flags of a large block's memory.
func TestHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		need.Missing(t, "platform", "the kernel has no transparent huge pages")
	}
	mem := alignedFloats(4 * hugePage)
	flags := mappingFlags(t, uintptr(unsafe.Pointer(&mem[len(mem)/2])))
	require.Contains(t, flags, "hg")
	mem[0] = 1 // keeps it alive
}

// mappingFlags returns the VmFlags of the mapping that address lies in.
func mappingFlags(t *testing.T, address uintptr) []string {
	smaps, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	inside := false
	for line := range strings.Lines(string(smaps)) {
		var first, end uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &first, &end); n == 2 {
			inside = first <= address && address < end
		}
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && inside {
			return strings.Fields(flags)
		}
	}
	need.Missing(t, "platform", "the kernel shows no flags of mappings")
	return nil
}
