//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// hold locks a temporary file until it is closed. Where the file system has no
// locks it goes without.
func hold(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// removeUnused removes a file that nobody holds.
func removeUnused(path string) error {
	if f, err := os.Open(path); err == nil {
		defer f.Close()
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil
		}
	}
	return os.Remove(path)
}
