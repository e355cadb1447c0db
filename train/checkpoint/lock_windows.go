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
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if err == nil {
		return &lock{f}, nil
	}
	f.Close()
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return nil, ErrLocked
	}
	return nil, &os.PathError{Op: "lock", Path: path, Err: err}
}

func (l *lock) release() error { return l.file.Close() }
