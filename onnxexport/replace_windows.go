package onnxexport

import (
	"errors"
	"os"
	"path/filepath"
)

// replaceFile makes data the content of path in one step, as far as Windows has
// such a step: it writes a temporary file beside it and renames that.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
