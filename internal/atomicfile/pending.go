//go:build !windows

package atomicfile

import (
	"errors"
	"io"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// heldFile is a temporary file that is held until it has its name, or is gone.
type heldFile struct {
	*renameio.PendingFile
	lock io.Closer
}

func newPendingFile(path string) (pendingFile, error) {
	for {
		f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)),
			renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
		if err != nil {
			return nil, err
		}
		lock, err := hold(f.File)
		if err == nil {
			return heldFile{f, lock}, nil
		}
		_ = f.Cleanup() // there may be nothing left to remove
		if !errors.Is(err, errGone) {
			return nil, err
		}
	}
}

func (f heldFile) CloseAtomicallyReplace() error {
	defer f.lock.Close()
	return f.PendingFile.CloseAtomicallyReplace()
}

func (f heldFile) Cleanup() error {
	defer f.lock.Close()
	return f.PendingFile.Cleanup()
}
