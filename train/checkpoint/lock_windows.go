package checkpoint

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockName is the file whose lock stands for the folder's. It stays when the
// folder is unlocked: removing it would let two processes lock two files.
const lockName = ".lock"

// lock is a LockFileEx, which the system releases when the process ends in any
// way.
type lock struct{ file *os.File }

func acquire(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := LockFile(f); err != nil {
		f.Close()
		return nil, err
	}
	return &lock{f}, nil
}

// LockFile locks f until it is closed, or returns ErrLocked if another process has
// locked it. Where the system cannot lock files it does nothing.
func LockFile(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	// A byte that no file has, as others could not read one that is locked.
	far := &windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, far)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return ErrLocked
	}
	return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
}

func (l *lock) release() error { return l.file.Close() }
