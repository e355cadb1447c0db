// Package atomicfile writes files that appear whole or not at all: under a
// temporary name in the same folder, flushed to the disk, and then renamed. Every
// file that this module leaves for someone is written by it.
package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// errGone says that another process has removed a temporary file before it was held.
var errGone = errors.New("the temporary file is gone")

// pendingFile is a temporary file that takes its final name only when complete.
type pendingFile interface {
	io.Writer
	CloseAtomicallyReplace() error // fsync, close, rename
	Cleanup() error                // removes what was not renamed
}

// Variables for tests, which let the disk fail and count writes.
var (
	create     = newPendingFile
	bufferSize = 64 << 10
)

// Write makes or replaces the file at path with what write produces. A crash, a
// full disk, or an error or panic of write leaves the old file as it was. The
// permissions of an old file are kept; a new one gets 0644 less the umask.
//
// A process that is killed meanwhile leaves the temporary file, which RemoveStale
// recognizes.
func Write(path string, write func(io.Writer) error) (err error) {
	f, err := create(path)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Cleanup(); err == nil {
			err = cerr
		}
	}()
	w := bufio.NewWriterSize(f, bufferSize)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes what was renamed in a folder durable. Windows cannot open folders
// for it.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// RemoveStale removes the temporary files in the folder dir that killed processes
// left of files for whose names, such as "final.pth", mine returns true. They are
// called as the file with a dot before and digits after, and the names must not end
// in a digit. What another process is writing stays, where the system can tell.
func RemoveStale(dir string, mine func(name string) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		temporary, hidden := strings.CutPrefix(e.Name(), ".")
		name := strings.TrimRight(temporary, "0123456789")
		if !hidden || name == temporary || !e.Type().IsRegular() || !mine(name) {
			continue
		}
		if err := removeUnused(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
