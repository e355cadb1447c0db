package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// windowsFile does what renameio (which excludes Windows) does elsewhere;
// os.Rename replaces an existing file there too.
type windowsFile struct {
	*os.File
	path string
	done bool
}

func newPendingFile(path string) (pendingFile, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"*")
	if err != nil {
		return nil, err
	}
	return &windowsFile{File: f, path: path}, nil
}

func (f *windowsFile) CloseAtomicallyReplace() error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	f.done = true
	return nil
}

func (f *windowsFile) Cleanup() error {
	if f.done {
		return nil
	}
	f.Close() // fails harmlessly if it is closed already
	return os.Remove(f.Name())
}

// removeUnused removes a file that nobody has open.
func removeUnused(path string) error {
	if err := os.Remove(path); !errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		return err
	}
	return nil
}

// hold does nothing: an open file cannot be removed here.
func hold(*os.File) (io.Closer, error) { return io.NopCloser(nil), nil }
