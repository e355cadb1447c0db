// Package free tells how much memory is free.
package free

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Memory returns the bytes that can be taken without swapping, of the machine or of
// the control group, or 0 where the system does not tell (it is Linux that does).
func Memory() int64 { return memory("/") }

// memory reads the files below root.
func memory(root string) int64 {
	info, err := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	if err != nil {
		return 0
	}
	var kib int64
	for line := range strings.Lines(string(info)) {
		if n, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 && err == nil {
			break
		}
	}
	available := kib << 10
	if limit, used := number(root, "memory.max"), number(root, "memory.current"); limit > 0 && available > 0 {
		available = min(available, max(limit-used, 1))
	}
	return available
}

// number reads a file of the control group that containers see as their root; 0 if
// there is none or no limit.
func number(root, name string) int64 {
	b, err := os.ReadFile(filepath.Join(root, "sys/fs/cgroup", name))
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
