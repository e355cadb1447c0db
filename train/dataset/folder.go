package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Folder lists the pictures below dir in the order of torchvision's
// ImageFolder: the folders in dir are classes, sorted bytewise; below each, all
// folders sorted by path, and in each of those its files sorted by name. Hidden
// files count, links are followed, and a class without a picture is an error.
//
// If pictures lie directly in dir and none in any folder, dir is taken as one
// flat set, which ImageFolder cannot do. If they lie in both, those in dir are
// left out, as by ImageFolder, and counted in Files.Ignored.
//
// Unlike ImageFolder it leaves out the litter of operating systems and tools, files
// and folders (see imageio.Litter), does not walk into a folder that is one of its
// own ancestors (a loop of links), and an unreadable folder is an error.
func Folder(dir string, opts imageio.Options) (*Files, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	root, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	f := &Files{root: filepath.Clean(dir), opts: budgeted(opts)}
	f.load = func(path string, opts imageio.Options) (*imageio.Image, error) {
		return imageio.Load(filepath.Join(f.root, filepath.FromSlash(path)), opts)
	}
	f.size = func(path string) int64 {
		info, err := os.Stat(filepath.Join(f.root, filepath.FromSlash(path)))
		if err != nil {
			return -1
		}
		return info.Size()
	}
	var top, classes []string
	var inside [][]string
	w := walker{root: f.root}
	for _, e := range entries { // sorted bytewise by ReadDir
		if imageio.Litter(e.Name()) {
			continue
		}
		if info := directory(f.root, e); info != nil {
			w.folders = nil
			if err := w.walk(e.Name(), []os.FileInfo{root, info}); err != nil {
				return nil, fmt.Errorf("dataset: %w", err)
			}
			classes, inside = append(classes, e.Name()), append(inside, w.folders.pictures())
		} else if isPicture(e.Name()) {
			top = append(top, e.Name())
		}
	}
	return f, f.arrange(top, classes, inside)
}

// directory returns what the entry e of the folder dir is, if it is a folder or
// a link to one, else nil.
func directory(dir string, e fs.DirEntry) os.FileInfo {
	if !e.IsDir() && e.Type()&(fs.ModeSymlink|fs.ModeIrregular) == 0 {
		return nil
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	if err != nil || !info.IsDir() {
		return nil
	}
	return info
}

// maxFolders bounds a walk: folders that link to each other can have more paths
// than anyone could walk, without any loop.
const maxFolders = 1 << 20

var errTooManyFolders = errors.New("more than 1048576 folders; do links multiply them?")

// walker finds the pictures of the class folders below root.
type walker struct {
	root    string
	seen    int
	folders listing // of the class being walked
}

// listing is the folders of one class, in any order.
type listing []folder

// folder is one folder below the root, with slashes in its path, and the
// pictures in it.
type folder struct {
	path  string
	names []string
}

// walk visits the folder at path below the root. ancestors are what lies on the
// way to it, itself included.
func (w *walker) walk(path string, ancestors []os.FileInfo) error {
	if w.seen++; w.seen > maxFolders {
		return fmt.Errorf("%s: %w", w.root, errTooManyFolders)
	}
	full := filepath.Join(w.root, filepath.FromSlash(path))
	entries, err := os.ReadDir(full)
	if err != nil {
		return err
	}
	here := folder{path: path}
	for _, e := range entries {
		if imageio.Litter(e.Name()) {
			continue
		}
		info := directory(full, e)
		switch {
		case info == nil && isPicture(e.Name()):
			here.names = append(here.names, e.Name())
		case info != nil && !slices.ContainsFunc(ancestors, func(a os.FileInfo) bool { return os.SameFile(a, info) }):
			if err := w.walk(path+"/"+e.Name(), append(slices.Clip(ancestors), info)); err != nil {
				return err
			}
		}
	}
	w.folders = append(w.folders, here)
	return nil
}

// pictures returns what is listed in ImageFolder's order: sorted(os.walk())
// compares whole paths, so "a-b" comes between "a" and "a/b".
func (l listing) pictures() []string {
	slices.SortFunc(l, func(a, b folder) int { return strings.Compare(a.path, b.path) })
	var paths []string
	for _, f := range l {
		slices.Sort(f.names)
		for _, name := range f.names {
			paths = append(paths, f.path+"/"+name)
		}
	}
	return paths
}
