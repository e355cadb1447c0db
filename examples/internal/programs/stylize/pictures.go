package stylize

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
)

// single stylizes one picture.
func (w *workshop) single(ctx context.Context) error {
	begun := time.Now()
	s, err := w.session(1)
	if err != nil {
		return err
	}
	bar := newProgress("tiles", 1000)
	defer bar.clear()
	m, err := w.style(ctx, s, w.in, bar.set)
	// A large picture needs the session's memory to be encoded.
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	debug.FreeOSMemory()
	if err := imageio.Save(w.out, m, imageio.SaveOptions{}); err != nil {
		return err
	}
	fmt.Printf("%s: %dx%d pixels, %.2f s\n", w.out, m.W, m.H, time.Since(begun).Seconds())
	return nil
}

// options are how pictures are read. Those that are read at the same time share a
// budget.
func (w *workshop) options() imageio.Options {
	return imageio.Options{KeepAlpha: true, ApplyOrientation: true, Budget: w.budget}
}

// style stylizes the picture file in. Only large pictures report progress, from 0
// to 1000.
func (w *workshop) style(ctx context.Context, s *stylize.Session, in string, progress func(done int)) (*imageio.Image, error) {
	m, err := imageio.Load(in, w.options())
	if err != nil {
		return nil, err
	}
	defer w.budget.Release(m)
	if m, err = imageio.Scale(m, w.scale); err != nil {
		return nil, fmt.Errorf("%s: %w", in, err)
	}
	if m.W*m.H > large {
		debug.FreeOSMemory() // what decoding took
	}
	s.Progress = func(done float64) error {
		progress(int(1000 * done))
		return ctx.Err()
	}
	if m, err = s.Image(m); err != nil {
		return nil, fmt.Errorf("%s: %w", in, err)
	}
	return m, ctx.Err()
}

// large is the number of pixels of pictures around which memory is given back to the
// system, which takes time.
const large = 4 << 20

// pictureNames are the endings of what a folder's run picks up.
var pictureNames = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}

// job is one picture of a folder.
type job struct{ in, out string }

// folder stylizes the pictures in w.in and below it, several at a time, to the
// same names in w.out. A picture that fails is reported and left out.
func (w *workshop) folder(ctx context.Context) error {
	jobs, err := w.jobs()
	if err != nil {
		return err
	}
	if len(jobs) == 0 {
		return fmt.Errorf("-in %s: there are no pictures in it (%s)", w.in, strings.Join(pictureNames, ", "))
	}
	workers := min(runtime.GOMAXPROCS(0), len(jobs))
	if w.device != nil {
		workers = 1
	}
	bar := newProgress("pictures", len(jobs))
	var (
		mu           sync.Mutex
		failed, done int
		group        sync.WaitGroup
		queue        = make(chan job)
	)
	for range workers {
		s, err := w.session(workers)
		if err != nil {
			return err
		}
		defer s.Close()
		group.Go(func() {
			for j := range queue {
				err := os.MkdirAll(filepath.Dir(j.out), 0o777)
				var m *imageio.Image
				if err == nil {
					m, err = w.style(ctx, s, j.in, func(int) {})
				}
				if err == nil {
					err = imageio.Save(j.out, m, imageio.SaveOptions{})
				}
				mu.Lock()
				if done++; err != nil && ctx.Err() == nil {
					failed++
					bar.clear()
					cli.Note(printable.Error(err))
				}
				bar.set(done)
				mu.Unlock()
			}
		})
	}
	feed(ctx, queue, jobs)
	group.Wait()
	bar.clear()
	if err := ctx.Err(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s failed, the others are in %s", failed, cli.Count(len(jobs), "picture", "pictures"), w.out)
	}
	fmt.Printf("%s in %s\n", cli.Count(len(jobs), "picture", "pictures"), w.out)
	return nil
}

// feed sends the jobs until the context is canceled.
func feed(ctx context.Context, queue chan<- job, jobs []job) {
	defer close(queue)
	for _, j := range jobs {
		select {
		case queue <- j:
		case <-ctx.Done():
			return
		}
	}
}

// jobs lists the pictures. Formats that cannot be written become PNG.
func (w *workshop) jobs() ([]job, error) {
	if info, err := os.Stat(w.out); err == nil && !info.IsDir() {
		return nil, cli.Usagef("-out %s is a file; for the folder -in %s name a folder", w.out, w.in)
	}
	inside, err := filepath.Abs(w.out)
	if err != nil {
		return nil, err
	}
	var jobs []job
	from := map[string]string{}
	err = filepath.WalkDir(w.in, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("-in: %w", err)
		}
		if path != w.in && imageio.Litter(d.Name()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			if abs, err := filepath.Abs(path); err == nil && abs == inside {
				return fs.SkipDir // an -out inside -in
			}
			return nil
		}
		if !slices.Contains(pictureNames, strings.ToLower(filepath.Ext(path))) {
			return nil
		}
		rel, err := filepath.Rel(w.in, path)
		if err != nil {
			return err
		}
		out := filepath.Join(w.out, rel)
		if imageio.CanSave(out) != nil {
			out += ".png"
		}
		if other, ok := from[out]; ok {
			return fmt.Errorf("%s and %s would both become %s", other, path, out)
		}
		from[out] = path
		jobs = append(jobs, job{path, out})
		return nil
	})
	return jobs, err
}
