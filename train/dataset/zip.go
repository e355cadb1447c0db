package dataset

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Limits on the entries of an archive.
const (
	maxRatio     = 200      // uncompressed to compressed size
	maxEntrySize = 64 << 20 // uncompressed
)

// Zip lists the pictures in a zip archive by the rules of Folder and reads them
// in place, without unpacking; COCO's archives work as they are. Close the Files
// after use.
//
// Because nothing is unpacked, a name only sorts and groups pictures, and whatever
// tells that is taken: backslashes for slashes (as PowerShell 5 writes them), "./"
// and other empty elements, absolute names, any encoding (a backslash that is the
// second byte of a Shift-JIS, GBK or Big5 character is part of that), any
// characters. Of entries with equal names the last counts, as in Python's zipfile.
//
// Archives are not trusted. An entry is a bad file if its name leads upwards
// (".."), if it is a link or device, encrypted, of more than 64 MiB, or packed by
// more than 200 to 1.
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
	entries := map[string]entry{}
	for _, e := range archive.File {
		elements, err := split(e)
		if len(elements) == 0 || slices.ContainsFunc(elements, imageio.Litter) {
			continue
		}
		p := strings.Join(elements, "/")
		if _, taken := entries[p]; taken && err != nil {
			continue // what can be read goes before what cannot
		}
		entries[p] = entry{e, err}
	}
	f := &Files{root: name, opts: budgeted(opts)}
	f.load = func(path string, opts imageio.Options) (*imageio.Image, error) {
		m, err := entries[path].load(opts)
		if e := (*imageio.Error)(nil); errors.As(err, &e) {
			e.Path = name + "/" + path
		}
		return m, err
	}
	f.size = func(path string) int64 { return entries[path].size() }
	return f, f.arrange(arranged(entries))
}

// arranged sorts the entries into pictures at the top, classes, and their pictures.
func arranged(entries map[string]entry) (top, names []string, inside [][]string) {
	classes := map[string]map[string][]string{} // class, folder, pictures
	for p, e := range entries {
		class, _, nested := strings.Cut(p, "/")
		if (nested || e.isDir()) && classes[class] == nil {
			classes[class] = map[string][]string{}
		}
		switch {
		case e.isDir() || !isPicture(path.Base(p)):
		case nested:
			classes[class][path.Dir(p)] = append(classes[class][path.Dir(p)], path.Base(p))
		default:
			top = append(top, p)
		}
	}
	slices.Sort(top)
	names = slices.Sorted(maps.Keys(classes))
	for _, class := range names {
		var l listing
		for dir, pictures := range classes[class] {
			l = append(l, folder{dir, pictures})
		}
		inside = append(inside, l.pictures())
	}
	return top, names, inside
}

// split returns the elements of an entry's path, without those that say nothing.
// With those that lead upwards, which are left out too, comes an error.
func split(e *zip.File) (elements []string, err error) {
	separator := separators(e.Name)
	start := 0
	for i := 0; i <= len(e.Name); i++ {
		if i < len(e.Name) && !separator(i) {
			continue
		}
		switch element := e.Name[start:i]; element {
		case "", ".":
		case "..":
			err = errors.New("the name leads out of its folder")
		default:
			elements = append(elements, element)
		}
		start = i + 1
	}
	return elements, err
}

// separators returns whether the byte at an index of name separates elements:
// slashes do, and backslashes unless name is in one of the encodings of East Asia
// and they end a character.
func separators(name string) func(i int) bool {
	var inside []bool
	if !utf8.ValidString(name) {
		inside = make([]bool, len(name))
		for i := 0; i+1 < len(name); i++ {
			if c := name[i]; c >= 0x81 && c <= 0xfe { // the first of two bytes
				inside[i+1] = true
				i++
			}
		}
	}
	return func(i int) bool {
		return name[i] == '/' || name[i] == '\\' && (inside == nil || !inside[i])
	}
}

// entry is a file or folder in an archive.
type entry struct {
	file *zip.File
	err  error // why it cannot be read
}

func (e entry) isDir() bool {
	return e.file.Mode().IsDir() || strings.HasSuffix(e.file.Name, `\`) && e.file.UncompressedSize64 == 0
}

// refusal says why the entry is a bad file, or nothing.
func (e entry) refusal() error {
	const encrypted = 1
	switch f := e.file; {
	case e.err != nil:
		return e.err
	case f.Mode()&fs.ModeType != 0:
		return errors.New("a link or device, not a file")
	case f.Flags&encrypted != 0:
		return errors.New("encrypted: unpack the archive with its password and use the folder")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fmt.Errorf("packed by method %d, only 0 (stored) and 8 (deflate) can be read: pack it anew", f.Method)
	case f.UncompressedSize64 > maxEntrySize:
		return fmt.Errorf("%w: %d bytes, the limit is %d", imageio.ErrTooLarge, f.UncompressedSize64, maxEntrySize)
	case f.UncompressedSize64/maxRatio > f.CompressedSize64:
		return fmt.Errorf("%w: %d bytes packed into %d, the limit is %d to 1",
			imageio.ErrTooLarge, f.UncompressedSize64, f.CompressedSize64, maxRatio)
	}
	return nil
}

func (e entry) load(opts imageio.Options) (*imageio.Image, error) {
	if err := e.refusal(); err != nil {
		return nil, &imageio.Error{Err: err}
	}
	r, err := e.file.Open()
	if err != nil {
		return nil, &imageio.Error{Err: err}
	}
	defer r.Close()
	// The reader of package zip checks size and CRC, but only at the end.
	data, err := io.ReadAll(io.LimitReader(r, int64(e.file.UncompressedSize64)+1))
	if err != nil {
		return nil, &imageio.Error{Err: err}
	}
	return imageio.DecodeBytes(data, opts)
}

// size returns the bytes of the picture, unpacked.
func (e entry) size() int64 { return int64(min(e.file.UncompressedSize64, math.MaxInt64)) }
