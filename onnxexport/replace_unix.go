//go:build !windows

package onnxexport

import (
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// replaceFile makes data the content of path in one step that survives a crash:
// renameio syncs the new file before it renames it, and the directory is synced
// after.
func replaceFile(path string, data []byte) error {
	if err := renameio.WriteFile(path, data, 0o644, renameio.WithExistingPermissions()); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
