package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

// errNoFFmpeg says how to get the programs that read and write videos.
var errNoFFmpeg = errors.New("videos need the programs ffmpeg and ffprobe, which were not found: install them (apt-get install ffmpeg, brew install ffmpeg, or https://ffmpeg.org) so that they are on the PATH")

// video is what ffprobe says of a file.
type video struct {
	path          string // absolute
	width, height int    // as shown
	rate          string // frames per second, a fraction such as 30000/1001
	frames        int    // -1 if unknown
}

// probe looks at the first video stream of a file.
func probe(ctx context.Context, path string) (*video, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	ffprobe, err := exec.LookPath("ffprobe")
	if err != nil {
		return nil, errNoFFmpeg
	}
	cmd := exec.CommandContext(ctx, ffprobe, "-v", "error", "-select_streams", "v:0",
		"-show_entries", "stream=width,height,avg_frame_rate,r_frame_rate,nb_frames,duration:stream_side_data=rotation:format=duration",
		"-of", "json", "file:"+abs) // never a protocol or an option, whatever the name
	var message bytes.Buffer
	cmd.Stderr = &message
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("-in %s: ffprobe cannot read it: %s", path, firstLine(message.String(), err))
	}
	v, err := parseProbe(out)
	if err != nil {
		return nil, fmt.Errorf("-in %s: %w", path, err)
	}
	v.path = abs
	return v, nil
}

func parseProbe(data []byte) (*video, error) {
	var p struct {
		Streams []struct {
			Width, Height int
			Avg           string `json:"avg_frame_rate"`
			R             string `json:"r_frame_rate"`
			NbFrames      string `json:"nb_frames"`
			Duration      string
			SideData      []struct{ Rotation float64 } `json:"side_data_list"`
		}
		Format struct{ Duration string }
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("ffprobe's answer: %w", err)
	}
	if len(p.Streams) == 0 {
		return nil, errors.New("there is no video in it")
	}
	s := &p.Streams[0]
	const maxSide = 1 << 15
	if s.Width < 1 || s.Height < 1 || s.Width > maxSide || s.Height > maxSide {
		return nil, fmt.Errorf("frames of %dx%d pixels cannot be read", s.Width, s.Height)
	}
	v := &video{width: s.Width, height: s.Height, frames: -1}
	for _, d := range s.SideData {
		if math.Mod(math.Abs(d.Rotation), 180) == 90 { // ffmpeg turns frames upright
			v.width, v.height = v.height, v.width
		}
	}
	fps := 0.0
	for _, rate := range []string{s.Avg, s.R} {
		if fps = fraction(rate); fps > 0 {
			v.rate = rate
			break
		}
	}
	if fps == 0 {
		return nil, errors.New("its frame rate is unknown")
	}
	if n, err := strconv.Atoi(s.NbFrames); err == nil && n > 0 {
		v.frames = n
	} else {
		for _, duration := range []string{s.Duration, p.Format.Duration} {
			if d, err := strconv.ParseFloat(duration, 64); err == nil && d > 0 && d*fps < 1e9 {
				v.frames = int(math.Ceil(d * fps))
				break
			}
		}
	}
	return v, nil
}

// fraction returns the value of a text like 30000/1001, or 0 if it has none.
func fraction(s string) float64 {
	a, b, _ := strings.Cut(s, "/")
	n, err1 := strconv.ParseFloat(a, 64)
	d, err2 := strconv.ParseFloat(b, 64)
	if err1 != nil || err2 != nil || !(n > 0 && d > 0) {
		return 0
	}
	return n / d
}

// rescale divides the size by scale; encoders want even numbers.
func (v *video) rescale(scale float64) error {
	if scale == 1 {
		return nil
	}
	w, h := int(float64(v.width)/scale)&^1, int(float64(v.height)/scale)&^1
	if w < 2 || h < 2 || w*h > 1<<28 {
		return cli.Usagef("-scale %v makes %dx%d of frames of %dx%d", scale, w, h, v.width, v.height)
	}
	v.width, v.height = w, h
	return nil
}

// decode returns ffmpeg's arguments for raw RGBA frames at a constant rate. Where
// the pictures begin after the sound, the first one is repeated: raw frames have
// no times that could say so.
func (v *video) decode() []string {
	return []string{"-i", "file:" + v.path, "-map", "0:v:0", "-vf",
		fmt.Sprintf("fps=%s:start_time=0,scale=%d:%d:flags=lanczos", v.rate, v.width, v.height),
		"-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"}
}

// encode returns ffmpeg's arguments for a file of such frames and v's sound.
func (v *video) encode(out string) []string {
	args := []string{"-f", "rawvideo", "-pix_fmt", "rgba", "-s", fmt.Sprintf("%dx%d", v.width, v.height), "-r", v.rate, "-i", "pipe:0"}
	if strings.HasSuffix(out, ".gif") {
		return append(args, "-vf", "format=rgb24,split[a][b];[a]palettegen[p];[b][p]paletteuse", "file:"+out)
	}
	args = append(args, "-i", "file:"+v.path, "-map", "0:v:0", "-map", "1:a?")
	if !strings.HasSuffix(out, ".webm") { // which takes few kinds of sound
		args = append(args, "-c:a", "copy")
	}
	args = append(args,
		// Tagged, so that players convert back with the matrix that was used.
		"-vf", "scale=out_color_matrix=bt709:out_range=tv",
		"-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
	if v.width%2 == 0 && v.height%2 == 0 {
		args = append(args, "-pix_fmt", "yuv420p") // what every player shows
	}
	return append(args, "file:"+out)
}

// ffmpeg is a running ffmpeg with pipes.
type ffmpeg struct {
	task    string
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stdout  io.ReadCloser
	message bytes.Buffer
	once    sync.Once
	err     error
}

// startFFmpeg runs ffmpeg until it ends or ctx is cancelled.
func startFFmpeg(ctx context.Context, task string, args ...string) (*ffmpeg, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, errNoFFmpeg
	}
	f := &ffmpeg{task: task}
	f.cmd = exec.CommandContext(ctx, path, append([]string{"-hide_banner", "-loglevel", "error"}, args...)...)
	f.cmd.Stderr = &f.message
	f.cmd.WaitDelay = 5 * time.Second
	if f.stdin, err = f.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if f.stdout, err = f.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return f, f.cmd.Start()
}

// finish ends the input and waits; the error holds ffmpeg's own message. Later
// calls return the same.
func (f *ffmpeg) finish() error {
	f.once.Do(func() {
		f.stdin.Close() // a failure to do so is ffmpeg's, which Wait reports
		if err := f.cmd.Wait(); err != nil {
			f.err = fmt.Errorf("ffmpeg could not %s: %s", f.task, firstLine(f.message.String(), err))
		}
	})
	return f.err
}

// firstLine returns the first line of ffmpeg's message, which names the cause,
// without the address of the part that wrote it; or err if there is none.
func firstLine(message string, err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	if part, rest, ok := strings.Cut(line, "] "); ok && strings.HasPrefix(part, "[") {
		line = rest
	}
	if line == "" {
		return err.Error()
	}
	return line
}
