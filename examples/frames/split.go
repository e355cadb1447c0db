package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// errNoFFmpeg says how to get the program that does the work.
var errNoFFmpeg = errors.New("the ffmpeg program was not found: install it (apt-get install ffmpeg, brew install ffmpeg, or https://ffmpeg.org) so that it is on the PATH")

// frameName matches the names that ffmpeg's %05d.png gives.
var frameName = regexp.MustCompile(`^\d{5,}\.png$`)

// split writes every nth frame of the video in to the directory out and
// returns how many there are. The frames appear in out only once all of them
// are there; frames of an earlier run are then replaced if force is set, and
// are an error from the start if it is not.
func split(ctx context.Context, in, out string, every int, force bool) (int, error) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return 0, errNoFFmpeg
	}
	if in, err = filepath.Abs(in); err != nil {
		return 0, err
	}
	if info, err := os.Stat(in); err != nil {
		return 0, err
	} else if info.IsDir() {
		return 0, fmt.Errorf("%s is a directory, want a video file", in)
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return 0, err
	}
	old, err := frames(out)
	if err != nil {
		return 0, err
	}
	if len(old) > 0 && !force {
		return 0, fmt.Errorf("%s already holds %d frames (%s ...): choose another -out, or replace them with -force", out, len(old), old[0])
	}

	scratch, err := os.MkdirTemp(out, ".frames-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)
	if err := runFFmpeg(ctx, ffmpeg, in, scratch, every); err != nil {
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

// runFFmpeg decodes the video file in to %05d.png in the directory dir.
func runFFmpeg(ctx context.Context, ffmpeg, in, dir string, every int) error {
	cmd := exec.CommandContext(ctx, ffmpeg,
		"-nostdin", "-hide_banner", "-loglevel", "error",
		"-i", "file:"+in, // never a protocol or an option, whatever the name
		"-vf", fmt.Sprintf("framestep=%d", every),
		"%05d.png")
	cmd.Dir = dir
	var message bytes.Buffer
	cmd.Stderr = &message
	// An interrupt lets ffmpeg end its files; it is killed if it does not.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		lines := strings.Split(strings.TrimSpace(message.String()), "\n")
		return fmt.Errorf("ffmpeg could not split %s: %s (%w)", in, lines[len(lines)-1], err)
	}
	return nil
}

// frames returns the names of the numbered images in dir, in order.
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
