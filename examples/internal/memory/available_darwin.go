package memory

import "golang.org/x/sys/unix"

// available returns all of the memory: what is used is given up or compressed when it
// is wanted, and no figure tells how much of it.
func available() (int64, bool) {
	total, err := unix.SysctlUint64("hw.memsize")
	return int64(total), err == nil
}
