package studio

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
)

// library is what is in the opened folder. Pages name files by their paths in it, and
// only names that a scan has found are known: no other name reaches the system. All
// are opened by way of an os.Root, so that no link leads out of the folder.
type library struct {
	dir    string // absolute
	root   *os.Root
	limits limits

	mu      sync.Mutex
	scanned time.Time
	items   []item
	by      map[string]item // by path
}

// item is a file or folder that a page may name.
type item struct {
	Path string    `json:"path"` // below the folder, with slashes
	Kind kind      `json:"kind"`
	Size int64     `json:"size"`
	Time time.Time `json:"time"`
}

type kind string

const (
	kindRun     kind = "run"      // a folder with a run.json
	kindModel   kind = "model"    // weights of a style, or of what may be one
	kindVGG     kind = "vgg"      // weights of the judge, by their name
	kindPicture kind = "picture"  //
	kindClip    kind = "clip"     //
	kindDataset kind = "pictures" // a folder with pictures
	kindSheet   kind = "sweep"    // a folder with a sweep.csv
)

// The bounds of a scan.
const (
	maxDepth  = 6
	maxInOne  = 3_000 // entries of one folder
	scanEvery = 2 * time.Second
	scanAgain = 100 * time.Millisecond // when something new is asked for
)

// limits bound how much a scan finds.
type limits struct {
	entries int // that are looked at
	items   int // of each kind
}

func openLibrary(dir string) (*library, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, err
	}
	return &library{dir: abs, root: root, limits: limits{20_000, 500}}, nil
}

func (l *library) close() error { return l.root.Close() }

// list returns what is there, the newest first.
func (l *library) list() []item {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.scanned) >= scanEvery {
		l.scan()
	}
	return l.items
}

// find returns the item of a path that a page names.
func (l *library) find(name string, kinds ...kind) (item, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	it, ok := l.by[name]
	for asked := time.Now(); !ok && l.scanned.Before(asked); it, ok = l.by[name] { // it may be new
		if early := scanAgain - time.Since(l.scanned); early > 0 {
			l.mu.Unlock()
			time.Sleep(early)
			l.mu.Lock()
			continue // others may have scanned
		}
		l.scan()
	}
	if !ok || !slices.Contains(kinds, it.Kind) {
		return it, fmt.Errorf("%s is no %s in the opened folder", printable.Name(name), join(kinds))
	}
	return it, nil
}

func join(kinds []kind) string {
	var words []string
	for _, k := range kinds {
		words = append(words, string(k))
	}
	return strings.Join(words, " or ")
}

// full returns the path of an item for programs that are given it on their command
// line.
func (l *library) full(it item) string { return filepath.Join(l.dir, filepath.FromSlash(it.Path)) }

// open opens a regular file below the folder.
func (l *library) open(name string) (*os.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	info, err := l.root.Stat(filepath.FromSlash(name)) // a pipe would wait for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is no regular file")}
	}
	return l.root.Open(filepath.FromSlash(name))
}

// read returns the content of a file of at most so many bytes.
func (l *library) read(name string, most int64) ([]byte, error) {
	f, err := l.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s has more than %d bytes", printable.Name(name), most)
	}
	return b, err
}

// The bounds of what is read for a page.
const (
	maxModelBytes    = 256 << 20
	maxPicturePixels = 40 << 20
	maxPictureBytes  = 64 << 20
	maxPictureTime   = 20 * time.Second
)

func pictureOptions() imageio.Options {
	return imageio.Options{
		KeepAlpha: true, ApplyOrientation: true,
		MaxPixels: maxPicturePixels, MaxBytes: maxPictureBytes, MaxTime: maxPictureTime,
	}
}

func (l *library) picture(name string) (*imageio.Image, error) {
	f, err := l.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return imageio.Decode(f, pictureOptions())
}

func (l *library) weights(name string, options ...weights.Option) (statedict.Dict, error) {
	f, err := l.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return weights.Read(f, append(options, weights.WithMaxBytes(maxModelBytes))...)
}

// scan looks through the folder. What cannot be read is left out. mu is held.
func (l *library) scan() {
	l.scanned = time.Now()
	s := scan{root: l.root, left: l.limits.entries, most: l.limits.items, count: map[kind]int{}}
	s.folder(".", 0)
	slices.SortFunc(s.items, func(a, b item) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Path, b.Path)
	})
	l.items, l.by = s.items, map[string]item{}
	for _, it := range s.items {
		l.by[it.Path] = it
	}
}

// scan is one walk through the folder.
type scan struct {
	root  *os.Root
	left  int // entries that may still be looked at
	most  int // items of a kind
	count map[kind]int
	items []item
}

func (s *scan) add(it item) {
	if s.count[it.Kind]++; s.count[it.Kind] <= s.most {
		s.items = append(s.items, it)
	}
}

func (s *scan) folder(name string, depth int) {
	f, err := s.root.Open(filepath.FromSlash(name))
	if err != nil {
		return
	}
	entries, _ := f.ReadDir(min(s.left, maxInOne)) // with an error there are fewer
	f.Close()
	s.left -= len(entries)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	pictures, newest := 0, time.Time{}
	var below []string
	for _, e := range entries {
		full := path.Join(name, e.Name())
		if strings.HasPrefix(e.Name(), ".") || imageio.Litter(e.Name()) {
			continue
		}
		if e.IsDir() {
			below = append(below, full)
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() { // links among them
			continue
		}
		it := item{Path: full, Kind: kindOf(e.Name()), Size: info.Size(), Time: info.ModTime()}
		switch it.Kind {
		case kindRun, kindSheet:
			it.Path = name
		case kindPicture:
			pictures++
			if it.Time.After(newest) {
				newest = it.Time
			}
		case "":
			continue
		}
		s.add(it)
	}
	if pictures > 1 {
		run := slices.ContainsFunc(s.items, func(it item) bool { return it.Path == name })
		if !run {
			s.add(item{Path: name, Kind: kindDataset, Size: int64(pictures), Time: newest})
		}
	}
	if depth == maxDepth {
		return
	}
	for _, b := range below {
		if s.left > 0 {
			s.folder(b, depth+1)
		}
	}
}

func kindOf(name string) kind {
	lower := strings.ToLower(name)
	switch path.Ext(lower) {
	case ".pth", ".safetensors", ".onnx":
		switch {
		case strings.HasPrefix(lower, "state-"): // of a training
			return ""
		case strings.Contains(lower, "vgg"):
			return kindVGG
		}
		return kindModel
	case ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm":
		return kindPicture
	}
	switch {
	case lower == "run.json":
		return kindRun
	case lower == "sweep.csv":
		return kindSheet
	case movie.Is(lower):
		return kindClip
	}
	return ""
}

// inside returns the path below the folder of a file that a run.json names, or "".
func (l *library) inside(name string) string {
	rel, err := filepath.Rel(l.dir, name)
	if name == "" || err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return filepath.ToSlash(rel)
}

// fitted returns m in at most so many pixels a side.
func fitted(m *imageio.Image, side int) *imageio.Image {
	scale := float64(max(m.W, m.H)) / float64(side)
	if scale <= 1 {
		return m
	}
	return imageio.Resize(m, max(1, int(float64(m.W)/scale)), max(1, int(float64(m.H)/scale)), imageio.Lanczos)
}

// pngOf encodes a picture.
func pngOf(m *imageio.Image) ([]byte, error) {
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m.NRGBA())
	return b.Bytes(), err
}
