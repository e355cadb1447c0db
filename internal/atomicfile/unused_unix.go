//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package atomicfile

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// hold locks a temporary file until both it and what is returned are closed. Where the
// file system has no locks it goes without. Before it is held, another process may have
// taken it for one that nobody has, and removed it: then the error is errGone.
func hold(f *os.File) (io.Closer, error) {
	second, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	lock := os.NewFile(uintptr(second), f.Name())
	taken := syscall.Flock(second, syscall.LOCK_EX|syscall.LOCK_NB)
	held, err := f.Stat()
	now, gone := os.Lstat(f.Name())
	if errors.Is(taken, syscall.EWOULDBLOCK) || err != nil || gone != nil || !os.SameFile(held, now) {
		lock.Close()
		return nil, errGone
	}
	return lock, nil
}

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
