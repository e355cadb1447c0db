package stylize

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/stylize"
)

// video stylizes the pictures of the video w.in. The result is written beside w.out
// and renamed when it is complete: after an interruption there is no half a
// video, and the next run begins anew.
func (w *workshop) video(ctx context.Context) error {
	in, err := movie.Probe(ctx, w.in)
	if err != nil {
		return fmt.Errorf("-in %w", err)
	}
	width, height, err := rescale(in.Width, in.Height, w.scale)
	if err != nil {
		return err
	}
	losses, err := in.Loses(w.out, w.pixels())
	if err != nil {
		return cli.Usagef("-out: %w", err)
	}
	w.say(append(in.Notes, losses...))
	session, err := w.session(1)
	if err != nil {
		return err
	}
	defer session.Close()
	session.Progress = func(float64) error { return ctx.Err() }
	if w.every > 1 {
		cli.Note(fmt.Sprintf("-every %d: one frame of %[1]d is styled and shown in place of the rest", w.every))
	}

	scratch, remove, err := atomicfile.Scratch(filepath.Dir(w.out), "stylize")
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	defer remove()
	pictures := filepath.Join(scratch, "pictures"+filepath.Ext(w.out))
	frames, err := w.transcode(ctx, session, in, pictures, width, height)
	if err != nil {
		return err
	}
	whole := filepath.Join(scratch, "whole"+filepath.Ext(w.out))
	notes, err := in.Finish(ctx, pictures, whole)
	if err != nil {
		return fmt.Errorf("-out %s: %w", w.out, err)
	}
	w.say(notes)
	if err := replace(w.out, whole); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	fmt.Printf("%s in %s\n", cli.Count(frames, "frame", "frames"), w.out)
	return nil
}

// say prints what is not as it seems in a video.
func (w *workshop) say(notes []string) {
	for _, note := range notes {
		cli.Note(w.in + ": " + note)
	}
}

func (w *workshop) pixels() movie.Pixels {
	return map[string]movie.Pixels{"deep": movie.Deep, "hdr": movie.High, "full": movie.Full}[w.colors]
}

// rescale divides the size by scale; encoders want even numbers.
func rescale(width, height int, scale float64) (w, h int, err error) {
	if scale == 1 {
		return width, height, nil
	}
	w, h = int(float64(width)/scale)&^1, int(float64(height)/scale)&^1
	if w < 2 || h < 2 || w*h > 1<<28 {
		return 0, 0, cli.Usagef("-scale %v makes %dx%d of frames of %dx%d", scale, w, h, width, height)
	}
	return w, h, nil
}

// transcode stylizes the pictures of in for a video of them alone. It returns how
// many there were.
func (w *workshop) transcode(ctx context.Context, session *stylize.Session, in *movie.Info, out string, width, height int) (int, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	reader, err := in.Open(running, width, height)
	if err != nil {
		return 0, err
	}
	// After an error both ffmpegs are stopped before they are waited for.
	defer reader.Close()
	defer stop()
	n, err := w.frames(running, session, in, reader, out, width, height)
	switch {
	case ctx.Err() != nil:
		return n, ctx.Err()
	case err != nil:
		return n, err
	case n == 0:
		return n, fmt.Errorf("-in %s: ffmpeg found no video frames in it", w.in)
	}
	return n, nil
}

// frames stylizes what the reader yields. Where a pipe breaks, the ffmpeg at its
// other end says why.
func (w *workshop) frames(ctx context.Context, session *stylize.Session, in *movie.Info, reader *movie.Reader, out string, width, height int) (n int, err error) {
	bar := newProgress("frames", in.Frames)
	defer bar.clear()
	var writer *movie.Writer
	ctx, stop := context.WithCancel(ctx)
	defer func() {
		if writer != nil && err != nil {
			stop()
			writer.Close()
		}
		stop()
	}()
	frame, styled := make([]byte, 4*width*height), make([]byte, 4*width*height)
	for {
		shown, err := reader.Next(frame)
		if err == io.EOF {
			if writer == nil {
				return n, nil
			}
			return n, writer.Close()
		}
		if err != nil {
			return n, err
		}
		if n%w.every == 0 {
			if err := session.StylizeRGBA(styled, frame, width, height, 4*width); err != nil {
				return n, err
			}
		}
		if writer == nil {
			if writer, err = in.Create(ctx, out, width, height, shown.Aspect, w.pixels()); err != nil {
				return n, err
			}
		}
		if err := writer.Write(styled, shown.Time); err != nil {
			return n, cmp.Or(ctx.Err(), fmt.Errorf("-out %s: frame %d: %w", w.out, n+1, err))
		}
		n++
		bar.set(n)
	}
}

// replace moves the finished file to path, synced before.
func replace(path, finished string) error {
	f, err := os.OpenFile(finished, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(finished, path)
}
