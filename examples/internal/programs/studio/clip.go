package studio

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/nn/stylize"
)

// The bounds of clips.
const (
	maxFrames     = 1800
	maxClipPixels = 1920 * 1088
)

// probe looks at the clip that the page has sent, or the one it names.
func (s *studio) probe(ctx context.Context, f *form) (*movie.Info, error) {
	path := f.clip
	if path == "" {
		it, err := s.lib.find(f.fields["picture"], kindClip)
		if err != nil {
			return nil, err
		}
		path = s.lib.full(it)
	}
	return movie.Probe(ctx, path)
}

// clipSize is the size of frames with at most so many rows, even as encoders want it.
func clipSize(info *movie.Info, rows int) (w, h int, err error) {
	w, h = info.Width, info.Height
	if rows > 0 && h > rows {
		w, h = w*rows/h, rows
	}
	w, h = w&^1, h&^1
	if w < 2 || h < 2 || w*h > maxClipPixels {
		return 0, 0, fmt.Errorf("frames of %dx%d: choose a smaller size", w, h)
	}
	return w, h, nil
}

// clipResult is what a page is told of a styled clip.
type clipResult struct {
	Frames       int      `json:"frames"`
	Width        int      `json:"width"`
	Height       int      `json:"height"`
	Milliseconds float64  `json:"milliseconds"` // of the network, per frame
	Notes        []string `json:"notes"`
}

// styleClip styles the pictures of a clip; its sound comes along.
func (s *studio) styleClip(ctx context.Context, t *task, f *form) (any, error) {
	l, err := s.look(ctx, f)
	if err != nil {
		return nil, err
	}
	t.progress("looking at the clip", 0)
	info, err := s.probe(ctx, f)
	if err != nil {
		return nil, err
	}
	w, h, err := clipSize(info, l.rows)
	if err != nil {
		return nil, err
	}
	session, err := l.session(ctx)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	dir, err := os.MkdirTemp(s.scratch, "styled-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	pictures := filepath.Join(dir, "pictures.mp4")
	n, took, err := transcode(ctx, t, session, info, pictures, w, h)
	if err != nil {
		return nil, err
	}
	t.progress("adding the sound", 1)
	whole := filepath.Join(dir, "whole.mp4")
	notes, err := info.Finish(ctx, pictures, whole)
	if err != nil {
		return nil, err
	}
	kept := filepath.Join(s.scratch, t.id+".mp4")
	if err := os.Rename(whole, kept); err != nil {
		return nil, err
	}
	if err := t.keep("styled.mp4", taskFile{kind: "video/mp4", path: kept}); err != nil {
		return nil, err
	}
	return clipResult{n, w, h, took.Seconds() * 1e3 / float64(n), append(info.Notes, notes...)}, nil
}

// transcode styles frames from one ffmpeg to another.
func transcode(ctx context.Context, t *task, session *stylize.Session, info *movie.Info, out string, w, h int) (n int, took time.Duration, err error) {
	running, stop := context.WithCancel(ctx)
	reader, err := info.Open(running, w, h)
	if err != nil {
		stop()
		return 0, 0, err
	}
	var writer *movie.Writer
	defer func() {
		stop()
		reader.Close()
		if writer != nil && err != nil {
			writer.Close()
		}
	}()
	frame := make([]byte, 4*w*h)
	for ; ; n++ {
		shown, err := reader.Next(frame)
		switch {
		case err == io.EOF && writer == nil:
			return 0, 0, fmt.Errorf("there are no pictures in the clip")
		case err == io.EOF:
			return n, took, writer.Close()
		case err != nil:
			return n, took, cmp.Or(ctx.Err(), err)
		case n == maxFrames:
			return n, took, fmt.Errorf("the clip has more than %d frames: cut it", maxFrames)
		}
		start := time.Now()
		if err := session.StylizeRGBA(frame, frame, w, h, 4*w); err != nil {
			return n, took, cmp.Or(ctx.Err(), err)
		}
		took += time.Since(start)
		if writer == nil {
			if writer, err = info.Create(running, out, w, h, shown.Aspect, movie.Common); err != nil {
				return n, took, err
			}
		}
		if err := writer.Write(frame, shown.Time); err != nil {
			return n, took, cmp.Or(ctx.Err(), err)
		}
		t.progress(fmt.Sprintf("frame %d", n+1), float64(n+1)/float64(max(info.Frames, n+1)))
		if err := ctx.Err(); err != nil {
			return n, took, err
		}
	}
}
