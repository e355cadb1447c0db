package dataset

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Limits on the entries of an archive.
const (
	maxRatio     = 200      // uncompressed to compressed size
	maxEntrySize = 64 << 20 // uncompressed
	maxNameLen   = 4096
)

// Zip lists the pictures in a zip archive by the rules of Folder and reads them
// in place, without unpacking; COCO's archives work as they are. The folder
// __MACOSX, which macOS adds, is left out. Close the Files after use.
//
// Archives are not trusted. One with a name that leads out of it, or that could
// do so on some system (absolute, "..", backslash, colon, control character,
// link), is refused as a whole. An entry of more than 64 MiB, or packed by more
// than 200 to 1, is a bad file.
func Zip(file string, opts imageio.Options) (*Files, error) {
	r, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	info, err := r.Stat()
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("dataset: %w", err)
	}
	f, err := readZip(file, r, info.Size(), opts)
	if err != nil {
		r.Close()
		return nil, err
	}
	f.close = r.Close
	return f, nil
}

func readZip(name string, r io.ReaderAt, size int64, opts imageio.Options) (*Files, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: not a folder and no readable zip archive: %w", name, err)
	}
	entries := map[string]*zip.File{}
	classes := map[string]map[string][]string{} // class, folder, pictures
	var top []string
	for _, e := range archive.File {
		entry := strings.TrimSuffix(e.Name, "/")
		if err := checkName(entry); err != nil {
			return nil, fmt.Errorf("dataset: %s: entry %.100q: %w", name, e.Name, err)
		}
		if e.Mode()&fs.ModeType&^fs.ModeDir != 0 {
			return nil, fmt.Errorf("dataset: %s: entry %.100q: neither a file nor a folder", name, e.Name)
		}
		class, _, nested := strings.Cut(entry, "/")
		if class == "__MACOSX" {
			continue
		}
		isDir := e.Mode().IsDir()
		if (nested || isDir) && classes[class] == nil {
			classes[class] = map[string][]string{}
		}
		if isDir || !isPicture(entry) {
			continue
		}
		if entries[entry] != nil {
			return nil, fmt.Errorf("dataset: %s: two entries are called %.100q", name, entry)
		}
		entries[entry] = e
		if nested {
			dir := path.Dir(entry)
			classes[class][dir] = append(classes[class][dir], path.Base(entry))
		} else {
			top = append(top, entry)
		}
	}
	slices.Sort(top)
	names := slices.Sorted(maps.Keys(classes))
	var inside [][]string
	for _, class := range names {
		var l listing
		for dir, pictures := range classes[class] {
			l = append(l, folder{dir, pictures})
		}
		inside = append(inside, l.pictures())
	}
	f := &Files{root: name, opts: opts}
	f.load = func(path string, opts imageio.Options) (*imageio.Image, error) {
		m, err := loadEntry(entries[path], opts)
		if e := (*imageio.Error)(nil); errors.As(err, &e) {
			e.Path = name + "/" + path
		}
		return m, err
	}
	return f, f.arrange(top, names, inside)
}

func checkName(name string) error {
	if len(name) > maxNameLen {
		return fmt.Errorf("the name is longer than %d bytes", maxNameLen)
	}
	for _, element := range strings.Split(name, "/") {
		if element == "" || element == "." || element == ".." {
			return errors.New("the name leads out of the archive")
		}
	}
	if strings.ContainsAny(name, `\:`) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return errors.New(`the name contains \, : or a control character`)
	}
	return nil
}

func loadEntry(e *zip.File, opts imageio.Options) (*imageio.Image, error) {
	if e.UncompressedSize64 > maxEntrySize {
		return nil, &imageio.Error{Err: fmt.Errorf("%w: %d bytes, the limit is %d", imageio.ErrTooLarge, e.UncompressedSize64, maxEntrySize)}
	}
	if e.UncompressedSize64/maxRatio > e.CompressedSize64 {
		return nil, &imageio.Error{Err: fmt.Errorf("%w: %d bytes packed into %d, the limit is %d to 1",
			imageio.ErrTooLarge, e.UncompressedSize64, e.CompressedSize64, maxRatio)}
	}
	r, err := e.Open()
	if err != nil {
		return nil, &imageio.Error{Err: err}
	}
	defer r.Close()
	// The reader of package zip checks size and CRC, but only at the end.
	data, err := io.ReadAll(io.LimitReader(r, int64(e.UncompressedSize64)+1))
	if err != nil {
		return nil, &imageio.Error{Err: err}
	}
	return imageio.DecodeBytes(data, opts)
}
