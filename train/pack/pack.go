// Package pack keeps the pictures of a dataset in one file, decoded and resized as
// training wants them, so that many processes, or many trainings one after the other,
// need not decode them again. What a dataset.Loader makes of a packed dataset is, to
// the bit, what it makes of the dataset itself, pictures that cannot be read included.
//
// # Format
//
// All numbers are little-endian. A file is
//
//	"IMPPACK1"                the mark
//	pictures                  RGB bytes, rows from the top, one picture after the other
//	checksums                 the CRC-32C of each picture
//	index                     JSON: Index
//	CRC-32C of checksums and index, length of the index, "IMPPACK1"
//
// The last 20 bytes say where all the rest is. A picture that cannot be read is a black
// one that the index tells about.
package pack

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime/debug"

	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/imageio"
)

const (
	mark       = "IMPPACK1"
	footerSize = 4 + 8 + len(mark)
	maxIndex   = 1 << 30 // bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Index is what a file tells about its pictures.
type Index struct {
	Size        int            `json:"size"`        // side of the squares, in pixels
	Names       []string       `json:"names"`       // as the dataset called them
	Bad         map[int]string `json:"bad"`         // why these could not be read
	Fingerprint string         `json:"fingerprint"` // of the dataset: dataset.Fingerprint
}

// Pack is an open file: a dataset.Source. It is safe for concurrent use.
type Pack struct {
	index Index
	path  string
	sums  []byte // four of each picture
	data  mapping
}

// mapping is a file in memory.
type mapping interface {
	// read calls f with n bytes from offset, which are valid until it returns.
	read(offset int64, n int, f func([]byte)) error
	close() error
}

// Is reports whether the file at path begins as a pack does.
func Is(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var b [len(mark)]byte
	_, err = io.ReadFull(f, b[:])
	return err == nil && string(b[:]) == mark
}

// Open opens the file at path, and checks all but the pictures, each of which is
// checked when it is loaded. Close it after use.
func Open(path string) (*Pack, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	p, err := open(f, path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pack: %s: %w", printable.Name(path), err), f.Close())
	}
	return p, nil
}

// ErrCorrupt is wrapped by the errors of files that are cut off or damaged.
var ErrCorrupt = errors.New("the file is damaged or cut off: pack the dataset again")

func open(f *os.File, path string) (*Pack, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	p := &Pack{path: path}
	if p.index, p.sums, err = readIndex(f, info.Size()); err != nil {
		return nil, err
	}
	if p.data, err = newMapping(f, info.Size()); err != nil {
		return nil, err
	}
	return p, nil
}

// readIndex reads all but the pictures of a file of so many bytes.
func readIndex(f io.ReaderAt, size int64) (x Index, sums []byte, err error) {
	var head [len(mark)]byte
	var foot [footerSize]byte
	if size < int64(len(head)+len(foot)) {
		return x, nil, ErrCorrupt
	}
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return x, nil, err
	}
	if string(head[:]) != mark {
		return x, nil, errors.New("it is no pack: make one with examples/pack")
	}
	if _, err := f.ReadAt(foot[:], size-int64(len(foot))); err != nil {
		return x, nil, err
	}
	length := binary.LittleEndian.Uint64(foot[4:])
	if string(foot[12:]) != mark || length > maxIndex || int64(length) > size-int64(len(head)+len(foot)) {
		return x, nil, ErrCorrupt
	}
	text := make([]byte, length)
	at := size - int64(len(foot)) - int64(length)
	if _, err := f.ReadAt(text, at); err != nil {
		return x, nil, err
	}
	if err := json.Unmarshal(text, &x); err != nil {
		return x, nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	n := int64(len(x.Names))
	if x.Size < 1 || x.Size > 1<<14 || n < 1 || size != int64(len(mark))+n*(x.bytes()+4)+int64(length)+int64(len(foot)) {
		return x, nil, ErrCorrupt
	}
	sums = make([]byte, 4*n)
	if _, err := f.ReadAt(sums, at-4*n); err != nil {
		return x, nil, err
	}
	if crc32.Update(crc32.Checksum(sums, castagnoli), castagnoli, text) != binary.LittleEndian.Uint32(foot[:]) {
		return x, nil, ErrCorrupt
	}
	return x, sums, nil
}

// bytes is the size of a picture.
func (x *Index) bytes() int64 { return 3 * int64(x.Size) * int64(x.Size) }

// Len implements dataset.Source.
func (p *Pack) Len() int { return len(p.index.Names) }

// Name implements dataset.Source: what the dataset called the picture.
func (p *Pack) Name(i int) string { return p.index.Names[i] }

// Size returns the side of the pictures, which dataset.Loader wants no other of.
func (p *Pack) Size() int { return p.index.Size }

// Fingerprint returns that of the dataset.
func (p *Pack) Fingerprint() string { return p.index.Fingerprint }

// Bad returns how many pictures could not be read.
func (p *Pack) Bad() int { return len(p.index.Bad) }

// Load implements dataset.Source.
func (p *Pack) Load(i int) (*imageio.Image, error) {
	if why, bad := p.index.Bad[i]; bad {
		return nil, errors.New(why)
	}
	m := imageio.New(p.index.Size, p.index.Size)
	n := p.index.bytes()
	sum := uint32(0)
	err := p.data.read(int64(len(mark))+int64(i)*n, int(n), func(b []byte) {
		copy(m.Pix, b)
		sum = crc32.Checksum(m.Pix, castagnoli)
	})
	if err == nil && sum != binary.LittleEndian.Uint32(p.sums[4*i:]) {
		err = ErrCorrupt
	}
	if err != nil {
		return nil, fmt.Errorf("%s: picture %d: %w", printable.Name(p.path), i, err)
	}
	return m, nil
}

// Verify reads all pictures and returns an error that names those that are damaged.
func (p *Pack) Verify() error {
	var errs []error
	for i := range p.Len() {
		if _, bad := p.index.Bad[i]; bad {
			continue
		}
		if _, err := p.Load(i); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Close closes the file. No Load may be running.
func (p *Pack) Close() error { return p.data.close() }

// guarded calls f with memory that a file is mapped to. A file that others cut off, or
// a disk that fails, is an error and not the end of the program.
func guarded(b []byte, f func([]byte)) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			if _, is := fault.(interface{ Addr() uintptr }); !is {
				panic(fault)
			}
			err = fmt.Errorf("reading memory that the file is mapped to: %v", fault)
		}
	}()
	f(b)
	return nil
}

// reader is a mapping for systems that have none.
type reader struct{ file *os.File }

func (r reader) read(offset int64, n int, f func([]byte)) error {
	var b bytes.Buffer
	if _, err := io.CopyN(&b, io.NewSectionReader(r.file, offset, int64(n)), int64(n)); err != nil {
		return err
	}
	f(b.Bytes())
	return nil
}

func (r reader) close() error { return r.file.Close() }
