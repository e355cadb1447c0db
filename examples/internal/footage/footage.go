// Package footage makes datasets of videos. A video is decoded once, by ffmpeg, into a
// file of package pack, which is found again by what the video holds.
package footage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/pack"
)

// Alike is the mean difference, in levels of 255, up to which a frame counts as a
// duplicate of the last one that was kept: both reduced to 32x32 pixels, where noise
// and compression show little. A still camera stays below it, a cut far above; of a
// slow pan every fifth or tenth frame is kept.
const Alike = 4

// Footage is an open dataset of a video's frames.
type Footage struct {
	*pack.Pack
	// Note is a sentence about how many frames were dropped, and of how many it is known
	// what moved, if the video was decoded now, else empty.
	Note string

	pairs *pack.Pack // for each frame the next one, and the motion between them; nil without
}

// Is reports whether path is a video rather than a folder or archive of pictures.
func Is(path string) bool {
	info, err := os.Stat(path)
	return movie.Is(path) && (err != nil || !info.IsDir())
}

// Open returns the frames of the video as squares of size pixels. They are read from
// the folder cache, or decoded into it, which takes a while; a file there that is
// damaged is made anew. One that is half made when the program is killed never counts,
// and is removed by the next Open. begins is told, in a sentence, when decoding begins.
// Several processes may open the same video at once. With motion, the frame after each in
// the video is kept as well, and what moved in between: see Footage.After.
func Open(ctx context.Context, video, cache string, size int, motion bool, begins func(line string)) (*Footage, error) {
	sum, err := fingerprint(ctx, video)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o777); err != nil {
		return nil, err
	}
	f := &Footage{}
	find := func(name string, make func(path string) error) (*pack.Pack, error) {
		path := filepath.Join(cache, fmt.Sprintf("%s-%d%s.pack", sum, size, name))
		p, err := pack.Open(path)
		if err == nil || !errors.Is(err, os.ErrNotExist) && !errors.Is(err, pack.ErrCorrupt) {
			return p, err
		}
		if err := atomicfile.RemoveStale(cache, func(name string) bool { return filepath.Ext(name) == ".pack" }); err != nil {
			return nil, err
		}
		begins(fmt.Sprintf("Decoding %s into %s, once", video, path))
		if err := make(path); err != nil {
			return nil, err
		}
		return pack.Open(path)
	}
	f.Pack, err = find("", func(path string) (err error) {
		f.Note, err = decode(ctx, video, path, sum, size)
		return err
	})
	if err != nil || !motion {
		return f.orError(err)
	}
	f.pairs, err = find("-motion", func(path string) error {
		note, err := decodePairs(ctx, video, path, sum, size)
		if f.Note == "" {
			f.Note = video + ": " + note
		} else {
			f.Note += "; " + note
		}
		return err
	})
	if err == nil && f.pairs.Len() != 2*f.Len() {
		err = fmt.Errorf("%s has not the pairs of the frames beside it: remove the folder", cache)
	}
	return f.orError(err)
}

// orError returns the footage, or closes it if there is an error.
func (f *Footage) orError(err error) (*Footage, error) {
	if err == nil {
		return f, nil
	}
	if f.Pack != nil {
		err = errors.Join(err, f.Close())
	}
	return nil, err
}

// Close closes the files.
func (f *Footage) Close() error {
	err := f.Pack.Close()
	if f.pairs != nil {
		err = errors.Join(err, f.pairs.Close())
	}
	return err
}

// After implements dataset.Filmed. There is none after the last frame and at a cut, and
// where less than a tenth of the picture has a known motion.
func (f *Footage) After(i int) (*dataset.Successor, error) {
	if f.pairs == nil {
		return nil, nil
	}
	motion, err := f.pairs.Load(2*i + 1)
	if err != nil {
		return nil, err
	}
	if knownShare(motion) < leastKnown {
		return nil, nil
	}
	s := &dataset.Successor{}
	s.Flow, s.Known = read(motion)
	s.Image, err = f.pairs.Load(2 * i)
	return s, err
}

// fingerprint identifies the frames that are kept of a video, wherever it lies.
func fingerprint(ctx context.Context, video string) (string, error) {
	f, err := os.Open(video)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	fmt.Fprintf(h, "footage, alike at %d\n", Alike)
	if _, err := io.Copy(h, interruptible{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:sha256.Size/2]), nil
}

// interruptible is a file that cannot be read after the end of a context.
type interruptible struct {
	context.Context
	file io.Reader
}

func (r interruptible) Read(b []byte) (int, error) {
	if err := r.Err(); err != nil {
		return 0, err
	}
	return r.file.Read(b)
}

// decoder reads the frames of a video.
type decoder struct {
	ctx    context.Context
	info   *movie.Info
	reader *movie.Reader
	stop   func()
	rgba   []byte
	frame  *imageio.Image
	n      int // frames so far
	ended  bool
}

func openVideo(ctx context.Context, video string) (*decoder, error) {
	info, err := movie.Probe(ctx, video)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(ctx)
	reader, err := info.Open(running, info.Width, info.Height)
	if err != nil {
		stop()
		return nil, err
	}
	return &decoder{
		ctx: ctx, info: info, reader: reader, stop: stop,
		rgba: make([]byte, 4*info.Width*info.Height), frame: imageio.New(info.Width, info.Height),
	}, nil
}

func (f *decoder) close() {
	f.stop()
	f.reader.Close()
}

// next returns the next frame, with square pixels, which the one after it overwrites. At
// the end it returns io.EOF, however often it is called.
func (f *decoder) next() (*imageio.Image, error) {
	if f.ended {
		return nil, io.EOF
	}
	shown, err := f.reader.Next(f.rgba)
	f.ended = err == io.EOF
	if f.ctx.Err() != nil {
		err = f.ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	f.n++
	for i := range f.info.Width * f.info.Height {
		copy(f.frame.Pix[3*i:3*i+3], f.rgba[4*i:])
	}
	return squared(f.frame, shown.Aspect), nil
}

// decode packs the frames of the video and says how many were dropped.
func decode(ctx context.Context, video, path, sum string, size int) (note string, err error) {
	f, err := openVideo(ctx, video)
	if err != nil {
		return "", err
	}
	defer f.close()
	kept, count := &sieve{}, 0
	err = pack.Collect(path, size, sum, func() (string, *imageio.Image, error) {
		for {
			m, err := f.next()
			if err != nil {
				return "", nil, err
			}
			if kept.passes(m) {
				count++
				return fmt.Sprintf("%s frame %d", filepath.Base(video), f.n), m, nil
			}
		}
	})
	if err != nil {
		return "", err
	}
	notes := append([]string{fmt.Sprintf("%d of the %d frames differ from the ones before", count, f.n)}, f.info.Notes...)
	return video + ": " + strings.Join(notes, "; "), nil
}

// decodePairs packs, for each frame that decode packs, the frame after it and the motion
// between them, and says of how many there is one.
func decodePairs(ctx context.Context, video, path, sum string, size int) (note string, err error) {
	f, err := openVideo(ctx, video)
	if err != nil {
		return "", err
	}
	count := 0
	defer f.close()
	var resizer imageio.Resizer
	kept := &sieve{}
	waits := false // last was kept, and has no pair yet
	last, now := &imageio.Image{}, &imageio.Image{}
	var motion *imageio.Image // of the frame that was packed last
	err = pack.Collect(path, size, sum, func() (string, *imageio.Image, error) {
		if m := motion; m != nil {
			motion = nil
			return "motion", m, nil
		}
		for {
			m, err := f.next()
			if err == io.EOF && waits { // nothing comes after it
				waits, motion = false, imageio.New(size, size)
				return "none", last, nil
			}
			if err != nil {
				return "", nil, err
			}
			resizer.Square(now, m, size)
			paired := waits
			if paired {
				motion = estimate(last, now)
				if knownShare(motion) >= leastKnown {
					count++
				}
			}
			waits = kept.passes(m)
			last, now = now, last
			if paired {
				return fmt.Sprintf("%s frame %d", filepath.Base(video), f.n), last, nil
			}
		}
	})
	return fmt.Sprintf("of %d frames it is known where things move in the next one", count), err
}

// squared returns a frame with square pixels, whose width by height was aspect.
func squared(m *imageio.Image, aspect *big.Rat) *imageio.Image {
	if aspect == nil {
		return m
	}
	a, _ := aspect.Float64()
	w := int(float64(m.W)*a + 0.5)
	if w == m.W || w < 1 || w > 1<<15 {
		return m
	}
	return imageio.Resize(m, w, m.H, imageio.Bilinear)
}

// sieve lets frames pass that are not like the last one that passed.
type sieve struct{ last *imageio.Image }

func (s *sieve) passes(m *imageio.Image) bool {
	const side = 32
	small := imageio.Resize(m, side, side, imageio.Bilinear)
	if s.last != nil {
		sum := 0
		for i, v := range small.Pix {
			d := int(v) - int(s.last.Pix[i])
			sum += max(d, -d)
		}
		if sum <= Alike*len(small.Pix) {
			return false
		}
	}
	s.last = small
	return true
}
