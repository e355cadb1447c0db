package tensorio

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// pendingFile is a temporary file that takes its final name only when complete.
type pendingFile interface {
	io.Writer
	CloseAtomicallyReplace() error // fsync, close, rename
	Cleanup() error                // removes what was not renamed
}

// WriteFile makes or replaces the file at path with what write produces. A crash,
// a full disk or an error of write leaves the old file as it was.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	f, err := newPendingFile(path)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Cleanup(); err == nil {
			err = cerr
		}
	}()
	w := bufio.NewWriterSize(f, 64<<10)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the rename itself durable. Windows cannot open directories for it.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}
