//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// lockName is the file whose existence locks the folder.
const lockName = ".lock.pid"

// lock is a file that only one process can create. Where files cannot be locked,
// one that a killed process leaves has to be removed by hand.
type lock struct{ path string }

func acquire(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		pid, _ := os.ReadFile(path)
		return nil, fmt.Errorf("%w (process %s; if it was killed, remove %s)", ErrLocked, pid, path)
	}
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprint(f, os.Getpid())
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return &lock{path}, nil
}

func (l *lock) release() error { return os.Remove(l.path) }

// LockFile locks f until it is closed, or returns ErrLocked if another process has
// locked it. Where the system cannot lock files it does nothing.
func LockFile(*os.File) error { return nil }
