package movie

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// ErrNoFFmpeg says how to get the programs.
var ErrNoFFmpeg = errors.New("videos need the programs ffmpeg and ffprobe, which were not found: install them (apt-get install ffmpeg, brew install ffmpeg, or https://ffmpeg.org) so that they are on the PATH")

// command returns a program of ffmpeg's with its arguments. An interrupt lets it end
// its files; it is killed if it does not.
func command(ctx context.Context, program string, args ...string) (*exec.Cmd, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, ErrNoFFmpeg
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"-hide_banner"}, args...)...)
	cmd.Cancel = func() error {
		if cmd.Process.Signal(os.Interrupt) != nil {
			return cmd.Process.Kill() // Windows has no interrupts
		}
		return nil
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd, nil
}

// Run runs ffmpeg to its end. The error is its own message; task says what it was to
// do.
func Run(ctx context.Context, dir, task string, args ...string) error {
	cmd, err := command(ctx, "ffmpeg", append([]string{"-nostdin", "-loglevel", "error"}, args...)...)
	if err != nil {
		return err
	}
	var message bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &message
	err = cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("ffmpeg could not %s: %s", task, cause(message.String(), err))
	}
	return nil
}

// File returns the name of a file as ffmpeg is to see it: never a protocol or an
// option.
func File(path string) string { return "file:" + path }

// cause returns the first line of a message of ffmpeg's, which names the cause,
// without the part that wrote it; or err if there is none.
func cause(message string, err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	for strings.HasPrefix(line, "[") {
		_, rest, ok := strings.Cut(line, "] ")
		if !ok {
			break
		}
		line = rest
	}
	if line == "" {
		return err.Error()
	}
	return line
}

// has reports whether this ffmpeg has all of the filters.
func has(ctx context.Context, filters ...string) (bool, error) {
	cmd, err := command(ctx, "ffmpeg", "-filters")
	if err != nil {
		return false, err
	}
	list, err := cmd.Output()
	if err != nil {
		return false, fmt.Errorf("ffmpeg -filters: %w", err)
	}
	names := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		if f := strings.Fields(line); len(f) > 1 {
			names[f[1]] = true
		}
	}
	return !slices.ContainsFunc(filters, func(f string) bool { return !names[f] }), nil
}
