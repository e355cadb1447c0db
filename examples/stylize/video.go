package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn/stylize"
)

// videoNames are the endings that make -out a video.
var videoNames = []string{".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v", ".gif"}

func isVideo(path string) bool {
	return slices.Contains(videoNames, strings.ToLower(filepath.Ext(path)))
}

// video stylises the frames of the video w.in. The result is written beside w.out
// and renamed when it is complete: after an interruption there is no half a
// video, and the next run begins anew.
func (w *workshop) video(ctx context.Context) error {
	in, err := probe(ctx, w.in)
	if err != nil {
		return err
	}
	if err := in.rescale(w.scale); err != nil {
		return err
	}
	session, err := w.session(1)
	if err != nil {
		return err
	}
	defer session.Close()
	session.Progress = func(float64) error { return ctx.Err() }
	if w.every > 1 {
		fmt.Fprintf(os.Stderr, "stylize: -every %d: one frame of %d is styled and shown in place of the rest\n", w.every, w.every)
	}

	scratch, err := os.MkdirTemp(filepath.Dir(w.out), ".stylize-")
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	defer os.RemoveAll(scratch)
	unfinished := filepath.Join(scratch, "video"+strings.ToLower(filepath.Ext(w.out)))
	frames, err := w.transcode(ctx, session, in, unfinished)
	if err != nil {
		return err
	}
	if err := replace(w.out, unfinished); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	fmt.Printf("%d frames in %s\n", frames, w.out)
	return nil
}

// transcode pipes the frames of in from one ffmpeg through the session to another,
// which adds the sound. It returns how many there were.
func (w *workshop) transcode(ctx context.Context, session *stylize.Session, in *video, out string) (int, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	decoder, err := startFFmpeg(running, "decode "+w.in, in.decode()...)
	if err != nil {
		return 0, err
	}
	// After an error both are stopped before they are waited for.
	defer decoder.finish()
	defer stop()
	encoder, err := startFFmpeg(running, "encode "+w.out, in.encode(out)...)
	if err != nil {
		return 0, err
	}
	defer encoder.finish()
	defer stop()

	n, err := w.frames(session, in, decoder, encoder)
	if err == nil {
		err = encoder.finish()
	}
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

// frames stylises what the decoder sends for the encoder. Where a pipe breaks, the
// ffmpeg at its other end says why.
func (w *workshop) frames(session *stylize.Session, in *video, decoder, encoder *ffmpeg) (n int, err error) {
	bar := newProgress("frames", in.frames)
	defer bar.clear()
	frame, styled := make([]byte, 4*in.width*in.height), make([]byte, 4*in.width*in.height)
	for {
		switch _, err := io.ReadFull(decoder.stdout, frame); {
		case err == io.EOF:
			return n, decoder.finish()
		case err != nil:
			return n, cmp.Or(decoder.finish(), fmt.Errorf("-in %s: the video breaks off within frame %d: %w", w.in, n+1, err))
		}
		if n%w.every == 0 {
			if err := session.StylizeRGBA(styled, frame, in.width, in.height, 4*in.width); err != nil {
				return n, err
			}
		}
		if _, err := encoder.stdin.Write(styled); err != nil {
			return n, cmp.Or(encoder.finish(), fmt.Errorf("-out %s: frame %d: %w", w.out, n+1, err))
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
