// Package report leaves what explains a finished run of training: its settings and
// circumstances (run.json), the curves of its losses (losses.png) and a contact
// sheet of its samples (samples.png).
package report

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"github.com/google/renameio/v2/maybe"

	"github.com/impasto-go/impasto/nn/imageio"
)

// writeFile makes or replaces a file, whole or not at all.
func writeFile(path string, data []byte) error {
	if err := maybe.WriteFile(path, data, 0o644); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // where directories cannot be synced
		return nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func savePNG(path string, m *imageio.Image) error {
	return imageio.Save(path, m, imageio.SaveOptions{})
}
