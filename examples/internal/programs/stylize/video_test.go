package stylize

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/stylize"
)

// clip makes a test video with sound: 12 frames of 66x50 at 24000/1001 a second.
func clip(t *testing.T, dir string, options ...string) string {
	t.Helper()
	need.Tool(t, "ffmpeg")
	file := filepath.Join(dir, "-in:%05d.mkv") // would be an option, a protocol, a pattern
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc=size=66x50:rate=24000/1001:duration=0.5",
		"-f", "lavfi", "-i", "sine=duration=0.5", "-c:v", "ffv1", "-c:a", "flac"}, options...)
	out, err := exec.Command("ffmpeg", append(args, "file:"+file)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return file
}

// streams asks ffprobe for the kinds of streams and the first one's properties.
func streams(t *testing.T, file string) (kinds []string, width, height int, rate, frames string) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-show_entries",
		"stream=codec_type,width,height,r_frame_rate,nb_read_frames", "-of", "json", file).Output()
	require.NoError(t, err)
	var p struct {
		Streams []struct {
			Type          string `json:"codec_type"`
			Width, Height int
			Rate          string `json:"r_frame_rate"`
			Frames        string `json:"nb_read_frames"`
		}
	}
	require.NoError(t, json.Unmarshal(out, &p))
	for _, s := range p.Streams {
		kinds = append(kinds, s.Type)
	}
	s := p.Streams[0]
	return kinds, s.Width, s.Height, s.Rate, s.Frames
}

// pixels decodes all frames of a video to RGB bytes.
func pixels(t *testing.T, file string) []byte {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", "file:"+file, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1").Output()
	require.NoError(t, err)
	return out
}

func TestVideo(t *testing.T) {
	dir := t.TempDir()
	model, in := modelFile(t, dir), clip(t, dir)
	out := filepath.Join(dir, "out.mkv")
	require.NoError(t, overridden([]string{"-model", model, "-in", in, "-out", out}))
	kinds, w, h, rate, frames := streams(t, out)
	require.Equal(t, []string{"video", "audio"}, kinds)
	require.Equal(t, [2]int{66, 50}, [2]int{w, h})
	require.Equal(t, "24000/1001", rate)
	require.Equal(t, "12", frames)

	// The frames are the library's, as far as the encoder keeps them.
	first := gradient(66, 50)
	copy(first.Pix, pixels(t, in))
	want := styled(t, first, nil)
	got := pixels(t, out)[:len(want.Pix)]
	sum := 0.0
	for i, v := range want.Pix {
		d := float64(v) - float64(got[i])
		sum += d * d
	}
	require.Less(t, sum/float64(len(got)), 600.0, "mean squared difference, of 8-bit values")

	scaled := filepath.Join(dir, "scaled.mkv")
	require.NoError(t, overridden([]string{"-model", model, "-in", in, "-out", scaled, "-scale", "1.5", "-every", "5"}))
	_, w, h, _, frames = streams(t, scaled)
	require.Equal(t, [2]int{44, 32}, [2]int{w, h})
	require.Equal(t, "12", frames)
	require.Equal(t, []string{"-in:%05d.mkv", "final.pth", "out.mkv", "scaled.mkv"}, files(t, dir))
}

func TestVideoFailures(t *testing.T) {
	dir := t.TempDir()
	model, in := modelFile(t, dir), clip(t, dir)
	out := filepath.Join(dir, "out.mp4")
	require.NoError(t, os.WriteFile(out, []byte("precious"), 0o666))
	garbage := filepath.Join(dir, "garbage.mp4")
	require.NoError(t, os.WriteFile(garbage, []byte("no video at all"), 0o666))
	sound := filepath.Join(dir, "sound.wav")
	output, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=0.1", sound).CombinedOutput()
	require.NoError(t, err, "%s", output)
	before := files(t, dir)

	soon, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		args []string
		says string
	}{
		{"garbage", context.Background(), []string{"-in", garbage, "-out", out}, "garbage.mp4"},
		{"no video", context.Background(), []string{"-in", sound, "-out", out}, "no video"},
		{"no folder", context.Background(), []string{"-in", in, "-out", filepath.Join(dir, "no", "out.mp4")}, "-out"},
		{"tiny", context.Background(), []string{"-in", in, "-out", out, "-scale", "60"}, "-scale 60"},
		{"interrupted", soon, []string{"-in", in, "-out", out}, context.DeadlineExceeded.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.ErrorContains(t, Run(c.ctx, append([]string{"-model", model}, c.args...)), c.says)
			require.Equal(t, before, files(t, dir), "nothing is left behind")
		})
	}
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "precious", string(data))

	t.Setenv("PATH", t.TempDir())
	require.ErrorIs(t, overridden([]string{"-model", model, "-in", in, "-out", out}), movie.ErrNoFFmpeg)
}

// TestFFmpegsMessage wants the cause from the ffmpeg whose pipe broke.
func TestFFmpegsMessage(t *testing.T) {
	dir := t.TempDir()
	in := clip(t, dir)
	v, err := movie.Probe(context.Background(), in)
	require.NoError(t, err)
	w := &workshop{settings: settings{in: in, out: "styled", every: 1}}
	model, err := stylize.New(trained())
	require.NoError(t, err)
	session := model.NewSession()
	defer session.Close()
	_, err = w.transcode(context.Background(), session, v, filepath.Join(dir, "no", "out.mkv"), 66, 50)
	require.ErrorContains(t, err, "ffmpeg could not encode")
	require.ErrorContains(t, err, "No such file")

	require.NoError(t, os.WriteFile(in, []byte("changed since"), 0o666))
	_, err = w.transcode(context.Background(), session, v, filepath.Join(dir, "out.mkv"), 66, 50)
	require.ErrorContains(t, err, "ffmpeg could not decode")
}
