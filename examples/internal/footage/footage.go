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
	// Note is a sentence about how many frames were dropped, if the video was decoded
	// now, else empty.
	Note string
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
// Several processes may open the same video at once.
func Open(ctx context.Context, video, cache string, size int, begins func(line string)) (*Footage, error) {
	sum, err := fingerprint(ctx, video)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o777); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s-%d.pack", sum, size)
	path := filepath.Join(cache, name)
	if p, err := pack.Open(path); err == nil {
		return &Footage{Pack: p}, nil
	} else if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, pack.ErrCorrupt) {
		return nil, err
	}
	if err := atomicfile.RemoveStale(cache, func(name string) bool { return filepath.Ext(name) == ".pack" }); err != nil {
		return nil, err
	}
	begins(fmt.Sprintf("Decoding %s into %s, once", video, path))
	f := &Footage{}
	if f.Note, err = decode(ctx, video, path, sum, size); err != nil {
		return nil, err
	}
	f.Pack, err = pack.Open(path)
	return f, err
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

// decode packs the frames of the video and says how many were dropped.
func decode(ctx context.Context, video, path, sum string, size int) (note string, err error) {
	info, err := movie.Probe(ctx, video)
	if err != nil {
		return "", err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	reader, err := info.Open(running, info.Width, info.Height)
	if err != nil {
		return "", err
	}
	defer reader.Close()
	defer stop()
	rgba := make([]byte, 4*info.Width*info.Height)
	m, kept, n := imageio.New(info.Width, info.Height), &sieve{}, 0
	count := 0
	err = pack.Collect(path, size, sum, func() (string, *imageio.Image, error) {
		for {
			shown, err := reader.Next(rgba)
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			if err != nil {
				return "", nil, err
			}
			n++
			for i := range info.Width * info.Height {
				copy(m.Pix[3*i:3*i+3], rgba[4*i:])
			}
			if square := squared(m, shown.Aspect); kept.passes(square) {
				count++
				return fmt.Sprintf("%s frame %d", filepath.Base(video), n), square, nil
			}
		}
	})
	if err != nil {
		return "", err
	}
	notes := append([]string{fmt.Sprintf("%d of the %d frames differ from the ones before", count, n)}, info.Notes...)
	return video + ": " + strings.Join(notes, "; "), nil
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
