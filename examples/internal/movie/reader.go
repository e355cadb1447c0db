package movie

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// Reader yields the pictures of a video.
type Reader struct {
	info   *Info
	cmd    *exec.Cmd
	pixels io.ReadCloser
	shown  chan shown // what ffmpeg says of each picture
	spoken sync.WaitGroup
	base   *big.Rat // seconds of a tick
	errors string   // ffmpeg's
	once   sync.Once
	err    error
}

// shown is what the filter showinfo says of a picture.
type shown struct {
	ticks  *int64 // nil if its time is unknown
	aspect *big.Rat
}

// Frame is one picture of a video.
type Frame struct {
	Time   *big.Rat // seconds since the video began, nil if unknown
	Aspect *big.Rat // width of a pixel by its height; nil if unknown
}

// Open starts to read the pictures of v, resized to width x height.
func (v *Info) Open(ctx context.Context, width, height int) (*Reader, error) {
	args := []string{"-nostdin", "-nostats", "-loglevel", "level+info"}
	if name, ok := map[string]string{"vp8": "libvpx", "vp9": "libvpx-vp9"}[v.video.Codec]; ok && v.alpha {
		args = append(args, "-c:v", name) // ffmpeg's own decoders know no alpha
	}
	args = append(args, "-i", File(v.path), "-map", fmt.Sprintf("0:%d", v.video.Index), "-vf",
		chain(v.upright, v.scale(strconv.Itoa(width), strconv.Itoa(height)), "format=rgba", "showinfo=checksum=0"),
		"-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1")
	cmd, err := command(ctx, "ffmpeg", args...)
	if err != nil {
		return nil, err
	}
	r := &Reader{info: v, cmd: cmd, shown: make(chan shown, 1<<10)}
	messages, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if r.pixels, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r.spoken.Go(func() { r.listen(messages) })
	return r, nil
}

// Split writes every nth picture of v, with square pixels, as 00001.png, 00002.png,
// ... in the folder dir.
func (v *Info) Split(ctx context.Context, dir string, every int) error {
	return Run(ctx, dir, "split "+v.path, "-i", File(v.path), "-map", fmt.Sprintf("0:%d", v.video.Index), "-vf",
		chain(v.upright, fmt.Sprintf("framestep=%d", every), v.scale("round(iw*sar)", "ih"), "setsar=1"),
		"-fps_mode", "passthrough", "-pix_fmt", "rgb24", "%05d.png")
}

// scale returns the filter that resizes and converts to RGB. Where the file does not
// say how its colors are coded, large pictures are taken for BT.709, as players do.
func (v *Info) scale(width, height string) string {
	f := fmt.Sprintf("scale=%s:%s:flags=lanczos", width, height)
	if s := v.video; s.Height >= 720 && (s.Space == "" || s.Space == "unknown") && strings.HasPrefix(s.PixFmt, "yuv") && v.upright == "" {
		f += ":in_color_matrix=bt709"
	}
	return f
}

// chain joins the filters that are not empty.
func chain(filters ...string) string {
	var used []string
	for _, f := range filters {
		if f != "" {
			used = append(used, f)
		}
	}
	return strings.Join(used, ",")
}

// listen reads ffmpeg's messages to their end.
func (r *Reader) listen(messages io.Reader) {
	defer close(r.shown)
	lines := bufio.NewScanner(messages)
	lines.Split(scanLines)
	for lines.Scan() {
		line := lines.Text()
		switch _, text, ok := strings.Cut(line, "[info] "); {
		case ok && strings.Contains(line, "[Parsed_showinfo"):
			if base := field(text, "config in time_base:"); base != "" {
				r.base = fraction(base)
			} else if ticks := field(text, "pts:"); ticks != "" {
				r.shown <- parseShown(text)
			}
		case strings.Contains(line, "[error] "), strings.Contains(line, "[fatal] "):
			if len(r.errors) < 1<<12 {
				r.errors += line + "\n"
			}
		}
	}
	_, _ = io.Copy(io.Discard, messages) // after a line too long to be told
}

// scanLines is bufio.ScanLines for lines that end in a carriage return too.
func scanLines(data []byte, end bool) (advance int, token []byte, err error) {
	if i := strings.IndexAny(string(data), "\r\n"); i >= 0 {
		return i + 1, data[:i], nil
	}
	if end && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// field returns the word that follows name, or nothing.
func field(text, name string) string {
	_, rest, ok := strings.Cut(text, name)
	if f := strings.Fields(rest); ok && len(f) > 0 {
		return strings.TrimSuffix(f[0], ",")
	}
	return ""
}

func parseShown(text string) (s shown) {
	var ticks int64
	if _, err := fmt.Sscan(field(text, " pts:"), &ticks); err == nil {
		s.ticks = &ticks
	}
	s.aspect = fraction(field(text, " sar:"))
	return s
}

// Next reads the next picture into rgba, rows of 4 bytes a pixel without padding. It
// returns io.EOF after the last.
func (r *Reader) Next(rgba []byte) (Frame, error) {
	switch _, err := io.ReadFull(r.pixels, rgba); {
	case err == io.EOF:
		return Frame{}, cmp.Or(r.Close(), io.EOF)
	case err != nil:
		return Frame{}, cmp.Or(r.Close(), fmt.Errorf("%s: the video breaks off: %w", r.info.path, err))
	}
	s, ok := <-r.shown
	if !ok {
		return Frame{}, cmp.Or(r.Close(), errors.New("ffmpeg did not tell the time of a picture"))
	}
	f := Frame{Aspect: s.aspect}
	if s.ticks != nil && r.base != nil {
		f.Time = new(big.Rat).Mul(r.base, new(big.Rat).SetInt64(*s.ticks))
	}
	return f, nil
}

// Close ends the reading; stop the context first if there may be more to read. The
// error is ffmpeg's message.
func (r *Reader) Close() error {
	r.once.Do(func() {
		r.pixels.Close()
		for range r.shown { // nobody asks any more
		}
		r.spoken.Wait()
		if err := r.cmd.Wait(); err != nil {
			r.err = fmt.Errorf("ffmpeg could not decode %s: %s", r.info.path, cause(r.errors, err))
		}
	})
	return r.err
}
