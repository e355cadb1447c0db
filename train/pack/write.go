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

// square is a picture on its way into the file.
type square struct {
	image imageio.Image
	bad   error
}

func write(ctx context.Context, to io.Writer, src dataset.Source, opts Options) error {
	w := bufio.NewWriterSize(to, 1<<20)
	x := Index{Size: opts.Size, Bad: map[int]string{}, Fingerprint: dataset.Fingerprint(src)}
	var sums []byte
	if _, err := w.WriteString(mark); err != nil {
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
			s := &part[k]
			if s.bad != nil {
				x.Bad[first+k] = s.bad.Error()
				clear(s.image.Pix)
			}
			x.Names = append(x.Names, src.Name(first+k))
			sums = binary.LittleEndian.AppendUint32(sums, crc32.Checksum(s.image.Pix, castagnoli))
			if _, err := w.Write(s.image.Pix); err != nil {
				return err
			}
			if opts.OnPicture != nil {
				opts.OnPicture(first+k, s.bad)
			}
		}
	}
	if len(x.Bad) == src.Len() {
		return fmt.Errorf("none of the %d pictures can be read; the first: %s", src.Len(), x.Bad[0])
	}
	text, err := json.Marshal(x)
	if err != nil {
		return err
	}
	foot := binary.LittleEndian.AppendUint32(nil, crc32.Update(crc32.Checksum(sums, castagnoli), castagnoli, text))
	foot = append(binary.LittleEndian.AppendUint64(foot, uint64(len(text))), mark...)
	for _, b := range [][]byte{sums, text, foot} {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return w.Flush()
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
