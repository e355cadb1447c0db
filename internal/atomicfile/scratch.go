package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// lockName is the file in a scratch folder that its owner holds.
const lockName = "lock"

// Scratch makes a temporary folder in dir whose name begins with a dot and name, for
// files that are on their way to dir, and a function that removes it. First it removes
// those that killed processes left; what a living one uses stays, where the system
// can tell.
func Scratch(dir, name string) (scratch string, remove func() error, err error) {
	prefix := "." + name + "-"
	if err := removeStaleScratch(dir, prefix); err != nil {
		return "", nil, err
	}
	for {
		if scratch, err = os.MkdirTemp(dir, prefix); err != nil {
			return "", nil, err
		}
		lock, err := os.Create(filepath.Join(scratch, lockName))
		if err != nil {
			return "", nil, errors.Join(err, os.RemoveAll(scratch))
		}
		held, err := hold(lock)
		if err == nil {
			return scratch, func() error { return errors.Join(held.Close(), lock.Close(), os.RemoveAll(scratch)) }, nil
		}
		if gone := errors.Join(lock.Close(), os.RemoveAll(scratch)); gone != nil || !errors.Is(err, errGone) {
			return "", nil, errors.Join(err, gone)
		}
	}
}

// removeStaleScratch removes folders of Scratch that nobody holds. One without a lock
// is about to get it.
func removeStaleScratch(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		old := filepath.Join(dir, e.Name())
		lock := filepath.Join(old, lockName)
		if _, err := os.Lstat(lock); err != nil {
			continue
		}
		if err := removeUnused(lock); err != nil && !errors.Is(err, fs.ErrNotExist) { // others do so too
			return err
		}
		if _, err := os.Lstat(lock); err == nil {
			continue // it is held
		}
		if err := os.RemoveAll(old); err != nil {
			return err
		}
	}
	return nil
}
