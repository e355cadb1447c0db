package frames

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/internal/atomicfile"
)

// frameName matches the names that ffmpeg's %05d.png gives.
var frameName = regexp.MustCompile(`^\d{5,}\.png$`)

// split writes every nth picture of the video in to the directory out and
// returns how many there are. The frames appear in out only once all of them
// are there; frames of an earlier run are then replaced if force is set, and
// are an error from the start if it is not.
func split(ctx context.Context, in, out string, every int, force bool) (int, error) {
	if info, err := os.Stat(in); err != nil {
		return 0, fmt.Errorf("-in: %w", err)
	} else if info.IsDir() {
		return 0, fmt.Errorf("-in: %s is a directory, want a video file", in)
	}
	video, err := movie.Probe(ctx, in)
	if err != nil {
		return 0, err
	}
	for _, note := range video.Notes {
		cli.Note(in + ": " + note)
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return 0, fmt.Errorf("-out: %w", err)
	}
	old, err := frames(out)
	if err != nil {
		return 0, err
	}
	if len(old) > 0 && !force {
		return 0, fmt.Errorf("%s already holds %s (%s ...): choose another -out, or replace them with -force", out, cli.Count(len(old), "frame", "frames"), old[0])
	}

	scratch, remove, err := atomicfile.Scratch(out, "frames")
	if err != nil {
		return 0, err
	}
	defer remove()
	if err := video.Split(ctx, scratch, every); err != nil {
		return 0, err
	}
	made, err := frames(scratch)
	if err != nil {
		return 0, err
	}
	if len(made) == 0 {
		return 0, fmt.Errorf("%s: ffmpeg found no video frames in it", in)
	}
	for _, name := range old {
		if err := os.Remove(filepath.Join(out, name)); err != nil {
			return 0, err
		}
	}
	for _, name := range made {
		if err := os.Rename(filepath.Join(scratch, name), filepath.Join(out, name)); err != nil {
			return 0, err
		}
	}
	return len(made), nil
}

// frames returns the names of the numbered pictures in dir, in order.
func frames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if frameName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
