// Package report leaves what explains a finished run of training: its settings and
// circumstances (run.json), the curves of its losses (losses.png) and a contact
// sheet of its samples (samples.png).
package report

import (
	"io"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/imageio"
)

// writeFile makes or replaces a file, whole or not at all.
func writeFile(path string, data []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func savePNG(path string, m *imageio.Image) error {
	return imageio.Save(path, m, imageio.SaveOptions{})
}
