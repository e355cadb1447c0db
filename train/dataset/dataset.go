// Package dataset feeds training: it lists pictures as torchvision's
// ImageFolder does, reads them from folders, zip archives or memory, and
// delivers them as batches that are decoded ahead of the step.
//
// What a Loader delivers depends only on the pictures and its options, never
// on the number of workers or their timing; a run that starts at any epoch and
// batch sees what an uninterrupted one would have seen there. Files that cannot
// be read are replaced by the next good ones, counted and reported. A Mix draws from
// several sets by weights.
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

// Sized is implemented by a Source whose pictures are squares of a size already, as
// package pack makes them. A Loader delivers no other size. 0 stands for any.
type Sized interface{ Size() int }

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
	// one: ImageFolder does not see them, which is worth a line in the log
	// (Beside is that line).
	Ignored int

	root  string
	paths []string
	load  func(path string, opts imageio.Options) (*imageio.Image, error)
	size  func(path string) int64 // in bytes; -1 if that cannot be told
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

// budgeted gives the options a budget, if they have none.
func budgeted(opts imageio.Options) imageio.Options {
	if opts.Budget == nil {
		opts.Budget = imageio.NewBudget(opts.MaxMemory)
	}
	return opts
}

// Len implements Source.
func (f *Files) Len() int { return len(f.paths) }

// Name implements Source: the path of the file, for those in an archive after
// that of the archive.
func (f *Files) Name(i int) string { return f.root + "/" + f.paths[i] }

// Load implements Source. Pictures are decoded within one budget of memory for all
// who load them at the same time: that of the options, else of their MaxMemory.
func (f *Files) Load(i int) (*imageio.Image, error) {
	m, done, err := f.hold(i)
	done()
	return m, err
}

// hold is Load for those who say when they are done with the picture: until then it
// counts against the budget.
func (f *Files) hold(i int) (m *imageio.Image, done func(), err error) {
	m, err = f.load(f.paths[i], f.opts)
	return m, func() { f.opts.Budget.Release(m) }, err
}

// holder is a Source with a budget.
type holder interface {
	hold(i int) (m *imageio.Image, done func(), err error)
}

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

// Beside returns a sentence about the pictures that are left out because they lie
// beside class folders; it is empty where there are none. It is an error where
// they outnumber those that are used: then the folders are hardly classes.
func (f *Files) Beside() (string, error) {
	if f.Ignored == 0 {
		return "", nil
	}
	s := fmt.Sprintf("%d of %d pictures are left out because they lie in %s itself, beside its class folders",
		f.Ignored, f.Ignored+len(f.paths), f.root)
	if f.Ignored <= len(f.paths) {
		return s, nil
	}
	return "", fmt.Errorf("dataset: %s: move them into a folder of their own there, or the folders (%s) out of it", s, strings.Join(f.Classes, ", "))
}

// First loads the first good picture of src. Like a Loader with this
// Options.MaxBad it gives up with a *TooManyBadError.
func First(src Source, maxBad int) (*imageio.Image, error) {
	limit := badLimit(maxBad, src.Len())
	for i := range src.Len() {
		m, done, err := load(src, i)
		done()
		if err == nil {
			return m, nil
		}
		if i >= limit {
			return nil, &TooManyBadError{Bad: i + 1, Limit: limit, Last: BadFile{Index: i, Name: src.Name(i), Err: err}}
		}
	}
	return nil, errNone
}

// load is src.Load, which may come from elsewhere, with its promises checked. done is
// to be called when m is not needed any more.
func load(src Source, i int) (m *imageio.Image, done func(), err error) {
	if h, ok := src.(holder); ok {
		m, done, err = h.hold(i)
	} else {
		done = func() {}
		m, err = src.Load(i)
	}
	if err == nil && (m == nil || m.W < 1 || m.H < 1 || len(m.Pix) != 3*m.W*m.H) {
		err = errors.New("empty picture")
	}
	return m, done, err
}

var errNone = errors.New("dataset: no pictures")

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
