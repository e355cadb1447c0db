package pack

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"sync"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
)

// Options say how a dataset is packed.
type Options struct {
	// Size is the side of the squares that pictures are resized and cropped to, at
	// least 1.
	Size int
	// Workers is the number of pictures decoded at once; GOMAXPROCS.
	Workers int
	// OnPicture is told of each picture in order, with the reason if it is bad; nil
	// means nobody is.
	OnPicture func(i int, bad error)
}

// Write packs the pictures of src into the file at path, which is there whole or not
// at all. A dataset without any good picture is an error, as is the end of ctx.
func Write(ctx context.Context, path string, src dataset.Source, opts Options) error {
	if opts.Size < 1 || opts.Size > 1<<14 {
		return fmt.Errorf("pack: a size of %d pixels", opts.Size)
	}
	if src.Len() == 0 {
		return errors.New("pack: no pictures")
	}
	if opts.Workers < 1 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	err := atomicfile.Write(path, func(w io.Writer) error { return write(ctx, w, src, opts) })
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}

// Collect packs pictures that come one by one, such as the frames of a film, into the
// file at path, as squares of size pixels: those that next returns until io.EOF. The
// file is there whole or not at all; fingerprint becomes that of the dataset. next may
// change a picture that it returned before.
func Collect(path string, size int, fingerprint string, next func() (name string, m *imageio.Image, err error)) error {
	if size < 1 || size > 1<<14 {
		return fmt.Errorf("pack: a size of %d pixels", size)
	}
	err := atomicfile.Write(path, func(to io.Writer) error {
		w, err := newWriter(to, size, fingerprint)
		var resizer imageio.Resizer
		var s square
		for err == nil {
			var name string
			var m *imageio.Image
			if name, m, err = next(); err == nil {
				resizer.Square(&s.image, m, size)
				err = w.add(name, &s)
			}
		}
		switch {
		case err != io.EOF:
			return err
		case len(w.index.Names) == 0:
			return errors.New("no pictures")
		}
		return w.finish()
	})
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}

// square is a picture on its way into the file.
type square struct {
	image imageio.Image
	bad   error
}

func write(ctx context.Context, to io.Writer, src dataset.Source, opts Options) error {
	w, err := newWriter(to, opts.Size, dataset.Fingerprint(src))
	if err != nil {
		return err
	}
	squares := make([]square, 4*opts.Workers)
	for first := 0; first < src.Len(); first += len(squares) {
		part := squares[:min(len(squares), src.Len()-first)]
		if err := ctx.Err(); err != nil {
			return err
		}
		decode(src, first, part, opts)
		for k := range part {
			if err := w.add(src.Name(first+k), &part[k]); err != nil {
				return err
			}
			if opts.OnPicture != nil {
				opts.OnPicture(first+k, part[k].bad)
			}
		}
	}
	return w.finish()
}

// writer writes a file picture by picture.
type writer struct {
	to    *bufio.Writer
	index Index
	sums  []byte
}

func newWriter(to io.Writer, size int, fingerprint string) (*writer, error) {
	w := &writer{to: bufio.NewWriterSize(to, 1<<20), index: Index{Size: size, Bad: map[int]string{}, Fingerprint: fingerprint}}
	_, err := w.to.WriteString(mark)
	return w, err
}

// add appends a picture.
func (w *writer) add(name string, s *square) error {
	if s.bad != nil {
		w.index.Bad[len(w.index.Names)] = s.bad.Error()
		clear(s.image.Pix)
	}
	w.index.Names = append(w.index.Names, name)
	w.sums = binary.LittleEndian.AppendUint32(w.sums, crc32.Checksum(s.image.Pix, castagnoli))
	_, err := w.to.Write(s.image.Pix)
	return err
}

// finish writes what follows the pictures.
func (w *writer) finish() error {
	if n := len(w.index.Names); len(w.index.Bad) == n {
		return fmt.Errorf("none of the %d pictures can be read; the first: %s", n, w.index.Bad[0])
	}
	text, err := json.Marshal(w.index)
	if err != nil {
		return err
	}
	foot := binary.LittleEndian.AppendUint32(nil, crc32.Update(crc32.Checksum(w.sums, castagnoli), castagnoli, text))
	foot = append(binary.LittleEndian.AppendUint64(foot, uint64(len(text))), mark...)
	for _, b := range [][]byte{w.sums, text, foot} {
		if _, err := w.to.Write(b); err != nil {
			return err
		}
	}
	return w.to.Flush()
}

// decode makes the squares of the pictures from first on, as dataset.Loader does.
func decode(src dataset.Source, first int, part []square, opts Options) {
	var all sync.WaitGroup
	next := make(chan int)
	for range min(opts.Workers, len(part)) {
		all.Go(func() {
			var resizer imageio.Resizer
			for k := range next {
				s := &part[k]
				m, err := src.Load(first + k)
				if err == nil && (m == nil || m.W < 1 || m.H < 1 || len(m.Pix) != 3*m.W*m.H) {
					err = errors.New("empty picture")
				}
				if s.bad = err; err != nil {
					s.image.W, s.image.H, s.image.Pix = opts.Size, opts.Size, make([]uint8, 3*opts.Size*opts.Size)
					continue
				}
				resizer.Square(&s.image, m, opts.Size)
			}
		})
	}
	for k := range part {
		next <- k
	}
	close(next)
	all.Wait()
}
