package pth

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

// maxDirectory bounds what archive/zip reads, and so allocates, to list the
// records: about 15,000 of them. PyTorch writes one per tensor.
const maxDirectory = 1 << 20

// directoryReader refuses to read more than left bytes until that is lifted.
type directoryReader struct {
	r      io.ReaderAt
	left   int64
	lifted bool
}

func (d *directoryReader) ReadAt(p []byte, off int64) (int, error) {
	if !d.lifted {
		if d.left -= int64(len(p)); d.left < 0 {
			return 0, fmt.Errorf("%w: its zip directory exceeds %d bytes", ErrTooLarge, maxDirectory)
		}
	}
	return d.r.ReadAt(p, off)
}

// archive is a zip container: records by name, below the folder of data.pkl.
type archive struct {
	records map[string]*zip.File
	folder  string
	size    int64
}

func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	const endOfDirectory = 128 << 10 // what archive/zip may read to find it
	limited := &directoryReader{r: r, left: maxDirectory + endOfDirectory}
	z, err := zip.NewReader(limited, size)
	if err != nil {
		return nil, err
	}
	limited.lifted = true
	a := &archive{records: make(map[string]*zip.File, len(z.File)), size: size}
	pickles := 0
	for _, f := range z.File {
		if a.records[f.Name] != nil {
			return nil, fmt.Errorf("%w: it holds two records %q", ErrCorrupt, f.Name)
		}
		a.records[f.Name] = f
		if folder, ok := strings.CutSuffix(f.Name, "/data.pkl"); ok && !strings.Contains(folder, "/") {
			a.folder = folder
			pickles++
		}
	}
	switch {
	case a.records[a.folder+"/constants.pkl"] != nil:
		return nil, fmt.Errorf("%w: a TorchScript program (torch.jit.save), not weights: save these alone, with torch.save(torch.jit.load(FILE).state_dict(), ...)", ErrCorrupt)
	case pickles != 1:
		return nil, fmt.Errorf("%w: a zip file with %d data.pkl, not one of torch.save", ErrCorrupt, pickles)
	}
	return a, nil
}

// disjoint makes sure that the records of the storages share no bytes: what lies
// twice in a file would be decoded twice, however small the file.
func (a *archive) disjoint(keys []string) error {
	type span struct {
		name       string
		start, end int64
	}
	var spans []span
	names := []string{a.folder + "/data.pkl"}
	for _, key := range keys {
		names = append(names, a.folder+"/data/"+key)
	}
	for _, name := range names {
		f := a.records[name]
		if f == nil || f.CompressedSize64 > uint64(a.size) {
			continue // read tells
		}
		start, err := f.DataOffset()
		if err != nil {
			return fmt.Errorf("record %.80q: %w", name, err)
		}
		spans = append(spans, span{name, start, start + int64(f.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	for i := 1; i < len(spans); i++ {
		if a, b := spans[i-1], spans[i]; a.end > b.start {
			return fmt.Errorf("%w: its records %.80q and %.80q overlap", ErrCorrupt, a.name, b.name)
		}
	}
	return nil
}

// read calls use with the content of a record, and checks after it that all was
// read and that its CRC-32 is the directory's. (archive/zip lets a CRC of 0 pass.)
func (a *archive) read(name string, use func(r io.Reader, size int64) error) error {
	full := a.folder + "/" + name
	f := a.records[full]
	if f == nil {
		return fmt.Errorf("%w: record %.80q is missing", ErrCorrupt, full)
	}
	size := f.UncompressedSize64
	if f.CompressedSize64 > uint64(a.size) || f.Method == zip.Store && size != f.CompressedSize64 || size > 1<<62 {
		return fmt.Errorf("%w: record %.80q has an impossible size", ErrCorrupt, full)
	}
	rc, err := f.Open()
	if err != nil {
		return fmt.Errorf("record %.80q: %w", full, err)
	}
	defer rc.Close()
	sum := crc32.NewIEEE()
	r := &summedReader{r: rc, sum: sum}
	if err := use(r, int64(size)); err != nil {
		return fmt.Errorf("record %.80q: %w", full, err)
	}
	var tail [1]byte
	if n, err := io.ReadFull(r, tail[:]); n > 0 || err != io.EOF {
		return fmt.Errorf("%w: record %.80q: longer than announced, or its checksum is wrong (%v)", ErrCorrupt, full, err)
	}
	if sum.Sum32() != f.CRC32 {
		return fmt.Errorf("%w: record %.80q: its CRC-32 is wrong: the data has changed", ErrCorrupt, full)
	}
	return nil
}

type summedReader struct {
	r   io.Reader
	sum hash.Hash32
}

func (s *summedReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum.Write(p[:n])
	return n, err
}

// readAll returns a record of at most limit bytes.
func (l *loader) readAll(a *archive, name string, limit int64) ([]byte, error) {
	var b []byte
	err := a.read(name, func(r io.Reader, size int64) error {
		if size > limit {
			return fmt.Errorf("%w: it has %d bytes, more than %d", ErrTooLarge, size, limit)
		}
		if err := l.budget.Take(size, name); err != nil {
			return err
		}
		b = make([]byte, size)
		_, err := io.ReadFull(r, b)
		return err
	})
	return b, err
}

func (l *loader) loadZip() error {
	a, err := openArchive(l.r, l.size)
	if err != nil {
		return err
	}
	if a.records[a.folder+"/byteorder"] != nil { // little endian where it is missing
		order, err := l.readAll(a, "byteorder", 16)
		if err != nil {
			return err
		}
		if string(order) != "little" {
			return fmt.Errorf("%w: its byte order is %q, only little is supported", ErrCorrupt, order)
		}
	}
	pickle, err := l.readAll(a, "data.pkl", maxPickle)
	if err != nil {
		return err
	}
	size := int64(len(pickle))
	root, err := newUnpickler(bufio.NewReader(bytes.NewReader(pickle)), 0, size, "data.pkl", l.budget).load()
	if err != nil {
		return err
	}
	if err := l.choose(root); err != nil {
		return err
	}
	if err := a.disjoint(l.keys); err != nil {
		return err
	}
	work := l.budget.Work()
	for _, key := range l.keys {
		err := a.read("data/"+key, func(r io.Reader, size int64) error {
			s := l.tensors[l.groups[key][0]].storage
			if size != s.numel*s.dtype.Size() {
				return fmt.Errorf("%w: it has %d bytes for %d elements of type %v", ErrCorrupt, size, s.numel, s.dtype)
			}
			if err := work.Take(size, "decoding its tensors"); err != nil {
				return err
			}
			return l.fill(key, r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
