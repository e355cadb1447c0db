// Package dataset feeds training: it lists pictures as torchvision's
// ImageFolder does, reads them from folders, zip archives or memory, and
// delivers them as batches that are decoded ahead of the step.
//
// What a Loader delivers depends only on the pictures and its options, never
// on the number of workers or their timing; a run that starts at any epoch and
// batch sees what an uninterrupted one would have seen there. Files that cannot
// be read are replaced by the next good ones, counted and reported.
package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Source is a set of pictures. Its methods must be safe for concurrent use,
// and Load(i) must give the same picture every time.
type Source interface {
	// Len returns the number of pictures.
	Len() int
	// Name returns what to call picture i in messages.
	Name(i int) string
	// Load decodes picture i. The caller does not change the result.
	Load(i int) (*imageio.Image, error)
}

// Images is a Source of pictures in memory, for example drawn ones.
type Images []*imageio.Image

// Len implements Source.
func (m Images) Len() int { return len(m) }

// Name implements Source.
func (m Images) Name(i int) string { return fmt.Sprintf("image %d", i) }

// Load implements Source.
func (m Images) Load(i int) (*imageio.Image, error) { return m[i], nil }

// Files is a Source of picture files. It is made by Open, Folder or Zip.
type Files struct {
	// Classes are the class folders in order; none in a flat folder.
	Classes []string
	// Ignored counts the pictures that lie beside class folders instead of in
	// one: ImageFolder does not see them, which is worth a line in the log.
	Ignored int

	root  string
	paths []string
	load  func(path string, opts imageio.Options) (*imageio.Image, error)
	opts  imageio.Options
	close func() error
}

// Open opens a folder (see Folder) or, if path is a file, a zip archive (see
// Zip).
func Open(path string, opts imageio.Options) (*Files, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	if info.IsDir() {
		return Folder(path, opts)
	}
	return Zip(path, opts)
}

// Len implements Source.
func (f *Files) Len() int { return len(f.paths) }

// Name implements Source: the path of the file, for those in an archive after
// that of the archive.
func (f *Files) Name(i int) string { return f.root + "/" + f.paths[i] }

// Load implements Source.
func (f *Files) Load(i int) (*imageio.Image, error) { return f.load(f.paths[i], f.opts) }

// Close closes the archive, if there is one. No Load may be running.
func (f *Files) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

// Extensions are the file names that count as pictures, in any case:
// torchvision's IMG_EXTENSIONS.
var Extensions = []string{".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}

func isPicture(name string) bool {
	name = strings.ToLower(name)
	for _, ext := range Extensions {
		if strings.HasSuffix(name, ext) {
			return true
		}
	}
	return false
}

var errEmpty = errors.New("no pictures; looking for " + strings.Join(Extensions, " "))

// arrange decides between class folders and a flat folder. top are the
// pictures directly in the root, classes the folders there, in order, and
// inside[i] the pictures anywhere below classes[i].
func (f *Files) arrange(top, classes []string, inside [][]string) error {
	var empty []string
	for i, class := range classes {
		if len(inside[i]) == 0 {
			empty = append(empty, class)
		}
		f.paths = append(f.paths, inside[i]...)
	}
	switch {
	case len(f.paths) == 0 && len(top) == 0 && len(empty) == 0:
		return fmt.Errorf("dataset: %s: %w", f.root, errEmpty)
	case len(f.paths) == 0 && len(top) > 0:
		f.paths = top
		return nil
	case len(empty) > 0:
		return fmt.Errorf("dataset: %s: class folders without a picture: %s; looking for %s",
			f.root, strings.Join(empty, ", "), strings.Join(Extensions, " "))
	}
	f.Classes, f.Ignored = classes, len(top)
	return nil
}

var _ io.Closer = (*Files)(nil)
