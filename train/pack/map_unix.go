//go:build unix

package pack

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// mapped is a file that the system maps to memory, where all processes share it.
type mapped struct {
	file *os.File
	data []byte
}

func newMapping(f *os.File, size int64) (mapping, error) {
	if strconv.IntSize == 32 && size > 1<<30 {
		return reader{f}, nil // there are not that many addresses
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return reader{f}, nil // such as on a file system that has no mapping
	}
	return &mapped{f, data}, nil
}

func (m *mapped) read(offset int64, n int, f func([]byte)) error {
	return guarded(m.data[offset:offset+int64(n)], f)
}

func (m *mapped) close() error { return errors.Join(syscall.Munmap(m.data), m.file.Close()) }
